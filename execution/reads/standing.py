"""What holds trading back, and how much of it: states, breakers, breaks, sessions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from execution.models import (
    AccountValues,
    Approval,
    BookRisk,
    BreakerTrip,
    OrderIntent,
    Quarantine,
    Reconciliation,
    SessionResult,
    TradingScope,
)
from execution.risk import trips
from execution.risk.trips import Breaker
from quanticity import halt_file
from quanticity.domain import clock, orders
from quanticity.domain.signals import Strategy

GLOBAL = trips.GLOBAL


@dataclass(frozen=True, slots=True)
class Standing:
    """What operators and breakers say of every scope, on one look."""

    states: Mapping[str, orders.TradingState]
    holding: tuple[trips.Trip, ...]

    def state(self, *scopes: str) -> orders.TradingState:
        """The most severe state among the global one and these scopes."""
        return trips.effective(scopes, self.states, self.holding)

    def is_tripped(self, breakers: Collection[Breaker], scope: str = GLOBAL) -> bool:
        """Whether one of these breakers holds a scope."""
        return any(t.breaker in breakers and t.scope == scope for t in self.holding)

    def risk_multiplier(self, *scopes: str) -> Decimal:
        """The share of its stake that an entry may have: the least of what breakers leave."""
        return trips.risk_multiplier(self.holding, scopes)


def standing() -> Standing:
    """Look at every scope and every breaker that holds."""
    rows = TradingScope.objects.values_list("scope", "state")
    states = {scope: orders.TradingState(state) for scope, state in rows}
    if halt_file.standing() is not None:
        states[GLOBAL] = orders.TradingState.HALTED
    return Standing(states, holding_trips())


def trading_state(*scopes: str) -> orders.TradingState:
    """The most severe state of operators and breakers among the global one and these scopes."""
    return standing().state(*scopes)


def states_of(strategies: Sequence[str], symbol: str) -> dict[Strategy, str]:
    """The state of each strategy on one symbol."""
    seen = standing()
    return {Strategy(name): str(seen.state(name, symbol)) for name in strategies}


def risk_multiplier(*scopes: str) -> Decimal:
    """The share of its stake that an entry may have now: the least of what breakers leave."""
    return trips.risk_multiplier(holding_trips(), scopes)


def holding_trips() -> tuple[trips.Trip, ...]:
    """Breakers that hold, as values."""
    return tuple(
        trips.Trip(
            trips.Breaker(row.breaker), row.scope, orders.TradingState(row.state), row.multiplier,
            row.value, row.threshold, row.at, trips.Rearm(row.rearm), row.until,
        )
        for row in held_breakers()
    )  # fmt: skip


def held_breakers() -> QuerySet[BreakerTrip]:
    """Breakers that hold, newest first."""
    return BreakerTrip.objects.filter(ended_at=None)


def quarantines(symbol: str, occ: str) -> QuerySet[Quarantine]:
    """Unresolved breaks in a symbol or the account; a foreign order blocks only its contract."""
    rows = Quarantine.objects.filter(ended_at=None, symbol__in=(symbol, ""))
    return rows.exclude(~Q(occ=occ), kind="ORDER_FOREIGN")


def open_quarantines() -> QuerySet[Quarantine]:
    """Breaks with the broker that nobody has resolved."""
    return Quarantine.objects.filter(ended_at=None)


def latest_session() -> SessionResult | None:
    """The session that ended last."""
    return SessionResult.objects.first()


def denials(since: datetime) -> list[tuple[str, int]]:
    """How often each rule denied since an instant, most often first."""
    rows = OrderIntent.objects.filter(created_at__gte=since).exclude(denied_by="")
    return list(rows.values_list("denied_by").annotate(n=Count("pk")).order_by("-n", "denied_by"))


def waiting_approvals() -> QuerySet[Approval]:
    """Entries that wait for an operator's yes."""
    return Approval.objects.filter(state=Approval.State.PENDING, expires_at__gt=clock.now())


def book_risk() -> BookRisk | None:
    """What the book could lose, as last computed."""
    return BookRisk.objects.order_by("-at").first()


def trading_states() -> QuerySet[TradingScope]:
    """Every scope that was ever changed."""
    return TradingScope.objects.order_by("scope")


def account_values() -> AccountValues | None:
    """The account as last reported."""
    return AccountValues.objects.order_by("-at").first()


def last_reconciliation() -> Reconciliation | None:
    """The latest comparison with the broker."""
    return Reconciliation.objects.first()


def is_fresh(at: datetime | None, seconds: float) -> bool:
    """Say whether an instant is at most so many platform seconds old."""
    return at is not None and (clock.now() - at).total_seconds() <= seconds

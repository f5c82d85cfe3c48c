"""What breakers watch, counted from rows and the link (DOMAIN 6.15)."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import pstdev
from typing import Any, TypeVar

from django.db.models import F, Max, Q

from analytics import selectors as analytics
from execution import selectors
from execution.models import (
    AccountValues,
    BreakerTrip,
    Fill,
    Order,
    OrderEvent,
    Position,
    Reconciliation,
    RiskEvent,
    SessionResult,
)
from execution.risk.breakers import Facts
from execution.risk.trips import GLOBAL, Breaker
from execution.services import book_risk, results
from execution.services import facts as world
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.orders import Role
from quanticity.domain.signals import Strategy
from quanticity.store import health
from quanticity.store.client import StoreDown

T = TypeVar("T")
ERROR_CODE = "EXECUTION_ERROR"  # of the RiskEvent that a failed task leaves
_STREAK_N = 10
_MARKET = "SPY"
_ENDED_BY_BROKER = ("CANCELLED", "REJECTED")


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.watching]."""

    flatten_on_daily_loss: bool
    errors_window_s: float
    anomalies_window_s: float
    min_moves_n: int
    moves_n: int
    blind_alert_s: float
    outage_notice_s: float


def gather() -> Facts:
    """Look once at everything a breaker may trip on; unknown is None."""
    now, s = clock.now(), section("execution.watching", Settings)
    account = selectors.account_values()
    held = list(selectors.open_positions())
    risk = None if account is None else _known(lambda: book_risk.refresh(account))
    equity = Decimal(0) if account is None else account.equity_usd
    regime = _known(analytics.vol_regime)
    return Facts(
        at=now,
        day_pnl_usd=_day_pnl(account, held, now),
        start_of_day_usd=_start_of_day(account, now),
        drawdown_frac=world.drawdown(account),
        loss_streaks={strategy: _losses_in_a_row(strategy) for strategy in Strategy},
        losing_sessions_n=_losing_sessions(),
        regime_shock_onset=regime is not None and regime.name == "SHOCK",
        spy_5m_sd=_known(lambda: _last_move_sd(s)),
        errors_300s_n=_errors_n(now - timedelta(seconds=s.errors_window_s)),
        anomalies_60s=_anomalies(now - timedelta(seconds=s.anomalies_window_s)),
        strategies=frozenset(str(strategy) for strategy in Strategy),
        overfilled_n=_overfilled_n(),
        oversold_n=Position.objects.filter(quantity_open__lt=0).count(),
        oldest_unknown_s=_oldest_unknown_s(now),
        unclean_runs_n=_unclean_runs(),
        blind_with_positions_s=_blind_s(now, held),
        var_frac=None if risk is None else book_risk.share(risk.var_usd, equity),
        worst_stress_frac=None if risk is None else book_risk.share(risk.worst_usd, equity),
    )


def _day_pnl(account: AccountValues | None, held: list[Position], now: datetime) -> Decimal | None:
    """The day by its trades; while one is unpriced, by what the broker's equity did."""
    found = results.day_pnl(held)
    start = _start_of_day(account, now)
    if found is not None or account is None or start is None:
        return found
    raise_alarm("DAY_UNPRICED", "the daily loss is watched by equity", Severity.HIGH)
    return account.equity_usd - start


def _overfilled_n() -> int:
    """Orders that filled more than they asked for, since the halt for the last one was released."""
    rows = Order.objects.filter(filled__gt=F("quantity"))
    trips = BreakerTrip.objects.filter(breaker=Breaker.OVERFILLED, ended_at__isnull=False)
    released_at = trips.aggregate(at=Max("ended_at"))["at"]
    if released_at is None:
        return rows.count()
    heard = Fill.objects.filter(recorded_at__gt=released_at).values("order_ref")
    return rows.filter(Q(pk__in=heard) | Q(sent_at__gt=released_at)).count()


def _known(look: Callable[[], T | None]) -> T | None:
    """What is seen, or None while the store is away: what is watched in SQL is watched on."""
    try:
        return look()
    except StoreDown:
        return None


def _start_of_day(account: AccountValues | None, now: datetime) -> Decimal | None:
    # Yesterday's start says nothing of today.
    if account is None or account.session_date != calendar.session_date(now):
        return None
    return account.start_of_day_usd


def _losses_in_a_row(strategy: str) -> int:
    """Losses since the last win; flats are neither."""
    rows = Position.objects.filter(
        strategy=strategy, probe=False, realised_net_usd__isnull=False
    ).exclude(realised_net_usd=0)
    found = list(rows.order_by("-closed_at").values_list("realised_net_usd", flat=True)[:_STREAK_N])
    return next((n for n, net in enumerate(found) if net and net > 0), len(found))


def _losing_sessions() -> int:
    rows = SessionResult.objects.filter(day_pnl_usd__isnull=False).exclude(day_pnl_usd=0)
    found = list(rows.values_list("day_pnl_usd", flat=True)[:_STREAK_N])
    return next((n for n, pnl in enumerate(found) if pnl and pnl > 0), len(found))


def _last_move_sd(s: Settings) -> float | None:
    """Size of the last 5 min move of the market in standard deviations of those before it."""
    moves = analytics.five_minute_moves(_MARKET, s.moves_n + 1)
    if len(moves) <= s.min_moves_n:
        return None
    spread = pstdev(moves[:-1])
    return abs(moves[-1]) / spread if spread > 0 else None


def _errors_n(since: datetime) -> int:
    failed = RiskEvent.objects.filter(code=ERROR_CODE, at__gt=since).count()
    refused = OrderEvent.objects.filter(kind="order", at__gt=since, body__status="REJECTED")
    # A bracket that is refused is one error, not three.
    rows = Order.objects.filter(pk__in=refused.values("order_ref"), parent_ref="")
    return failed + rows.count()


def _anomalies(since: datetime) -> dict[str, int]:
    """Chains that the broker rejected, ended unasked, or left in doubt, by scope."""
    counted: Counter[str] = Counter()
    for strategy, symbol in _odd_chains(since):
        counted.update((strategy, symbol, GLOBAL))
    return dict(counted)


def _odd_chains(since: datetime) -> Iterator[tuple[str, str]]:
    said = OrderEvent.objects.filter(
        kind="order", at__gt=since, body__status__in=_ENDED_BY_BROKER
    ).values("order_ref")
    rejected = Q(order_ref__in=said, state=Order.State.REJECTED)
    dropped = Q(
        order_ref__in=said, state=Order.State.CANCELLED, role=Role.ENTRY, cancel_wanted_at=None
    )
    doubtful = Q(state=Order.State.UNKNOWN, unknown_since_at__gt=since)
    rows = Order.objects.filter(rejected | dropped | doubtful).select_related("intent")
    # A bracket falls as one: its children are not anomalies of their own.
    chains = {row.parent_ref or row.order_ref: row.intent for row in rows}
    for intent in chains.values():
        yield intent.strategy, intent.symbol


def _oldest_unknown_s(now: datetime) -> float | None:
    link = _known(health.connection) or {}
    if link.get("state") != "CONNECTED":
        return None
    rows = Order.objects.filter(state=Order.State.UNKNOWN, unknown_since_at__isnull=False)
    first = rows.order_by("unknown_since_at").values_list("unknown_since_at", flat=True).first()
    return None if first is None else (now - first).total_seconds()


def _unclean_runs() -> int:
    found = list(Reconciliation.objects.values_list("is_clean", flat=True)[:_STREAK_N])
    return next((n for n, clean in enumerate(found) if clean), len(found))


def _blind_s(now: datetime, held: list[Position]) -> float:
    """Seconds without a believable link while something is held, in regular hours."""
    session = calendar.current(now)
    open_now = [position for position in held if position.quantity_open]
    if session is None or not open_now or _is_in_sight(open_now, now):
        return 0.0
    since = _down_since(session.open_at)
    return 0.0 if since is None else (now - max(since, session.open_at)).total_seconds()


def _is_in_sight(held: list[Position], now: datetime) -> bool:
    """Whether a farm is broken, and not the one that tells what we hold (DOMAIN 1.7)."""
    if (known_link() or {}).get("state") != "DEGRADED":
        return False
    marked = [position.marked_at for position in held]
    return all(at is not None and now - at <= results.MARK_LIVES for at in marked)


def known_link() -> dict[str, Any] | None:
    """What the gateway last said of its link; None when it is silent, or the store is away."""
    return _known(health.connection)


def _down_since(unless_known: datetime) -> datetime | None:
    """When the link to the broker was lost; None while it stands."""
    link = known_link()
    if link is None:  # the gateway process is silent: since its last word that is a row
        last = selectors.last_reconciliation()
        return unless_known if last is None else last.at
    if link.get("state") == "CONNECTED":
        return None
    return datetime.fromisoformat(link["since_at"])

"""One look at the world for the gate: read from rows and the store, nothing assumed.

What cannot be read is None, and the gate denies on None.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from analytics import selectors as analytics
from execution import selectors
from execution.models import AccountValues, Order, OrderIntent, Position
from execution.orders.ticks import Increments, touch
from execution.risk.facts import Desk, Facts, Greeks, Holdings, Market, Open
from execution.risk.trips import Breaker
from execution.services import results, wishes
from quanticity import environment
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, orders
from quanticity.domain.clock import NEW_YORK
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import Signal
from quanticity.store import health, market

_ZERO = Decimal(0)
_BEGUN = ("SUBMITTING", "WORKING", "PARTIAL", "CANCEL_PENDING", "UNKNOWN")
_STREAKS = frozenset({Breaker.LOSS_STREAK, Breaker.LOSS_STREAK_LONG})


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.desk]."""

    gateway_restart_at: time  # New York time of day
    messages_per_s: int
    loss_streak_n: int
    loss_streak_s: float
    vol_spike_s: float
    penny_symbols: tuple[str, ...]
    penny: Increments
    usual: Increments
    coarse: Increments


def gather(signal: Signal, entry_ref: str) -> Facts:
    """Read everything one decision needs, at one instant."""
    now, s = clock.now(), section("execution.desk", Settings)
    row, link = selectors.account_values(), health.connection() or {}
    book = _book(signal, entry_ref)
    return Facts(
        at=now,
        account=None if row is None else _account(row),
        allowed_accounts=_allowed(row),
        desk=_desk(signal, book, link, now, s),
        market=_market(signal, link, now),
        holdings=_holdings(signal, book, row),
    )


@dataclass(frozen=True, slots=True)
class _Book:
    """The rows that more than one fact is made of, read once."""

    held: Sequence[Position]
    intents: Sequence[OrderIntent]  # begun and not over, those in doubt among them
    orders: Sequence[tuple[str, str]]  # reference and side: of the entry, or alive on the contract
    entry_ref: str

    def n(self, side: str) -> int:
        """Orders of one side on the contract; the entry's own is none of them."""
        return sum(of == side and ref != self.entry_ref for ref, of in self.orders)


def _book(signal: Signal, entry_ref: str) -> _Book:
    alive = Q(occ=signal.contract.occ, state__in=("WORKING", "SENDING", "RECORDED"))
    orders_ = Order.objects.filter(Q(pk=entry_ref) | alive).values_list("order_ref", "side")
    return _Book(
        list(selectors.open_positions()), list(OrderIntent.objects.filter(state__in=_BEGUN)),
        list(orders_), entry_ref,
    )  # fmt: skip


def increments_of(symbol: str) -> Increments:
    """Price increments of a symbol's options."""
    s: Settings = section("execution.desk", Settings)
    return s.penny if symbol in s.penny_symbols else s.usual


def increments_for(intent: OrderIntent) -> Increments:
    """Price increments of one trade: coarse ones once the broker has refused a finer tick."""
    s: Settings = section("execution.desk", Settings)
    return s.coarse if intent.coarse_ticks else increments_of(intent.symbol)


def _account(row: AccountValues) -> orders.Account:
    return orders.Account(
        row.account, row.equity_usd, row.buying_power_usd, row.available_usd, row.cash_usd, row.at
    )


def _allowed(row: AccountValues | None) -> frozenset[str]:
    name = environment.account() or ("" if row is None else row.account)
    return frozenset({name}) if environment.allows(name) else frozenset()


def _desk(signal: Signal, book: _Book, link: Mapping[str, Any], now: datetime, s: Settings) -> Desk:
    standing = selectors.standing()
    reconciliation = selectors.last_reconciliation()
    clean = reconciliation is not None and reconciliation.is_clean and bool(link.get("reconciled"))
    sent, changed = _messages(now - timedelta(seconds=1))
    return Desk(
        state=standing.state(signal.strategy, signal.symbol),
        connection=link.get("state"),
        restart_s=_restart_s(now, s.gateway_restart_at),
        reconciled_age_s=(
            (now - reconciliation.at).total_seconds() if clean and reconciliation else None
        ),
        breaks_n=_breaks_n(signal, book.held),
        ref_used=any(ref == book.entry_ref for ref, _ in book.orders),
        orders_last_s=sent,
        messages_left=s.messages_per_s - sent - changed,
        cooling=standing.is_tripped(_STREAKS, signal.strategy) or _is_cooling(signal, now, s),
        vol_spike=standing.is_tripped({Breaker.VOL_SPIKE}) or _has_vol_spike(now, s),
    )


def _messages(since: datetime) -> tuple[int, int]:
    """Orders that left, or were recorded and wait for their turn; amendments and cancellations."""
    rows = Order.objects.filter(Q(sent_at__gt=since) | Q(state__in=wishes.ALIVE))
    is_new = Q(sent_at__gt=since) | Q(sent_at=None, recorded_at__gt=since)
    found = rows.aggregate(
        new=Count("pk", filter=is_new),
        amended=Count("pk", filter=Q(amended_at__gt=since)),
        called_back=Count("pk", filter=Q(cancel_sent_at__gt=since)),
    )
    return found["new"], found["amended"] + found["called_back"]


def _breaks_n(signal: Signal, held: Sequence[Position]) -> int:
    own = sum(p.symbol == signal.symbol and p.state == "QUARANTINED" for p in held)
    return own + selectors.quarantines(signal.symbol, signal.contract.occ).count()


def _restart_s(now: datetime, at: time) -> float:
    local = now.astimezone(NEW_YORK)
    days = (local.date() + timedelta(days=n) for n in (-1, 0, 1))
    instants = (datetime.combine(day, at, NEW_YORK) for day in days)
    return min(abs((instant - now).total_seconds()) for instant in instants)


def _is_cooling(signal: Signal, now: datetime, s: Settings) -> bool:
    today = Position.objects.filter(
        strategy=signal.strategy, session_date=calendar.session_date(now), probe=False,
        realised_net_usd__isnull=False,
    ).order_by("-closed_at")  # fmt: skip
    last = list(today[: s.loss_streak_n])
    lost = len(last) == s.loss_streak_n and all((p.realised_net_usd or _ZERO) < 0 for p in last)
    ended = last[0].closed_at if last else None
    return lost and ended is not None and (now - ended).total_seconds() < s.loss_streak_s


def _has_vol_spike(now: datetime, s: Settings) -> bool | None:
    regime = analytics.vol_regime()
    if regime is None:
        return None
    since = (now - regime.since_at).total_seconds()
    return regime.name == "SHOCK" and since < s.vol_spike_s


def _market(signal: Signal, link: Mapping[str, Any], now: datetime) -> Market:
    session = calendar.current(now)
    listing = analytics.listing(signal.symbol, signal.contract.occ)
    quote = market.contract_quote(signal.contract.occ)
    return Market(
        in_liquid_hours=session is not None,
        in_window=analytics.is_in_window(signal.strategy, now),
        since_open_s=None if session is None else (now - session.open_at).total_seconds(),
        to_close_s=None if session is None else (session.close_at - now).total_seconds(),
        in_blackout=analytics.is_release_near(signal.strategy, now),
        blind_300s_s=health.blind_300s_s(link, signal.symbol),
        matches_n=listing.matches_n,
        multiplier=listing.multiplier,
        settles_s=listing.settles_s,
        increments=increments_of(signal.symbol),
        quote=None if quote is None else touch(quote.bid, quote.ask),
        quote_age_s=None if quote is None else (now - quote.event_at).total_seconds(),
        quote_flags=listing.flags,
    )


def _holdings(signal: Signal, book: _Book, row: AccountValues | None) -> Holdings:
    held, sells_n, coming = book.held, book.n("SELL"), _on_their_way(book)
    return Holdings(
        open=(*(_open(p) for p in held), *_pending(coming)),
        unknown_in_symbol_n=sum(
            i.symbol == signal.symbol and i.state == "UNKNOWN" for i in book.intents
        ),
        correlations=analytics.daily_correlations(),
        greeks=book_greeks(held, coming),
        contract_buys_n=book.n("BUY"),
        contract_sells_n=sells_n,
        contract_foreign_sells_n=sells_n,
        day_pnl_usd=results.day_pnl(held),
        start_of_day_usd=None if row is None else row.start_of_day_usd,
        drawdown_frac=drawdown(row),
    )


def _open(position: Position) -> Open:
    """What is held, and what its entry may still buy."""
    entry, stop = position.entry_price or _ZERO, position.stop_price or _ZERO
    size = position.quantity_open * position.multiplier
    premium, risk = entry * size, max(entry - stop, _ZERO) * size
    rest = _rest(position.intent, position.quantity_total)
    if rest:
        premium, risk = premium + _share(position.intent, rest), risk + _risk(position.intent, rest)
    return Open(
        position.strategy, position.symbol, position.direction, premium, risk, pending=rest > 0
    )


def _pending(entries: Iterable[OrderIntent]) -> list[Open]:
    return [
        Open(i.strategy, i.symbol, i.direction, i.notional_usd or _ZERO, _risk(i), pending=True)
        for i in entries
    ]


def _on_their_way(book: _Book) -> list[OrderIntent]:
    """Entries that have bought nothing yet."""
    known = {p.intent_id for p in book.held}
    return [i for i in book.intents if i.pk not in known]


def _rest(intent: OrderIntent, bought: int) -> int:
    """Contracts that an entry may still buy."""
    return max(0, (intent.quantity or 0) - bought) if intent.state in _BEGUN else 0


def _share(intent: OrderIntent, contracts: int) -> Decimal:
    return (intent.notional_usd or _ZERO) * contracts / (intent.quantity or 1)


def _risk(intent: OrderIntent, contracts: int | None = None) -> Decimal:
    drop = (intent.limit_price or _ZERO) - (intent.stop_price or _ZERO)
    size = intent.quantity or 0 if contracts is None else contracts
    return max(drop, _ZERO) * size * intent.multiplier


def book_greeks(held: Sequence[Position], entries: Iterable[OrderIntent] = ()) -> Greeks | None:
    """Dollar Greeks of what is held and on its way; None when one contract cannot be priced."""
    total = [_ZERO] * 4
    sizes = [
        (p.occ, p.symbol, (p.quantity_open + _rest(p.intent, p.quantity_total)) * p.multiplier)
        for p in held
    ]
    sizes += [(i.occ, i.symbol, (i.quantity or 0) * i.multiplier) for i in entries]
    for occ, symbol, size in sizes:
        if size == 0:
            continue
        one = analytics.contract_greeks(parse_occ(occ), symbol)
        if one is None:
            return None
        for n, value in enumerate(one):
            total[n] += Decimal(str(value)) * size
    return Greeks(*total)


def drawdown(row: AccountValues | None) -> Decimal | None:
    """Equity below its high-water mark, as a fraction of it."""
    if row is None or not row.high_water_usd:
        return None
    return max(_ZERO, 1 - row.equity_usd / row.high_water_usd)

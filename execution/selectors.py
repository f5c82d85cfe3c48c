"""Reads of the execution stage: its only entrance for the stages after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from execution.models import (
    AccountValues,
    Approval,
    BookRisk,
    BreakerTrip,
    Commission,
    Fill,
    Notice,
    Order,
    OrderEvent,
    OrderIntent,
    Position,
    PositionEvent,
    Quarantine,
    Reconciliation,
    SessionResult,
    Settlement,
    ShadowTrade,
    TradingScope,
)
from execution.orders import protection
from execution.orders.lifecycle import TERMINAL
from execution.orders.references import intent_id, parse_order_ref
from execution.orders.sizing import Stats
from execution.risk import trips
from quanticity.domain import calendar, clock, orders
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.signals import Acknowledgement, Strategy

CANCEL_PATIENCE = timedelta(seconds=5)
SHADOW_PATIENCE = timedelta(seconds=60)
_TOLD_WITHIN = timedelta(minutes=6)  # the free tier's delay, and a minute
_STATS_SPAN = timedelta(days=87)  # 60 sessions
GLOBAL = trips.GLOBAL
_ALIVE = (Order.State.RECORDED, Order.State.SENDING, Order.State.WORKING, Order.State.UNKNOWN)
_HELD = ("OPENING", "OPEN", "REDUCING", "CLOSING", "QUARANTINED")


@dataclass(frozen=True, slots=True)
class Answer:
    """What analytics is owed about one signal."""

    signal_id: str
    intent_id: str
    acknowledgement: Acknowledgement
    code: str
    ended: bool


def trading_state(*scopes: str) -> orders.TradingState:
    """The most severe state of operators and breakers among the global one and these scopes."""
    rows = TradingScope.objects.filter(pk__in=(GLOBAL, *scopes)).values_list("scope", "state")
    states = {scope: orders.TradingState(state) for scope, state in rows}
    return trips.effective(scopes, states, holding_trips())


def states_of(strategies: Sequence[str], symbol: str) -> dict[Strategy, str]:
    """The state of each strategy on one symbol."""
    rows = TradingScope.objects.filter(pk__in=(GLOBAL, *strategies, symbol))
    states = {row.scope: orders.TradingState(row.state) for row in rows}
    held = holding_trips()
    return {
        Strategy(name): str(trips.effective((name, symbol), states, held)) for name in strategies
    }


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


def closed_in(session_date: date) -> QuerySet[Position]:
    """Trades that were closed in one session, after hours before it included."""
    ends_at = calendar.session(session_date).close_at + calendar.AFTER_HOURS
    began_at = calendar.previous_session(session_date).close_at + calendar.AFTER_HOURS
    return Position.objects.filter(closed_at__gte=began_at, closed_at__lt=ends_at)


def fills_of(position: Position) -> list[orders.Fill]:
    """Every execution of one trade as a value."""
    return _values(Fill.objects.filter(position=position))


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


def open_quarantines() -> QuerySet[Quarantine]:
    """Breaks with the broker that nobody has resolved."""
    return Quarantine.objects.filter(ended_at=None)


def book_risk() -> BookRisk | None:
    """What the book could lose, as last computed."""
    return BookRisk.objects.order_by("-at").first()


def trading_states() -> QuerySet[TradingScope]:
    """Every scope that was ever changed."""
    return TradingScope.objects.order_by("scope")


def open_positions() -> QuerySet[Position]:
    """Positions that hold contracts or are about to."""
    return Position.objects.filter(state__in=_HELD).select_related("intent")


def recent_positions(count: int) -> QuerySet[Position]:
    """The latest trades, open or not."""
    return Position.objects.order_by("-opened_at")[:count]


def recent_orders(count: int) -> QuerySet[Order]:
    """The latest orders."""
    return Order.objects.select_related("intent")[:count]


def live_intents() -> QuerySet[OrderIntent]:
    """Intents that are not over."""
    return OrderIntent.objects.exclude(state__in=[s.value for s in TERMINAL])


def intents_to_book() -> list[str]:
    """Intents with something new to interpret: unbooked fills, or an order still in motion."""
    unbooked = Fill.objects.filter(booked=False).values("order_ref")
    moving = live_intents().exclude(state__in=("NEW", "CHECKED", "SIZED"))
    open_trades = Position.objects.filter(state__in=_HELD).values("intent_id")
    # An exit waits for its commissions, but is told in the end.
    over = Position.objects.filter(state__in=("CLOSED", "SETTLED")).values("intent_id")
    ends = (PositionEvent.Kind.EXIT, PositionEvent.Kind.EXPIRY)
    untold = over.exclude(events__kind__in=ends)
    rows = OrderIntent.objects.filter(
        Q(orders__order_ref__in=unbooked)
        | Q(position__fills__booked=False)
        | Q(pk__in=moving)
        | Q(pk__in=open_trades)
        | Q(pk__in=untold)
    )
    return list(rows.values_list("pk", flat=True).distinct())


def awaits_fills(row: Order) -> bool:
    """Say whether the broker spoke of executions of this order that have not come."""
    if row.filled >= row.quantity:
        return False
    told = OrderEvent.objects.filter(order_ref=row.pk, kind="order")
    said = max(told.values_list("body__filled", flat=True), default=0)
    if row.state == Order.State.FILLED:
        said = row.quantity
    return row.filled < said and _ever_filled(row.pk) < said


def _ever_filled(order_ref: str) -> int:
    """Contracts of every execution as first told: what was corrected away is not awaited."""
    most: dict[str, int] = {}
    rows = Fill.objects.filter(order_ref=order_ref).values_list("base_exec_id", "quantity")
    for base, quantity in rows:
        most[base] = max(most.get(base, 0), abs(quantity))
    return sum(most.values())


def owner_of(fill: Fill) -> str:
    """The intent a fill belongs to: its order's, or its trade's when it was made by hand."""
    mine = intent_of(fill.order_ref)
    return mine or ("" if fill.position is None else str(fill.position.intent_id))


def trade_fills(intent: OrderIntent) -> list[orders.Fill]:
    """Executions of an intent's orders, those made by hand in its trade, and its settlement."""
    refs = intent.orders.values_list("order_ref", flat=True)
    rows = Fill.objects.filter(Q(order_ref__in=refs) | Q(position__intent=intent))
    settled = Settlement.objects.filter(position__intent=intent).select_related("position")
    return [*_values(rows.distinct()), *(_settlement(row) for row in settled)]


def settled_quantities() -> dict[tuple[str, int], int]:
    """Contracts that expiry took out of positions, signed, by account and contract."""
    found: dict[tuple[str, int], int] = {}
    for row in Settlement.objects.select_related("position"):
        key = (row.position.account, row.position.con_id)
        found[key] = found.get(key, 0) - row.quantity
    return found


def awaits_sales(intent_id: str) -> bool:
    """Say whether a sell that is over spoke of executions that have not come."""
    over = Order.objects.filter(intent_id=intent_id, side="SELL").exclude(state__in=_ALIVE)
    return any(awaits_fills(row) for row in over)


def domain_fills(refs: Sequence[str]) -> list[orders.Fill]:
    """Executions of these orders as values, each with its net commission when known."""
    return _values(Fill.objects.filter(order_ref__in=refs))


def _values(found: QuerySet[Fill]) -> list[orders.Fill]:
    rows = list(found)
    costs = {c.pk: c for c in Commission.objects.filter(pk__in=[row.pk for row in rows])}
    return [_fill(row, costs.get(row.pk)) for row in rows]


def account_values() -> AccountValues | None:
    """The account as last reported."""
    return AccountValues.objects.order_by("-at").first()


def last_reconciliation() -> Reconciliation | None:
    """The latest comparison with the broker."""
    return Reconciliation.objects.first()


def working_entries(scope: str = GLOBAL) -> QuerySet[Order]:
    """Entries of a scope that are on their way and not asked to come back."""
    rows = Order.objects.filter(
        role=orders.Role.ENTRY, state__in=("RECORDED", "SENDING", "WORKING"), cancel_wanted_at=None
    )
    if scope == GLOBAL:
        return rows
    return rows.filter(Q(intent__strategy=scope) | Q(intent__symbol=scope))


def owed_events(limit: int) -> list[PositionEvent]:
    """Facts that publishing has not taken over, oldest first."""
    rows = PositionEvent.objects.filter(announced=False).select_related("position")
    return list(rows.order_by("pk")[:limit])


def owed_notices(limit: int) -> list[Notice]:
    """Halts and the like that publishing has not taken over, oldest first."""
    return list(Notice.objects.filter(announced=False).order_by("pk")[:limit])


def owed_answers(limit: int) -> list[Answer]:
    """Answers that analytics has not received."""
    rows = OrderIntent.objects.filter(owes_acknowledgement=True).select_related("position")
    return [answer_of(row) for row in rows[:limit]]


def ended_answers(signal_ids: Sequence[str]) -> list[Answer]:
    """Answers of those of these signals whose order and trade are over, given or not."""
    if not signal_ids:
        return []
    over = OrderIntent.objects.filter(signal_id__in=signal_ids, state__in=[*TERMINAL])
    found = [answer_of(row) for row in over.select_related("position")]
    return [answer for answer in found if answer.ended]


def ended_shadows(signal_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Which of these signals in shadow are followed no more, and why."""
    if not signal_ids:
        return []
    trades = ShadowTrade.objects.filter(signal_id__in=signal_ids)
    known = {row.signal_id: row for row in trades}
    found = [
        (row.signal_id or "", row.exit_reason)
        for row in trades
        if row.state != ShadowTrade.State.OPEN
    ]
    # Without a quote within its seconds it was never begun.
    late = clock.now() - SHADOW_PATIENCE
    lost = OrderIntent.objects.filter(signal_id__in=signal_ids, created_at__lt=late)
    unseen = lost.values_list("signal_id", flat=True)
    return found + [(signal_id, "NO_QUOTE") for signal_id in unseen if signal_id not in known]


def answer_of(intent: OrderIntent) -> Answer:
    """What one intent's end, and its trade's, mean to the signal (DOMAIN 5.12)."""
    position = getattr(intent, "position", None)
    if position is not None:
        partial = position.quantity_total < (intent.quantity or 0)
        said = Acknowledgement.PARTIAL if partial else Acknowledgement.FILLED
        ended = position.state in ("CLOSED", "SETTLED")
        return Answer(intent.signal_id, intent.pk, said, position.exit_reason, ended)
    by_state = {
        "BLOCKED": Acknowledgement.RISK_REJECTED,
        "REJECTED": Acknowledgement.REJECTED,
        "EXPIRED": Acknowledgement.STALE,
        "CANCELLED": Acknowledgement.TIMEOUT,
    }
    said = by_state.get(intent.state, Acknowledgement.ERROR)
    by_code = {
        "SIGNAL_STALE": Acknowledgement.STALE,
        "NO_MARKET_DATA": Acknowledgement.NO_MARKET_DATA,
        "MODE_SHADOW": Acknowledgement.SHADOW,
    }
    return Answer(
        intent.signal_id, intent.pk, by_code.get(intent.denied_by, said), intent.denied_by, True
    )


def trade_of(signal_id: str) -> dict[str, Any] | None:
    """What became of a signal, for whoever asks about it; None while nothing was begun."""
    intent = OrderIntent.objects.filter(signal_id=signal_id).select_related("position").first()
    if intent is None:
        return None
    found: dict[str, Any] = {
        "intent": intent.pk, "state": intent.state, "denied_by": intent.denied_by,
        "quantity": intent.quantity, "reason": intent.reason,
    }  # fmt: skip
    position = getattr(intent, "position", None)
    if position is None:
        return found
    net = position.realised_net_usd
    return found | {
        "trade_id": position.trade_id, "position": position.state,
        "entry": None if position.entry_price is None else float(position.entry_price),
        "exit": None if position.exit_price is None else float(position.exit_price),
        "exit_reason": position.exit_reason,
        "realised_net_usd": None if net is None else float(net),
    }  # fmt: skip


def trade_stats(strategy: str) -> Stats:
    """Wins and losses of a strategy's executed trades over the last sessions; flats left out."""
    first = clock.now().date() - _STATS_SPAN
    rows = Position.objects.filter(
        strategy=strategy,
        probe=False,
        session_date__gte=first,
        realised_net_usd__isnull=False,
        entry_price__gt=0,
    )
    shares = [
        (row.realised_net_usd or Decimal(0))
        / ((row.entry_price or Decimal(1)) * row.quantity_total * row.multiplier)
        for row in rows
        if row.quantity_total
    ]
    won = [share for share in shares if share > 0]
    lost = [-share for share in shares if share < 0]
    return Stats(len(won), len(lost), _mean(won), _mean(lost))


def _mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, Decimal(0)) / len(values) if values else None


def has_unfinished() -> bool:
    """Say whether an intent, a position or an event that is to be told is not over."""
    return (
        live_intents().exists()
        or open_positions().exists()
        or PositionEvent.objects.filter(announced=False).exists()
        or OrderIntent.objects.filter(owes_acknowledgement=True).exists()
    )


def contracts_to_hold() -> list[OptionContract]:
    """Contracts whose quotes come first: held, just left, or with an order on the way.

    What was just left is quoted until the slowest tier has heard of it: what that tier could have
    sold at is part of the record (DOMAIN 6.18).
    """
    held = set(open_positions().values_list("occ", flat=True))
    left = Position.objects.filter(closed_at__gt=clock.now() - _TOLD_WITHIN)
    held |= set(left.values_list("occ", flat=True))
    states = ("NEW", "CHECKED", "SIZED", "SUBMITTING", "WORKING", "PARTIAL", "CANCEL_PENDING")
    pending = OrderIntent.objects.filter(state__in=states).values_list("occ", flat=True)
    return [parse_occ(occ) for occ in sorted(held | set(pending))]


def without_intent(signal_ids: Sequence[str]) -> list[str]:
    """Those of these signals that nothing was begun for."""
    begun = OrderIntent.objects.filter(signal_id__in=signal_ids).values_list("signal_id", flat=True)
    return [signal_id for signal_id in signal_ids if signal_id not in set(begun)]


def intent_of(order_ref: str) -> str:
    """The intent an order reference belongs to; "" when the order is not ours."""
    parsed = parse_order_ref(order_ref)
    return "" if parsed is None else parsed.intent_id


def entry_intent_id(signal_id: str) -> str:
    """The id that the entry intent of a signal has, or will have."""
    return intent_id(signal_id, orders.Role.ENTRY)


def naked_ms(session_date: date) -> int:
    """Milliseconds that contracts of this session were held without a working stop, till now."""
    rows = Position.objects.filter(session_date=session_date)
    past = int(rows.aggregate(total=Sum("naked_ms"))["total"] or 0)
    return past + sum(naked_now_ms(row) for row in rows.exclude(naked_since_at=None))


def naked_now_ms(position: Position) -> int:
    """Milliseconds of the stretch without full protection that is running; 0 when none is."""
    since = position.naked_since_at
    return 0 if since is None else max(0, round((clock.now() - since).total_seconds() * 1_000))


def protected_quantity(position: Position) -> int:
    """Contracts of the position that the broker's working stops could sell now."""
    sells = working_sells(position.intent_id)
    return sum(one.executable for one in sells if one.role is orders.Role.STOP)


def working_sells(intent_id: str) -> tuple[protection.WorkingSell, ...]:
    """What the broker could sell now for an intent."""
    return protection.executable(_resting(intent_id, _works))


def wished_sells(intent_id: str) -> tuple[protection.WorkingSell, ...]:
    """What it could still sell once the cancellations and cuts we asked for are done."""
    return protection.executable(_resting(intent_id, _is_wished, as_wished=True))


def claiming_sells(intent_id: str) -> tuple[protection.WorkingSell, ...]:
    """What it can sell now or may come to: on its way, or in doubt."""
    return protection.executable(_resting(intent_id, _is_alive))


def _works(row: Order) -> bool:
    return row.state == Order.State.WORKING


def _is_wished(row: Order) -> bool:
    return _works(row) and row.cancel_wanted_at is None


def _is_alive(row: Order) -> bool:
    return row.state in _ALIVE


def _resting(
    intent_id: str, counts: Callable[[Order], bool], *, as_wished: bool = False
) -> tuple[protection.Resting, ...]:
    rows = list(Order.objects.filter(intent_id=intent_id))
    bought = {row.pk: row.filled for row in rows if row.role == orders.Role.ENTRY}
    return tuple(
        protection.Resting(
            row.pk, orders.Role(row.role), _size(row, as_wished=as_wished), row.filled,
            row.oca_group or row.parent_ref, row.order_id or 0, counts(row),
            bought.get(row.parent_ref),
        )
        for row in rows
        if row.side == "SELL"
    )  # fmt: skip


def _size(row: Order, *, as_wished: bool) -> int:
    wanted = row.wanted_quantity if as_wished else None
    return row.quantity if wanted is None else min(wanted, row.quantity)


def books() -> dict[str, Any]:
    """What we believe: orders, fills, positions, cash, P&L (INTERFACES 4)."""
    closed = Position.objects.filter(realised_net_usd__isnull=False)
    account = account_values()
    costs = Commission.objects.filter(status=Commission.Status.OK)
    total = costs.aggregate(c=Sum("commission_usd"), r=Sum("rebate_usd"))
    by_exec = {c.pk: c.commission_usd for c in Commission.objects.all()}
    return {
        "orders": [_order_line(row) for row in Order.objects.order_by("recorded_at")],
        "fills": [
            {
                "exec_id": row.exec_id, "order_ref": row.order_ref, "con_id": row.con_id,
                "quantity": row.quantity, "price": float(row.price),
                "commission": _number(by_exec.get(row.exec_id)),
                "executed_at": row.executed_at,
            }
            for row in Fill.objects.order_by("executed_at", "exec_id")
        ],
        "positions": [
            {
                "con_id": row.con_id, "symbol": row.symbol, "quantity": row.quantity_open,
                "protected_quantity": protected_quantity(row),
            }
            for row in open_positions()
            if row.quantity_open
        ],
        "cash": _number(None if account is None else account.cash_usd),
        "realized_pnl": _number(closed.aggregate(x=Sum("realised_net_usd"))["x"] or Decimal(0)),
        "commissions": _number((total["c"] or Decimal(0)) - (total["r"] or Decimal(0))),
    }  # fmt: skip


def is_fresh(at: datetime | None, seconds: float) -> bool:
    """Say whether an instant is at most so many platform seconds old."""
    return at is not None and (clock.now() - at).total_seconds() <= seconds


def _order_line(row: Order) -> dict[str, Any]:
    return {
        "perm_id": row.perm_id, "order_ref": row.order_ref, "con_id": row.con_id,
        "side": row.side, "quantity": row.quantity, "filled": row.filled, "status": row.state,
    }  # fmt: skip


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _settlement(row: Settlement) -> orders.Fill:
    """A settlement as an execution without an order: it costs nothing."""
    held = row.position
    return orders.Fill(
        f"{held.pk}.settled.01", "", 0, parse_occ(held.occ), held.con_id, -row.quantity,
        row.price, row.settled_at, held.account, Decimal(0),
    )  # fmt: skip


def _fill(row: Fill, cost: Commission | None) -> orders.Fill:
    net = None
    if cost is not None and cost.commission_usd is not None:
        net = cost.commission_usd - (cost.rebate_usd or Decimal(0))
    return orders.Fill(
        row.exec_id, row.order_ref, row.perm_id or 0, parse_occ(row.occ), row.con_id,
        row.quantity, row.price, row.executed_at, row.account, net,
    )  # fmt: skip

"""What must hold of orders, positions and money, as queries (RELIABILITY 3: M1-M3, O1-O7, P1-P4).

Each query returns the offending rows' names; nothing is what one wants. They change nothing and may
run on a live system.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.fields.json import KT

from execution import selectors
from execution.ledger import pnl
from execution.models import (
    Commission,
    Fill,
    Order,
    OrderEvent,
    OrderIntent,
    Position,
    Reconciliation,
    TradingScope,
)
from execution.orders.lifecycle import Move, judge_intent, judge_position
from quanticity.domain import clock, orders
from quanticity.store import health
from quanticity.store.client import StoreDown

_CENT = Decimal("0.01")
_COMMISSION_LATE = timedelta(minutes=5)
_UNKNOWN_LONG = timedelta(seconds=60)
_NAKED_LONG = timedelta(seconds=2)
_SETTLED = ("CLOSED", "SETTLED")
Offenders = Iterable[str]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold, and the query for what breaks it."""

    name: str
    says: str
    query: Callable[[], Offenders]


def _net_is_the_ledgers() -> Offenders:
    """M2: a closed trade's net is what its executions come to, first in, first out."""
    rows = Position.objects.filter(state="CLOSED", realised_net_usd__isnull=False)
    for row in rows:
        ledger = pnl.apply(selectors.fills_of(row), row.multiplier)
        net = ledger.realized_gross_usd - ledger.commission_usd
        if not ledger.provisional and abs(net - (row.realised_net_usd or 0)) > _CENT:
            yield f"{row.pk}: {row.realised_net_usd} against {net}"


def _commissions_are_known() -> Offenders:
    """M3: no cost is pending for over five minutes."""
    late = clock.now() - _COMMISSION_LATE
    known = Commission.objects.filter(status=Commission.Status.OK).values("pk")
    yield from (
        Fill.objects.filter(recorded_at__lt=late).exclude(pk__in=known).values_list("pk", flat=True)
    )


def _commissions_are_finite() -> Offenders:
    """M3: no cost is negative or absurd."""
    absurd = Q(commission_usd__lt=0) | Q(rebate_usd__lt=0) | Q(commission_usd__gt=1_000)
    yield from Commission.objects.filter(absurd).values_list("pk", flat=True)


def _orders_have_intents() -> Offenders:
    """O1: every order that the broker works under our name has a row."""
    last = selectors.last_reconciliation()
    working = set(last.working) if last is not None else set()
    yield from sorted(working - set(Order.objects.values_list("pk", flat=True)))


def _recorded_before_sent() -> Offenders:
    """O2: an order is committed before it is sent, and sent before the broker speaks of it."""
    early = Q(sent_at__lt=F("recorded_at")) | Q(seen_at__isnull=False, sent_at__isnull=True)
    yield from Order.objects.filter(early).values_list("pk", flat=True)


def _one_number_per_reference() -> Offenders:
    """O3: the broker never numbered two live orders under one reference."""
    said = OrderEvent.objects.filter(kind="order", body__status="WORKING", body__perm_id__gt=0)
    numbers = said.values("order_ref").annotate(n=Count("body__perm_id", distinct=True))
    yield from numbers.filter(n__gt=1).values_list("order_ref", flat=True)


def _one_entry_per_signal() -> Offenders:
    """O4: a signal has at most one entry order."""
    entries = Order.objects.filter(role=orders.Role.ENTRY).values("intent__signal_id")
    found = entries.annotate(n=Count("pk")).filter(n__gt=1)
    yield from found.values_list("intent__signal_id", flat=True)


def _sent_entries_were_allowed() -> Offenders:
    """O5: nothing was sent that the gate had not allowed with every check recorded."""
    sent = OrderIntent.objects.filter(first_sent_at__isnull=False)
    yield from sent.filter(Q(checks=[]) | ~Q(denied_by="")).values_list("pk", flat=True)


def _nothing_opens_while_halted() -> Offenders:
    """O5: no entry was first sent after a halt that still stands."""
    halted = TradingScope.objects.filter(scope=selectors.GLOBAL, state="HALTED").first()
    if halted is not None:
        rows = OrderIntent.objects.filter(first_sent_at__gt=halted.changed_at)
        yield from rows.values_list("pk", flat=True)


def _nothing_stays_unknown() -> Offenders:
    """O6: no order is unknown for over a minute while the link is up."""
    if _is_connected():
        rows = Order.objects.filter(
            state=Order.State.UNKNOWN, unknown_since_at__lt=clock.now() - _UNKNOWN_LONG
        )
        yield from rows.values_list("pk", flat=True)


def _is_connected() -> bool:
    try:
        return (health.connection() or {}).get("state") == "CONNECTED"
    except StoreDown:  # nobody can say that the link is up
        return False


def _states_follow_the_table() -> Offenders:
    """O6: no intent or position moved against the table, or without a row that says so."""
    moves = OrderEvent.objects.filter(kind__in=("intent", "position"))
    kinds = moves.order_by().values_list("kind", "body__before", "body__after").distinct()
    for kind, before, after in kinds:
        judge = judge_intent if kind == "intent" else judge_position
        if judge(before, after) is Move.ILLEGAL:
            yield f"{kind}: {before} to {after}"
    for rows in (OrderIntent.objects.all(), Position.objects.all()):
        of_row = moves.filter(order_ref=OuterRef("pk")).order_by("-pk")
        last = Subquery(of_row.values(after=KT("body__after"))[:1])
        yield from (
            rows.annotate(last=last)
            .exclude(state=F("last"))
            .exclude(last=None)
            .values_list("pk", flat=True)
        )


def _ids_are_unique() -> Offenders:
    """O7: no order id was given twice."""
    given = Order.objects.filter(order_id__isnull=False).values("order_id")
    twice = given.annotate(n=Count("pk")).filter(n__gt=1)
    yield from (str(number) for number in twice.values_list("order_id", flat=True))


def _no_order_is_overfilled() -> Offenders:
    """P4: no order filled more than it asked for."""
    yield from Order.objects.filter(filled__gt=F("quantity")).values_list("pk", flat=True)


def _books_are_the_brokers() -> Offenders:
    """P1: the last comparison with the broker found no difference."""
    last = Reconciliation.objects.first()
    if last is not None and not last.is_clean:
        yield from (f"{one['kind']} {one['subject']}" for one in last.findings)


def _held_contracts_are_covered() -> Offenders:
    """P2: nothing held has been without its stops for over two seconds."""
    late = clock.now() - _NAKED_LONG
    rows = Position.objects.exclude(state__in=_SETTLED).filter(quantity_open__gt=0)
    yield from rows.filter(naked_since_at__lt=late).values_list("pk", flat=True)


def _nothing_is_overprotected() -> Offenders:
    """P2: stops never sum to more than is held."""
    for row in selectors.open_positions():
        covered = selectors.protected_quantity(row)
        if covered > max(0, row.quantity_open):
            yield f"{row.pk}: {covered} under stops, {row.quantity_open} held"


def _executions_count_once() -> Offenders:
    """P3: of every execution one revision is in force, and it belongs to one trade."""
    owned = Fill.objects.filter(position__isnull=False).values("account", "base_exec_id")
    twice = owned.annotate(n=Count("position", distinct=True)).filter(n__gt=1)
    yield from twice.values_list("base_exec_id", flat=True)


def _nothing_is_short() -> Offenders:
    """P4: no closing execution crossed zero."""
    yield from Position.objects.filter(quantity_open__lt=0).values_list("pk", flat=True)


_QUERIES: dict[str, Callable[[], Offenders]] = {
    "M2 net": _net_is_the_ledgers,
    "M3 commissions known": _commissions_are_known,
    "M3 commissions finite": _commissions_are_finite,
    "O1 rows": _orders_have_intents,
    "O2 order of instants": _recorded_before_sent,
    "O3 numbers": _one_number_per_reference,
    "O4 entries": _one_entry_per_signal,
    "O5 allowed": _sent_entries_were_allowed,
    "O5 halted": _nothing_opens_while_halted,
    "O6 unknown": _nothing_stays_unknown,
    "O6 legal moves": _states_follow_the_table,
    "O7 ids": _ids_are_unique,
    "P1 books": _books_are_the_brokers,
    "P2 covered": _held_contracts_are_covered,
    "P2 not over": _nothing_is_overprotected,
    "P3 executions": _executions_count_once,
    "P4 short": _nothing_is_short,
    "P4 overfill": _no_order_is_overfilled,
}
INVARIANTS = tuple(
    Invariant(name, (query.__doc__ or "").partition(": ")[2], query)
    for name, query in _QUERIES.items()
)

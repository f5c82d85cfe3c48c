"""Reconciliation: ask the broker, adopt what is ours, quarantine what nothing explains (6.14).

Runs at every connect before anything is sent, every 30 s, and while an order is in doubt.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from execution import selectors
from execution.ledger import reconciliation as rules
from execution.models import (
    Fill,
    Order,
    OrderEvent,
    OrderIntent,
    Position,
    Quarantine,
    Reconciliation,
)
from execution.services import (
    apart,
    booking,
    broker,
    broker_day,
    cash,
    costs,
    exercising,
    manual,
    moving,
    protecting,
    quarantining,
    share_orders,
    unrecorded,
)
from quanticity.config.loader import section
from quanticity.domain import clock, orders
from quanticity.domain.readings import plain
from quanticity.gateway.ports import BrokerFacts
from quanticity.rows import change

_ENDED = (Order.State.FILLED, Order.State.CANCELLED, Order.State.REJECTED, Order.State.EXPIRED)
# A foreign order blocks its contract, and is no difference between the books.
_UNCLEAN = frozenset({rules.Action.QUARANTINE, rules.Action.RECORD_AND_QUARANTINE})
_ACCUSING = frozenset(
    {rules.Kind.QUANTITY_ABOVE, rules.Kind.QUANTITY_BELOW, rules.Kind.FILL_MANUAL}
)
_LOOKED_BACK_N = 20
_SHOWN_ON = timedelta(days=5)  # over a long weekend
_ASKING = timedelta(seconds=10)  # the longest that a snapshot takes


def has_doubts() -> bool:
    """Say whether the broker must be asked soon: an order in doubt, or never answered."""
    late = clock.now() - selectors.submit_patience()
    broker_silent = Order.objects.filter(state=Order.State.SENDING, sent_at__lt=late)
    change(
        broker_silent,
        state=Order.State.UNKNOWN, unknown_since_at=clock.now(), error="no answer to the order",
    )  # fmt: skip
    return Order.objects.filter(state=Order.State.UNKNOWN).exists() or _waits_for_another_look()


def _waits_for_another_look() -> bool:
    """The broker reported less than we have: before that is a break it is asked again."""
    last = selectors.last_reconciliation()
    again = rules.Action.ASK_AGAIN
    return last is not None and any(f["action"] == again for f in last.findings)


def reconcile(facts: BrokerFacts) -> set[str]:
    """Compare one whole snapshot with our book and act; return the intents that were touched.

    The same facts twice change nothing.
    """
    if facts.account is not None:
        cash.record_account(facts.account)
    settings = section("execution.reconciliation", rules.Settings)
    touched = _adopt(facts)
    share_orders.settle(facts)
    compared = (
        *rules.diff(facts, _our_book(facts), settings), *_manual(), *_external(facts),
        *exercising.findings(facts.holdings), *broker_day.findings(facts),
    )  # fmt: skip
    findings = tuple(unrecorded.judged(finding) for finding in compared)
    for finding in findings:
        _act(finding, facts)
    quarantining.keep(findings, facts)
    _release(findings)
    clean = not any(finding.action in _UNCLEAN for finding in findings)
    Reconciliation.objects.create(
        at=facts.at, is_clean=clean, findings=[plain(finding) for finding in findings],
        holdings=_held(facts), working=_working(facts),
    )  # fmt: skip
    # The broker says so too: it is bought back now.
    short = Position.objects.filter(quantity_open__lt=0).values_list("intent_id", flat=True)
    apart.each("NOT_PROTECTED", short, protecting.tend)
    return touched


def _held(facts: BrokerFacts) -> dict[str, int]:
    found: Counter[str] = Counter()
    for holding in facts.holdings:
        found[holding.occ or str(holding.con_id)] += holding.quantity
    return {occ: quantity for occ, quantity in found.items() if quantity}


def _working(facts: BrokerFacts) -> list[str]:
    return sorted(u.order_ref for u in facts.open_orders if selectors.intent_of(u.order_ref))


def _adopt(facts: BrokerFacts) -> set[str]:
    """Take over every order state and execution of ours, then book what they amount to."""
    touched: set[str] = set()
    unsettled = set(Order.objects.exclude(state__in=_ENDED).values_list("pk", flat=True))
    for update in (*facts.completed_orders, *facts.open_orders):
        if update.order_ref in unsettled:
            broker.record_order(update)
            touched.add(selectors.intent_of(update.order_ref))
    for fill in facts.share_fills:
        broker.record_fill(fill)
    for fill in facts.fills:
        if broker.record_fill(fill):
            touched.add(broker.owner_of(fill))
        if fill.commission is not None:
            touched.add(costs.record_commission(fill.exec_id, fill.commission, "USD"))
    touched |= set(manual.attach_owed())
    touched = set(OrderIntent.objects.filter(pk__in=touched - {""}).values_list("pk", flat=True))
    apart.each("NOT_BOOKED", sorted(touched), booking.book)
    return touched


def _our_book(facts: BrokerFacts) -> rules.OurBook:
    # Only executions the broker still reports or that belong to open contracts can differ.
    held = list(selectors.open_positions())
    keys = {(p.account, p.con_id) for p in held} | {(h.account, h.con_id) for h in facts.holdings}
    keys |= {(f.account, f.con_id) for f in facts.fills}
    fills = Fill.objects.filter(con_id__in=[con_id for _, con_id in keys])
    refs = list(fills.values_list("order_ref", flat=True).distinct())
    return rules.OurBook(
        fills=tuple(selectors.domain_fills(refs)),
        orders=tuple(_our_order(row, facts) for row in _recent_orders(facts)),
        open_contracts=frozenset((p.account, p.con_id) for p in held),
        # Where neither side has anything any more, no fills were read and nothing is compared.
        settled={key: n for key, n in _without_fills(facts).items() if key in keys},
        short_for_s=_short_for(keys),
        just_traded=_just_traded(fills, facts),
    )


def _just_traded(
    fills: QuerySet[Fill], facts: BrokerFacts
) -> Mapping[tuple[str, int], tuple[int, ...]]:
    """Executions recorded while the broker answered, newest first."""
    found: dict[tuple[str, int], tuple[int, ...]] = {}
    for row in fills.filter(recorded_at__gt=facts.at - _ASKING).order_by("recorded_at"):
        key = (row.account, row.con_id)
        found[key] = (row.quantity, *found.get(key, ()))
    return found


def _without_fills(facts: BrokerFacts) -> Mapping[tuple[str, int], int]:
    """What came or went without an execution: by expiry, or by an operator's word.

    A broker may show a settled contract for some days more: it has not gone there yet.
    """
    there = {(holding.account, holding.con_id): holding.quantity for holding in facts.holdings}
    kept = {
        key: gone
        for key, gone in selectors.settled_quantities(facts.at - _SHOWN_ON).items()
        if there.get(key) == -gone
    }
    found = Counter(selectors.settled_quantities())
    found.subtract(kept)
    found.update(exercising.explained(facts.holdings))
    found.update(quarantining.accepted())
    return found


def _recent_orders(facts: BrokerFacts) -> Iterable[Order]:
    """Orders that are not over, here or at the broker."""
    alive = Q(pk__in=[update.order_ref for update in facts.open_orders])
    return Order.objects.filter(alive | ~Q(state__in=_ENDED))


def _our_order(row: Order, facts: BrokerFacts) -> rules.OurOrder:
    # What left while the snapshot was being made may be missing from it.
    since = facts.at - selectors.submit_patience()
    return rules.OurOrder(
        row.order_ref, row.con_id or 0, terminal=row.state in _ENDED,
        sent=row.sent_at is not None and row.sent_at <= since, looks=row.looked_for,
    )  # fmt: skip


def _short_for(keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], float]:
    """Since when the broker has reported less than we have, from the findings we keep."""
    found: dict[tuple[str, int], float] = defaultdict(float)
    open_keys = set(keys)
    for row in Reconciliation.objects.all()[:_LOOKED_BACK_N]:
        short = {f["con_id"] for f in row.findings if f["kind"] == rules.Kind.QUANTITY_BELOW}
        open_keys = {key for key in open_keys if key[1] in short}
        for key in open_keys:
            found[key] = (clock.now() - row.at).total_seconds()
    return found


def _act(finding: rules.Finding, facts: BrokerFacts) -> None:
    match finding.action:
        case rules.Action.ASK_AGAIN if finding.kind is rules.Kind.ORDER_ABSENT:
            _look_again(finding.subject)
        case rules.Action.DECLARE_ABSENT:
            _declare_absent(finding.subject)
        case rules.Action.QUARANTINE | rules.Action.RECORD_AND_QUARANTINE:
            _quarantine(finding)
        case rules.Action.ADOPT if finding.kind is rules.Kind.ORDER_ALIVE:
            _revive(finding.subject, facts)
        case rules.Action.ADOPT if finding.kind is rules.Kind.ORDER_UNRECORDED:
            unrecorded.adopt(finding.subject, facts)
        case rules.Action.CANCEL_EXTRA if finding.kind is rules.Kind.ORDER_TWICE:
            unrecorded.want_extras_off(finding.subject, facts)
        case rules.Action.REPORT:
            broker_day.tell(finding)
        case _:
            pass  # adopted above, or for an operator to read in the row


def _look_again(ref: str) -> None:
    Order.objects.filter(pk=ref).exclude(state=Order.State.UNKNOWN).update(
        state=Order.State.UNKNOWN, unknown_since_at=clock.now()
    )
    Order.objects.filter(pk=ref).update(looked_for=F("looked_for") + 1)


def _declare_absent(ref: str) -> None:
    """An order that several whole snapshots do not know is over; it is never sent again."""
    with transaction.atomic():
        row = Order.objects.select_for_update().get(pk=ref)
        seen = row.seen_at is not None
        Order.objects.filter(pk=ref).exclude(state__in=_ENDED).update(
            state=Order.State.CANCELLED if seen else Order.State.EXPIRED,
            error="not at the broker: " + ("it ended unseen" if seen else "it never arrived"),
        )
    apart.each("NOT_BOOKED", [row.intent_id], booking.book)


def _quarantine(finding: rules.Finding) -> None:
    with transaction.atomic():
        same = Position.objects.select_for_update().filter(con_id=finding.con_id)
        for position in same.exclude(state__in=("CLOSED", "SETTLED")):
            moving.move_position(position, "QUARANTINED")


def _manual() -> list[rules.Finding]:
    """Executions that no order of ours explains, on contracts that we hold: somebody traded."""
    found = []
    for held in selectors.open_positions():
        fills = Fill.objects.filter(position=None, account=held.account, con_id=held.con_id)
        for fill in fills.filter(executed_at__gte=held.opened_at):
            if not selectors.intent_of(fill.order_ref):
                detail = f"{fill.quantity:+d} at {fill.price} by nobody of ours"
                kind, action = rules.Kind.FILL_MANUAL, rules.Action.ATTACH
                found.append(rules.Finding(kind, action, fill.exec_id, fill.con_id, detail))
    return found


def _external(facts: BrokerFacts) -> list[rules.Finding]:
    """Executions that nobody of ours and no trade of ours explains, told once (E16)."""
    told = [fill.exec_id for fill in facts.fills if not selectors.intent_of(fill.order_ref)]
    found = []
    for fill in Fill.objects.filter(pk__in=told, position=None):
        known = Quarantine.objects.filter(
            account=fill.account, con_id=fill.con_id, kind=rules.Kind.FILL_EXTERNAL,
            opened_at__gte=fill.recorded_at,
        )  # fmt: skip
        if not known.exists():
            detail = f"{fill.quantity:+d} at {fill.price} by nobody of ours"
            kind, action = rules.Kind.FILL_EXTERNAL, rules.Action.RECORD_AND_QUARANTINE
            found.append(rules.Finding(kind, action, fill.exec_id, fill.con_id, detail))
    return found


def _release(findings: Iterable[rules.Finding]) -> None:
    """Let go of quarantined positions that nothing speaks against any more."""
    accused = {finding.con_id for finding in findings if finding.kind in _ACCUSING}
    failing = Quarantine.objects.filter(ended_at=None).exclude(intent=None).values("intent")
    explained = Position.objects.filter(state="QUARANTINED").exclude(con_id__in=accused)
    for position in explained.exclude(intent__in=failing):
        apart.each("NOT_BOOKED", [position.intent_id], _let_go)


def _let_go(intent_id: str) -> None:
    position = Position.objects.get(intent=intent_id)
    moving.move_position(position, "OPEN")
    booking.book(intent_id)


def _revive(ref: str, facts: BrokerFacts) -> None:
    """The broker works an order that we thought over: the broker is right, unless it said since."""
    update = next(u for u in facts.open_orders if u.order_ref == ref)
    since = OrderEvent.objects.filter(order_ref=ref, at__gt=update.at).exists()
    if update.status is orders.OrderStatus.WORKING and not since:
        row = Order.objects.filter(pk=ref).exclude(state=Order.State.FILLED)
        row.update(state=Order.State.WORKING, looked_for=0, error="revived")

"""Reconciliation: ask the broker, adopt what is ours, quarantine what nothing explains (6.14).

Runs at every connect before anything is sent, every 30 s, and while an order is in doubt.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from execution import selectors
from execution.ledger import reconciliation as rules
from execution.models import Fill, Order, OrderIntent, Position, Reconciliation
from execution.services import booking, broker
from quanticity.config.loader import section
from quanticity.domain import clock, orders
from quanticity.domain.readings import plain
from quanticity.gateway.ports import BrokerFacts

_ENDED = (Order.State.FILLED, Order.State.CANCELLED, Order.State.REJECTED, Order.State.EXPIRED)
_UNCLEAN = frozenset(
    {rules.Action.QUARANTINE, rules.Action.RECORD_AND_QUARANTINE, rules.Action.BLOCK_CONTRACT}
)


def has_doubts() -> bool:
    """Say whether the broker must be asked soon: an order in doubt, or never answered."""
    late = clock.now() - selectors.CANCEL_PATIENCE
    broker_silent = Order.objects.filter(state=Order.State.SENDING, sent_at__lt=late)
    broker_silent.update(
        state=Order.State.UNKNOWN, unknown_since_at=clock.now(), error="no answer to the order"
    )
    return Order.objects.filter(state=Order.State.UNKNOWN).exists()


def reconcile(facts: BrokerFacts) -> set[str]:
    """Compare one whole snapshot with our book and act; return the intents that were touched.

    The same facts twice change nothing.
    """
    if facts.account is not None:
        broker.record_account(facts.account)
    settings = section("execution.reconciliation", rules.Settings)
    touched = _adopt(facts)
    findings = rules.diff(facts, _our_book(facts), settings)
    for finding in findings:
        _act(finding, facts)
    clean = not any(finding.action in _UNCLEAN for finding in findings)
    Reconciliation.objects.create(
        at=facts.at, is_clean=clean, findings=[plain(finding) for finding in findings]
    )
    return touched


def _adopt(facts: BrokerFacts) -> set[str]:
    """Take over every order state and execution of ours, then book what they amount to."""
    touched: set[str] = set()
    unsettled = set(Order.objects.exclude(state__in=_ENDED).values_list("pk", flat=True))
    for update in (*facts.completed_orders, *facts.open_orders):
        if update.order_ref in unsettled:
            broker.record_order(update)
            touched.add(selectors.intent_of(update.order_ref))
    for fill in facts.fills:
        if broker.record_fill(fill):
            touched.add(selectors.intent_of(fill.order_ref))
        if fill.commission is not None:
            touched.add(broker.record_commission(fill.exec_id, fill.commission, "USD"))
    touched = set(OrderIntent.objects.filter(pk__in=touched - {""}).values_list("pk", flat=True))
    for intent_id in touched:
        booking.book(intent_id)
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
        orders=tuple(_our_order(row) for row in _recent_orders()),
        open_contracts=frozenset((p.account, p.con_id) for p in held),
        settled={},
        short_for_s=_short_for(held),
    )


def _recent_orders() -> Iterable[Order]:
    return Order.objects.exclude(state__in=_ENDED)


def _our_order(row: Order) -> rules.OurOrder:
    return rules.OurOrder(
        row.order_ref, row.con_id or 0, terminal=False,
        sent=row.state != Order.State.RECORDED, looks=row.looked_for,
    )  # fmt: skip


def _short_for(held: Iterable[Position]) -> dict[tuple[str, int], float]:
    """Since when the broker has reported less than we have, from the findings we keep."""
    found: dict[tuple[str, int], float] = defaultdict(float)
    last = Reconciliation.objects.first()
    if last is None:
        return found
    short = {f["con_id"] for f in last.findings if f["kind"] == rules.Kind.QUANTITY_BELOW}
    for position in held:
        if position.con_id in short:
            found[position.account, position.con_id] = (clock.now() - last.at).total_seconds()
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
        Order.objects.filter(pk=ref).update(
            state=Order.State.CANCELLED if seen else Order.State.EXPIRED,
            error="not at the broker: " + ("it ended unseen" if seen else "it never arrived"),
        )
    booking.book(row.intent_id)


def _quarantine(finding: rules.Finding) -> None:
    Position.objects.filter(con_id=finding.con_id).exclude(state__in=("CLOSED", "SETTLED")).update(
        state="QUARANTINED"
    )


def _revive(ref: str, facts: BrokerFacts) -> None:
    """The broker works an order that we thought over: the broker is right."""
    update = next(u for u in facts.open_orders if u.order_ref == ref)
    if update.status is orders.OrderStatus.WORKING:
        Order.objects.filter(pk=ref).update(state=Order.State.WORKING, error="revived")

"""Orders of ours at the broker that our rows do not explain: one without a row, two for one row.

After a restore from a backup an order without a row may be our only protection: it is taken over,
never cancelled. Of two under one reference the first that the broker numbered is ours (E13); two
under one order id cannot be told apart by a cancellation, so that both are replaced.
"""

from dataclasses import replace
from decimal import Decimal

from execution import selectors
from execution.ledger.reconciliation import Action, Finding, Kind
from execution.models import ExtraOrder, Order, OrderIntent, Tranche
from execution.orders.references import order_ref, parse_order_ref
from execution.services import replacing, wishes
from execution.services.alarms import Severity, raise_alarm
from quanticity.domain import clock
from quanticity.domain.orders import OrderType, OrderUpdate, Role, TimeInForce
from quanticity.gateway.ports import BrokerFacts


def judged(finding: Finding) -> Finding:
    """An order whose very intent we do not know cannot be taken over: that is a break."""
    if finding.kind is not Kind.ORDER_UNRECORDED or _intent(finding.subject) is not None:
        return finding
    return replace(finding, action=Action.QUARANTINE)


def adopt(ref: str, facts: BrokerFacts) -> None:
    """Write the row that an order of ours should have had."""
    update = next(u for u in facts.open_orders if u.order_ref == ref)
    intent = _intent(ref)
    if intent is None:
        return
    parsed = parse_order_ref(ref)
    role = Role.ENTRY if parsed is None else parsed.role
    env = "" if parsed is None else parsed.env
    is_entry = role is Role.ENTRY
    same = Order.objects.filter(order_id=update.order_id)
    same.exclude(state=Order.State.WORKING).update(order_id=None)  # the broker knows whose it is
    free = not same.exists()
    Order.objects.get_or_create(
        pk=ref,
        defaults={
            "intent": intent, "role": role, "occ": intent.occ, "con_id": update.con_id,
            "parent_ref": "" if is_entry else order_ref(env, intent.pk, Role.ENTRY, 1),
            "side": update.side, "quantity": update.quantity, "order_type": _type(update),
            "time_in_force": TimeInForce.DAY if is_entry else TimeInForce.GTC,
            "limit_price": update.limit_price, "stop_price": update.stop_price,
            "state": Order.State.WORKING, "order_id": update.order_id if free else None,
            "perm_id": update.perm_id, "filled": 0, "recorded_at": update.at,
            "sent_at": update.at, "seen_at": update.at, "error": "found at the broker",
        },
    )  # fmt: skip


def want_extras_off(ref: str, facts: BrokerFacts) -> None:
    """Have every order but the first under this reference cancelled."""
    same = sorted(
        (u for u in facts.open_orders if u.order_ref == ref), key=lambda update: update.perm_id
    )
    for update in same[1:]:
        raise_alarm(
            "ORDER_TWICE", f"{ref}: {update.perm_id} beside {same[0].perm_id}", Severity.CRITICAL
        )
        if update.order_id == same[0].order_id:
            _undo_both(ref)
        else:
            ExtraOrder.objects.get_or_create(
                pk=update.perm_id,
                defaults={
                    "order_id": update.order_id, "order_ref": ref, "found_at": clock.now(),
                },
            )  # fmt: skip
            # Still there: a cancellation that was lost goes again.
            late = clock.now() - selectors.cancel_patience()
            lost = ExtraOrder.objects.filter(pk=update.perm_id, cancel_sent_at__lt=late)
            lost.update(cancel_sent_at=None)
            wishes.wake_gateway()
    Order.objects.filter(pk=ref).update(perm_id=same[0].perm_id)


def _undo_both(ref: str) -> None:
    """Two under one order id go together: a protective pair is replaced, all else is called back.

    What was called back is made again by whoever wanted it.
    """
    row = Order.objects.filter(pk=ref).select_related("intent").first()
    if row is None or row.cancel_wanted_at is not None:
        return
    pair = Tranche.objects.filter(position__intent_id=row.intent_id, number=row.tranche or 0)
    tranche = pair.select_related("position").first()
    if tranche is not None and row.role in (Role.STOP, Role.TARGET):
        stop = tranche.position.stop_price or Decimal(0)
        replacing.begin(tranche.position, tranche, stop, "TWIN")
    else:
        wishes.want_off(Order.objects.filter(pk=ref))


def is_extra(update: OrderUpdate) -> bool:
    """Say whether an update speaks of an extra order: it is no news of the row's own."""
    return bool(update.perm_id) and ExtraOrder.objects.filter(pk=update.perm_id).exists()


def take_extras() -> list[tuple[str, int]]:
    """Claim every extra order whose cancellation was not sent, as (reference, order id)."""
    return [
        (row.order_ref, row.order_id)
        for row in ExtraOrder.objects.filter(cancel_sent_at=None)
        if ExtraOrder.objects.filter(pk=row.pk, cancel_sent_at=None).update(
            cancel_sent_at=clock.now()
        )
    ]


def _intent(ref: str) -> OrderIntent | None:
    parsed = parse_order_ref(ref)
    return None if parsed is None else OrderIntent.objects.filter(pk=parsed.intent_id).first()


def _type(update: OrderUpdate) -> str:
    return OrderType.LIMIT if update.stop_price is None else OrderType.STOP

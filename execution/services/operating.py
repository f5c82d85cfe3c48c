"""What operators do to trading: halt, resume, close, flatten; each with a reason, each audited."""

from django.db import transaction

from execution import selectors
from execution.models import (
    Approval,
    Order,
    OrderIntent,
    Position,
    Quarantine,
    TradingScope,
)
from execution.risk.facts import Settings as Limits
from execution.risk.verdict import Denied
from execution.services import managing, opening, quarantining
from execution.services.halting import halt, set_state
from quanticity import audit, halt_file
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import ExitReason, Role, TradingState
from quanticity.store import health

__all__ = ["halt", "set_state"]  # of halting, and what follows: all that operators do


def resume(*, actor: str, reason: str, scope: str = selectors.GLOBAL) -> TradingScope:
    """Let trading go on; refused while the books and the broker's differ (6.16)."""
    last = selectors.last_reconciliation()
    if last is None:
        raise MalformedInput("expected a clean reconciliation, the broker was never asked")
    if not last.is_clean:
        raise MalformedInput(f"expected a clean reconciliation, that of {last.at:%H:%M:%S} is not")
    age_s = (clock.now() - last.at).total_seconds()
    most_s = section("execution.risk", Limits).reconciled_max_age_s
    if age_s > most_s:
        raise MalformedInput(
            f"expected a reconciliation of the last {most_s:.0f} s, was {age_s:.0f} s old"
        )
    row = set_state(scope, TradingState.ACTIVE, actor=actor, reason=reason)
    if scope == selectors.GLOBAL:
        halt_file.clear()
    return row


def flatten(*, actor: str, reason: str) -> list[str]:
    """Halt, then begin to leave every position; return the trades. It stays halted."""
    halt(actor=actor, reason=reason)
    return [
        position.pk
        for position in selectors.open_positions()
        if managing.begin_exit(position.pk, ExitReason.FLATTEN)
    ]


def cancel(order_ref: str, *, actor: str, reason: str) -> bool:
    """Ask for the cancellation of an entry or exit that works; protection is not cancelled here."""
    _want(reason)
    row = Order.objects.filter(pk=order_ref).first()
    if row is None:
        raise MalformedInput(f"expected an order of ours, was {order_ref}")
    if row.role in (Role.STOP, Role.TARGET) and _protects(row):
        raise MalformedInput(f"{order_ref} protects an open position; close that instead")
    wanted = Order.objects.filter(
        pk=order_ref, state__in=("SENDING", "WORKING", "UNKNOWN"), cancel_wanted_at=None
    ).update(cancel_wanted_at=clock.now())
    audit.record(
        actor, "cancel order", order_ref, reason=reason, before=row.state,
        after="cancellation wanted" if wanted else None,
    )  # fmt: skip
    health.wake("gateway")
    return bool(wanted)


def _protects(row: Order) -> bool:
    return Position.objects.filter(intent=row.intent_id, quantity_open__gt=0).exists()


def _want(reason: str) -> None:
    if not reason.strip():
        raise MalformedInput("expected a reason, was nothing")


def approve(intent_id: str, *, actor: str, reason: str = "") -> Approval:
    """Say yes to an entry that waits; it goes through every rule again before it leaves."""
    return _decide(intent_id, Approval.State.APPROVED, actor, reason)


def decline(intent_id: str, *, actor: str, reason: str) -> Approval:
    """Say no to an entry that waits."""
    _want(reason)
    found = _decide(intent_id, Approval.State.DECLINED, actor, reason)
    opening.block(found.intent, Denied("APPROVAL_DECLINED", actor, reason))
    return found


def tend_approvals() -> None:
    """End what nobody answered in time; pursue what was approved and has not gone yet."""
    now = clock.now()
    for row in Approval.objects.filter(state=Approval.State.PENDING, expires_at__lte=now):
        if _settle(row.pk, Approval.State.EXPIRED, "time", "nobody answered"):
            waited = (now - row.created_at).total_seconds()
            opening.block(row.intent, Denied("APPROVAL_EXPIRED", f"{waited:.0f} s", row.summary))
    approved = Approval.objects.filter(
        state=Approval.State.APPROVED, intent__state__in=("NEW", "CHECKED")
    )
    for row in approved.select_related("intent"):
        opening.pursue_approved(row.intent)


def _decide(intent_id: str, state: str, actor: str, reason: str) -> Approval:
    row = Approval.objects.filter(pk=intent_id).select_related("intent").first()
    if row is None:
        raise MalformedInput(f"expected an entry that waits for approval, was {intent_id}")
    if row.expires_at <= clock.now() or not _settle(intent_id, state, actor, reason):
        raise MalformedInput(f"{row.summary} is not waiting any more")
    row.refresh_from_db()
    return row


def _settle(intent_id: str, state: str, actor: str, reason: str) -> bool:
    # One answer counts; a second finds nothing that waits.
    with transaction.atomic():
        settled = Approval.objects.filter(pk=intent_id, state=Approval.State.PENDING).update(
            state=state, decided_at=clock.now(), decided_by=actor, reason=reason[:300]
        )
        if settled:
            audit.record(
                actor, "approval", intent_id, reason=reason, before="PENDING", after=str(state)
            )
    return bool(settled)


def resolve_quarantine(quarantine_id: int, *, actor: str, reason: str) -> Quarantine:
    """Say that a break is explained; entries in its symbol may go again."""
    _want(reason)
    row = Quarantine.objects.get(pk=quarantine_id)
    with transaction.atomic():
        quarantining.accept(row)
        ended = Quarantine.objects.filter(pk=row.pk, ended_at=None).update(
            ended_at=clock.now(), ended_by=actor, reason=reason[:300]
        )
        if ended:
            audit.record(actor, "quarantine resolved", str(row), reason=reason)
    if not ended:
        raise MalformedInput(f"{row} has been resolved already")
    row.refresh_from_db()
    return row


def close(trade_id: str, *, actor: str, reason: str) -> bool:
    """Begin to leave one position."""
    begun = managing.begin_exit(trade_id, ExitReason.MANUAL)
    audit.record(actor, "close position", trade_id, reason=reason, after="begun" if begun else None)
    return begun


def mark_answered(intent_id: str, *, ended: bool) -> int:
    """Analytics has taken the answer; a trade that ends later owes another."""
    rows = OrderIntent.objects.filter(pk=intent_id, owes_acknowledgement=True)
    if not ended:
        # The trade may have closed since we read it; then a second answer is still owed.
        rows = rows.exclude(position__state__in=("CLOSED", "SETTLED"))
    return rows.update(owes_acknowledgement=False)

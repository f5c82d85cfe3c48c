"""What operators do to trading: halt, resume, close, flatten; each with a reason, each audited."""

from django.db import transaction

from execution import selectors
from execution.models import Order, OrderIntent, PositionEvent, TradingScope
from execution.services import managing
from quanticity import audit
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import ExitReason, Role, TradingState
from quanticity.store import health


def set_state(scope: str, state: TradingState, *, actor: str, reason: str) -> TradingScope:
    """Change what may be sent in one scope; committed before anything else happens."""
    if not reason.strip():
        raise MalformedInput("expected a reason, was nothing")
    with transaction.atomic():
        before = TradingScope.objects.filter(pk=scope).first()
        row, _ = TradingScope.objects.update_or_create(
            pk=scope,
            defaults={
                "state": state, "reason": reason[:300], "actor": actor, "changed_at": clock.now(),
            },
        )  # fmt: skip
        audit.record(
            actor, "set trading state", scope, reason=reason,
            before=None if before is None else before.state, after=str(state),
        )  # fmt: skip
    return row


def halt(*, actor: str, reason: str, scope: str = selectors.GLOBAL) -> int:
    """Stop everything but protection; cancel entries that work. Return how many."""
    set_state(scope, TradingState.HALTED, actor=actor, reason=reason)
    return stop_entries(scope)


def stop_entries(scope: str) -> int:
    """Cancel the entries of a scope that work, let go of those that wait; return how many."""
    rows = Order.objects.filter(
        role=Role.ENTRY, state__in=("RECORDED", "SENDING", "WORKING"), cancel_wanted_at=None
    )
    if scope != selectors.GLOBAL:
        rows = rows.filter(intent__strategy=scope) | rows.filter(intent__symbol=scope)
    # What was never sent never goes.
    unsent = rows.filter(state="RECORDED").values_list("intent_id", flat=True)
    Order.objects.filter(intent_id__in=list(unsent), state="RECORDED").update(
        state="EXPIRED", error="halted before it was sent"
    )
    cancelled = rows.update(cancel_wanted_at=clock.now())
    health.wake("gateway")
    return cancelled


def resume(*, actor: str, reason: str, scope: str = selectors.GLOBAL) -> TradingScope:
    """Let trading go on."""
    return set_state(scope, TradingState.ACTIVE, actor=actor, reason=reason)


def flatten(*, actor: str, reason: str) -> list[str]:
    """Halt, then begin to leave every position; return the trades. It stays halted."""
    halt(actor=actor, reason=reason)
    return [
        position.pk
        for position in selectors.open_positions()
        if managing.begin_exit(position.pk, ExitReason.FLATTEN)
    ]


def close(trade_id: str, *, actor: str, reason: str) -> bool:
    """Begin to leave one position."""
    begun = managing.begin_exit(trade_id, ExitReason.MANUAL)
    audit.record(actor, "close position", trade_id, reason=reason, after="begun" if begun else None)
    return begun


def mark_announced(event_ids: list[int]) -> int:
    """Publishing has taken these events over."""
    return PositionEvent.objects.filter(pk__in=event_ids).update(announced=True)


def mark_answered(intent_id: str, *, ended: bool) -> int:
    """Analytics has taken the answer; a trade that ends later owes another."""
    rows = OrderIntent.objects.filter(pk=intent_id, owes_acknowledgement=True)
    if not ended:
        # The trade may have closed since we read it; then a second answer is still owed.
        rows = rows.exclude(position__state__in=("CLOSED", "SETTLED"))
    return rows.update(owes_acknowledgement=False)

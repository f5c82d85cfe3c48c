"""Halt: what may be sent in a scope, committed and audited first; then entries are called back."""

from django.db import transaction

from execution import selectors
from execution.models import Order, TradingScope
from execution.services import notices
from quanticity import audit, halt_file
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import TradingState
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
        if state is TradingState.HALTED and (before is None or before.state != state):
            notices.of_halt(scope)
    return row


def halt(*, actor: str, reason: str, scope: str = selectors.GLOBAL) -> int:
    """Stop everything but protection; cancel entries that work. Return how many."""
    set_state(scope, TradingState.HALTED, actor=actor, reason=reason)
    return stop_entries(scope)


def follow(halt_by_hand: halt_file.Halt) -> None:
    """Bring the rows after a halt that was made without them: audited, told, entries off."""
    row = TradingScope.objects.filter(pk=selectors.GLOBAL).first()
    if row is None or row.state != TradingState.HALTED:
        halt(actor=halt_by_hand.actor, reason=halt_by_hand.reason)


def stop_entries(scope: str) -> int:
    """Cancel the entries of a scope that work, let go of those that wait; return how many."""
    rows = selectors.working_entries(scope)
    # What was never sent never goes.
    unsent = rows.filter(state="RECORDED").values_list("intent_id", flat=True)
    Order.objects.filter(intent_id__in=list(unsent), state="RECORDED").update(
        state="EXPIRED", error="halted before it was sent"
    )
    cancelled = rows.update(cancel_wanted_at=clock.now())
    health.wake("gateway")
    return cancelled

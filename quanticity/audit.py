"""The audit trail: who did what to which thing, and why."""

from typing import Any

from quanticity.domain import clock
from quanticity.models import AuditEntry


def record(
    actor: str,
    action: str,
    subject: str,
    *,
    reason: str,
    before: Any = None,
    after: Any = None,
) -> AuditEntry:
    """Write one entry; it is never changed afterwards."""
    return AuditEntry.objects.create(
        at=clock.now(), actor=actor, action=action, subject=subject,
        before=before, after=after, reason=reason[:300],
    )  # fmt: skip

"""The kill switch: halt, cancel, close, and look at the broker until nothing is left (6.16).

Every step may be repeated; the state is HALTED before anything else and stays so. Flat is what a
whole snapshot of the broker says after the halt, not what our rows hope.
"""

from dataclasses import dataclass
from datetime import datetime

from execution import selectors
from execution.models import Fill, Order, Reconciliation
from execution.services import halting, managing, operating, quarantining, wishes
from quanticity import audit
from quanticity.domain import calendar, clock
from quanticity.domain.orders import ExitReason, Role


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is still there; `seen_at` is the snapshot that says so, None before there is one.

    `foreign` is what the account holds that no order of ours ever traded: it stays.
    """

    positions: tuple[str, ...]
    entries: tuple[str, ...]
    orphans: tuple[str, ...]
    seen_at: datetime | None
    foreign: tuple[str, ...] = ()

    @property
    def flat(self) -> bool:
        """Whether a snapshot of the broker has shown that nothing is left."""
        return self.seen_at is not None and not (self.positions or self.entries or self.orphans)


def begin(*, actor: str, reason: str) -> datetime:
    """Halt and begin every exit; return when the halt was committed."""
    operating.flatten(actor=actor, reason=reason)
    wishes.want_comparison()
    return clock.now()


def look(since: datetime) -> Leftovers:
    """Say what is left, after asking once more for everything that is."""
    halting.stop_entries(selectors.GLOBAL)
    for position in selectors.open_positions():
        if position.quantity_open > 0 and position.exit_started_at is None:
            managing.begin_exit(position.pk, ExitReason.FLATTEN)
        else:  # whoever takes the next step otherwise may be away: the worker, beat, Redis
            managing.continue_exit(position.intent_id)
    return _left(Reconciliation.objects.filter(at__gt=since).first())


def report(left: Leftovers, since: datetime, *, actor: str) -> dict[str, object]:
    """What came of it, for people and for the trail."""
    pending = pending_until()
    took_s = round(((left.seen_at or clock.now()) - since).total_seconds(), 1)
    found: dict[str, object] = {
        "flat": left.flat,
        "time_to_flat_s": took_s if left.flat else None,
        "positions": list(left.positions),
        "entries": list(left.entries),
        "orphans": list(left.orphans),
        "foreign": list(left.foreign),
        "state": str(selectors.trading_state()),
        "pending_until": None if pending is None else pending.isoformat(),
    }
    audit.record(
        actor, "flatten", selectors.GLOBAL, after=found,
        reason="flat" if left.flat else "not flat yet",
    )  # fmt: skip
    return found


def _left(seen: Reconciliation | None) -> Leftovers:
    open_now = [p for p in selectors.open_positions() if p.quantity_open]
    held = {p.occ: f"{p.quantity_open} {p.occ} of {p.pk}" for p in open_now}
    if seen is None:
        return Leftovers(tuple(held.values()), (), (), None)
    traded = set(
        Fill.objects.filter(position__isnull=False, occ__in=seen.holdings).values_list(
            "occ", flat=True
        )
    )
    accepted = quarantining.accepted_by_occ()
    there = {occ: quantity - accepted[occ] for occ, quantity in seen.holdings.items()}
    theirs = {occ: f"{n} {occ}" for occ, n in there.items() if n and occ in traded}
    foreign = tuple(f"{n} {occ}" for occ, n in seen.holdings.items() if occ not in theirs)
    rows = Order.objects.filter(pk__in=seen.working)
    entries = tuple(row.pk for row in rows if row.role == Role.ENTRY)
    orphans = tuple(row.pk for row in rows if row.role != Role.ENTRY and row.occ not in theirs)
    return Leftovers(tuple((theirs | held).values()), entries, orphans, seen.at, foreign)


def pending_until() -> datetime | None:
    """When nothing can be sold, exits wait for the open; some contracts trade past a close."""
    now = clock.now()
    if calendar.current(now) is not None or selectors.are_trading_late(now):
        return None
    following = calendar.on_or_after(calendar.session_date(now))
    if following.open_at <= now:
        following = calendar.next_session(following.date)
    return following.open_at

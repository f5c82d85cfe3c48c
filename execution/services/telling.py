"""Events owed to publishing: what a trade's facts amount to, each told once (DOMAIN 7.1).

Everything is derived again from orders and executions at each booking, and compared with what was
told; a published figure that has changed is a CORRECTION.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from execution.ledger import breaks, pnl
from execution.models import Order, OrderIntent, Position, PositionEvent
from execution.services import event_facts, sales
from quanticity.config.loader import section
from quanticity.domain import clock, orders
from quanticity.domain.orders import Role

Kind = PositionEvent.Kind
_COMMISSION_PATIENCE = timedelta(seconds=5)
_NOTICE_FRAC = Decimal("0.10")  # of entry: a stop that moved less is not told (DOMAIN 7.1)
_ENDS = (Kind.EXIT, Kind.EXPIRY)


@dataclass(frozen=True, slots=True)
class Story:
    """One trade as its facts are now."""

    position: Position
    intent: OrderIntent
    rows: Sequence[Order]
    fills: Sequence[orders.Fill]
    ledger: pnl.Ledger
    entry_done: bool


def tell(story: Story) -> None:
    """Write what is to be told and has not been, in the order in which it happened."""
    told = {(event.kind, event.about): event for event in story.position.events.all()}
    kinds = {kind for kind, _ in told}
    entry = [f for f in story.fills if f.order_ref in _refs(story.rows, Role.ENTRY)]
    if story.entry_done and entry and Kind.ENTRY not in kinds:
        write_event(
            story.position, Kind.ENTRY, entry[-1].executed_at, event_facts.entry(story, entry)
        )
    if not story.position.events_n:
        return
    for sale in sales.partial(story.rows, story.fills, story.position):
        if (Kind.SCALE_OUT, sale.about) not in told and _is_complete(sale.is_costed, sale.at):
            facts = event_facts.scale_out(story, sale)
            write_event(story.position, Kind.SCALE_OUT, sale.at, facts, about=sale.about)
    _tell_stop(story)
    _tell_added(story, told)
    _tell_end(story, kinds)
    _correct(story, entry)


def _tell_end(story: Story, kinds: set[str]) -> None:
    position = story.position
    if position.state not in ("CLOSED", "SETTLED") or kinds & set(_ENDS):
        return
    sold = [fill for fill in story.fills if fill.quantity < 0]
    last = max(fill.executed_at for fill in sold)
    # The commission report follows its execution by a moment; wait for it, but not for ever.
    if _is_complete(not story.ledger.provisional, last):
        kind = Kind.EXPIRY if position.state == "SETTLED" else Kind.EXIT
        write_event(story.position, kind, last, event_facts.end(story, last))


def _is_complete(is_costed: bool, at: datetime) -> bool:
    return is_costed or clock.now() - at > _COMMISSION_PATIENCE


def _tell_stop(story: Story) -> None:
    """A stop that the broker works above entry for the first time, or a tenth higher (7.1)."""
    position, entry = story.position, story.position.entry_price
    stop = _stop_in_force(story)
    if stop is None or entry is None or position.state not in ("OPEN", "REDUCING"):
        return
    before = position.events.filter(kind=Kind.ADJUSTMENT, about="stop").order_by("seq").last()
    last = Decimal(before.facts["stop_price"]) if before else story.intent.stop_price or Decimal(0)
    crossed = last <= entry < stop
    if not crossed and (last <= entry or stop - last < _NOTICE_FRAC * entry):
        return
    facts = event_facts.adjustment(story, last, stop, "TRAIL")
    write_event(story.position, Kind.ADJUSTMENT, clock.now(), facts, about="stop")


def _stop_in_force(story: Story) -> Decimal | None:
    """The lowest stop that works, when every contract is under one."""
    working = [
        row for row in story.rows if row.role == Role.STOP and row.state == Order.State.WORKING
    ]
    prices = [row.stop_price for row in working if row.stop_price is not None]
    covered = sum(row.quantity - row.filled for row in working)
    return min(prices) if prices and covered >= story.position.quantity_open else None


def _tell_added(story: Story, told: dict[tuple[str, str], PositionEvent]) -> None:
    """Contracts that somebody bought by hand into the trade."""
    refs = {row.order_ref for row in story.rows}
    for fill in story.fills:
        by_hand = fill.quantity > 0 and fill.order_ref not in refs
        if by_hand and (Kind.ADJUSTMENT, fill.base_exec_id) not in told:
            stop = story.position.stop_price or Decimal(0)
            facts = event_facts.adjustment(story, stop, stop, "MANUAL")
            write_event(
                story.position, Kind.ADJUSTMENT, fill.executed_at, facts, about=fill.base_exec_id
            )


def _correct(story: Story, entry: Sequence[orders.Fill]) -> None:
    """Tell again what was told and is no longer so."""
    by_about = {sale.about: sale for sale in sales.partial(story.rows, story.fills, story.position)}
    for event in story.position.events.exclude(kind__in=(Kind.ADJUSTMENT, Kind.CORRECTION)):
        now: dict[str, Any] | None = None
        if event.kind == Kind.ENTRY and entry:
            now = event_facts.entry(story, entry)
        elif event.kind == Kind.SCALE_OUT and event.about in by_about:
            now = event_facts.scale_out(story, by_about[event.about])
        elif event.kind in _ENDS and story.position.state in ("CLOSED", "SETTLED"):
            now = event_facts.end(story, event.clock_at)
        elif event.kind in _ENDS:
            now = event_facts.reopened(story, event.facts)
        if now is not None:
            _correct_one(story.position, event, now)


def take_back(position: Position) -> None:
    """Every execution was taken back: what was told of an entry is told to be nothing."""
    for event in position.events.filter(kind=Kind.ENTRY):
        _correct_one(position, event, event_facts.nothing(event.facts))


def _correct_one(position: Position, event: PositionEvent, now: dict[str, Any]) -> None:
    about = str(event.seq)
    corrected = position.events.filter(kind=Kind.CORRECTION, about=about)
    last = corrected.order_by("seq").last()
    was = event.facts if last is None else {**event.facts, **last.facts}
    changed = [name for name in event_facts.PUBLISHED if was.get(name) != now.get(name)]
    if not changed or not _is_worth_it(was, now, changed):
        return
    keys = [name for name in event_facts.PUBLISHED if name in now]
    facts = {
        **now, "corrects": event.kind, "was": {name: was[name] for name in keys if name in was},
        "reason": _why(was, now, event),
    }  # fmt: skip
    write_event(position, Kind.CORRECTION, clock.now(), facts, about=about)


def _is_worth_it(was: dict[str, Any], now: dict[str, Any], changed: list[str]) -> bool:
    """Fills and the end of what was provisional always; costs alone beyond a share of it."""
    if {"fill_price", "quantity", "result"} & set(changed) or _is_final_at_last(was, now):
        return True
    before, after = was.get("realised_net_usd"), now.get("realised_net_usd")
    if before is None or after is None:
        return before is None and after is not None
    s = section("execution.breaks", breaks.Settings)
    return breaks.is_material(Decimal(before), Decimal(after), Decimal(now["notional_usd"] or 0), s)


def _is_final_at_last(was: dict[str, Any], now: dict[str, Any]) -> bool:
    return bool(was.get("provisional")) and not now["provisional"]


def _why(was: dict[str, Any], now: dict[str, Any], event: PositionEvent) -> str:
    if not now["quantity"]:
        return f"The broker took back every execution of #{event.seq}: there was no such trade."
    if now.get("result") == event_facts.OPEN_AGAIN:
        return f"The broker took a sale back: what was told as #{event.seq} is open again."
    if _is_final_at_last(was, now):
        return f"All costs are known: what was told as #{event.seq} is now final."
    return f"The broker corrected what was told as #{event.seq}."


def write_event(
    position: Position, kind: str, at: datetime, facts: dict[str, Any], about: str = ""
) -> None:
    """Append one event to a trade, numbered without gaps, in the caller's transaction."""
    position.events_n += 1
    Position.objects.filter(pk=position.pk).update(events_n=position.events_n)
    PositionEvent.objects.create(
        position=position, seq=position.events_n, kind=kind, clock_at=at,
        created_at=clock.now(), facts={**facts, "kind": kind}, about=about,
    )  # fmt: skip


def _refs(rows: Sequence[Order], role: Role) -> set[str]:
    return {row.order_ref for row in rows if row.role == role}

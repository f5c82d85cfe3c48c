"""The ratchet: a position's stop follows its peak, up only, tranche by tranche (6.7, 6.8)."""

from datetime import datetime, timedelta
from decimal import Decimal

from execution.models import Order, Position, Tranche
from execution.orders import exits, protection, stops
from execution.orders.ticks import Touch, touch
from execution.risk.facts import Settings as Limits
from execution.services import nearby, protecting, replacing, tranching
from execution.services.facts import increments_for
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.orders import Role

_HUNDRED = Decimal(100)


def touch_of(occ: str) -> Touch | None:
    """The contract's quote, when it is fresh enough to act on."""
    quote = nearby.contract_quote(occ)
    limits = section("execution.risk", Limits)
    if quote is None or (clock.now() - quote.event_at).total_seconds() > limits.quote_max_age_s:
        return None
    return touch(quote.bid, quote.ask)


def confirmed(before: Decimal | None, marked_at: datetime | None, mark: Decimal) -> Decimal:
    """What two marks in a row have reached: one alone may be a bad quote (D4)."""
    settings = _settings()
    recent = clock.now() - timedelta(seconds=settings.mark_memory_s)
    if before is None or marked_at is None or marked_at < recent:
        return Decimal(0)
    return min(before, mark)


def follow(position: Position, mark: Decimal, quote: Touch, held: exits.Held) -> None:
    """Take one confirmed mark: raise peak and stop, and bring the broker's stops after it."""
    settings = _settings()
    entry = position.entry_price or mark
    before = stops.Ratchet(entry, position.peak_price or entry, position.stop_price)
    step = stops.advance(
        before, mark, increments_for(position.intent), settings,
        spread_pct=quote.spread_frac * _HUNDRED,
    )  # fmt: skip
    changes = {"peak_price": step.ratchet.peak}
    raised = step.ratchet.stop if step.moved else None
    if raised is not None and quote.bid > _limits().replace_min_bid_over_stop * raised:
        changes["stop_price"] = position.stop_price = raised
    Position.objects.filter(pk=position.pk).update(**changes)
    if "stop_price" in changes:
        protecting.tend(position.intent_id)
    _replace_lowest(position, quote, held)


def is_breached(position: Position, mark: Decimal, at: datetime) -> bool:
    """Count marks at or below the stop; say whether the broker's stop has had its chance (6.8)."""
    before = stops.Breach(position.breach_marks, position.breach_since_at)
    after = stops.watch(before, mark, position.stop_price, at)
    if after != before:
        Position.objects.filter(pk=position.pk).update(
            breach_marks=after.marks, breach_since_at=after.since
        )
    return stops.is_backup_due(after, at, _settings())


def _replace_lowest(position: Position, quote: Touch, held: exits.Held) -> None:
    """Replace the stop that is farthest behind, when a replacement may start (one at a time)."""
    tranche, stop = _lowest(position)
    if tranche is None or stop is None or replacing.active(position):
        return
    if position.stop_price is None or stop >= position.stop_price:
        return
    now, last = clock.now(), position.replaced_at
    rules = section("execution.exits", exits.Settings)
    refusal = protection.may_replace(
        quote, position.stop_price, _limits(), connected=nearby.is_connected(),
        to_timed_exit_s=exits.seconds_to_next(held, now, rules),
        since_last_s=None if last is None else (now - last).total_seconds(),
    )  # fmt: skip
    if refusal is None:
        replacing.begin(position, tranche, position.stop_price, "TRAIL")


def _lowest(position: Position) -> tuple[Tranche | None, Decimal | None]:
    """The explicit tranche whose working stop is lowest, and that stop."""
    held = tranching.staying(position)
    working = position.intent.orders.filter(
        role=Role.STOP, state=Order.State.WORKING, stop_price__isnull=False
    ).exclude(oca_group="")
    found = [row for row in working if row.tranche is not None and held.get(row.tranche)]
    if not found:
        return None, None
    lowest = min(found, key=lambda row: row.stop_price or Decimal(0))
    return position.tranches.get(number=lowest.tranche or 0), lowest.stop_price


def _limits() -> protection.Settings:
    found: protection.Settings = section("execution.protection", protection.Settings)
    return found


def _settings() -> stops.Settings:
    found: stops.Settings = section("execution.stops", stops.Settings)
    return found

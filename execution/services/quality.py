"""How well each fill was made, looked at while its time runs: at once, and 1, 5, 30 min on (6.18).

A moment that nobody saw, or without a fresh quote, leaves its figure unknown.
"""

from datetime import timedelta
from decimal import Decimal

from execution.ledger import quality
from execution.models import Fill, FillQuality, Order, Position
from execution.orders.ticks import Touch
from execution.services import trailing
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.orders import Role

_MARKOUTS = ("markout_1m", "markout_5m", "markout_30m")


def look() -> None:
    """Write what can be known by now of the fills of the last half hour."""
    settings = section("execution.quality", quality.Settings)
    longest = timedelta(seconds=settings.markouts_s[-1] + settings.look_within_s)
    recent = Fill.objects.filter(
        executed_at__gt=clock.now() - longest, position__isnull=False
    ).exclude(quantity=0)
    for fill in recent.select_related("position__intent__signal", "quality"):
        row = getattr(fill, "quality", None) or _begin(fill, settings)
        _mark_out(row, fill, settings)


def run(position: Position, mark: Decimal) -> dict[str, Decimal]:
    """The changes of a trade's worst and best mark, in percent of its entry."""
    if not position.entry_price:
        return {}
    worst, best = position.mae_pct, position.mfe_pct
    known = None if worst is None or best is None else quality.Excursion(worst, best)
    after = quality.run(known, position.entry_price, mark)
    return {"mae_pct": after.worst_pct, "mfe_pct": after.best_pct}


def _begin(fill: Fill, settings: quality.Settings) -> FillQuality:
    order = Order.objects.filter(pk=fill.order_ref).first()
    at_once = (clock.now() - fill.executed_at).total_seconds() <= settings.look_within_s
    touch = trailing.touch_of(fill.occ) if at_once else None
    row = FillQuality(fill=fill, **({} if touch is None else _against(fill, touch)))
    if order is not None and order.sent_at is not None:
        row.time_to_fill_s = max(0.0, (fill.executed_at - order.sent_at).total_seconds())
    if order is not None and order.role == Role.ENTRY and fill.position is not None:
        intent = fill.position.intent
        said = intent.signal.reference.get("mid")
        row.signal_mid = None if said is None else Decimal(said)
        row.sent_mid = intent.arrival_mid
    row.save(force_insert=True)
    return row


def _against(fill: Fill, touch: Touch) -> dict[str, Decimal | None]:
    paid = quality.spread_paid(fill.price, touch.bid, touch.ask, _sign(fill))
    return {"bid": touch.bid, "ask": touch.ask, "spread_paid": paid}


def _mark_out(row: FillQuality, fill: Fill, settings: quality.Settings) -> None:
    age_s = (clock.now() - fill.executed_at).total_seconds()
    for name, due_s in zip(_MARKOUTS, settings.markouts_s, strict=True):
        is_due = due_s <= age_s <= due_s + settings.look_within_s
        if not is_due or getattr(row, name) is not None:
            continue
        touch = trailing.touch_of(fill.occ)
        if touch is not None:
            after = quality.markout(fill.price, touch.mid, _sign(fill))
            FillQuality.objects.filter(pk=row.pk).update(**{name: after})


def _sign(fill: Fill) -> int:
    return 1 if fill.quantity > 0 else -1

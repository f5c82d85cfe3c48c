"""The story of one trade as the rows tell it, from the readings to the last tier's message."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from analytics import selectors as analytics
from analytics.models import Decision, Signal
from analytics.services import scoring
from analytics.signals.emit import Rehearsal
from execution import selectors as execution
from execution import tasks
from execution.models import Commission, Fill, Order, OrderIntent, Position
from publishing.models import Announcement, Delivery
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput, QuantiCityError
from quanticity.store import readings
from quanticity.tasking import nudge

READY_WITHIN_S = 60.0
TOLD_WITHIN_S = 90.0
_SYMBOL = "SPY"
_EXIT_AFTER_S = 40.0  # platform seconds
_SHOWN = {
    "vpin": ("VPIN", "vpin", ""),
    "obi": ("Order-book imbalance", "obi_l5", ""),
    "gex": ("Modelled dealer GEX", "gex_usd_per_1pct", " USD per +1 %"),
    "volatility": ("Volatility regime", "regime", ""),
}


class DemoFailed(QuantiCityError):  # noqa: N818 - an error is named after what happened
    """The demo did not get to its end."""


@dataclass(slots=True)
class Story:
    """What has been told so far; `lines` is the summary."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, at: Any, text: str) -> None:
        """Add one line, at a platform instant."""
        self.lines.append((f"{clock.eastern(at):%H:%M:%S}", text))


def play() -> Story:
    """Rehearse one trade on the running platform and follow it to the last delivery."""
    story = Story()
    _wait_for("the volatility regime", READY_WITHIN_S, lambda: analytics.vol_regime() is not None)
    _tell_readings(story)
    signal_id, intent_id = _rehearse(story)
    _wait_for("every tier's messages", TOLD_WITHIN_S, lambda: _is_told(intent_id))
    _tell_trade(story, signal_id, intent_id)
    return story


def _rehearse(story: Story) -> tuple[str, str]:
    """Make signals by hand until the gate lets one pass; a denial is part of the story."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            signal_id = scoring.rehearse(_SYMBOL, Rehearsal(1, _EXIT_AFTER_S)).signal_id
        except MalformedInput:  # no contract is quoted well enough at this instant
            time.sleep(0.2)
            continue
        nudge(tasks.open_position, signal_id)
        intent_id = execution.entry_intent_id(signal_id)
        _wait_for("the risk gate", READY_WITHIN_S, lambda: _is_decided(intent_id))  # noqa: B023
        intent = OrderIntent.objects.get(pk=intent_id)
        if not intent.denied_by:
            return signal_id, intent_id
        story.tell(intent.created_at, f"signal {signal_id} denied: {intent.reason}")
    raise DemoFailed(f"no rehearsal passed within {READY_WITHIN_S:.0f} s: {story.lines[-1][1]}")


def _wait_for(what: str, seconds: float, done: Any) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise DemoFailed(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)


def _is_decided(intent_id: str) -> bool:
    row = OrderIntent.objects.filter(pk=intent_id).first()
    return row is not None and row.state not in ("NEW", "CHECKED", "SIZED")


def _is_told(intent_id: str) -> bool:
    position = Position.objects.filter(intent_id=intent_id, state="CLOSED").first()
    if position is None:
        return False
    rows = Delivery.objects.filter(announcement__trade_id=position.pk)
    told = set(rows.filter(announcement__kind="EXIT").values_list("tier", flat=True))
    owed = rows.exclude(state__in=("SENT", "EXPIRED", "DEAD"))
    return told == {"premium", "basic", "free"} and not owed.exists()


def _tell_readings(story: Story) -> None:
    found = readings.read(_SYMBOL, list(_SHOWN))
    for family, (name, key, unit) in _SHOWN.items():
        envelope = found.get(family)
        data = None if envelope is None else envelope["data"]
        value = "not yet" if data is None else data.get(key)
        shown = f"{value:,.3g}" if isinstance(value, float) else value
        story.tell(clock.now(), f"{name} of {_SYMBOL}: {shown}{unit if data else ''}")


def _tell_trade(story: Story, signal_id: str, intent_id: str) -> None:
    signal = Signal.objects.get(pk=signal_id)
    intent = OrderIntent.objects.get(pk=intent_id)
    story.tell(signal.created_at, f"signal {signal_id} admitted: {signal.occ}, labelled PROBE")
    passed = len([check for check in intent.checks if check["passed"]])
    story.tell(intent.created_at, f"risk gate: allowed, {passed} rules looked at it")
    story.tell(intent.recorded_at, f"intent {intent_id} committed with its bracket, unsent")
    for order in Order.objects.filter(intent=intent).order_by("sent_at"):
        price = order.limit_price or order.stop_price
        name = order.order_ref.rsplit(":", 1)[1]
        words = f"{order.side} {order.quantity} {order.order_type} {price} sent, {order.state}"
        story.tell(order.sent_at, f"order {name}: {words}")
    refs = list(intent.orders.values_list("order_ref", flat=True))
    for fill in Fill.objects.filter(order_ref__in=refs).order_by("executed_at"):
        cost = Commission.objects.get(pk=fill.pk)
        text = f"filled {fill.quantity:+d} at {fill.price:.2f}, commission {cost.commission_usd}"
        story.tell(fill.executed_at, text)
    position = Position.objects.get(intent=intent)
    result = f"net {position.realised_net_usd:+.2f} USD"
    story.tell(
        position.closed_at,
        f"trade {position.pk} closed by {position.exit_reason}, {result}, "
        f"{position.naked_ms} ms without a stop",
    )
    for told in Announcement.objects.filter(trade_id=position.pk).order_by("seq"):
        for row in told.deliveries.order_by("due_at", "channel"):
            late_s = (row.sent_at - row.due_at).total_seconds() if row.sent_at else None
            delay_s = (row.due_at - told.clock_at).total_seconds()
            story.tell(
                row.sent_at or row.due_at,
                f"{told.kind} to {row.tier} on {row.channel}: due +{delay_s:.0f} s, "
                f"{row.state} {'' if late_s is None else f'{late_s:.1f} s after due'}",
            )


def scored() -> str:
    """What the strategies made of the market meanwhile, in one sentence."""
    outcomes = Counter(
        Decision.objects.exclude(signal__probe=True).values_list("outcome", flat=True)
    )
    own = Signal.objects.filter(probe=False).count()
    said = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common())
    mode = settings.TRADING_MODE.upper()
    return f"0DTE judged SPY and QQQ by itself: {said or 'nothing yet'}; {own} {mode} signals."

"""Working entries, looked at every second: walked toward the market, or given up (6.4)."""

from datetime import timedelta
from decimal import Decimal

from execution import selectors
from execution.models import Order, OrderIntent
from execution.orders import pricing
from execution.orders.ticks import touch
from execution.risk.verdict import Denied
from execution.services import apart, broker, opening, trailing
from execution.services.facts import increments_for
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.orders import Role, TradingState
from quanticity.domain.signals import Strategy
from quanticity.store import health

_UNFINISHED = timedelta(seconds=30)


def manage_entries() -> None:
    """Walk or abandon every entry that works; end intents that a crash left unrecorded.

    One that came back to life while trading is stopped is called back, whoever stopped it.
    """
    opening.give_up_unfinished(_UNFINISHED)
    broker.expire_stale()
    rows = Order.objects.filter(
        role=Role.ENTRY, state=Order.State.WORKING, cancel_wanted_at=None
    ).select_related("intent__signal")
    apart.each("ENTRY_NOT_MANAGED", rows, _manage_entry)


def _manage_entry(row: Order) -> None:
    if _changes(row):
        health.wake("gateway")


def _changes(row: Order) -> bool:
    intent, now = row.intent, clock.now()
    prices = section("execution.pricing", pricing.Settings)
    plan = _plan_of(intent, prices)
    quote = trailing.touch_of(row.occ)
    elapsed = (now - (row.sent_at or now)).total_seconds()
    mid = Decimal(intent.signal.reference["mid"])
    is_stopped = selectors.trading_state(intent.strategy, intent.symbol) is not TradingState.ACTIVE
    if (
        is_stopped
        or plan is None
        or pricing.is_abandoned(plan, elapsed, mid, quote, prices, partly_filled=row.filled > 0)
    ):
        return bool(Order.objects.filter(pk=row.pk).update(cancel_wanted_at=now))
    if quote is None:
        return False
    limit = pricing.walked(plan, elapsed, quote, increments_for(intent))
    if row.limit_price is None or limit <= row.limit_price:
        return False
    return bool(Order.objects.filter(pk=row.pk).update(wanted_limit=limit))


def _plan_of(intent: OrderIntent, prices: pricing.Settings) -> pricing.EntryPlan | None:
    """The plan as it was made: from the quote at sizing, which is kept on the intent."""
    if intent.arrival_mid is None or intent.arrival_spread is None:
        return None
    half = intent.arrival_spread / 2
    plan = pricing.plan_entry(
        Strategy(intent.strategy), intent.signal.confidence,
        touch(intent.arrival_mid - half, intent.arrival_mid + half),
        increments_for(intent), prices,
    )  # fmt: skip
    return None if isinstance(plan, Denied) else plan

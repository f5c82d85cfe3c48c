"""The broker's word on a contract, held against what an entry takes it for (DOMAIN 6.3, 6.6)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from execution.orders.ticks import tick_at
from execution.risk.verdict import Denied
from quanticity.gateway.ports import ContractDetails


def refusal(
    details: ContractDetails, multiplier: int, prices: Iterable[Decimal], at: datetime
) -> Denied | None:
    """Refuse an entry whose contract the broker describes otherwise; None when all agrees.

    What the broker does not say of hours is not held against it: the gate asked the calendar.
    """
    if details.multiplier != multiplier:
        return Denied("MULTIPLIER_MISMATCH", details.multiplier, multiplier)
    if details.open_spans is not None and not _is_open(details.open_spans, at):
        return Denied("SESSION_CLOSED", f"{at:%Y-%m-%d %H:%M} UTC", _say(details.open_spans))
    for price in prices:
        tick = tick_at(price, details.increments)
        if price % tick:
            return Denied("TICK", price, f"a multiple of {tick}")
    return None


def trades_until(details: ContractDetails, at: datetime) -> datetime | None:
    """The end of the hours that hold an instant, as the broker says; None when it does not say."""
    spans = details.open_spans or ()
    return next((closes for opens, closes in spans if opens <= at < closes), None)


def _is_open(spans: Iterable[tuple[datetime, datetime]], at: datetime) -> bool:
    return any(opens <= at < closes for opens, closes in spans)


def _say(spans: Iterable[tuple[datetime, datetime]]) -> str:
    said = [f"{opens:%Y-%m-%d %H:%M}-{closes:%H:%M} UTC" for opens, closes in spans]
    return "the contract's hours " + (", ".join(said[:2]) or "none")

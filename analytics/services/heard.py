"""Until when a symbol's market is known: the instant of its last tick, not the reader's clock."""

from datetime import datetime, timedelta

from analytics.calculators.trade_signing import SignedTrade
from quanticity.domain import clock
from quanticity.domain.market import Bar
from quanticity.store import market

FEED = "ibkr"
_BAR_LATE = timedelta(seconds=75)  # a minute, its grace, and the recorder's beat


def until(symbol: str, last: SignedTrade | None = None) -> datetime | None:
    """The latest tick of a quote or a print; None before the first one.

    No print means that nothing traded only as far as the feed has been heard.
    """
    quote = market.quote(symbol)
    ticks = [] if quote is None else [quote.event_at]
    if last is not None:
        ticks.append(last.trade.event_at)
    return min(max(ticks), clock.now()) if ticks else None


def bars_until(last: Bar) -> datetime:
    """Until when the bars are complete: now, unless one that should be there is missing."""
    now = clock.now()
    ended = last.open_at + timedelta(minutes=1)
    return now if now - ended <= _BAR_LATE else ended

"""Values that are not values: what the recorder refuses, and why (DOMAIN 1.5, 1.6). Pure.

The gateway's translation already turns the broker's sentinels into absent fields; this is the last
door before the store, for whatever feed. An absent field is None and passes; a field that cannot
be a price or a size refuses the whole record. A locked quote is kept, a crossed one is not.
"""

import math
from collections.abc import Iterable

from quanticity.domain.market import Bar, Quote, Trade

UNSET = 1e300
UNSET_INTEGER = 2_147_483_647


def of_quote(quote: Quote) -> str | None:
    """Why a quote is refused, None when it is not."""
    if not _prices(quote.bid, quote.ask, quote.last) or not _sizes(quote.bid_size, quote.ask_size):
        return "Q_SENTINEL"
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        return "Q_CROSSED"
    return None


def of_trade(trade: Trade) -> str | None:
    """Why a print is refused, None when it is not; a print without size is none."""
    if not _prices(trade.price, trade.bid, trade.ask) or not _sizes(trade.size) or not trade.size:
        return "T_SENTINEL"
    return None


def of_bar(bar: Bar) -> str | None:
    """Why a bar is refused, None when it is not."""
    if not _prices(bar.open, bar.high, bar.low, bar.close, bar.wap) or not _sizes(bar.volume):
        return "B_SENTINEL"
    holds = bar.low <= min(bar.open, bar.close) and max(bar.open, bar.close) <= bar.high
    return None if holds else "B_RANGE"


def _prices(*values: float | None) -> bool:
    return all(0 < value < UNSET for value in _known(values))


def _sizes(*values: float | None) -> bool:
    return all(0 <= value < UNSET_INTEGER for value in _known(values))


def _known(values: Iterable[float | None]) -> Iterable[float]:
    # NaN fails every comparison, and must not pass for absent.
    return (math.inf if math.isnan(v) else v for v in values if v is not None)

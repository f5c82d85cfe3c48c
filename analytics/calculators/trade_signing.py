"""Trade signing: how likely the aggressor of a print was the buyer (DOMAIN 3.8).

Quote rule first: loc = clip((price - mid) / half-spread, -1, 1) on the quote that prevailed at the
print, p_buy = 0.5 + w * loc. At the exact mid, or without a fresh uncrossed quote, the tick test
against the last *different* price. Prints whose conditions say nothing about an aggressor are
excluded. p_buy is in [0, 1], 0.5 knows nothing; + is bought. Measured accuracy on options is near
80 %, hence a probability and not a label.
After Lee and Ready, Journal of Finance 46(2), 1991.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from quanticity.domain.market import Side, Trade
from quanticity.domain.readings import Reading

_UNDECIDED = 0.5
# The last price, and the last one unlike it.
Place = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of the three tests."""

    max_quote_age_s: float
    max_option_quote_age_s: float
    quote_weight: float
    uptick_p_buy: float
    buy_from: float
    excluded_conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signing(Reading):
    """Who pushed one print: probability of a buyer, the side it implies, the test that said so."""

    name: ClassVar[str] = "trade_signing"

    p_buy: float
    side: Side
    method: str

    @property
    def share(self) -> float:
        """Signed share of the size in [-1, 1], + bought."""
        return 2 * self.p_buy - 1


@dataclass(frozen=True, slots=True)
class SignedTrade:
    """A print with its signing."""

    trade: Trade
    signing: Signing

    @property
    def notional(self) -> float:
        """Dollars of an underlying's print; for options times the multiplier."""
        return self.trade.price * self.trade.size

    @property
    def mid(self) -> float | None:
        """Mid of the quote that prevailed at the print, None when it is not usable."""
        return _mid(self.trade)


def compute(
    trade: Trade, last_different_price: float | None, settings: Settings, *, option: bool = False
) -> Signing:
    """Sign one print; `last_different_price` is the last price unlike this one, None if none."""
    if not set(settings.excluded_conditions).isdisjoint(trade.conditions):
        return Signing(_UNDECIDED, Side.UNKNOWN, "excluded")
    limit = settings.max_option_quote_age_s if option else settings.max_quote_age_s
    loc = _location(trade, limit)
    if loc:
        p_buy, method = _UNDECIDED + settings.quote_weight * loc, "quote"
    else:
        p_buy, method = _tick_test(trade.price, last_different_price, settings)
    return Signing(p_buy, _side(p_buy, settings.buy_from), method)


class Signer:
    """Signs the prints of one instrument as they come; zero ticks carry the last different price.

    Excluded prints leave no price behind: they are out of order.
    """

    def __init__(
        self, settings: Settings, *, option: bool = False, place: Place = (None, None)
    ) -> None:
        self._settings, self._option = settings, option
        self._last, self._different = place

    @property
    def place(self) -> Place:
        """Where a signer that goes on from here begins."""
        return self._last, self._different

    def take(self, trade: Trade) -> SignedTrade:
        """Sign the next print."""
        earlier = self._different if trade.price == self._last else self._last
        signing = compute(trade, earlier, self._settings, option=self._option)
        if signing.method != "excluded":
            self._last, self._different = trade.price, earlier
        return SignedTrade(trade, signing)


def sign(
    trades: Iterable[Trade], settings: Settings, *, option: bool = False
) -> Iterator[SignedTrade]:
    """Sign prints of one instrument in the order they happened."""
    signer = Signer(settings, option=option)
    return (signer.take(trade) for trade in trades)


def _location(trade: Trade, max_age_s: float) -> float | None:
    mid, age_s = _mid(trade), trade.quote_age_s
    if mid is None or trade.ask is None or age_s is None or not 0 <= age_s <= max_age_s:
        return None
    if math.isclose(trade.price, mid):
        return 0.0
    return max(-1.0, min(1.0, (trade.price - mid) / (trade.ask - mid)))


def _mid(trade: Trade) -> float | None:
    if trade.bid is None or trade.ask is None or not 0 < trade.bid < trade.ask:
        return None
    return (trade.bid + trade.ask) / 2


def _tick_test(price: float, last: float | None, settings: Settings) -> tuple[float, str]:
    if last is None or price == last:
        return _UNDECIDED, "none"
    return (settings.uptick_p_buy if price > last else 1 - settings.uptick_p_buy), "tick"


def _side(p_buy: float, buy_from: float) -> Side:
    # The two limits mirror each other; isclose keeps 1 - 0.6 on the limit.
    if p_buy >= buy_from or math.isclose(p_buy, buy_from):
        return Side.BUY
    if p_buy <= 1 - buy_from or math.isclose(p_buy, 1 - buy_from):
        return Side.SELL
    return Side.UNKNOWN

"""What a market said: quotes, prints, bars, books, auction ticks (DOMAIN 1.4).

Prices are dollars per share, sizes are shares (underlyings) or contracts (options), instants are
aware UTC. `None` is an absent side or field, never zero.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Side(StrEnum):
    """Who was the aggressor of a print, or the side of an order."""

    BUY = "BUY"
    SELL = "SELL"
    UNKNOWN = "UNKNOWN"

    @property
    def sign(self) -> int:
        """+1 bought, -1 sold, 0 unknown."""
        return {"BUY": 1, "SELL": -1}.get(self.value, 0)


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of one instrument; `instrument` is a symbol or an OCC code."""

    instrument: str
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    last: float | None
    event_at: datetime
    recv_at: datetime
    last_at: datetime | None = None  # None: as old as the rest

    @property
    def mid(self) -> float | None:
        """Halfway between bid and ask, when both are there and not crossed."""
        if self.bid is None or self.ask is None or self.bid > self.ask:
            return None
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> float | None:
        """Ask minus bid in dollars, when both are there and not crossed."""
        if self.bid is None or self.ask is None or self.bid > self.ask:
            return None
        return self.ask - self.bid

    @property
    def spread_bps(self) -> float | None:
        """Spread over mid in basis points."""
        return None if not self.mid or self.spread is None else self.spread / self.mid * 10_000


@dataclass(frozen=True, slots=True)
class Trade:
    """One print, with the quote that prevailed when it happened."""

    instrument: str
    price: float
    size: float
    event_at: datetime
    venue: str = ""
    conditions: tuple[str, ...] = ()
    bid: float | None = None
    ask: float | None = None
    quote_age_s: float | None = None
    sampled: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether price and size are numbers above zero, so that they may be multiplied."""
        return 0 < self.price < math.inf and 0 < self.size < math.inf


@dataclass(frozen=True, slots=True)
class Bar:
    """Trades of one interval that began at `open_at`; `n5` counts the 5 s bars merged into it."""

    symbol: str
    open_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    wap: float | None
    n5: int = 1

    @property
    def is_sound(self) -> bool:
        """Whether its prices are numbers above zero, and its volume one that is not negative."""
        priced = 0 < self.low <= self.high < math.inf and 0 < self.open < math.inf
        return priced and 0 < self.close < math.inf and 0 <= self.volume < math.inf


@dataclass(frozen=True, slots=True)
class Level:
    """One price level of a book."""

    price: float
    size: float
    venue: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """Order book, best level first on each side; `synthetic` means made from a quote."""

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    event_at: datetime
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Closing-auction ticks of one symbol; + is a buy imbalance, sizes in shares."""

    symbol: str
    event_at: datetime
    paired_shares: float | None
    imbalance_shares: float | None
    indicative_price: float | None
    regulatory_imbalance_shares: float | None

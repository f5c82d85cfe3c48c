"""One market data line: ticks in, quotes, prints and auction readings out; no I/O.

Bid and ask arrive in separate ticks and a print in a text of its own, so a line keeps the latest
of everything. A quote update never makes a print: only a risen total volume does (DOMAIN 1.4).
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from quanticity.domain.instruments import OptionContract, Right
from quanticity.domain.market import Imbalance, Quote, Trade
from quanticity.gateway.ibkr import translate
from quanticity.gateway.ports import ContractQuote

# Delayed ticks repeat the live ones 65 numbers higher (66 = 1, 67 = 2, 68 = 4, 69..71 = 0, 3, 5).
_DELAYED = {66: 1, 67: 2, 68: 4, 69: 0, 70: 3, 71: 5, 74: 8}
_PRICES = {1: "bid", 2: "ask", 4: "last", 35: "auction_price"}
_SIZED_PRICES = {1: "bid_size", 2: "ask_size"}
_SIZES = {
    0: "bid_size",
    3: "ask_size",
    8: "volume",
    34: "auction_paired",
    61: "auction_regulatory",
}
_OPEN_INTEREST = {27: Right.CALL, 28: Right.PUT}
_IMBALANCE = 36
_QUOTE_FIELDS = frozenset({"bid", "ask", "bid_size", "ask_size", "last"})
_LIVE = 1
_SPOT_SPREAD_BPS, _SPOT_AGE_S = 20.0, 5.0
_NO_IV, _NO_GREEK = -1, -2
_NEW_SESSION = timedelta(hours=4)
RT_VOLUME = frozenset({48, 77})


@dataclass(slots=True, eq=False)
class Line:
    """Latest values of one instrument; `changed_*` say what is owed to the listener."""

    instrument: str
    con_id: int = 0
    contract: OptionContract | None = None
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    last: float | None = None
    volume: float | None = None
    open_interest: float | None = None
    auction_paired: float | None = None
    auction_price: float | None = None
    auction_imbalance: float | None = None
    auction_regulatory: float | None = None
    model: tuple[float | None, ...] | None = None
    delayed: bool = False
    quoted_at: datetime | None = None
    tick_at: datetime | None = None
    moved_at: datetime | None = None
    last_at: datetime | None = None
    printed_at: datetime | None = None
    total_volume: float = 0.0
    gap_volume: float = 0.0
    changed_quote: bool = field(default=False)
    changed_auction: bool = field(default=False)
    told_s: float = -math.inf
    quote_told_at: datetime | None = None

    def on_price(self, tick: int, value: float, size: float, at: datetime) -> None:
        """Take a price tick with its size."""
        tick = _DELAYED.get(tick, tick)
        name = _PRICES.get(tick)
        if name is None:
            return
        # A price of 0 with size 0 is an absent side, and so is -1.
        self._set(name, translate.price(value), at)
        sized = _SIZED_PRICES.get(tick)
        if sized is not None:
            self._set(sized, translate.size(size), at)

    def on_size(self, tick: int, value: float, at: datetime) -> None:
        """Take a size tick; an imbalance is signed, everything else is a count."""
        tick = _DELAYED.get(tick, tick)
        if tick == _IMBALANCE:
            self._set("auction_imbalance", translate.number(value), at)
        elif tick in _OPEN_INTEREST:
            # Both numbers may come; an option's own is that of its right.
            if self.contract is not None and self.contract.right is _OPEN_INTEREST[tick]:
                self._set("open_interest", translate.size(value), at)
        elif tick in _SIZES:
            self._set(_SIZES[tick], translate.size(value), at)

    def on_data_type(self, kind: int) -> None:
        """Take what sort of data this line has: 1 live, 2 frozen, 3 and 4 delayed."""
        self.delayed = kind > _LIVE

    def on_model(self, *values: float) -> None:
        """Take iv, delta, price, dividend, gamma, vega, theta, spot; -1 and -2 are not known."""
        iv, delta, _, _, gamma, vega, theta, *_ = map(translate.number, values)
        self.model = (
            None if iv == _NO_IV else iv,
            *(None if greek == _NO_GREEK else greek for greek in (delta, gamma, vega, theta)),
        )

    def on_print(self, text: str, at: datetime, *, sampled: bool) -> Trade | None:
        """Take `price;size;ms;total volume;vwap;single`; None unless volume has risen."""
        price_text, size_text, ms_text, total_text, *_ = text.split(";")
        event_at = datetime.fromtimestamp(int(ms_text) / 1000, UTC) if ms_text else at
        if self.printed_at is None or event_at - self.printed_at > _NEW_SESSION:
            self.total_volume = 0.0  # the count begins anew with the session
        total = translate.size(float(total_text or "nan"))
        if total is None or total <= self.total_volume:
            return None
        self.printed_at = event_at
        size = translate.size(float(size_text or "nan")) or 0.0
        if self.total_volume:
            self.gap_volume += max(total - self.total_volume - size, 0.0)
        self.total_volume = total
        price = translate.price(float(price_text or "nan"))
        if price is None or not size:
            return None
        return self.trade(price, size, event_at, at, sampled=sampled)

    def trade(
        self,
        price: float,
        size: float,
        event_at: datetime,
        at: datetime,
        *,
        venue: str = "",
        conditions: tuple[str, ...] = (),
        sampled: bool = False,
    ) -> Trade:
        """A print with the quote that prevails now."""
        self.tick_at = self.moved_at = at
        age = None if self.quoted_at is None else max((at - self.quoted_at).total_seconds(), 0.0)
        return Trade(
            self.instrument, price, size, event_at, venue, conditions,
            *self._sides(), quote_age_s=age, sampled=sampled,
        )  # fmt: skip

    def quote(self, at: datetime) -> Quote:
        """The line as a quote; a side with size 0 is absent."""
        bid, ask = self._sides()
        return Quote(
            self.instrument, bid, ask, self.bid_size, self.ask_size, self.last,
            event_at=self.tick_at or at, recv_at=at, last_at=self.last_at,
        )  # fmt: skip

    def spot(self, at: datetime) -> float | None:
        """Middle of a tight fresh quote, else a fresh last price, else None (DOMAIN 1.4)."""
        if self.tick_at is None or (at - self.tick_at).total_seconds() > _SPOT_AGE_S:
            return None
        quote = self.quote(at)
        is_tight = quote.spread_bps is not None and quote.spread_bps <= _SPOT_SPREAD_BPS
        if is_tight:
            return quote.mid
        is_fresh = self.last_at and (at - self.last_at).total_seconds() <= _SPOT_AGE_S
        return self.last if is_fresh else None

    def contract_quote(self, at: datetime) -> ContractQuote:
        """The line as a quote of an option contract."""
        assert self.contract is not None
        bid, ask = self._sides()
        return ContractQuote(
            self.contract, self.con_id, bid, ask, count(self.bid_size), count(self.ask_size),
            self.last, count(self.volume), count(self.open_interest), self.tick_at or at,
        )  # fmt: skip

    def imbalance(self, at: datetime) -> Imbalance:
        """The line's auction ticks."""
        return Imbalance(
            self.instrument, at, self.auction_paired, self.auction_imbalance,
            self.auction_price, self.auction_regulatory,
        )  # fmt: skip

    def _sides(self) -> tuple[float | None, float | None]:
        return (
            None if self.bid_size == 0 else self.bid,
            None if self.ask_size == 0 else self.ask,
        )

    def _set(self, name: str, value: float | None, at: datetime) -> None:
        self.tick_at = at
        if name == "last":
            self.last_at = at
        if getattr(self, name) == value:
            return
        setattr(self, name, value)
        self.moved_at = at
        if name.startswith("auction"):
            self.changed_auction = True
        elif name in _QUOTE_FIELDS:
            self.changed_quote = True
            if name != "last":
                self.quoted_at = at


def count(value: float | None) -> int | None:
    """A size as a whole number."""
    return None if value is None else int(value)

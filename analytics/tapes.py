"""Signed prints of each symbol, kept in this process: every print is parsed and signed once.

The tape follows the store's stream of prints. Losing it loses nothing; it is read again.
"""

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from analytics.calculators import trade_signing
from analytics.calculators.trade_signing import SignedTrade
from quanticity.config.loader import section
from quanticity.domain.market import Trade
from quanticity.store import market
from quanticity.store.tails import START, Place, Tail


class Tape:
    """The latest signed prints of one stream, oldest first; signers are one per instrument."""

    def __init__(self, tail: Tail[Trade], *, option: bool) -> None:
        self._tail, self._option = tail, option
        self._place: Place = START
        self._signers: dict[str, trade_signing.Signer] = {}
        self._prints: deque[SignedTrade] = deque(maxlen=market.PRINTS_KEPT)
        self._taken_n = 0
        self._lock = threading.Lock()

    def all(self) -> list[SignedTrade]:
        """Everything kept."""
        with self._lock:
            self._follow()
            return list(self._prints)

    def recent(self, now: datetime, seconds: float) -> Sequence[SignedTrade]:
        """Prints of the last seconds; prints are in order of arrival, nearly that of time."""
        prints = self.all()
        start = bisect_left(
            prints, now - timedelta(seconds=seconds), key=lambda each: each.trade.event_at
        )
        return prints[start:]

    def since(self, place: Place) -> tuple[Sequence[SignedTrade], Place]:
        """Prints not yet seen from a place (`START` is before everything), and the next place."""
        with self._lock:
            self._follow()
            generation, taken_n = place
            new_n = self._taken_n - taken_n
            prints = list(self._prints)
            next_place = (self._place[0], self._taken_n)
            if generation != self._place[0] or new_n > len(prints):
                return prints, next_place
            return (prints[-new_n:] if new_n else []), next_place

    def _follow(self) -> None:
        fresh, self._place, continues = self._tail.since(self._place)
        if not continues:
            self._prints.clear()
            self._signers.clear()
            self._taken_n = 0
        settings = section("analytics.trade_signing", trade_signing.Settings)
        for trade in fresh:
            signer = self._signers.get(trade.instrument)
            if signer is None:
                signer = trade_signing.Signer(settings, option=self._option)
                self._signers[trade.instrument] = signer
            self._prints.append(signer.take(trade))
        self._taken_n += len(fresh)


@cache
def of(symbol: str) -> Tape:
    """The tape of a symbol's own prints."""
    return Tape(market.trades_tail(symbol), option=False)


@cache
def of_options(symbol: str) -> Tape:
    """The tape of the prints of a symbol's options."""
    return Tape(market.option_trades_tail(symbol), option=True)

"""The board: what all clients watch, quoted once per change and shared (pure)."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.market import Market, OptionQuotes, Row, Top
from quanticity.gateway.simulated.panels import Panel, panels_of

_SLOTS_PER_S = 4


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option's quote and model values; vega per volatility point, theta per day."""

    bid: float
    ask: float
    bid_size: int
    ask_size: int
    last: float
    bought: int
    sold: int
    iv: float
    delta: float
    price: float
    gamma: float
    vega: float
    theta: float
    spot: float

    @property
    def volume(self) -> int:
        """Contracts traded so far."""
        return self.bought + self.sold


class Board:
    """Quotes of everything watched, recomputed only when the market has moved on."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.slot = 0
        self._at: datetime | None = None
        self._tops: dict[str, Top] = {}
        self._books: dict[str, tuple[list[Row], list[Row]]] = {}
        self._watched: dict[int, int] = {}
        self._panels: list[Panel] | None = None
        self._rows: dict[int, OptionRow] = {}
        self._rows_second = 0
        # Quotes that stand this far apart until then, by contract id.
        self.spreads: dict[int, tuple[float, datetime]] = {}

    def watch(self, con_id: int) -> None:
        """Count one more watcher of an option."""
        self._watched[con_id] = self._watched.get(con_id, 0) + 1
        if self._watched[con_id] == 1:
            self._panels = None

    def unwatch(self, con_id: int) -> None:
        """Count one watcher less."""
        self._watched[con_id] -= 1
        if not self._watched[con_id]:
            del self._watched[con_id]
            self._panels = None

    def turn(self, now: datetime) -> bool:
        """Move to an instant; say whether anything can look different."""
        slot = int(self.market.lit(now).timestamp() * _SLOTS_PER_S)
        if slot == self.slot:
            return False
        self.slot, self._at = slot, now
        self._tops.clear()
        self._books.clear()
        return True

    def top(self, name: str) -> Top:
        """An underlying's best bid and ask."""
        if name not in self._tops:
            top = self.market.top(name, self._now())
            apart = self._apart(listing.SYMBOLS[name].con_id)
            if apart is not None and top.bid is not None and top.ask is not None:
                bid = round((top.bid + top.ask - apart) / 2, 2)
                top = dataclasses.replace(top, bid=bid, ask=round(bid + apart, 2))
            self._tops[name] = top
        return self._tops[name]

    def book(self, name: str) -> tuple[list[Row], list[Row]]:
        """An underlying's depth."""
        if name not in self._books:
            self._books[name] = self.market.book(name, self._now())
        return self._books[name]

    def option(self, con_id: int) -> OptionRow:
        """A watched option's row."""
        second = self.slot // _SLOTS_PER_S
        if second != self._rows_second or self._panels is None:
            self._rows_second = second
            self._refresh()
        row, apart = self._rows[con_id], self._apart(con_id)
        if apart is None:
            return row
        bid = max(round((row.bid + row.ask - apart) / 2, 2), 0.01)
        return dataclasses.replace(row, bid=bid, ask=round(bid + apart, 2))

    def _refresh(self) -> None:
        if self._panels is None:
            self._panels = panels_of(self._watched)
        self._rows = {}
        for panel in self._panels:
            quoted = self.market.options(panel, self._now())
            self._rows.update(zip(panel.con_ids.tolist(), rows_of(quoted), strict=True))

    def _apart(self, con_id: int) -> float | None:
        apart, until = self.spreads.get(con_id, (None, None))
        return apart if until is not None and self._now() < until else None

    def _now(self) -> datetime:
        assert self._at is not None
        return self._at


def rows_of(quoted: OptionQuotes) -> list[OptionRow]:
    """A panel's columns as rows of plain numbers."""
    fair = quoted.fair
    columns = (
        quoted.bid, quoted.ask, quoted.bid_size, quoted.ask_size, quoted.last,
        quoted.bought, quoted.sold,
        fair.iv.round(6), fair.delta.round(6), fair.price.round(6), fair.gamma.round(6),
        fair.vega.round(6), fair.theta.round(6), np.full(len(fair.iv), quoted.spot),
    )  # fmt: skip
    plain = (column.tolist() for column in columns)
    return [OptionRow(*row) for row in zip(*plain, strict=True)]

"""The market of single contracts as orders see it: decimal touches (pure)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.matching import Touch
from quanticity.gateway.simulated.panels import Panel, panels_of

_CENT = Decimal("0.01")
_MOST_KEPT = 256


class Touches:
    """Looks contracts up, several options of an underlying in one pass."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._panels: dict[tuple[int, ...], list[Panel]] = {}

    def of(self, con_ids: Iterable[int], at: datetime) -> dict[int, Touch]:
        """Touches of these contracts at an instant."""
        wanted = tuple(sorted(set(con_ids)))
        found = {}
        for panel in self._prepared(wanted):
            quoted = self._market.options(panel, at)
            for n, con_id in enumerate(panel.con_ids.tolist()):
                sizes = int(quoted.bid_size[n]), int(quoted.ask_size[n])
                bid, ask = _side(float(quoted.bid[n])), _side(float(quoted.ask[n]))
                found[con_id] = Touch(bid, ask, *sizes, cents(float(quoted.last[n])), True)
        for con_id in wanted:
            symbol = listing.symbol_of_id(con_id)
            if symbol is not None:
                top = self._market.top(symbol.name, at)
                sizes = top.bid_size, top.ask_size
                found[con_id] = Touch(
                    _side(top.bid), _side(top.ask), *sizes, cents(top.last), is_option=False
                )
        return found

    def one(self, con_id: int, at: datetime) -> Touch:
        """The touch of one contract."""
        return self.of((con_id,), at)[con_id]

    def _prepared(self, wanted: tuple[int, ...]) -> list[Panel]:
        if wanted not in self._panels:
            if len(self._panels) > _MOST_KEPT:
                self._panels.clear()
            self._panels[wanted] = panels_of(wanted)
        return self._panels[wanted]


def cents(price: float) -> Decimal:
    """A price in whole cents."""
    return Decimal(round(price * 100)) * _CENT


def _side(price: float | None) -> Decimal | None:
    return None if price is None or price <= 0 else cents(price)

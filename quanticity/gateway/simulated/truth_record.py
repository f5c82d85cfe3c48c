"""The truth as a JSON file beside the ledger, for graders that know nothing of this code (pure)."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from quanticity.gateway.simulated import contracts, listing, truth
from quanticity.gateway.simulated.contracts import Range
from quanticity.gateway.simulated.market import Market

FORMAT = "quanticity-truth-1"


class Record:
    """Writes the truth; chains are listed once a session."""

    def __init__(self, market: Market, reach: Range) -> None:
        self._market = market
        self._reach = reach

    def text(self, at: datetime) -> str:
        """Everything at an instant."""
        content = {
            "format": FORMAT,
            "as_of": self._market.effective(at).isoformat(),
            "seed": self._market.tapes.settings.seed,
            "symbols": {
                symbol.name: self._symbol(symbol, at)
                for symbol in listing.SYMBOLS.values()
                if symbol.has_options
            },
        }
        return json.dumps(content, separators=(",", ":"))

    def _symbol(self, symbol: listing.Symbol, at: datetime) -> dict[str, Any]:
        panel = contracts.chain(symbol, self._market, at, self._reach)
        found = truth.of(self._market, panel, at)
        fair = found.fair
        return {
            "spot": found.spot,
            "stretch": found.stretch,
            "totals": asdict(truth.totals(self._market, found)),
            "minutes": [] if symbol.european else self._minutes(symbol.name, found.at),
            "occ": [listing.occ_of_id(con_id) for con_id in panel.con_ids.tolist()],
            "dealer": found.dealers.tolist(),
            "open_interest": found.settled_interest.tolist(),
            "live_open_interest": found.live_interest.tolist(),
            "bought": found.bought.tolist(),
            "sold": found.sold.tolist(),
            "iv": fair.iv.round(6).tolist(),
            "delta": fair.delta.round(6).tolist(),
            "gamma": fair.gamma.round(8).tolist(),
        }

    # Of every whole minute so far: [epoch, shares bought, shares sold, sweeps, stretch].
    def _minutes(self, name: str, at: datetime) -> list[list[int]]:
        tape = self._market.tapes.at(name, at)
        found = []
        for first in range(0, tape.second(at) - 58, 60):
            part = slice(first, first + 60)
            found.append(
                [
                    int(tape.session.open_at.timestamp()) + first,
                    int(tape.bought[part].sum()),
                    int(tape.sold[part].sum()),
                    int((tape.sweep[part] != 0).sum()),
                    int(tape.flow[first]),
                ]
            )
        return found

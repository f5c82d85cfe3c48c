"""Panels: option series of one underlying, prepared for repeated quoting (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from quanticity.domain.instruments import OptionContract
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.noise import Counts, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Columns of the series, one entry per contract; `expiry` points into `expiries`."""

    symbol: listing.Symbol
    con_ids: Counts
    strike: Floats
    sign: Floats
    expiry: Counts
    expiries: tuple[date, ...]

    @staticmethod
    def of(symbol: listing.Symbol, con_ids: Sequence[int]) -> "Panel":
        """Prepare the series with these contract ids."""
        contracts = [_option(con_id) for con_id in con_ids]
        dates = tuple(sorted({contract.expiry for contract in contracts}))
        return Panel(
            symbol,
            np.array(con_ids, np.int64),
            np.array([float(contract.strike) for contract in contracts]),
            np.array([float(contract.right.sign) for contract in contracts]),
            np.array([dates.index(contract.expiry) for contract in contracts], np.int64),
            dates,
        )


def panels_of(con_ids: Iterable[int]) -> list[Panel]:
    """One panel per underlying for the options among these contract ids."""
    by_root: dict[str, list[int]] = {}
    for con_id in con_ids:
        contract = listing.option_of_id(con_id)
        if contract is not None:
            by_root.setdefault(contract.root, []).append(con_id)
    symbols = {root: listing.symbol_of_root(root) for root in by_root}
    return [Panel.of(symbol, by_root[root]) for root, symbol in symbols.items() if symbol]


def _option(con_id: int) -> OptionContract:
    contract = listing.option_of_id(con_id)
    if contract is None:
        raise KeyError(con_id)
    return contract

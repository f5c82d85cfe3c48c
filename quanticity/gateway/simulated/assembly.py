"""Puts a simulated exchange together from its settings and its ledger file."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path

from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.calendar import Session
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import (
    account,
    floor,
    ledger,
    matching,
    prices,
    recording,
    surface,
)
from quanticity.gateway.simulated.books import Books
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.fault_script import Script
from quanticity.gateway.simulated.faults import Faults
from quanticity.gateway.simulated.floor import Floor
from quanticity.gateway.simulated.market import Market

_HERE = "gateway.simulated"


def open_market(seed: int | None, recorded: Path | None) -> tuple[Market, list[Session]]:
    """The market, and the sessions of it that were recorded."""
    paths = section(f"{_HERE}.prices", prices.Settings)
    if seed is not None:
        paths = dataclasses.replace(paths, seed=seed)
    market = Market(paths, section(f"{_HERE}.surface", surface.Settings))
    return market, recording.load(recorded, market) if recorded is not None else []


def open_floor(
    seed: int | None,
    path: Path | None,
    script: Script,
    market: Market | None = None,
    truth: Path | None = None,
) -> Floor:
    """The trading floor, with the books that the ledger file holds, at the platform's present.

    The market is the seed's, unless one is given; what it hides is kept in the file `truth`.
    """
    market = market or open_market(seed, None)[0]
    terms = section(f"{_HERE}.account", account.Settings)
    books, as_of = _books(terms, path)
    # A clock that was set back starts from its own present.
    as_of = None if as_of is None else min(as_of, clock.now())
    made = Exchange(market, section(f"{_HERE}.matching", matching.Settings), books, as_of)
    opened = Floor(made, section(f"{_HERE}.floor", floor.Settings), Faults(script), path, truth)
    opened.now()
    return opened


def _books(terms: account.Settings, path: Path | None) -> tuple[Books, datetime | None]:
    if path is None or not path.exists():
        return ledger.opened(terms), None
    try:
        return ledger.read(json.loads(path.read_text()), terms)
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedInput(f"expected a ledger of this exchange in {path}: {error!r}") from error

"""Everything that one look at a symbol needs, in one round trip (DOMAIN 5.1)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quanticity.domain.market import Bar, Quote
from quanticity.store import keys, market, readings
from quanticity.store.client import client


@dataclass(frozen=True, slots=True)
class Look:
    """Readings by family, the quote, the bars of two sizes, and the broker link."""

    envelopes: dict[str, dict[str, Any]]
    quote: Quote | None
    minutes: list[Bar]
    fives: list[Bar]
    link: dict[str, Any] | None


def look(symbol: str, families: Sequence[str]) -> Look:
    """Look at a symbol: one request, one answer; bars are parsed only where they are new."""
    names = [keys.reading(symbol, family).name for family in families]
    tails = [market.bars_tail(symbol, size) for size in ("1min", "5min")]
    with client().pipeline(transaction=False) as pipe:
        pipe.mget([*names, keys.quote(symbol).name, keys.connection().name])
        places = [tail.ask(pipe) for tail in tails]
        (*values, quote, link), *rows = pipe.execute()
    envelopes = {
        family: found
        for family, name, value in zip(families, names, values, strict=True)
        if value is not None and (found := readings.envelope(name, value)) is not None
    }
    minutes, fives = (
        tail.told(answer, place) for tail, answer, place in zip(tails, rows, places, strict=True)
    )
    return Look(
        envelopes,
        market.quote_of(quote),
        minutes,
        fives,
        None if link is None else json.loads(link),
    )

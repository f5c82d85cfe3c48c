"""The chain of a symbol as it is in the store, priced once per snapshot and process."""

import hashlib
from collections import Counter
from datetime import datetime

from django.conf import settings

from analytics.calculators import compiled, forward, pricing
from analytics.calculators.pricing import PricedChain
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.options import Chain, Flag
from quanticity.domain.readings import Unavailable
from quanticity.store import keys, market
from quanticity.store.readings import Input

_HASHED = (
    "right", "strike", "expiry_idx", "bid", "ask", "last", "bid_size", "ask_size", "volume",
    "open_interest", "quote_epoch_ms",
)  # fmt: skip
_priced: dict[str, tuple[tuple[datetime, str], PricedChain | None]] = {}


def priced_chain(symbol: str) -> PricedChain | None:
    """The latest chain with volatilities and Greeks; None without one that can be priced."""
    chain = market.chain(symbol)
    if chain is None:
        return None
    key = (chain.as_of, input_of(chain).hash)
    last_key, last = _priced.get(symbol, (None, None))
    if last_key == key:
        return last
    found = _price(chain, last)
    _priced[symbol] = (key, found)
    return found


def quality(found: PricedChain, coverage: float | None) -> str:
    """OK, DEGRADED or INVALID."""
    return admission.quality(
        arbitrage_share=found.arbitrage_share, coverage=coverage,
        delayed=found.chain.delayed, settings=section("analytics.admission", admission.Settings),
    )  # fmt: skip


def input_of(chain: Chain) -> Input:
    """The chain as an input of a reading: all that a number may rest on decides the hash."""
    about = (
        chain.underlying, chain.spot, chain.spot_low, chain.spot_high, chain.multiplier,
        chain.european, chain.delayed,
        [(e.expiry_date.isoformat(), e.root, e.settlement.value) for e in chain.expiries],
    )  # fmt: skip
    digest = hashlib.blake2b(repr(about).encode(), digest_size=8)
    for name in _HASHED:
        digest.update(getattr(chain, name).tobytes())
    return Input(keys.chain(chain.underlying).name, chain.as_of, digest.hexdigest())


def refused(found: PricedChain) -> dict[str, int]:
    """Rows that failed an admission check, by its name."""
    names: Counter[str] = Counter()
    for flags, count in Counter(found.flags.tolist()).items():
        for flag in Flag:
            if flag & Flag(flags):
                names[flag.name or ""] += count
    return dict(names)


def _price(chain: Chain, last: PricedChain | None) -> PricedChain | None:
    if len(chain) >= compiled.LARGE:
        compiled.load_in_background(settings.VAR / "numba")
    session = calendar.current(chain.as_of)
    since_open = None if session is None else (chain.as_of - session.open_at).total_seconds()
    parts = pricing.Settings(
        section("analytics.admission", admission.Settings),
        section("analytics.forward", forward.Settings),
    )
    found = pricing.compute(chain, parts, since_open_s=since_open, last=last)
    return None if isinstance(found, Unavailable) else found

"""The chain of a symbol as it is in the store, priced once per snapshot and process."""

from collections import OrderedDict
from datetime import datetime

from analytics.calculators import forward, pricing
from analytics.calculators.pricing import PricedChain
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.options import Chain
from quanticity.domain.readings import Unavailable
from quanticity.store import market

_KEPT = 8
_priced: OrderedDict[tuple[str, datetime], PricedChain | None] = OrderedDict()


def priced_chain(symbol: str) -> PricedChain | None:
    """The latest chain with volatilities and Greeks; None without one that can be priced."""
    chain = market.chain(symbol)
    if chain is None:
        return None
    key = (symbol, chain.as_of)
    if key not in _priced:
        _priced[key] = _price(chain)
        while len(_priced) > _KEPT:
            _priced.popitem(last=False)
    return _priced[key]


def quality(found: PricedChain, coverage: float | None) -> str:
    """OK, DEGRADED or INVALID."""
    return admission.quality(
        arbitrage_share=found.arbitrage_share, coverage=coverage,
        delayed=found.chain.delayed, settings=section("analytics.admission", admission.Settings),
    )  # fmt: skip


def _price(chain: Chain) -> PricedChain | None:
    session = calendar.current(chain.as_of)
    since_open = None if session is None else (chain.as_of - session.open_at).total_seconds()
    settings = pricing.Settings(
        section("analytics.admission", admission.Settings),
        section("analytics.forward", forward.Settings),
    )
    found = pricing.compute(chain, settings, since_open_s=since_open)
    return None if isinstance(found, Unavailable) else found

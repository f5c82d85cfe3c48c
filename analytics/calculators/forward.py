"""Forwards from put-call parity, the dividend yields and the spot they imply (DOMAIN 2.2, 1.9).

Per expiry: K* is the strike with the smallest |C - P| among admitted pairs, and
F = median of K + e^{rT}(C - P) over the pairs nearest K*. Where too few pairs exist,
F = S e^{(r-q)T} with the configured yield.

An index is not traded and its options close later than it does: its spot is the one behind the
front forward. Elsewhere the given spot stands unless parity contradicts it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.calendar import SECONDS_PER_YEAR
from quanticity.domain.options import Chain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Settings:
    """Rates and yields are continuously compounded fractions per year."""

    flat_r: float
    dividend_yields: dict[str, float]
    pairs: int
    min_pairs: int
    min_box_pairs: int
    min_implied_q: float
    max_implied_q: float
    implied_q_from_s: float
    spot_tolerance: float
    implied_spot_within_s: float

    def dividend_yield(self, symbol: str) -> float:
        """The configured yield; a symbol not listed pays none."""
        return self.dividend_yields.get(symbol, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Forwards:
    """Columns per expiry: forward (dollars), r, q used in d1, and whether parity gave it.

    `market_discount` is the discount factor the quotes themselves agree on, for tests of
    consistency: our rate may be a percent off without making the chain arbitrage.
    """

    forward: Floats
    r: Floats
    q: Floats
    market_discount: Floats
    from_parity: Bools
    spot: float
    header_spot: float | None
    implied_spot: float | None

    @property
    def spot_is_implied(self) -> bool:
        """True when the chain's own spot was missing or contradicted by parity."""
        return self.spot != self.header_spot


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Call and put mids of the same expiry and strike."""

    expiry_idx: Ints
    strike: Floats
    call: Floats
    put: Floats


def compute(
    chain: Chain,
    found: Pairs,
    settings: Settings,
    *,
    r: float,
    q: float,
    spot_is_certain: bool = False,
) -> Forwards | None:
    """Forward, r and q of every expiry; None when there is neither a spot nor a single pair.

    `spot_is_certain`: an operator gave the spot, so parity does not replace it.
    """
    t = np.array([e.t_s for e in chain.expiries]) / SECONDS_PER_YEAR
    parity = np.array(
        [_parity_forward(found, index, math.exp(r * t[index]), settings) for index in range(len(t))]
    )
    near = t * SECONDS_PER_YEAR <= settings.implied_spot_within_s
    implied = _implied_spot(np.where(near, parity, np.nan), t, r, q)
    given = chain.spot if chain.spot is not None and 0 < chain.spot < math.inf else None
    spot = given
    if given is None or not spot_is_certain:
        spot = _believed_spot(given, implied, settings.spot_tolerance, european=chain.european)
    if spot is None:
        return None
    from_parity = np.isfinite(parity) & (t > 0)
    yields = np.full(t.shape, q)
    use = from_parity & (t * SECONDS_PER_YEAR >= settings.implied_q_from_s)
    yields[use] = np.clip(
        r - np.log(parity[use] / spot) / t[use], settings.min_implied_q, settings.max_implied_q
    )
    forward = np.where(from_parity, parity, spot * np.exp((r - q) * t))
    return Forwards(
        forward,
        np.full(t.shape, r),
        yields,
        _market_discount(chain, found, spot, forward, np.exp(-r * t), settings),
        from_parity,
        spot,
        given,
        implied,
    )


def pair_up(chain: Chain, other: Ints, usable: Bools) -> Pairs:
    """The mids of every strike where both rights are usable; `other` is the partner's row."""
    mid = (chain.bid + chain.ask) / 2
    calls = np.flatnonzero((chain.right > 0) & (other >= 0) & usable)
    calls = calls[usable[other[calls]]]
    return Pairs(chain.expiry_idx[calls], chain.strike[calls], mid[calls], mid[other[calls]])


def at_the_money(strike: Floats, call: Floats, put: Floats) -> int:
    """Index of K*: the smallest |C - P|, the lowest strike on ties."""
    gap = np.abs(call - put)
    nearest = np.flatnonzero(gap == gap.min())
    return int(nearest[np.argmin(strike[nearest])])


def _parity_forward(found: Pairs, index: int, growth: float, settings: Settings) -> float:
    rows = np.flatnonzero(found.expiry_idx == index)
    if rows.size < settings.min_pairs:
        return math.nan
    strike, call, put = found.strike[rows], found.call[rows], found.put[rows]
    center = strike[at_the_money(strike, call, put)]
    nearest = np.lexsort((strike, np.abs(strike - center)))[: settings.pairs]
    median = float(np.median(strike[nearest] + growth * (call[nearest] - put[nearest])))
    return median if median > 0 else math.nan


def _implied_spot(parity: Floats, t: Floats, r: float, q: float) -> float | None:
    """Spot behind the front expiry's forward."""
    known = np.flatnonzero(np.isfinite(parity) & (t > 0))
    if not known.size:
        return None
    front = known[np.argmin(t[known])]
    return float(parity[front] * math.exp(-(r - q) * t[front]))


def _believed_spot(
    given: float | None, implied: float | None, tolerance: float, *, european: bool
) -> float | None:
    if given is None or implied is None:
        return implied if given is None else given
    doubtful = european or abs(implied / given - 1) > tolerance
    return implied if doubtful else given


def _market_discount(
    chain: Chain,
    found: Pairs,
    spot: float,
    forward: Floats,
    discount: Floats,
    settings: Settings,
) -> Floats:
    # European: minus the median slope of C - P along the strikes is the box rate's discount
    # factor. American: at most S/F, since the carry cannot exceed the rate.
    if not chain.european:
        return np.minimum(discount, spot / forward)
    boxes = np.array([_box(found, i, settings.min_box_pairs) for i in range(len(discount))])
    return np.where(np.isfinite(boxes), boxes, discount)


def _box(found: Pairs, index: int, min_pairs: int) -> float:
    rows = np.flatnonzero(found.expiry_idx == index)
    if rows.size < min_pairs:
        return math.nan
    order = rows[np.argsort(found.strike[rows])]
    half = order.size // 2
    gap = (found.call - found.put)[order]
    strike = found.strike[order]
    return float(np.median((gap[:-half] - gap[half:]) / (strike[half:] - strike[:-half])))

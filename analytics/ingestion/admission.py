"""What we refuse to believe about an option chain: quote and arbitrage flags (DOMAIN 1.6).

`quote_flags` looks at each row alone, `arbitrage_flags` at rows against each other once forwards
are known. Both return one bit set (`domain.options.Flag`) per contract; 0 is a believable mark.
Cost O(N log N). Pure: columns in, columns out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.options import Chain, Flag

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_UNSET = 1e300  # IBKR sends 1.797e308 for "no value"


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits beyond which a row is not believed; money in dollars per share."""

    tolerance_usd: float
    tick_usd: float
    tick_index_usd: float
    stale_s: float
    wide_ratio: float
    wide_usd: float
    opening_s: float
    calendar_variance_excess: float
    degraded_arbitrage_share: float
    invalid_arbitrage_share: float
    degraded_coverage: float
    invalid_coverage: float


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What the arbitrage tests compare with: per row forward, discount and dividend value.

    `spot_low` and `spot_high` bracket the underlying at the time of the quotes; `dividends` is
    the present value of what is paid before expiry.
    """

    spot_low: float
    spot_high: float
    forward: Floats
    discount: Floats
    dividends: Floats


def quote_flags(chain: Chain, settings: Settings, *, since_open_s: float | None) -> Ints:
    """Flag each row by its own quote; `since_open_s` is None outside regular hours."""
    sentinel = ~(chain.strike > 0) | _is_sentinel(chain.bid) | _is_sentinel(chain.ask)
    bid, ask = _believable(chain.bid), _believable(chain.ask)
    with np.errstate(invalid="ignore"):
        has_bid, has_ask = bid > 0, ask > 0
        width = ask - bid
        wide = (width > settings.wide_usd) & (2 * width > settings.wide_ratio * (ask + bid))
        crossed = bid > ask
    age_s = chain.as_of.timestamp() - chain.quote_epoch_ms / 1000
    stale = (chain.quote_epoch_ms >= 0) & (age_s > settings.stale_s)
    opening = since_open_s is not None and since_open_s < settings.opening_s
    expired = np.array([e.t_s <= 0 for e in chain.expiries], dtype=bool)
    adjusted = np.array([e.root[-1].isdigit() for e in chain.expiries], dtype=bool)
    return _bits(
        len(chain),
        {
            Flag.Q_SENTINEL: sentinel,
            Flag.Q_NO_QUOTE: ~has_ask,
            Flag.Q_NO_BID: has_ask & ~has_bid,
            Flag.Q_CROSSED: has_bid & has_ask & crossed,
            Flag.Q_STALE: stale,
            Flag.Q_WIDE: has_bid & has_ask & wide,
            Flag.Q_OPENING: np.full(len(chain), opening),
            Flag.X_EXPIRED: expired[chain.expiry_idx],
            Flag.X_ADJUSTED: adjusted[chain.expiry_idx],
        },
    )


def without_sentinels(chain: Chain) -> Chain:
    """The chain with negative, unset and infinite prices and strikes as NaN (DOMAIN 1.5)."""
    return replace(
        chain,
        bid=_believable(chain.bid),
        ask=_believable(chain.ask),
        strike=np.where(chain.strike > 0, _believable(chain.strike), np.nan),
    )


def pairs(chain: Chain) -> Ints:
    """The row of the other right at the same expiry and strike, -1 where there is none."""
    order = _in_order(chain)
    left, right = order[:-1], order[1:]
    same = (
        (chain.expiry_idx[left] == chain.expiry_idx[right])
        & (chain.strike[left] == chain.strike[right])
        & (chain.right[left] != chain.right[right])
    )
    other = np.full(len(chain), -1, dtype=np.int64)
    other[left[same]], other[right[same]] = right[same], left[same]
    return other


def _in_order(chain: Chain) -> Ints:
    """Rows by expiry and strike; most chains come so, and sorting costs more than looking."""
    expiry, strike = chain.expiry_idx, chain.strike
    later = expiry[1:] > expiry[:-1]
    higher = (expiry[1:] == expiry[:-1]) & (strike[1:] >= strike[:-1])
    if bool((later | higher).all()):
        return np.arange(len(chain), dtype=np.int64)
    return np.lexsort((chain.right, strike, expiry))


def arbitrage_flags(chain: Chain, usable: Bools, market: Market, settings: Settings) -> Ints:
    """Flag usable rows that contradict a bound, their pair, their neighbors or a later expiry."""
    tol = _tolerance(chain, settings)
    flags = _bits(
        len(chain),
        {
            Flag.A_BOUND: usable & _out_of_bounds(chain, market, tol),
            Flag.A_PARITY: usable & _off_parity(chain, usable, market, tol),
        },
    )
    for rows in _ladders(chain, usable & (flags == 0)):
        vertical = _vertical(chain, rows, tol)
        flags[rows[vertical]] |= int(Flag.A_VERTICAL)
        left = rows[~vertical]
        flags[left[_convex(chain, left, tol)]] |= int(Flag.A_CONVEX)
    if not chain.european:
        flags[_calendar(chain, np.flatnonzero(usable & (flags == 0)), tol)] |= int(Flag.A_CALENDAR)
    return flags


def quality(
    *, arbitrage_share: float | None, coverage: float | None, delayed: bool, settings: Settings
) -> str:
    """OK, DEGRADED or INVALID; an INVALID chain publishes no exposures."""
    share = arbitrage_share or 0.0
    if share > settings.invalid_arbitrage_share or coverage is None:
        return "INVALID"
    if coverage < settings.invalid_coverage:
        return "INVALID"
    doubtful = share > settings.degraded_arbitrage_share or coverage < settings.degraded_coverage
    return "DEGRADED" if doubtful or delayed else "OK"


def _believable(price: Floats) -> Floats:
    return np.where(_is_sentinel(price), np.nan, price)


def _is_sentinel(price: Floats) -> Bools:
    return np.asarray((price < 0) | (np.abs(price) >= _UNSET))


def _bits(size: int, tests: dict[Flag, Bools]) -> Ints:
    flags = np.zeros(size, dtype=np.int64)
    for flag, raised in tests.items():
        flags |= np.where(raised, int(flag), 0)
    return flags


def _tolerance(chain: Chain, settings: Settings) -> float:
    tick = settings.tick_index_usd if chain.european else settings.tick_usd
    return max(settings.tolerance_usd, tick)


def _out_of_bounds(chain: Chain, market: Market, tol: float) -> Bools:
    """The mid lies outside the no-arbitrage bounds, whatever the spot in its bracket."""
    mid = (chain.bid + chain.ask) / 2
    call = chain.right > 0
    if chain.european:
        spot_low = spot_high = market.forward * market.discount
        strike = chain.strike * market.discount
    else:
        spot_low, spot_high = (np.full(len(chain), s) for s in (market.spot_low, market.spot_high))
        strike = chain.strike
    lower = np.maximum(np.where(call, spot_low - strike, strike - spot_high), 0.0)
    upper = np.where(call, spot_high, strike)
    return np.asarray((mid < lower - tol) | (mid > upper + tol))


def _off_parity(chain: Chain, usable: Bools, market: Market, tol: float) -> Bools:
    """The bid/ask box of call minus put misses where parity puts it; both legs are flagged."""
    other = pairs(chain)
    calls = np.flatnonzero((chain.right > 0) & (other >= 0) & usable)
    calls = calls[usable[other[calls]]]
    puts, strike = other[calls], chain.strike[calls]
    discount = market.discount[calls]
    low, high = chain.bid[calls] - chain.ask[puts], chain.ask[calls] - chain.bid[puts]
    if chain.european:
        floor = ceiling = discount * (market.forward[calls] - strike)
    else:
        floor = market.spot_low - market.dividends[calls] - strike
        ceiling = market.spot_high - strike * discount
    off = (high < floor - tol) | (low > ceiling + tol)
    flagged = np.zeros(len(chain), dtype=bool)
    flagged[calls[off]] = flagged[puts[off]] = True
    return flagged


def _ladders(chain: Chain, usable: Bools) -> Iterator[Ints]:
    """Usable rows of each expiry and right, by ascending strike."""
    rows = np.flatnonzero(usable)
    order = rows[np.lexsort((chain.strike[rows], chain.right[rows], chain.expiry_idx[rows]))]
    if not order.size:
        return
    group = chain.expiry_idx[order] * 2 + (chain.right[order] > 0)
    yield from np.split(order, np.flatnonzero(np.diff(group)) + 1)


def _vertical(chain: Chain, rows: Ints, tol: float) -> Bools:
    """Prices must fall with the strike (calls; puts rise), by at most the strikes' distance.

    Neighbors first; then any pair among what is left, so that one bad quote takes its neighbor
    with it and not the whole ladder.
    """
    flagged = np.zeros(rows.size, dtype=bool)
    bid, ask, strike = _as_call(chain, rows)
    for reach in (_neighbors, _anyone):
        left = np.flatnonzero(~flagged)
        for high_bid, low_ask in (
            reach(bid[left], ask[left], tol),
            reach((bid + strike)[left][::-1], (ask + strike)[left][::-1], tol, flip=True),
        ):
            flagged[left[high_bid]] = flagged[left[low_ask]] = True
    return flagged


def _as_call(chain: Chain, rows: Ints) -> tuple[Floats, Floats, Floats]:
    """Quotes with the strike axis turned for puts, so that both rights fall along it."""
    strike = chain.strike[rows]
    if rows.size and chain.right[rows[0]] < 0:
        # P(K) + (-K) plays the call's part: it falls along rising K as a call does, and
        # P rising by at most the strikes' distance is the same as P - K not rising.
        return chain.bid[rows] - strike, chain.ask[rows] - strike, strike
    return chain.bid[rows], chain.ask[rows], strike


def _neighbors(bid: Floats, ask: Floats, tol: float, *, flip: bool = False) -> tuple[Ints, Ints]:
    late = np.flatnonzero(bid[1:] > ask[:-1] + tol) + 1
    early = late - 1
    return _unflip(late, early, bid.size, flip=flip)


def _anyone(bid: Floats, ask: Floats, tol: float, *, flip: bool = False) -> tuple[Ints, Ints]:
    if not bid.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    cheapest = np.minimum.accumulate(ask)
    at = np.maximum.accumulate(np.where(ask == cheapest, np.arange(ask.size), 0))
    late = np.flatnonzero(bid[1:] > cheapest[:-1] + tol) + 1
    return _unflip(late, at[late - 1], bid.size, flip=flip)


def _unflip(late: Ints, early: Ints, size: int, *, flip: bool) -> tuple[Ints, Ints]:
    return (size - 1 - late, size - 1 - early) if flip else (late, early)


def _convex(chain: Chain, rows: Ints, tol: float) -> Bools:
    """A middle bid above the line between its neighbors' asks."""
    flagged = np.zeros(rows.size, dtype=bool)
    if rows.size < len(("below", "middle", "above")):
        return flagged
    strike, bid, ask = chain.strike[rows], chain.bid[rows], chain.ask[rows]
    share = (strike[2:] - strike[1:-1]) / (strike[2:] - strike[:-2])
    flagged[1:-1] = bid[1:-1] > share * ask[:-2] + (1 - share) * ask[2:] + tol
    return flagged


def _calendar(chain: Chain, rows: Ints, tol: float) -> Ints:
    """American rows bid above what a later expiry of the same strike and right asks."""
    settles = np.array([e.t_s for e in chain.expiries])[chain.expiry_idx[rows]]
    order = rows[np.lexsort((settles, chain.strike[rows], chain.right[rows]))]
    near, far = order[:-1], order[1:]
    same = (chain.strike[near] == chain.strike[far]) & (chain.right[near] == chain.right[far])
    same &= chain.expiry_idx[near] != chain.expiry_idx[far]
    return np.asarray(near[same & (chain.bid[near] > chain.ask[far] + tol)])

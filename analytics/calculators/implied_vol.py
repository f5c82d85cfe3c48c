"""Implied volatility of whole columns to machine precision, with a status per row (DOMAIN 2.3).

A price is turned into the undiscounted value of its out-of-the-money twin by parity, divided by
sqrt(F K), and solved for s = sigma sqrt(t) on one of three objectives after Jaeckel, "Let's be
rational" (2017): the reciprocal logarithm of the price below the inflection point, the price
itself around it, the logarithm of the distance to the upper bound above. Third-order Householder
steps, kept inside a shrinking bracket (bisection when a step leaves it), finish in 2-5 rounds.

A chain changes little between snapshots: given its last volatilities, most rows are done after one
step. Large chains go through the compiled kernel, and only rows it leaves open come here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, ndtr, ndtri

from analytics.calculators import compiled
from quanticity.domain.options import IvStatus

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_AT_BOUND = 1e-12  # of max(1, spot): nearer to the lower bound than this is on it
_SIGMA_MIN, _SIGMA_MAX = 0.001, 20.0
_ROUNDS = 60
_TINY = 1e-300
_SETTLED = 4e-16  # relative step at which a row is done
_LAST_STEP = 1e-4  # relative step x curvature after which the error of the next is nothing
_SQRT2 = 1.4142135623730951
_SQRT_2PI = 2.5066282746310002


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Volatility (NaN unless OK) and `IvStatus` per row."""

    sigma: Floats
    status: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """What a price is solved against, as equally long columns.

    right +1/-1, spot and strike in dollars, t in years, r and q continuously compounded;
    `american` decides which bounds a price must respect.
    """

    right: Floats
    spot: Floats
    strike: Floats
    t: Floats
    r: Floats
    q: Floats
    american: bool = False

    @staticmethod
    def of(
        right: ArrayLike,
        spot: ArrayLike,
        strike: ArrayLike,
        t: ArrayLike,
        r: ArrayLike,
        q: ArrayLike,
        *,
        american: bool = False,
    ) -> Contracts:
        """Broadcast scalars and columns to one length."""
        columns = [np.atleast_1d(np.asarray(c, float)) for c in (right, spot, strike, t, r, q)]
        w, s, k, t_, r_, q_ = np.broadcast_arrays(*columns)
        return Contracts(w, s, k, t_, r_, q_, american)

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest price free of arbitrage, in dollars per share."""
        spot_leg, strike_leg = self.spot, self.strike
        if not self.american:
            spot_leg = self.spot * np.exp(-self.q * self.t)
            strike_leg = self.strike * np.exp(-self.r * self.t)
        lower = np.maximum(self.right * (spot_leg - strike_leg), 0.0)
        return lower, np.where(self.right > 0, spot_leg, strike_leg)

    def forward(self) -> Floats:
        """F = S e^{(r-q)t}."""
        return self.spot * np.exp((self.r - self.q) * self.t)


@dataclass(frozen=True, slots=True, eq=False)
class QuoteSolution:
    """Volatility of bid, mid and ask (NaN where a price has none), and the status of the quote."""

    iv_bid: Floats
    iv_mid: Floats
    iv_ask: Floats
    status: Ints


def of_quotes(
    bid: ArrayLike,
    ask: ArrayLike,
    contracts: Contracts,
    *,
    stale: ArrayLike,
    wide: ArrayLike,
    last: QuoteSolution | None = None,
) -> QuoteSolution:
    """Solve both sides and the mid; the first status that applies wins (DOMAIN 2.3).

    STALE, NO_BID and WIDE rows still carry the volatilities that exist. A zero is no quote.
    `last` is the answer of the same contracts a moment ago; it only makes this one cheaper.
    """
    bid_, ask_ = (np.where(np.asarray(p, dtype=float) > 0, p, np.nan) for p in (bid, ask))
    no_quote, no_bid = np.isnan(ask_), np.isnan(bid_)
    crossed = bid_ > ask_
    void = no_quote | crossed
    before = (None, None, None) if last is None else (last.iv_bid, last.iv_mid, last.iv_ask)
    at_bid = compute(np.where(void, np.nan, bid_), contracts, before[0]).sigma
    at_ask = compute(np.where(void, np.nan, ask_), contracts, before[2]).sigma
    middle = compute(np.where(void, np.nan, (bid_ + ask_) / 2), contracts, before[1])
    conditions = {
        IvStatus.NO_QUOTE: no_quote,
        IvStatus.CROSSED: crossed,
        IvStatus.EXPIRED: contracts.t <= 0,
        IvStatus.STALE: np.asarray(stale, dtype=bool),
        IvStatus.NO_BID: no_bid,
        IvStatus.WIDE: np.asarray(wide, dtype=bool),
    }
    status = np.select(
        [np.broadcast_to(c, no_quote.shape) for c in conditions.values()],
        [int(code) for code in conditions],
        middle.status,
    )
    return QuoteSolution(at_bid, middle.sigma, at_ask, status.astype(np.int64))


def compute(price: ArrayLike, contracts: Contracts, last: Floats | None = None) -> Solution:
    """Solve each price; NaN prices are NO_QUOTE. Never raises for a number.

    `last` are volatilities near the answer (NaN or 0 where unknown): a place to begin, no more.
    An American price between its own bounds but below the European ones has no European
    volatility: it is BELOW_INTRINSIC or AT_INTRINSIC here, and its twin's volatility serves.
    """
    value = np.broadcast_to(np.asarray(price, dtype=float), contracts.strike.shape)
    start = np.zeros(value.shape) if last is None else last
    c = contracts
    columns = (c.right, c.spot, c.strike, c.t, c.r, c.q)
    found = compiled.implied(value, columns, start, american=c.american)
    if found is None:
        return _robust(value, contracts, start)
    sigma, solved = found
    status = np.zeros(value.shape, dtype=np.int64)  # IvStatus.OK
    if not solved.all():
        rows = np.flatnonzero(~solved)
        left = _robust(value[rows], _take(contracts, rows), start[rows])
        sigma[rows], status[rows] = left.sigma, left.status
    return Solution(sigma, status)


def _robust(value: Floats, contracts: Contracts, start: Floats) -> Solution:
    status = _price_status(value, contracts)
    sigma = np.full(value.shape, np.nan)
    rows = np.flatnonzero(status == IvStatus.OK)
    if rows.size:
        sigma[rows], status[rows] = _solve(value[rows], _take(contracts, rows), start[rows])
    return Solution(sigma, status)


def _take(contracts: Contracts, rows: Ints) -> Contracts:
    c = contracts
    return Contracts(
        c.right[rows], c.spot[rows], c.strike[rows], c.t[rows], c.r[rows], c.q[rows], c.american
    )


def _price_status(value: Floats, contracts: Contracts) -> Ints:
    lower, upper = contracts.bounds()
    slack = _AT_BOUND * np.maximum(1.0, contracts.spot)
    return np.select(
        [
            ~np.isfinite(value),
            contracts.t <= 0.0,
            value < lower - slack,
            np.abs(value - lower) <= slack,
            value >= upper,
        ],
        [
            IvStatus.NO_QUOTE,
            IvStatus.EXPIRED,
            IvStatus.BELOW_INTRINSIC,
            IvStatus.AT_INTRINSIC,
            IvStatus.ABOVE_MAX,
        ],
        IvStatus.OK,
    ).astype(np.int64)


def _solve(value: Floats, contracts: Contracts, start: Floats) -> tuple[Floats, Ints]:
    forward = contracts.forward()
    undiscounted = value * np.exp(contracts.r * contracts.t)
    intrinsic = np.maximum(contracts.right * (forward - contracts.strike), 0.0)
    beta = (undiscounted - intrinsic) / np.sqrt(forward * contracts.strike)
    x = -np.abs(np.log(forward / contracts.strike))
    highest = np.exp(0.5 * x)
    status = np.select(
        [beta < 0.0, beta == 0.0, beta >= highest],
        [IvStatus.BELOW_INTRINSIC, IvStatus.AT_INTRINSIC, IvStatus.ABOVE_MAX],
        IvStatus.OK,
    ).astype(np.int64)
    rows = np.flatnonzero(status == IvStatus.OK)
    sigma = np.full(value.shape, np.nan)
    sqrt_t = np.sqrt(contracts.t[rows])
    sigma[rows] = _deviation(beta[rows], x[rows], start[rows] * sqrt_t) / sqrt_t
    unsolved = ~((sigma >= _SIGMA_MIN) & (sigma <= _SIGMA_MAX)) & (status == IvStatus.OK)
    status[unsolved] = IvStatus.NOT_CONVERGED
    sigma[unsolved] = np.nan
    return sigma, status


def normalized_price(x: Floats, s: Floats) -> Floats:
    """Undiscounted out-of-the-money value over sqrt(F K), for x = -|ln F/K| and s = sigma sqrt t.

    Written with the scaled complementary error function where both normal tails are small, so
    that deep wings keep their relative precision.
    """
    h, half = x / s, 0.5 * s
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        scaled = erfcx(-(h + half) / _SQRT2) - erfcx(-(h - half) / _SQRT2)
        tail = 0.5 * np.exp(-0.5 * (h * h + half * half)) * scaled
        plain = np.exp(0.5 * x) * ndtr(h + half) - np.exp(-0.5 * x) * ndtr(h - half)
    return np.asarray(np.where(h + half < 0.0, tail, plain))


def _deviation(beta: Floats, x: Floats, start: Floats) -> Floats:
    """Solve normalized_price(x, s) = beta for s, from `start` where that is positive."""
    guess, is_low = _guess(beta, x)
    s = np.where(start > 0.0, start, guess)
    below = np.zeros_like(s)
    above = np.full_like(s, np.inf)
    rows = np.arange(s.size)
    solved = np.full_like(s, np.nan)
    for _ in range(_ROUNDS):
        if not rows.size:
            break
        step, error = _step(s, beta[rows], x[rows], is_low[rows])
        below, above = np.where(error < 0, s, below), np.where(error > 0, s, above)
        wanted = s + step
        inside = (wanted > below) & (wanted < above)
        middle = np.where(np.isinf(above), 2.0 * s, 0.5 * (below + above))
        following = np.where(error == 0, s, np.where(inside, wanted, middle))
        done = (np.abs(following - s) <= _SETTLED * s) | (error == 0)
        curvature = 1.0 + (x[rows] / s) ** 2 + s * s
        done |= inside & (np.abs(step) * curvature <= _LAST_STEP * s)
        solved[rows[done]] = following[done]
        keep = ~done
        rows, s, below, above = rows[keep], following[keep], below[keep], above[keep]
    solved[rows] = s  # the last bits oscillate: the bracket is as tight as doubles allow
    return solved


def _guess(beta: Floats, x: Floats) -> tuple[Floats, Bools]:
    """A start on the right side of the inflection point, and which rows lie below it."""
    highest = np.exp(0.5 * x)
    inflection = np.maximum(np.sqrt(2.0 * np.abs(x)), _TINY)
    at = np.where(x == 0.0, 0.0, normalized_price(x, inflection))
    is_low = beta < at
    with np.errstate(divide="ignore", invalid="ignore"):
        low = 1.0 / np.sqrt(1.0 / inflection**2 + 2.0 * (np.log(at) - np.log(beta)) / x**2)
        middle = inflection + (beta - at) / highest * _SQRT_2PI
        high = -2.0 * ndtri((highest - beta) / (2.0 * np.cosh(0.5 * x)))
    guess = np.where(is_low, low, np.where(beta < 0.5 * highest, middle, high))
    floored = np.maximum(guess, np.where(is_low, _TINY, inflection))
    return np.where(np.isfinite(guess), floored, np.maximum(inflection, 0.1)), is_low


def _step(s: Floats, beta: Floats, x: Floats, is_low: Bools) -> tuple[Floats, Floats]:
    """Householder step towards the root, and the signed error of the price."""
    b = normalized_price(x, s)
    h, highest = x / s, np.exp(0.5 * x)
    with np.errstate(all="ignore"):
        slope = np.exp(-0.5 * (h * h + 0.25 * s * s)) / _SQRT_2PI
        bend = h * h / s - 0.25 * s
        twist = bend * bend - 3.0 * (h / s) ** 2 - 0.25
        low = _low_terms(b, beta, slope, bend, twist)
        high = _high_terms(b, beta, highest, slope, bend, twist)
        middle = ((beta - b) / slope, bend, twist)
        newton, halley, third = (
            np.where(is_low, a, np.where(beta < 0.5 * highest, m, c))
            for a, m, c in zip(low, middle, high, strict=True)
        )
        step = newton * (1 + 0.5 * halley * newton) / (1 + newton * (halley + third * newton / 6))
        step = np.where(np.isfinite(step) & (step * newton > 0), step, newton)
    return step, b - beta


def _low_terms(
    b: Floats, beta: Floats, slope: Floats, bend: Floats, twist: Floats
) -> tuple[Floats, Floats, Floats]:
    log_b, log_beta, ratio = np.log(b), np.log(beta), slope / b
    newton = (log_beta - log_b) * log_b / log_beta / ratio
    halley = bend - ratio * (1 + 2 / log_b)
    third = (
        twist
        + 2 * ratio * ratio * (1 + 3 / log_b * (1 + 1 / log_b))
        - 3 * bend * ratio * (1 + 2 / log_b)
    )
    return newton, halley, third


def _high_terms(
    b: Floats, beta: Floats, highest: Floats, slope: Floats, bend: Floats, twist: Floats
) -> tuple[Floats, Floats, Floats]:
    gap, ratio = highest - b, slope / (highest - b)
    newton = -np.log((highest - beta) / gap) / ratio
    return newton, bend + ratio, twist + ratio * (2 * ratio + 3 * bend)

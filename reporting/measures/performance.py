"""What daily returns amount to: ratios, their credibility, drawdown and growth (DOMAIN 10.2).

Daily return = day P&L / capital allocated at session start, sessions without a trade included.
Ratios are on returns in excess of `rf_per_day`; moments are the population's (normal kurtosis 3);
equity starts at 1. A statistic that the sample cannot give is None, never 0. Sources: Sharpe 1994;
Bailey and López de Prado, The Sharpe ratio efficient frontier (2012) and The deflated Sharpe ratio
(2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import e, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from quanticity.domain.errors import MalformedInput

_NORMAL = NormalDist()
_LEAST = 2  # a standard deviation needs two sessions
_FLAT = 1e-12  # a deviation below this share of the largest return is rounding, not risk


@dataclass(frozen=True, slots=True)
class Settings:
    """Numbers an operator may turn."""

    sessions_per_year: int
    confidence: float  # of intervals, two-sided, and of the minimum track record, one-sided
    min_trades: int  # fewer, and ratios are shown as insufficient


@dataclass(frozen=True, slots=True)
class Trials:
    """How many strategies were tried before this one, and how their daily Sharpe ratios varied."""

    n: int
    sharpe_variance: float


@dataclass(frozen=True, slots=True)
class Performance:
    """Statistics of one series; `_per_day` as it stands, `_annual` scaled by the root of time."""

    n: int
    mean_excess: float | None
    sd: float | None
    sharpe_per_day: float | None
    sharpe_annual: float | None
    sortino_annual: float | None
    skewness: float | None
    kurtosis: float | None
    psr_vs_0: float | None  # probability that the true Sharpe ratio is above 0
    min_trl_days_95: float | None  # sessions until that is credible; None when it never is
    dsr: float | None  # the same against the best of as many lucky trials
    sr0_per_day: float | None  # that best, expected
    total_return: float | None
    cagr: float | None
    max_drawdown: float | None  # <= 0
    max_drawdown_sessions: int  # longest run below the peak
    calmar: float | None
    volatility_annual: float | None


@dataclass(frozen=True, slots=True)
class _Ratios:
    """What depends on a spread; all None where there is none."""

    sharpe: float | None = None
    sortino: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None

    def error(self) -> float | None:
        """Variance of the estimated Sharpe ratio, times the number of sessions less one."""
        if self.sharpe is None or self.skewness is None or self.kurtosis is None:
            return None
        sr = self.sharpe
        return 1.0 - self.skewness * sr + (self.kurtosis - 1.0) / 4.0 * sr * sr


def compute(
    daily_returns: Sequence[float],
    settings: Settings,
    *,
    rf_per_day: float = 0.0,
    trials: Trials | None = None,
) -> Performance:
    """Every statistic of one series of daily returns (fractions, oldest first)."""
    returns = np.asarray(daily_returns, dtype=float)
    if not np.all(np.isfinite(returns)):
        raise MalformedInput("daily returns: expected finite fractions, found one that is not")
    n, year = len(returns), settings.sessions_per_year
    excess = returns - rf_per_day
    sd = float(np.std(excess, ddof=1)) if n >= _LEAST else None
    ratios = _ratios(excess, sd)
    sr, luck = ratios.sharpe, expected_best(trials) if trials else None
    equity = np.asarray(np.cumprod(1.0 + returns), dtype=np.float64)
    cagr, (deepest, longest) = _growth(equity, year), drawdown(equity)
    return Performance(
        n=n,
        mean_excess=float(np.mean(excess)) if n else None,
        sd=sd,
        sharpe_per_day=sr,
        sharpe_annual=None if sr is None else sr * sqrt(year),
        sortino_annual=None if ratios.sortino is None else ratios.sortino * sqrt(year),
        skewness=ratios.skewness,
        kurtosis=ratios.kurtosis,
        psr_vs_0=_credibility(ratios, n, 0.0),
        min_trl_days_95=_needed(ratios, settings.confidence),
        dsr=None if luck is None else _credibility(ratios, n, luck),
        sr0_per_day=luck,
        total_return=float(equity[-1]) - 1.0 if n else None,
        cagr=cagr,
        max_drawdown=deepest,
        max_drawdown_sessions=longest,
        calmar=cagr / abs(deepest) if cagr is not None and deepest else None,
        volatility_annual=None if sd is None else sd * sqrt(year),
    )


def expected_best(trials: Trials) -> float | None:
    """The best daily Sharpe ratio that luck alone gives; None for fewer than two trials."""
    if trials.n < _LEAST:
        return None
    usual = (1.0 - np.euler_gamma) * _NORMAL.inv_cdf(1.0 - 1.0 / trials.n)
    rare = np.euler_gamma * _NORMAL.inv_cdf(1.0 - 1.0 / (trials.n * e))
    return float(sqrt(trials.sharpe_variance) * (usual + rare))


def drawdown(equity: NDArray[np.float64]) -> tuple[float | None, int]:
    """Deepest fall from a peak (<= 0), and the longest run of sessions below one."""
    if not equity.size:
        return None, 0
    below = equity / np.maximum(np.maximum.accumulate(equity), 1.0) - 1.0
    at_peak = np.flatnonzero(np.concatenate(([True], below >= 0.0, [True])))
    return float(np.min(below)), int(np.max(np.diff(at_peak))) - 1


def _ratios(excess: NDArray[np.float64], sd: float | None) -> _Ratios:
    if sd is None or sd <= _FLAT * float(np.max(np.abs(excess))):
        return _Ratios()
    mean = float(np.mean(excess))
    deviation = excess - mean
    second = float(np.mean(deviation**2))
    downside = sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return _Ratios(
        sharpe=mean / sd,
        sortino=mean / downside if downside > 0.0 else None,
        skewness=float(np.mean(deviation**3)) / second**1.5,
        kurtosis=float(np.mean(deviation**4)) / second**2,
    )


def _credibility(ratios: _Ratios, n: int, benchmark: float) -> float | None:
    error = ratios.error()
    if error is None or ratios.sharpe is None or error <= 0.0:
        return None
    return _NORMAL.cdf((ratios.sharpe - benchmark) * sqrt(n - 1) / sqrt(error))


def _needed(ratios: _Ratios, confidence: float) -> float | None:
    error, sr = ratios.error(), ratios.sharpe
    if error is None or sr is None or sr <= 0.0:
        return None
    return 1.0 + error * (_NORMAL.inv_cdf(confidence) / sr) ** 2


def _growth(equity: NDArray[np.float64], year: int) -> float | None:
    # An account that is gone has no rate of growth.
    if not equity.size or equity[-1] <= 0.0:
        return None
    return float(equity[-1] ** (year / len(equity)) - 1.0)

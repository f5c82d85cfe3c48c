"""What closed trades amount to: win rate and its interval, factor, expectancy (DOMAIN 10.2).

P&L is net of commission, in dollars per trade. Flats count in n and in the expectancy, not in the
win rate. A ratio without a denominator is None, never 0 or infinity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean

from reporting.measures.performance import Settings


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of successes and its Wilson interval; all None without a trial."""

    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Trades:
    """Statistics of closed trades; dollars are net."""

    n: int
    wins: int
    losses: int
    flats: int
    win_rate: float | None
    win_rate_low: float | None  # Wilson's interval
    win_rate_high: float | None
    profit_factor: float | None
    expectancy_usd: float | None
    avg_win_usd: float | None
    avg_loss_usd: float | None
    payoff_ratio: float | None
    sufficient: bool  # enough trades for ratios to be shown


def compute(net_pnl_usd: Sequence[float], settings: Settings) -> Trades:
    """Every statistic of one list of closed trades."""
    wins = [p for p in net_pnl_usd if p > 0]
    losses = [p for p in net_pnl_usd if p < 0]
    won = wilson(len(wins), len(wins) + len(losses), settings.confidence)
    win, loss = _mean(wins), _mean(losses)
    return Trades(
        n=len(net_pnl_usd),
        wins=len(wins),
        losses=len(losses),
        flats=len(net_pnl_usd) - len(wins) - len(losses),
        win_rate=won.rate,
        win_rate_low=won.low,
        win_rate_high=won.high,
        profit_factor=sum(wins) / abs(sum(losses)) if losses else None,
        expectancy_usd=_mean(net_pnl_usd),
        avg_win_usd=win,
        avg_loss_usd=loss,
        payoff_ratio=win / abs(loss) if win is not None and loss is not None else None,
        sufficient=len(net_pnl_usd) >= settings.min_trades,
    )


def wilson(wins: int, n: int, confidence: float) -> Rate:
    """Share of wins with Wilson's score interval: inside [0, 1] and useful for few trials."""
    if n == 0:
        return Rate(None, None, None)
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    rate, spread = wins / n, z * z / n
    middle = (rate + spread / 2.0) / (1.0 + spread)
    half = z / (1.0 + spread) * sqrt(rate * (1.0 - rate) / n + spread / (4.0 * n))
    return Rate(rate, max(0.0, middle - half), min(1.0, middle + half))


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None

"""What closed trades amount to: win rate and its interval, factor, expectancy (DOMAIN 10.2).

P&L is net of commission, in dollars per trade. Flats count in n and in the expectancy, not in the
win rate. A ratio without a denominator is None, never 0 or infinity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from quanticity.domain.proportions import wilson
from reporting.measures.performance import Settings


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


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None

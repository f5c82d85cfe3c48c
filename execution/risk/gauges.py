"""Gauges: how far each watched measure is from the limit at which its breaker trips."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from execution.risk.breakers import Facts, Settings
from execution.risk.trips import GLOBAL

Number = Decimal | float | int


@dataclass(frozen=True, slots=True)
class Gauge:
    """One measure and its limit in one unit (frac, s, n); None is unknown."""

    name: str
    value: Number | None
    limit: Number
    unit: str

    @property
    def used_frac(self) -> float | None:
        """How much of the limit is used up, never below nothing."""
        if self.value is None or not self.limit:
            return None
        return max(0.0, float(self.value) / float(self.limit))


def read(facts: Facts, settings: Settings) -> tuple[Gauge, ...]:
    """Every measure that a breaker watches, in the order of the table of DOMAIN 6.15."""
    return tuple(_gauges(facts, settings))


def _gauges(facts: Facts, s: Settings) -> Iterable[Gauge]:
    yield Gauge("Day's loss", _day_loss(facts), s.daily_loss_frac, "frac")
    yield Gauge("Drawdown", facts.drawdown_frac, s.drawdown_halt_frac, "frac")
    yield Gauge("Value at risk, 95 %, one day", facts.var_frac, s.var_max_frac, "frac")
    yield Gauge("Worst stress", facts.worst_stress_frac, s.stress_max_frac, "frac")
    longest = max(facts.loss_streaks.values(), default=0)
    yield Gauge("Losses of a strategy in a row", longest, s.streak_short_n, "n")
    yield Gauge("Losing sessions in a row", facts.losing_sessions_n, s.losing_sessions_n, "n")
    yield Gauge("SPY's last 5 min move, sd", facts.spy_5m_sd, s.vol_move_sd, "sd")
    yield Gauge("Execution errors in 300 s", facts.errors_300s_n, s.errors_n, "n")
    odd = facts.anomalies_60s.get(GLOBAL, 0)
    yield Gauge("Order anomalies in 60 s", odd, s.anomalies_global_n, "n")
    yield Gauge("Oldest unknown order", facts.oldest_unknown_s or 0, s.unknown_halt_s, "s")
    yield Gauge("Unclean reconciliations in a row", facts.unclean_runs_n, s.unclean_n, "n")
    yield Gauge("Blind with positions", facts.blind_with_positions_s, s.blind_reduce_s, "s")


def _day_loss(facts: Facts) -> Decimal | None:
    if facts.day_pnl_usd is None or not facts.start_of_day_usd:
        return None
    return -facts.day_pnl_usd / facts.start_of_day_usd

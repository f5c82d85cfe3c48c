"""Trades that were never sent: the conservative fill model, and when such a trade is over (pure).

Bought at mid plus most of the half-spread, sold at mid less most of it (DOMAIN 5.13), so that what
a gate saved or cost is rather too small than too large. One contract; dollars after commissions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from statistics import fmean, stdev

_CENT = Decimal("0.0001")
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.shadows]."""

    half_spread_share: Decimal
    commission_usd: Decimal
    max_quote_age_s: float
    follow_within_s: float
    min_trades: int
    interval_z: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a shadow trade was bought and where it leaves."""

    entry: Decimal
    stop: Decimal
    target: Decimal


@dataclass(frozen=True, slots=True)
class GateValue:
    """What the trades that a gate stopped would have come to; an interval once there are enough."""

    gate: str
    trades_n: int
    open_n: int
    net_usd: Decimal
    mean_usd: float | None
    low_usd: float | None
    high_usd: float | None

    @property
    def saved_usd(self) -> Decimal:
        """Dollars that the gate saved, negative where it cost."""
        return -self.net_usd


def bought(bid: Decimal, ask: Decimal, settings: Settings) -> Decimal:
    """What a purchase would have paid."""
    return ((bid + ask) / 2 + settings.half_spread_share * (ask - bid) / 2).quantize(_CENT)


def sold(bid: Decimal, ask: Decimal, settings: Settings) -> Decimal:
    """What a sale would have brought."""
    return ((bid + ask) / 2 - settings.half_spread_share * (ask - bid) / 2).quantize(_CENT)


def plan(entry: Decimal, risk_pct: Decimal, target_pct: Decimal) -> Plan:
    """Stop and target of a purchase, percent of what it paid."""
    return Plan(
        entry,
        (entry * (1 - risk_pct / _HUNDRED)).quantize(_CENT),
        (entry * (1 + target_pct / _HUNDRED)).quantize(_CENT),
    )


def reason_to_leave(price: Decimal, of: Plan, *, time_is_up: bool) -> str | None:
    """Why a trade leaves at this price, None while it stays."""
    if price <= of.stop:
        return "STOP"
    if price >= of.target:
        return "TARGET"
    return "TIME" if time_is_up else None


def net_usd(entry: Decimal, price: Decimal, multiplier: int, settings: Settings) -> Decimal:
    """Dollars one contract made, both commissions paid."""
    return (price - entry) * multiplier - 2 * settings.commission_usd


def value_of(gate: str, nets: Sequence[Decimal], open_n: int, settings: Settings) -> GateValue:
    """Judge a gate by the trades it stopped that are over."""
    total, n = sum(nets, Decimal(0)), len(nets)
    if n < settings.min_trades:
        return GateValue(gate, n, open_n, total, None, None, None)
    values = [float(net) for net in nets]
    mean, half = fmean(values), settings.interval_z * stdev(values) / sqrt(n)
    return GateValue(gate, n, open_n, total, mean, mean - half, mean + half)

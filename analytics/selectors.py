"""Reads of the analytics stage: its only entrance for the stages after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import QuerySet

from analytics import chains
from analytics.models import Decision, Signal
from analytics.signals import features
from analytics.signals.dedup import Settings as AdmissionSettings
from analytics.strategies import base, fourteen_dte, moc, one_dte, zero_dte
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, signals
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.options import Flag
from quanticity.store import readings

_PLAYBOOKS: Mapping[signals.Strategy, tuple[str, Any]] = {
    signals.Strategy.ZERO_DTE: ("analytics.strategies.zero_dte", zero_dte.Settings),
    signals.Strategy.ONE_DTE: ("analytics.strategies.one_dte", one_dte.Settings),
    signals.Strategy.FOURTEEN_DTE: ("analytics.strategies.fourteen_dte", fourteen_dte.Settings),
    signals.Strategy.MOC: ("analytics.strategies.moc", moc.Settings),
}
SHOWN_FAMILIES = (*features.FAMILIES, "volatility")


@dataclass(frozen=True, slots=True)
class SignalOrder:
    """A signal with what its admission says about executing it."""

    signal: signals.Signal
    live: bool
    probe: bool
    contracts_wanted: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What the latest chain says of one contract; None is unknown."""

    matches_n: int | None
    multiplier: int | None
    settles_s: float | None
    flags: frozenset[str] | None
    open_interest: int | None
    ask_size: int | None


@dataclass(frozen=True, slots=True)
class Regime:
    """The volatility regime and since when it holds."""

    name: str
    since_at: datetime


def signal_order(signal_id: str) -> SignalOrder:
    """One admitted signal as a value."""
    row = Signal.objects.get(pk=signal_id)
    strategy = signals.Strategy(row.strategy)
    mode = section("analytics.signals", AdmissionSettings).mode[strategy]
    value = signals.Signal(
        signal_id=row.signal_id, strategy=strategy, symbol=row.symbol, direction=row.direction,
        confidence=row.confidence, created_at=row.created_at, valid_until=row.valid_until,
        session_date=row.session_date, contract=parse_occ(row.occ), multiplier=row.multiplier,
        reference_mid=Decimal(row.reference["mid"]), source=row.source,
    )  # fmt: skip
    return SignalOrder(value, mode == "live" or row.probe, row.probe, row.contracts_wanted)


def unanswered_signals(older_than_s: float) -> list[str]:
    """Live signals that execution has not answered; their hint may have been lost."""
    rows = Signal.objects.filter(state=Signal.State.LIVE, acknowledgement="")
    now = clock.now()
    return [
        row.pk
        for row in rows.order_by("created_at")
        if (now - row.created_at).total_seconds() > older_than_s
    ]


def listing(symbol: str, occ: str) -> Listing:
    """What the latest chain says of one contract."""
    found = chains.priced_chain(symbol)
    if found is None:
        return Listing(None, None, None, None, None, None)
    chain = found.chain
    rows = np.flatnonzero(chain.occ == occ)
    if not len(rows):
        return Listing(0, None, None, None, None, None)
    row = int(rows[0])
    expiry = chain.expiries[int(chain.expiry_idx[row])]
    flags = Flag(int(found.flags[row]))
    return Listing(
        matches_n=len(rows), multiplier=chain.multiplier,
        settles_s=calendar.seconds_to(clock.now(), expiry.settlement_at),
        flags=frozenset(flag.name or "" for flag in Flag if flag in flags),
        open_interest=int(chain.open_interest[row]), ask_size=int(chain.ask_size[row]),
    )  # fmt: skip


def contract_greeks(
    contract: OptionContract, symbol: str
) -> tuple[float, float, float, float] | None:
    """Per option share in dollars: delta, gamma per 1 %, vega per point, theta per day."""
    found = chains.priced_chain(symbol)
    if found is None:
        return None
    rows = np.flatnonzero(found.chain.occ == contract.occ)
    if not len(rows) or not np.isfinite(found.priced.sigma[rows[0]]):
        return None
    row, greeks, spot = int(rows[0]), found.priced.greeks, found.priced.spot
    return (
        float(greeks.delta[row]) * spot, float(greeks.gamma[row]) * spot * spot * 0.01,
        float(greeks.vega_per_volpt[row]), float(greeks.theta_per_day[row]),
    )  # fmt: skip


def vol_regime() -> Regime | None:
    """The regime in force, None when it is not known."""
    data = (readings.read("SPY", ["volatility"]).get("volatility") or {}).get("data")
    if data is None:
        return None
    return Regime(data["regime"], datetime.fromisoformat(data["since_at"]))


def is_in_window(strategy: signals.Strategy, at: datetime) -> bool | None:
    """Say whether a strategy may enter now; None outside sessions."""
    session = calendar.current(at)
    if session is None:
        return None
    path, cls = _PLAYBOOKS[strategy]
    start, end = base.window(section(path, cls), session)
    return start <= at < end


def daily_correlations() -> Mapping[frozenset[str], float] | None:
    """60-day correlations by pair of symbols; None while there is no such reading."""
    data = (readings.read("portfolio", ["correlation"]).get("correlation") or {}).get("data")
    daily = None if data is None else data.get("daily60")
    if not daily:
        return None
    names, matrix = daily["symbols"], daily["matrix"]
    return {
        frozenset((a, b)): matrix[i][j]
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i < j
    }


def latest_readings(symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Envelopes of every family that the dashboard shows, by symbol and family."""
    return readings.read_all(symbols, SHOWN_FAMILIES)


def recent_decisions(count: int) -> QuerySet[Decision]:
    """The latest evaluations that were kept."""
    return Decision.objects.all()[:count]


def recent_signals(count: int) -> QuerySet[Signal]:
    """The latest signals."""
    return Signal.objects.all()[:count]

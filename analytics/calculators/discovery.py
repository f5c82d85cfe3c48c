"""Parameters learned from a symbol's own past (DOMAIN 3.19). Pure.

Each is a `Finding`: its value with unit, how many samples are behind it and how it was found; None
with too few. What is `is_applied` replaces a default in the calculators, the rest is a report.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np

from analytics.calculators import hedging, print_sizes, realised, volume_curve, vpin
from analytics.calculators.trade_signing import SignedTrade
from quanticity.domain import calendar
from quanticity.domain.market import Bar, Side
from quanticity.domain.readings import Reading

_BPS = 10_000
_STEP = timedelta(minutes=5)
_FULL_N5 = 60  # 5 s bars in it


@dataclass(frozen=True, slots=True)
class Settings:
    """Least samples of each parameter, and their windows."""

    min_adv_sessions: int
    curve_sessions: int
    min_curve_sessions: int
    curve_heard_min: float
    max_lag: int
    min_lag_bars: int
    veto_rank: float
    min_veto_sessions: int
    markout_s: float
    min_venue_prints: int
    regime_bars: int
    regime_history: int


@dataclass(frozen=True, slots=True)
class Finding(Reading):
    """One parameter; what it is called, in which unit, from how many samples, how."""

    label: str
    value: Any
    unit: str
    n: int
    method: str
    is_applied: bool = False


def bucket_shares(days: Sequence[float], settings: Settings, own: vpin.Settings) -> Finding | None:
    """Shares per VPIN bucket: average daily shares over the buckets of a day."""
    found = vpin.bucket_shares(days, own) if len(days) >= settings.min_adv_sessions else None
    n = min(len(days), own.adv_sessions)
    method = f"mean of {n} sessions / {own.buckets_per_day}"
    return None if found is None else _applied("vpin_bucket_shares", found, "shares", n, method)


def large_print(state: print_sizes.State, own: print_sizes.Settings) -> Finding | None:
    """Dollars of a large print."""
    found = print_sizes.percentile(state, own)
    if found is None:
        return None
    method = f"quantile {own.rank} of prints of {len(state.days)} sessions, to half a step"
    return _applied("large_print_usd", found[0], "USD", found[1], method)


def curves(sessions: Mapping[date, Sequence[float]], settings: Settings) -> tuple[Finding, ...]:
    """Cumulative share of the day's volume at equal steps; half days apart."""
    kinds: dict[str, list[Sequence[float]]] = defaultdict(list)
    for day in sorted(sessions):
        name = "volume_curve_half" if calendar.session(day).is_half_day else "volume_curve"
        kinds[name].append(sessions[day])
    found = []
    for name, days in kinds.items():
        last = days[-settings.curve_sessions :]
        learned = volume_curve.learn(last) if len(last) >= settings.min_curve_sessions else None
        if learned is not None:
            method = f"mean cumulative share of {len(last)} sessions, 5 min steps"
            found.append(_applied(name, list(learned), "share", len(last), method))
    return tuple(found)


def vol_beta(
    closes: Mapping[date, float], ivs: Mapping[date, float], own: hedging.Settings
) -> Finding | None:
    """Vol points per +1 % of spot, over pairs of sessions in a row."""
    days = sorted(set(closes) & set(ivs))
    steps = [(a, b) for a, b in pairwise(days) if calendar.next_session(a).date == b]
    if len(steps) < own.min_beta_sessions:
        return None
    returns = [100 * (closes[b] / closes[a] - 1) for a, b in steps]
    changes = [100 * (ivs[b] - ivs[a]) for a, b in steps]
    n = min(len(steps), own.beta_sessions)
    value = hedging.beta(returns, changes, own)
    return _applied("vol_beta", value, "volpts per 1 %", n, "regression of daily ATM volatility")


def lookback_bars(bars: Sequence[Bar], settings: Settings) -> Finding | None:
    """Last lag at which log returns of 5 min bars are significantly autocorrelated."""
    moves = np.array(realised.moves(bars))
    n = len(moves)
    if n < settings.min_lag_bars or float(moves.var()) == 0.0:
        return None
    x = moves - moves.mean()
    limit, power = 2 / math.sqrt(n), float(x @ x)
    lags = [k for k in range(1, settings.max_lag + 1) if abs(float(x[k:] @ x[:-k])) / power > limit]
    method = f"autocorrelation beyond 2/sqrt(n), lags to {settings.max_lag}"
    return Finding("lookback_bars", max(lags, default=0), "bars of 5 min", n, method)


def elasticity_veto(elasticities: Sequence[float], settings: Settings) -> Finding | None:
    """A proposal for the damping veto: a high quantile of the size of elasticity."""
    if len(elasticities) < settings.min_veto_sessions:
        return None
    value = float(np.quantile(np.abs(elasticities), settings.veto_rank))
    method = f"quantile {settings.veto_rank} of |elasticity_total|, one per session"
    return Finding("elasticity_veto_frac", value, "of ADV per 1 %", len(elasticities), method)


def venue_markouts(prints: Sequence[SignedTrade], settings: Settings) -> Finding | None:
    """Mean markout in basis points by venue, of venues with enough prints."""
    known = [each for each in prints if each.mid is not None]
    times = np.array([each.trade.event_at.timestamp() for each in known])
    mids = np.array([each.mid for each in known], dtype=float)
    marks: dict[str, list[float]] = defaultdict(list)
    for n, at in enumerate(np.searchsorted(times, times + settings.markout_s, side="right") - 1):
        each = known[n]
        side, venue = each.signing.side, each.trade.venue
        if venue and side is not Side.UNKNOWN and times[-1] >= times[n] + settings.markout_s:
            marks[venue].append(side.sign * (mids[at] - mids[n]) / mids[n] * _BPS)
    enough = {v: fmean(m) for v, m in marks.items() if len(m) >= settings.min_venue_prints}
    if not enough:
        return None
    n_prints = sum(len(marks[venue]) for venue in enough)
    method = f"mean of {settings.markout_s:g} s markouts per venue"
    return Finding("venue_markout_bps", enough, "bps", n_prints, method)


def realised_regime(bars: Sequence[Bar], settings: Settings) -> Finding | None:
    """Tercile of the newest 20-bar realised volatility among those of the last 500 bars."""
    name = realised.regime(bars, settings.regime_bars, settings.regime_history)
    method = f"{settings.regime_bars}-bar deviation, terciles of {settings.regime_history} bars"
    return (
        None
        if name is None
        else Finding("realised_regime", name, "tercile", settings.regime_history, method)
    )


def session_volumes(fives: Sequence[Bar], settings: Settings) -> dict[date, tuple[float, ...]]:
    """Volume per 5 min of every session that was heard from open to close, without a gap."""
    found: dict[date, dict[datetime, Bar]] = defaultdict(dict)
    session: calendar.Session | None = None
    for bar in fives:
        if session is None or not session.contains(bar.open_at):
            session = calendar.current(bar.open_at)
        if session is not None:
            found[session.date][bar.open_at] = bar
    whole = {}
    for day, bars in found.items():
        of_day = calendar.session(day)
        count = round((of_day.close_at - of_day.open_at) / _STEP)
        inside = [bars.get(of_day.open_at + n * _STEP) for n in range(count)]
        heard = sum(min(bar.n5, _FULL_N5) for bar in inside if bar is not None)
        if heard >= settings.curve_heard_min * count * _FULL_N5:
            whole[day] = tuple(0.0 if bar is None else bar.volume for bar in inside)
    return whole


def _applied(label: str, value: Any, unit: str, n: int, method: str) -> Finding:
    return Finding(label, value, unit, n, method, is_applied=True)

"""Volatility regime of the session, with hysteresis (DOMAIN 3.17).

One sample per 60 s of x, in volatility points: the de-biased variance to today's close (`r_day`),
or raw VIX1D when its strip is missing; the two are never compared with each other. A sample is
SHOCK by level or by a rise over 5 samples, ELEVATED by level, by a rise over 60 or by z, BENIGN
when low and unusually so, else NORMAL. The regime rises quickly and falls only after a dwell and
through lower limits. Only rises shock: a fall of the same size sets `vol_crush`.
`update` takes one sample into the state in constant time, `compute` reads it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from quanticity.domain.readings import Reading, Unavailable

# Opening quotes, and the last quarter of an hour's, say nothing of the regime.
_HELD_AFTER_OPEN, _HELD_BEFORE_CLOSE = timedelta(minutes=2), timedelta(minutes=15)


class VolRegime(StrEnum):
    """How dear a day of risk is."""

    BENIGN = "BENIGN"
    NORMAL = "NORMAL"
    ELEVATED = "ELEVATED"
    SHOCK = "SHOCK"


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits into a class, the lower ones out of it, and the lengths of the past."""

    shock: float
    shock_rise: float
    shock_out: float
    shock_out_rise: float
    elevated: float
    elevated_rise: float
    elevated_z: float
    elevated_out: float
    elevated_out_rise: float
    elevated_out_z: float
    elevated_samples: int
    benign: float
    benign_z: float
    benign_out: float
    benign_out_z: float
    benign_samples: int
    dwell_s: float
    strip_missing_s: float
    short_samples: int
    long_samples: int
    history: int
    min_history: int
    percentile_days: int
    sd_floor: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one kind; x is None where the regime holds its state (close, no source)."""

    at: datetime
    session: date
    x: float | None
    kind: str


@dataclass(frozen=True, slots=True)
class State:
    """The regime and the samples it was judged on, newest last and all of one kind."""

    kind: str = ""
    session: date | None = None
    samples: tuple[float, ...] = ()
    in_session: int = 0
    regime: VolRegime | None = None
    since_at: datetime | None = None
    higher: int = 0
    calm: int = 0
    at: datetime | None = None
    rise_short: float | None = None
    rise_long: float | None = None
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What is published beside the regime: points by source, ages in seconds, daily closes."""

    r_day: float | None = None
    r_next: float | None = None
    vix1d: dict[str, float] = field(default_factory=dict)
    vix1d_prev_close: float | None = None
    ages_s: dict[str, float] = field(default_factory=dict)
    daily_closes: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Volatility(Reading):
    """The regime, what it rests on, and how its sources agree."""

    name: ClassVar[str] = "volatility"

    regime: VolRegime
    since_at: datetime
    vol_regime_age_s: float
    x: float
    x_kind: str
    r_day: float | None
    r_next: float | None
    vix1d: float | None
    vix1d_prev_close: float | None
    d5_volpts: float | None
    d60_volpts: float | None
    z: float | None
    percentile_252d: float | None
    vol_crush: bool
    source_ages: dict[str, float]
    disagree_volpts: float | None
    reasons: dict[str, str] = field(default_factory=dict)


def is_held(at: datetime, open_at: datetime, close_at: datetime) -> bool:
    """Whether the regime holds its state at an instant of a session, whatever is measured."""
    return at - open_at < _HELD_AFTER_OPEN or close_at - at < _HELD_BEFORE_CLOSE


def compute(
    state: State, sources: Sources, at: datetime, settings: Settings
) -> Volatility | Unavailable:
    """Read the state; the age of the regime is counted to `at`."""
    if state.regime is None or state.since_at is None:
        return Unavailable("volatility", "NO_DATA", "no sample yet")
    fall = state.rise_short is not None and state.rise_short <= -settings.shock_rise
    values = list(sources.vix1d.values())
    optional = {
        "r_day": sources.r_day,
        "r_next": sources.r_next,
        "vix1d": values[0] if values else None,
        "vix1d_prev_close": sources.vix1d_prev_close,
        "d5_volpts": state.rise_short,
        "d60_volpts": state.rise_long,
        "z": state.z,
        "percentile_252d": percentile(
            sources.daily_closes[-settings.percentile_days :], values[0] if values else None
        ),
        "disagree_volpts": max(values) - min(values) if len(values) > 1 else None,
    }
    past = ("d5_volpts", "d60_volpts", "z", "percentile_252d")
    return Volatility(
        regime=state.regime,
        since_at=state.since_at,
        vol_regime_age_s=(at - state.since_at).total_seconds(),
        x=state.samples[-1],
        x_kind=state.kind,
        vol_crush=fall,
        source_ages=dict(sources.ages_s),
        reasons={
            name: "INSUFFICIENT_SAMPLES" if name in past else "NO_DATA"
            for name, value in optional.items()
            if value is None
        },
        **optional,
    )


def update(state: State, sample: Sample, settings: Settings) -> State:
    """Take one sample; one without a value, or not newer than the last, changes nothing."""
    if sample.x is None or not math.isfinite(sample.x):
        return state
    if state.at is not None and sample.at <= state.at:
        return state
    if sample.kind != state.kind:
        # Levels of different kinds are never differenced; the regime itself is kept.
        state = replace(state, kind=sample.kind, samples=(), in_session=0)
    if sample.session != state.session:
        state = replace(state, session=sample.session, in_session=0)
    measured = _measure(state, sample, sample.x, settings)
    return _move(measured, sample, sample.x, settings)


def _measure(state: State, sample: Sample, x: float, settings: Settings) -> State:
    return replace(
        state,
        at=sample.at,
        samples=(*state.samples, x)[-settings.history - 1 :],
        in_session=state.in_session + 1,
        rise_short=_rise(state, x, settings.short_samples),
        rise_long=_rise(state, x, settings.long_samples),
        z=_z(state.samples[-settings.history :], x, settings),
    )


def _rise(state: State, x: float, samples: int) -> float | None:
    return x - state.samples[-samples] if state.in_session >= samples else None


def _z(history: Sequence[float], x: float, settings: Settings) -> float | None:
    n = len(history)
    if n < settings.min_history:
        return None
    mean = math.fsum(history) / n
    variance = math.fsum((each - mean) ** 2 for each in history) / (n - 1)
    return (x - mean) / max(math.sqrt(variance), settings.sd_floor)


def _move(state: State, sample: Sample, x: float, settings: Settings) -> State:
    found = _classify(state, x, settings)
    if state.regime is None or state.since_at is None:
        return replace(state, regime=found, since_at=sample.at, higher=0, calm=0)
    raised = _rank(found) > max(_rank(state.regime), _rank(VolRegime.NORMAL))
    higher = state.higher + 1 if raised else 0
    calm = state.calm + 1 if found is VolRegime.BENIGN else 0
    counted = replace(state, higher=higher, calm=calm)
    held_s = (sample.at - state.since_at).total_seconds()
    target = _risen(counted, found, x, settings) or _fallen(counted, found, x, held_s, settings)
    if target is None or target is state.regime:
        return counted
    return replace(counted, regime=target, since_at=sample.at, higher=0, calm=0)


def _classify(state: State, x: float, settings: Settings) -> VolRegime:
    if x >= settings.shock or _reaches(state.rise_short, settings.shock_rise):
        return VolRegime.SHOCK
    rising = _reaches(state.rise_long, settings.elevated_rise)
    if x >= settings.elevated or rising or _reaches(state.z, settings.elevated_z):
        return VolRegime.ELEVATED
    unusually_low = state.z is not None and state.z <= settings.benign_z
    return VolRegime.BENIGN if x <= settings.benign and unusually_low else VolRegime.NORMAL


def _risen(state: State, found: VolRegime, x: float, settings: Settings) -> VolRegime | None:
    if found is VolRegime.SHOCK:
        return found
    if state.higher >= settings.elevated_samples:
        return found
    if state.regime is not VolRegime.BENIGN or found is not VolRegime.NORMAL:
        return None
    unusually_high = state.z is not None and state.z > settings.benign_out_z
    return VolRegime.NORMAL if x > settings.benign_out or unusually_high else None


def _fallen(
    state: State, found: VolRegime, x: float, held_s: float, settings: Settings
) -> VolRegime | None:
    if held_s < settings.dwell_s or state.regime is None or _rank(found) >= _rank(state.regime):
        return None
    if state.regime is VolRegime.SHOCK:
        still = _reaches(state.rise_short, settings.shock_out_rise)
        return found if x < settings.shock_out and not still else None
    if state.regime is VolRegime.ELEVATED:
        rising = _reaches(state.rise_long, settings.elevated_out_rise)
        still = rising or _reaches(state.z, settings.elevated_out_z)
        return found if x < settings.elevated_out and not still else None
    return found if state.calm >= settings.benign_samples else None


def _reaches(value: float | None, limit: float) -> bool:
    # What is not known meets no condition, neither on the way up nor as a reason to stay.
    return value is not None and value >= limit


def _rank(regime: VolRegime) -> int:
    return tuple(VolRegime).index(regime)


def percentile(closes: Sequence[float], x: float | None) -> float | None:
    """Share of the closes below x, ties by half; None without either."""
    if not closes or x is None:
        return None
    below, equal = sum(close < x for close in closes), sum(close == x for close in closes)
    return (below + equal / 2) / len(closes)

"""The history of VIX1D: each value's regime, and the closes it is ranked among (DOMAIN 3.17)."""

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from analytics.backfill.jobs.base import Job, Row, Step
from analytics.backfill.records import VIX1D, Record, refused
from analytics.calculators import volatility
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.readings import Unavailable, plain

_KIND = "vix1d"
_AFTER_CLOSE = timedelta(minutes=15)  # the index is computed until then
_MOST_POINTS = 1_000.0


@dataclass(frozen=True, slots=True)
class State:
    """The regime, the closes before this session, and the session's last value."""

    regime: volatility.State = field(default_factory=volatility.State)
    closes: tuple[float, ...] = ()
    last: float | None = None
    session_open: str = ""


def step(state: State, record: Record) -> Step:
    """Take one value; near open and close the regime holds its state, as it does live."""
    value, said = _number(record.body.get("value")), record.body.get("value")
    session = _session(record)
    if value is None:
        return Step(
            state, refused=(refused("SENTINEL", "VIX1D", f"expected points, was {said!r}"),)
        )
    if session is None:
        why = f"{record.at} lies in no session"
        return Step(state, refused=(refused("SESSION_CLOSED", "VIX1D", why),))
    own = section("analytics.volatility", volatility.Settings)
    state = _turned(state, session, own)
    held = volatility.is_held(record.at, session.open_at, session.close_at)
    sample = volatility.Sample(record.at, session.date, None if held else value, _KIND)
    regime = volatility.update(state.regime, sample, own)
    state = replace(state, regime=regime, last=value)
    return Step(state, (Row(record.at, _said(state, record, value, own)),))


def _said(state: State, record: Record, value: float, own: volatility.Settings) -> dict[str, Any]:
    source = str(record.body.get("source", "file"))
    closes = state.closes
    sources = volatility.Sources(
        vix1d={source: value}, vix1d_prev_close=closes[-1] if closes else None,
        ages_s={source: 0.0}, daily_closes=closes,
    )  # fmt: skip
    found = volatility.compute(state.regime, sources, record.at, own)
    reading = None if isinstance(found, Unavailable) else plain(found)
    return {
        "vix1d": value, "source": source,
        "vix1d_prev_close": sources.vix1d_prev_close,
        "percentile_252d": volatility.percentile(closes[-own.percentile_days :], value),
        "volatility": reading,
        "reason": found.reason if isinstance(found, Unavailable) else None,
    }  # fmt: skip


def _turned(state: State, session: Session, own: volatility.Settings) -> State:
    begun = session.open_at.isoformat()
    if state.session_open == begun:
        return state
    closes = state.closes if state.last is None else (*state.closes, state.last)
    return replace(state, closes=closes[-own.percentile_days :], last=None, session_open=begun)


def _session(record: Record) -> Session | None:
    found = calendar.session(calendar.session_date(record.at))
    return found if found.open_at <= record.at <= found.close_at + _AFTER_CLOSE else None


def _number(said: object) -> float | None:
    try:
        value = float(str(said))
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 < value < _MOST_POINTS else None


JOB = Job("vix1d", VIX1D, State, step, ("analytics.volatility",))

"""The timetable as data: what beat fires, how often, with what (DOMAIN 3.21).

Cadences are platform seconds; the scheduler divides them by the clock's speed. Each entry's message
expires after one period, so that a backlog is never worked through late.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quanticity.config import loader
from quanticity.config.universe import universe


@dataclass(frozen=True, slots=True)
class Settings:
    """Platform seconds between two runs."""

    vpin_s: float
    sweep_s: float
    toxicity_s: float
    exposures_s: float
    forced_flow_s: float
    clusters_s: float
    volatility_s: float
    score_s: float
    open_s: float
    entries_s: float
    positions_s: float
    book_s: float
    answer_s: float
    announce_s: float
    deliver_s: float
    strategies: tuple[str, ...]


def timetable() -> dict[str, dict[str, Any]]:
    """Beat's schedule: entry name -> task, cadence, arguments."""
    s = loader.section("timetable", Settings)
    entries: dict[str, dict[str, Any]] = {}
    for symbol in universe().depth:
        entries |= _every(s.vpin_s, "analytics.refresh_vpin", symbol)
        entries |= _every(s.sweep_s, "analytics.refresh_sweep", symbol)
        entries |= _every(s.toxicity_s, "analytics.refresh_toxicity", symbol)
        entries |= _every(s.clusters_s, "analytics.refresh_flow_clusters", symbol)
    for symbol in universe().chains:
        entries |= _every(s.exposures_s, "analytics.refresh_exposures", symbol)
        entries |= _every(s.forced_flow_s, "analytics.refresh_forced_flow", symbol)
        for strategy in s.strategies:
            entries |= _every(s.score_s, "pipeline.score_and_open", strategy, symbol)
    entries |= _every(s.volatility_s, "analytics.refresh_volatility")
    entries |= _every(s.open_s, "pipeline.open_owed")
    entries |= _every(s.entries_s, "execution.manage_entries")
    entries |= _every(s.positions_s, "execution.manage_positions")
    entries |= _every(s.book_s, "execution.book_owed")
    entries |= _every(s.answer_s, "pipeline.answer_owed")
    entries |= _every(s.announce_s, "pipeline.announce_owed")
    entries |= _every(s.deliver_s, "pipeline.deliver_owed")
    return entries


def _every(seconds: float, task: str, *args: str) -> dict[str, dict[str, Any]]:
    name = " ".join((task, *args))
    return {
        name: {"task": task, "schedule": timedelta(seconds=seconds), "args": args, "kwargs": {}}
    }

"""The timetable as data: what beat fires, how often, with what (DOMAIN 3.21).

Cadences are platform seconds; the scheduler divides them by the clock's speed. Each entry's message
expires after one period, so that a backlog is never worked through late.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from quanticity.config import loader
from quanticity.config.universe import universe


@dataclass(frozen=True, slots=True)
class Settings:
    """Platform seconds between two runs."""

    vpin_s: float
    sweep_s: float
    hidden_s: float
    toxicity_s: float
    exposures_s: float
    exposures_depth_s: float
    forced_flow_s: float
    unusual_s: float
    clusters_s: float
    moc_s: float
    technicals_s: float
    volatility_s: float
    snapshot_s: float
    summary_s: float
    sector_s: float
    correlation_s: float
    discovery_s: float
    score_s: float
    open_s: float
    entries_s: float
    positions_s: float
    watch_s: float
    session_end_s: float
    statements_s: float
    book_s: float
    answer_s: float
    shadows_s: float
    announce_s: float
    deliver_s: float
    post_s: float
    receipts_s: float
    letters_s: float
    engagement_s: float
    feeds_s: float
    strategies: tuple[str, ...]


Entries = dict[str, dict[str, Any]]
# Where each playbook's numbers stand.
PLAYBOOKS = {
    "0DTE": "analytics.strategies.zero_dte",
    "1DTE": "analytics.strategies.one_dte",
    "14DTE": "analytics.strategies.fourteen_dte",
    "MOC": "analytics.strategies.moc",
}
# By stage, and by name where one of its tasks goes elsewhere.
_QUEUES = {
    "analytics": "market",
    "analytics.discover": "reporting",
    "analytics.fetch_sentiment": "reporting",
    "analytics.fetch_vix1d": "reporting",
    "execution": "execution",
    "execution.open_position": "entries",
    "execution.check_statements": "reporting",
    "publishing": "publishing",
    "reporting": "reporting",
    "pipeline": "market",
    "pipeline.fetch_chain": "reporting",
    "pipeline.open_owed": "execution",
    "pipeline.answer_owed": "execution",
    "pipeline.announce_owed": "publishing",
    "pipeline.deliver_owed": "publishing",
    "pipeline.post_owed": "publishing",
}


def timetable() -> Entries:
    """Beat's schedule: entry name -> task, cadence, arguments."""
    s = loader.section("timetable", Settings)
    entries: Entries = {}
    for symbol in universe().symbols:
        entries |= _of_symbol(s, symbol)
    for symbol in universe().depth:
        entries |= _every(s.hidden_s, "analytics.refresh_hidden", symbol)
    for symbol in universe().chains:
        entries |= _of_chain(s, symbol)
    for sector in universe().held_sectors:
        entries |= _every(s.sector_s, "analytics.refresh_sector", sector)
    for seconds, task in (*_whole_market(s), *_owed(s)):
        entries |= _every(seconds, task)
    return entries | _of_sources(s)


def exposures_s(symbol: str) -> float:
    """Least platform seconds between two exposures of a symbol.

    0DTE refuses inputs older than 15 s (DOMAIN 5.2), so its candidates are looked at more often.
    """
    s: Settings = loader.section("timetable", Settings)
    return s.exposures_depth_s if symbol in universe().depth else s.exposures_s


def strategies_of(symbol: str) -> tuple[str, ...]:
    """The playbooks that are scored on a symbol: they have nothing to say of others."""
    s = loader.section("timetable", Settings)
    return tuple(
        strategy
        for strategy in s.strategies
        if symbol in loader.values(PLAYBOOKS[strategy])["symbols"]
    )


def _of_sources(s: Settings) -> Entries:
    """Sources that are on; each fetch takes its own turn, so this only has to be often enough."""
    entries: Entries = {}
    urls, wanted = settings.FEED_URLS, universe()
    has_key = bool(settings.ALPHAVANTAGE_API_KEY)
    for feed, is_on in (("alphavantage", has_key), ("cboe_delayed", urls["QC_CBOE_QUOTES_URL"])):
        for symbol in wanted.chains if is_on else ():
            entries |= _every(s.feeds_s, "pipeline.fetch_chain", feed, symbol)
    for symbol in wanted.stocks if has_key else ():
        entries |= _every(10 * s.feeds_s, "analytics.fetch_sentiment", symbol)
    if urls["QC_CBOE_VIX1D_URL"] or urls["QC_YAHOO_URL"]:
        entries |= _every(10 * s.feeds_s, "analytics.fetch_vix1d")
    return entries


def _of_symbol(s: Settings, symbol: str) -> Entries:
    return (
        _every(s.vpin_s, "analytics.refresh_vpin", symbol)
        | _every(s.sweep_s, "analytics.refresh_sweep", symbol)
        | _every(s.toxicity_s, "analytics.refresh_toxicity", symbol)
        | _every(s.clusters_s, "analytics.refresh_flow_clusters", symbol)
        | _every(s.technicals_s, "analytics.refresh_technicals", symbol)
        | _every(s.moc_s, "analytics.refresh_moc", symbol)
        | _every(s.snapshot_s, "analytics.refresh_snapshot", symbol)
        | _every(s.discovery_s, "analytics.discover", symbol)
    )


def _of_chain(s: Settings, symbol: str) -> Entries:
    entries = (
        _every(exposures_s(symbol), "analytics.refresh_exposures", symbol)
        | _every(s.forced_flow_s, "analytics.refresh_forced_flow", symbol)
        | _every(s.unusual_s, "analytics.refresh_unusual", symbol)
    )
    if strategies_of(symbol):
        entries |= _every(s.score_s, "pipeline.score_and_open", symbol)
    return entries


def _whole_market(s: Settings) -> Iterable[tuple[float, str]]:
    return (
        (s.volatility_s, "analytics.refresh_volatility"),
        (s.correlation_s, "analytics.refresh_correlation"),
        (s.summary_s, "analytics.refresh_summary"),
    )


def _owed(s: Settings) -> Iterable[tuple[float, str]]:
    return (
        (s.open_s, "pipeline.open_owed"),
        (s.entries_s, "execution.manage_entries"),
        (s.positions_s, "execution.manage_positions"),
        (s.watch_s, "execution.watch_breakers"),
        (s.session_end_s, "execution.end_session"),
        (s.statements_s, "execution.check_statements"),
        (s.book_s, "execution.book_owed"),
        (s.shadows_s, "execution.follow_shadows"),
        (s.answer_s, "pipeline.answer_owed"),
        (s.announce_s, "pipeline.announce_owed"),
        (s.deliver_s, "pipeline.deliver_owed"),
        (s.post_s, "pipeline.post_owed"),
        (s.receipts_s, "publishing.record_receipts"),
        (s.letters_s, "publishing.send_letters"),
        (s.engagement_s, "publishing.fetch_engagement"),
    )


def _every(seconds: float, task: str, *args: str) -> Entries:
    name = " ".join((task, *args))
    return {
        name: {
            "task": task,
            "schedule": timedelta(seconds=seconds),
            "args": args,
            "kwargs": {},
            "options": {"queue": queue(task)},
        }
    }


def queue(task: str) -> str:
    """Where a task goes: beat only names tasks, and does not know what they declare."""
    return _QUEUES.get(task) or _QUEUES[task.partition(".")[0]]

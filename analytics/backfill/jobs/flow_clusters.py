"""Flow clusters of past prints: the last quarter of an hour, described every cadence (DOMAIN 3.14).

A description is of the prints that had happened by its instant, whenever they were received; it is
made when a later record shows that no more of them will come.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from analytics.backfill.jobs.base import Job, Row, Step
from analytics.backfill.records import PRINTS, Record, Refused, refused
from analytics.calculators import flow_bursts, flow_clusters, trade_signing
from analytics.calculators.trade_signing import SignedTrade
from analytics.ingestion import sentinels
from quanticity.config import timetable
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.domain.market import Trade
from quanticity.domain.readings import Unavailable, plain
from quanticity.gateway import tapes

_LARGE_PRINTS_N, _LARGE_RANK = 500, 0.99


@dataclass(frozen=True, slots=True)
class State:
    """The prints of the window, oldest first; the last two prices; the model's memory."""

    prints: tuple[SignedTrade, ...] = ()
    place: trade_signing.Place = (None, None)
    memory: flow_clusters.Memory = field(default_factory=flow_clusters.Memory)
    described_at: datetime | None = None


def step(state: State, record: Record) -> Step:
    """Take the prints of one record, and describe every instant that has passed with it."""
    trades, wrong = _trades(record)
    rows = []
    for at in _instants(state.described_at, trades, record.at):
        state = _taken(state, [t for t in trades if t.event_at <= at])
        trades = [t for t in trades if t.event_at > at]
        state, row = _described(state, at)
        rows += row
    return Step(_taken(state, trades), tuple(rows), tuple(wrong))


def _trades(record: Record) -> tuple[list[Trade], list[Refused]]:
    """The prints of regular hours in order of their time, and those that are refused."""
    good: list[Trade] = []
    wrong: list[Refused] = []
    said = record.body.get("trades")
    for one in said if isinstance(said, list) else [said]:
        trade = _trade(record, one)
        if isinstance(trade, Trade):
            good.append(trade)
        else:
            wrong.append(trade)
    return sorted(good, key=lambda trade: trade.event_at), wrong


def _trade(record: Record, said: Any) -> Trade | Refused:
    try:
        named = {"event_at": record.at, **said, "instrument": record.symbol}
        at = named.pop("timestamp", None)
        trade: Trade = tapes.value_of("trade", named if at is None else {**named, "event_at": at})
        reason = sentinels.of_trade(trade)
        if reason is None and trade.event_at > record.at:
            reason = "FROM_THE_FUTURE"
        if reason is None and calendar.current(trade.event_at) is None:
            reason = "SESSION_CLOSED"
    except (MalformedInput, TypeError) as error:
        return refused("MALFORMED", record.symbol, f"{error}")
    return trade if reason is None else refused(reason, record.symbol, f"{said!r}")


def _instants(last: datetime | None, trades: list[Trade], until: datetime) -> Iterator[datetime]:
    """The cadence's instants since the last one, in the sessions that saw prints."""
    every = timedelta(seconds=section("timetable", timetable.Settings).clusters_s)
    known = [trade.event_at for trade in trades] + ([] if last is None else [last])
    sessions = {s.open_at: s for at in known if (s := calendar.current(at)) is not None}
    for session in (sessions[opened] for opened in sorted(sessions)):
        at = session.open_at + every
        while at <= min(until, session.close_at):
            if last is None or at > last:
                yield at
            at += every


def _taken(state: State, trades: list[Trade]) -> State:
    if not trades:
        return state
    own = section("analytics.trade_signing", trade_signing.Settings)
    signer = trade_signing.Signer(own, place=state.place)
    signed = tuple(signer.take(trade) for trade in trades)
    return replace(state, prints=(*state.prints, *signed), place=signer.place)


def _described(state: State, at: datetime) -> tuple[State, list[Row]]:
    own = section("analytics.flow_clusters", flow_clusters.Settings)
    first = at - timedelta(seconds=own.window_s)
    prints = tuple(each for each in state.prints if each.trade.event_at >= first)
    state = replace(state, prints=prints, described_at=at)
    if not prints:
        return state, []
    bursts = flow_bursts.find(prints, own.gap_ms, own.sweep_levels)
    memory = flow_clusters.turn(state.memory, calendar.session_date(at), own)
    own = replace(own, scale=memory.scale or own.scale)
    model = flow_clusters.fit(bursts, memory.model, own)
    memory = flow_clusters.learn(memory, bursts, model, own)
    references = flow_clusters.References(memory.yesterday, _large_usd(prints))
    found = flow_clusters.compute(bursts, model, references, own)
    return replace(state, memory=memory), [Row(at, _said(found, len(prints)))]


def _large_usd(prints: tuple[SignedTrade, ...]) -> float | None:
    """The 99th percentile of print notional in dollars, as it is seen before it is learned."""
    sizes = sorted(each.notional for each in prints)
    return sizes[int(_LARGE_RANK * len(sizes))] if len(sizes) >= _LARGE_PRINTS_N else None


def _said(found: flow_clusters.FlowClusters | Unavailable, prints_n: int) -> dict[str, Any]:
    if isinstance(found, Unavailable):
        return {"data": None, "reason": found.reason, "prints": prints_n}
    return {"data": plain(found), "reason": None, "prints": prints_n}


JOB = Job(
    "flow-clusters", PRINTS, State, step,
    ("analytics.flow_clusters", "analytics.trade_signing", "timetable"), is_single=False,
)  # fmt: skip

"""A folder of recordings as a market: bars, prints and quotes, option chains (pure)."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import tape, tape_chains, tape_minutes, tape_prints
from quanticity.gateway.simulated.indexes import PARENT, parent
from quanticity.gateway.simulated.levels import Recorded
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.recorded_chain import Snapshot

_INDEX = "SPX"


def load(path: Path, market: Market) -> list[Session]:
    """Put every recording of listed symbols into the market; return the recorded sessions."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    sessions = {session.date: session for session in tape.load(files, market.tapes)}
    for (name, session), prints in tape_prints.load(files, market.tapes).items():
        market.record_prints(name, session.date, prints)
        sessions[session.date] = session
    for day in _chains(files, market):
        sessions[day.date] = day
    if not sessions:
        raise MalformedInput(f"expected recordings of listed symbols, found none in {path}")
    return [sessions[day] for day in sorted(sessions)]


# Snapshots of a day take over from each other; underlyings without bars are led through their
# spots.
def _chains(files: Iterable[Path], market: Market) -> list[Session]:
    files = list(files)
    found = [snapshot for file in files if (snapshot := tape_chains.read(file)) is not None]
    spans = _indexes(files, market)
    found += [snapshot for file in files for snapshot in tape_minutes.snapshots(file, spans)]
    found.sort(key=lambda snapshot: snapshot.at)
    _set_ratios(found, market)
    spots: dict[tuple[str, date], dict[datetime, float]] = {}
    for snapshot in found:
        if snapshot.name == PARENT or parent(snapshot.name) != PARENT:
            spots.setdefault((snapshot.name, snapshot.day), {})[snapshot.at] = snapshot.spot
    for snapshot in found:
        multiple = market.tapes.index_multiple(snapshot.day)
        if snapshot.name == _INDEX and (PARENT, snapshot.day) not in spots:
            spots[PARENT, snapshot.day] = {snapshot.at: snapshot.spot / multiple}
    for (name, day), points in spots.items():
        _lead(name, day, points, market)
    for snapshot in found:
        market.record_chain(snapshot)
    return [calendar.session(snapshot.day) for snapshot in found]


# SPX moves with SPY; where both were recorded, by the ratio of that day.
def _set_ratios(found: list[Snapshot], market: Market) -> None:
    funds = {snapshot.day: snapshot.spot for snapshot in found if snapshot.name == PARENT}
    for snapshot in found:
        if snapshot.name == _INDEX and snapshot.day in funds:
            market.tapes.set_index_multiple(snapshot.day, snapshot.spot / funds[snapshot.day])


# An index's minutes are its fund's path; the fund trades what it usually does.
def _indexes(files: Iterable[Path], market: Market) -> dict[date, list[tape.Span]]:
    spans: dict[date, list[tape.Span]] = {}
    for file in files:
        found = tape_minutes.index(file)
        if found is None or found[0] != _INDEX or not found[2]:
            continue
        _, session, spans[session.date] = found
        tapes = market.tapes
        if not tapes.is_recorded(PARENT, session.date):
            multiple = tapes.index_multiple(session.date)
            shares = tapes.stock(PARENT).adv_shares / len(found[2])
            path = [one.scaled(1 / multiple, shares) for one in found[2]]
            ends = Recorded(session.date, path[0].open, path[-1].close)
            tapes.levels.record(PARENT, ends)
            tapes.record(tape.make(PARENT, session, path, tapes))
    return spans


def _lead(name: str, day: date, points: dict[datetime, float], market: Market) -> None:
    tapes = market.tapes
    if not tapes.is_recorded(name, day):
        prices = list(points.values())
        tapes.levels.record(name, Recorded(day, prices[0], prices[-1]))
        tapes.pass_through(name, points)

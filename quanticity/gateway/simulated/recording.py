"""A folder of recordings as a market: bars, prints and quotes, option chains (pure)."""

from collections.abc import Iterable
from pathlib import Path

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import tape, tape_chains, tape_prints
from quanticity.gateway.simulated.indexes import PARENT, parent
from quanticity.gateway.simulated.levels import Recorded
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.recorded_chain import Snapshot


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


# The first snapshot of a day counts; underlyings without bars are led through its spot.
def _chains(files: Iterable[Path], market: Market) -> list[Session]:
    found: dict[tuple[str, object], Snapshot] = {}
    for file in files:
        snapshot = tape_chains.read(file)
        if snapshot is not None:
            found.setdefault((snapshot.name, snapshot.day), snapshot)
    for snapshot in found.values():
        # SPX moves with SPY; where both were recorded, by the ratio of that day.
        other = found.get((PARENT, snapshot.day))
        if snapshot.name == "SPX" and other is not None:
            market.tapes.set_index_multiple(snapshot.day, snapshot.spot / other.spot)
        else:
            _lead(snapshot, market)
    for snapshot in found.values():
        market.record_chain(snapshot)
    return [calendar.session(snapshot.day) for snapshot in found.values()]


def _lead(snapshot: Snapshot, market: Market) -> None:
    driver, tapes = parent(snapshot.name), market.tapes
    price = snapshot.spot
    if driver != snapshot.name:
        price /= tapes.index_multiple(snapshot.day)
    if not tapes.is_recorded(driver, snapshot.day):
        tapes.levels.record(driver, Recorded(snapshot.day, price, price))
        tapes.pass_through(driver, snapshot.at, price)

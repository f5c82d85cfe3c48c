"""Bars of any size from the tapes, so that live bars and history agree (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.gateway.simulated.levels import Floats
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.prices import Tape

_MOST_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """Trades (or quotes) of one interval that began at `at`."""

    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    wap: float
    count: int


class Bars:
    """Makes bars of underlyings, keeping one-minute columns of past sessions."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._kept: dict[tuple[str, date, int, str], list[Bar]] = {}

    def between(
        self, name: str, seconds: int, after: datetime, until: datetime, what: str = "TRADES"
    ) -> list[Bar]:
        """Finished bars with after <= start and end <= until, oldest first."""
        found: list[Bar] = []
        for session in _sessions(after, until):
            first = max(int((after - session.open_at).total_seconds()), 0)
            last = min(int((until - session.open_at).total_seconds()), session.rth_s)
            whole = last if last == session.rth_s else last // seconds * seconds
            first = -(-first // seconds) * seconds
            found += self._make(name, session, seconds, slice(first, whole), what)
        return found

    def of_session(
        self, name: str, session: Session, seconds: int, now: datetime, what: str = "TRADES"
    ) -> list[Bar]:
        """All bars of one session up to `now`, the last of them perhaps unfinished."""
        done = min(int((now - session.open_at).total_seconds()), session.rth_s)
        if done <= 0:
            return []
        if done < session.rth_s:
            return list(self._make(name, session, seconds, slice(0, done), what))
        key = (name, session.date, seconds, what)
        if key not in self._kept:
            if len(self._kept) > _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = list(self._make(name, session, seconds, slice(0, done), what))
        return self._kept[key]

    def daily(self, name: str, session: Session, now: datetime, what: str = "TRADES") -> Bar | None:
        """The session's one bar, unfinished while it lasts."""
        bars = self.of_session(name, session, session.rth_s, now, what)
        return bars[0] if bars else None

    def _make(
        self, name: str, session: Session, seconds: int, span: slice, what: str
    ) -> Iterator[Bar]:
        if name not in self._market.tapes.settings.symbols:
            yield from self._index_bars(name, session, seconds, span)
            return
        tape = self._market.tapes.of(name, session)
        high, low, price = _columns(tape, what)
        volume = tape.bought.astype(np.int64) + tape.sold
        paid = tape.bought * tape.ask + tape.sold * tape.bid
        for first in range(span.start, span.stop, seconds):
            part = slice(first, min(first + seconds, span.stop))
            if what == "BID_ASK":
                yield _bid_ask(tape, part)
                continue
            shares = int(volume[part].sum()) if what == "TRADES" else 0
            wap = float(paid[part].sum()) / shares if shares else float(price[part].mean())
            yield Bar(
                session.open_at + timedelta(seconds=first), float(price[part][0]),
                round(float(high[part].max()), 4), round(float(low[part].min()), 4),
                float(price[part][-1]), shares, round(wap, 4),
                int((volume[part] > 0).sum()) if shares else 0,
            )  # fmt: skip

    def _index_bars(self, name: str, session: Session, seconds: int, span: slice) -> Iterator[Bar]:
        stride = max(min(seconds, 60), 1)
        for first in range(span.start, span.stop, seconds):
            at = session.open_at + timedelta(seconds=first)
            last = min(first + seconds, span.stop)
            seen = [
                self._market.spot(name, session.open_at + timedelta(seconds=n))
                for n in sorted({*range(first, last, max(stride, (last - first) // 20)), last - 1})
            ]
            yield Bar(at, seen[0], max(seen), min(seen), seen[-1], 0, seen[-1], 0)


# Mean bid, highest ask, lowest bid, mean ask: what the broker calls a bar of both.
def _bid_ask(tape: Tape, part: slice) -> Bar:
    bid, ask = tape.bid[part], tape.ask[part]
    means = round(float(bid.mean()), 4), round(float(ask.mean()), 4)
    at = tape.session.open_at + timedelta(seconds=part.start)
    return Bar(at, means[0], float(ask.max()), float(bid.min()), means[1], 0, sum(means) / 2, 0)


# High, low and price of each second for what is asked.
def _columns(tape: Tape, what: str) -> tuple[Floats, Floats, Floats]:
    if what == "TRADES":
        last = np.where(tape.bought >= tape.sold, tape.ask, tape.bid)
        return tape.high, tape.low, last
    quoted = {"BID": tape.bid, "ASK": tape.ask}.get(what, (tape.bid + tape.ask) / 2)
    return quoted, quoted, quoted


def _sessions(after: datetime, until: datetime) -> Iterator[Session]:
    day = calendar.on_or_after(after.date())
    while day.open_at < until:
        yield day
        day = calendar.next_session(day.date)

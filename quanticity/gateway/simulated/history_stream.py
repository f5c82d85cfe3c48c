"""A history request that is kept up to date: the running bar, and each new one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.clock import eastern
from quanticity.gateway.simulated.bar_desk import BarDesk
from quanticity.gateway.simulated.bars import Bar
from quanticity.gateway.simulated.contracts import ZONE, Listed
from quanticity.gateway.simulated.wire import frame


@dataclass(slots=True)
class HistoryStream:
    """One such request; it does not survive a loss of connectivity."""

    request_id: int
    listed: Listed
    seconds: int
    what: str
    desk: BarDesk
    epoch: bool
    sent: Bar | None = None
    looked: datetime | None = None

    def pulse(self, now: datetime) -> Iterator[bytes]:
        """The running bar when it changed."""
        session = calendar.current(now)
        if session is None:
            return
        elapsed = int((now - session.open_at).total_seconds())
        start = session.open_at + timedelta(seconds=elapsed // self.seconds * self.seconds)
        whole = start + timedelta(seconds=max(elapsed // 5 * 5 % self.seconds, 1))
        length = int((whole - start).total_seconds())
        found = self._running(session, start, whole, length)
        if found and found[-1] != self.sent:
            self.sent = bar = found[-1]
            yield frame(
                90, self.request_id, bar.count, date_text(bar.at, epoch=self.epoch), bar.open,
                bar.close, bar.high, bar.low, bar.wap, bar.volume,
            )  # fmt: skip

    # An option's quotes are looked up again every five seconds only.
    def _running(
        self, session: Session, start: datetime, whole: datetime, length: int
    ) -> list[Bar]:
        if self.listed.option is None:
            name = self.listed.symbol.name
            return self.desk.bars.between(name, length, start, whole, self.what)
        if self.looked == whole:
            return []
        self.looked = whole
        return self.desk.of(self.listed, session, self.seconds, whole, self.what, length)


def date_text(at: datetime, *, epoch: bool) -> str:
    """An instant as history spells it."""
    return str(int(at.timestamp())) if epoch else f"{eastern(at):%Y%m%d %H:%M:%S} {ZONE}"

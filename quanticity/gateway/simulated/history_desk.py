"""Requests for history: bars, with the broker's pacing rules."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.clock import NEW_YORK, eastern
from quanticity.gateway.simulated import contracts, option_bars
from quanticity.gateway.simulated.bar_desk import BarDesk
from quanticity.gateway.simulated.bars import Bar
from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.contracts import Listed
from quanticity.gateway.simulated.history_stream import HistoryStream, date_text
from quanticity.gateway.simulated.wire import Field, Fields, frame

_SIZES = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30, "1 min": 60,
    "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900, "20 mins": 1200,
    "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800, "4 hours": 14400,
}  # fmt: skip
_DAY = "1 day"
_WHAT = {"TRADES", "MIDPOINT", "BID", "ASK", "ADJUSTED_LAST", "BID_ASK"}
_DAILY = {option_bars.IMPLIED, option_bars.REALIZED}
_BURST, _BURST_WINDOW = 5, timedelta(seconds=2)
_DURATION = re.compile(r"^(\d+) ([SDWMY])$")
_SESSIONS = {"D": 1, "W": 5, "M": 21, "Y": 252}
_LONGEST_SESSIONS = 1300
_WINDOW = timedelta(seconds=600)
_SERVICE = "Historical Market Data Service error message:"


def history(link: Connection, fields: Fields) -> None:
    """Send bars, and keep them up to date when asked to."""
    request_id, asked = fields.integer(), contracts.read(fields)
    fields.skip()  # include expired
    end, size, duration = fields.text(), fields.text(), fields.text()
    fields.skip()  # regular hours only: there are no others
    what, form, keep = fields.text(), fields.integer(), fields.flag()
    listed = link.find(request_id, asked)
    if listed is None or _refused(link, request_id, listed, (end, size, duration, what)):
        return
    now, desk = link.floor.now(), BarDesk(link.floor.bars, link.floor.market)
    until = min(_end(end) or now, now)
    bars = _cut(desk, listed, size, duration, until, _source(what))
    _send(link, request_id, bars, until, epoch=form == 2, daily=size == _DAY)  # noqa: PLR2004 - format 2
    if keep and size in _SIZES:
        stream = HistoryStream(
            request_id,
            listed,
            _SIZES[size],
            _source(what),
            desk,
            form == 2,  # noqa: PLR2004 - format 2
        )
        link.subscribe(stream)


def cancel(link: Connection, fields: Fields) -> None:
    """End a history request that was kept up to date."""
    fields.skip()
    link.end(fields.integer())


def head(link: Connection, fields: Fields) -> None:
    """Tell the first instant there is history of."""
    request_id, asked = fields.integer(), contracts.read(fields)
    if link.find(request_id, asked) is not None:
        link.send(frame(88, request_id, "20200102 09:30:00 US/Eastern"))


def _refused(
    link: Connection, request_id: int, listed: Listed, asked: tuple[str, str, str, str]
) -> bool:
    end, size, duration, what = asked
    key = "|".join((str(listed.con_id), *asked))
    invalid, service = "Error validating request:-'bD' : cause -", _SERVICE
    for code, wrong, text in (
        (
            321,
            size not in {*_SIZES, _DAY},
            f"{invalid} Historical data bar size is invalid: {size}",
        ),
        (321, not _DURATION.match(duration), f"{invalid} Duration is invalid: {duration}"),
        (321, bool(end) and _end(end) is None, f"{invalid} End Date/Time is invalid: {end}"),
        (162, not _is_kept(listed, size, what), f"{service} No market data permissions."),
        (162, _too_fast(link, key), f"{service} API historical data query pacing violation"),
    ):
        if wrong:
            link.error(request_id, code, text)
            return True
    return False


# Trades and quotes of anything but an index; volatilities of stocks by the day.
def _is_kept(listed: Listed, size: str, what: str) -> bool:
    if what in _DAILY:
        return listed.sec_type == "STK" and size == _DAY
    return what in _WHAT


# 60 requests in ten minutes, of which BID_ASK counts twice; none twice within fifteen seconds; no
# six of a contract and kind within two seconds.
def _too_fast(link: Connection, key: str) -> bool:
    now, (con_id, *_, what) = link.floor.now(), key.split("|")
    recent = [(at, k) for at, k in link.asked_history if now - at < _WINDOW]
    again = any(k == key and now - at < timedelta(seconds=15) for at, k in recent)
    kind = [at for at, k in recent if k.startswith(f"{con_id}|") and k.endswith(f"|{what}")]
    burst = sum(now - at < _BURST_WINDOW for at in kind) >= _BURST
    weight = sum(1 + k.endswith("|BID_ASK") for _, k in recent)
    full = weight >= link.floor.settings.historical_per_600s
    refused = again or full or burst
    link.asked_history = recent if refused else [*recent, (now, key)]
    return refused


def _cut(
    bars: BarDesk, listed: Listed, size: str, duration: str, until: datetime, what: str
) -> list[Bar]:
    count, unit = _DURATION.match(duration).groups()  # type: ignore[union-attr]
    if unit == "S":
        session = _last_session(until)
        seconds = int(count)
        found = bars.of(listed, session, _SIZES.get(size, session.rth_s), until, what, seconds)
        end = min(until, session.close_at)
        return [bar for bar in found if bar.at >= end - timedelta(seconds=seconds)]
    wanted = min(int(count) * _SESSIONS[unit], _LONGEST_SESSIONS)
    found = []
    for session in _back(until, wanted):
        found += bars.of(listed, session, _SIZES.get(size, session.rth_s), until, what)
    return found


def _send(
    link: Connection, request_id: int, bars: list[Bar], until: datetime, *, epoch: bool, daily: bool
) -> None:
    rows: list[Field] = []
    for bar in bars:
        date = f"{eastern(bar.at):%Y%m%d}" if daily else date_text(bar.at, epoch=epoch)
        rows += [date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.wap, bar.count]
    first = bars[0].at if bars else until
    span = (date_text(first, epoch=False), date_text(until, epoch=False))
    link.send(frame(17, request_id, *span, len(bars), *rows))


def _source(what: str) -> str:
    return {"ADJUSTED_LAST": "TRADES"}.get(what, what)


# An instant with the name of its zone, in UTC with a dash, else New York's wall clock.
def _end(text: str) -> datetime | None:
    for form, zone in (("%Y%m%d-%H:%M:%S", None), ("%Y%m%d %H:%M:%S", NEW_YORK)):
        try:
            at = datetime.strptime(text[:17], form)  # noqa: DTZ007 - zoned in the next lines
            named = ZoneInfo(text[18:]) if zone and text[18:] else zone
        except (ValueError, ZoneInfoNotFoundError):
            continue
        return at.replace(tzinfo=named or UTC)
    return None


def _last_session(until: datetime) -> Session:
    return next(iter(_back(until, 1)))


def _back(until: datetime, count: int) -> list[Session]:
    day = calendar.on_or_after(until.date())
    while day.open_at >= until:
        day = calendar.previous_session(day.date)
    found = [day]
    while len(found) < count:
        found.append(calendar.previous_session(found[-1].date))
    return found[::-1]


DESK: dict[int, Handler] = {20: history, 25: cancel, 87: head}

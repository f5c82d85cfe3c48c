"""What sessions came to, from rows: every closed trade, or no review at all (DOMAIN 7.7)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from execution.models import AccountValues, Position, PositionEvent, SessionResult
from publishing import tiers
from publishing.posts.slots import first_of_week
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.calendar import Session
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.domain.tiers import Tier

Facts = dict[str, Any]
Measure = Callable[[Sequence[float]], Mapping[str, Any]]
_OVER = ("CLOSED", "SETTLED")
_LAST = (PositionEvent.Kind.EXIT, PositionEvent.Kind.EXPIRY)


def summary(session: Session, now: datetime) -> Facts | None:
    """One session's closed trades; None while one of them is not known whole or not told to all."""
    facts = _review([session], now)
    return facts and {**facts, "title": f"Session of {facts['period']}"}


def recap(session: Session, now: datetime) -> Facts | None:
    """The same of the week that ends with this session."""
    week = [first_of_week(session)]
    while week[-1].date < session.date:
        week.append(calendar.next_session(week[-1].date))
    facts = _review(week, now)
    return facts and {**facts, "title": f"Week of {facts['period']}"}


def teaser(session: Session, now: datetime) -> Facts | None:
    """What the last session came to, in the morning of the next."""
    facts = _review([calendar.previous_session(session.date)], now)
    return facts and {**facts, "title": f"Before the open: {facts['period']} in numbers"}


def performance(now: datetime, measure: Measure) -> Facts | None:
    """What all trades came to since the first."""
    rows = list(_closed(None, now).order_by("closed_at"))
    known = [_net_of(row, now) for row in rows]
    net = [value for value in known if value is not None]
    if not rows or len(net) < len(rows):
        return None
    first = calendar.session_date(rows[0].closed_at or now)
    last = calendar.session_date(now)
    sessions = 1 + calendar.sessions_to(last, calendar.session(first).open_at)
    return {
        **_counts(net),
        "n_provisional": sum(row.realised_net_usd is None for row in rows),
        **measure([float(value) for value in net]),
        "title": "Performance since the first trade",
        "period": f"{_day(first)} to {_day(last)}",
        "n_sessions": sessions,
        "net_usd": str(sum(net, Decimal(0))),
        "net_frac": None,
    }


def refuse_incomplete(facts: Facts, sessions: Sequence[Session]) -> None:
    """Raise MalformedInput when a review omits a trade that ended in its sessions.

    What ended is asked of the events, not of the positions that the review was made from.
    """
    begin, end = _span(sessions)
    ended = PositionEvent.objects.filter(
        kind__in=_LAST, clock_at__gt=begin, clock_at__lte=end,
        position__source=settings.TRADING_MODE, position__probe=False,
    )  # fmt: skip
    told = {one["trade_no"] for one in facts["trades"]}
    omitted = sorted(set(ended.values_list("position_id", flat=True)) - told)
    if omitted:
        raise MalformedInput(f"expected every closed trade in the review, without {omitted}")


def _review(sessions: Sequence[Session], now: datetime) -> Facts | None:
    trades = [_trade(row, now) for row in _closed(sessions, now).order_by("closed_at", "pk")]
    if any(trade is None for trade in trades):
        return None
    known = [trade for trade in trades if trade is not None]
    net = [Decimal(trade["realised_net_usd"]) for trade in known]
    facts = {
        **_counts(net),
        **_share_of_capital(net, sessions),
        "n_provisional": sum(bool(trade.get("provisional")) for trade in known),
        "n_settling": _settling(sessions),
        "period": _period(sessions),
        "trades": known,
        "best": max(known, key=_gain) if known else None,
        "worst": min(known, key=_gain) if known else None,
    }
    refuse_incomplete(facts, sessions)
    return facts


def _closed(sessions: Sequence[Session] | None, now: datetime) -> Any:
    rows = Position.objects.filter(source=settings.TRADING_MODE, probe=False, state__in=_OVER)
    if sessions is None:
        return rows.filter(closed_at__lte=now)
    begin, end = _span(sessions)
    return rows.filter(closed_at__gt=begin, closed_at__lte=end)


def _trade(row: Position, now: datetime) -> Facts | None:
    """A closed trade as its last event told it; None while some tier still waits for that."""
    event = row.events.filter(kind__in=_LAST).order_by("-seq").first()
    correction = row.events.filter(kind=PositionEvent.Kind.CORRECTION).order_by("-seq").first()
    if event is None or any(_is_awaited(one, now) for one in (event, correction) if one):
        return None
    latest = {} if correction is None else correction.facts
    names = ("realised_net_usd", "return_frac", "result", "fill_price", "provisional")
    corrected = {name: latest[name] for name in names if name in latest}
    return {**event.facts, **corrected}


def _is_awaited(event: PositionEvent, now: datetime) -> bool:
    numbers = section("publishing.tiers", tiers.Settings)
    told_at = tiers.clock_at(event.clock_at, event.created_at, numbers)
    return tiers.due_at(told_at, Tier.FREE, numbers) > now


def _net_of(row: Position, now: datetime) -> Decimal | None:
    """What a trade came to; as it was told while a cost is unknown, None before that."""
    if row.realised_net_usd is not None:
        return row.realised_net_usd
    told = _trade(row, now)
    return None if told is None else Decimal(told["realised_net_usd"])


def _settling(sessions: Sequence[Session]) -> int:
    """How many trades are held to an expiry in these sessions whose outcome is not known yet."""
    held = Position.objects.filter(source=settings.TRADING_MODE, probe=False, quantity_open__gt=0)
    last = sessions[-1].date
    return sum(parse_occ(occ).expiry <= last for occ in held.values_list("occ", flat=True))


def _counts(net: Sequence[Decimal]) -> Facts:
    wins, losses = sum(value > 0 for value in net), sum(value < 0 for value in net)
    return {
        "n_trades": len(net),
        "n_wins": wins,
        "n_losses": losses,
        "n_flats": len(net) - wins - losses,
    }


def _share_of_capital(net: Sequence[Decimal], sessions: Sequence[Session]) -> Facts:
    total, capital = sum(net, Decimal(0)), _capital(sessions[0])
    frac = str(round(total / capital, 6)) if capital else None
    return {"net_usd": str(total), "net_frac": frac}


def _capital(session: Session) -> Decimal | None:
    """What the account began this session with: as it was kept when that ended, or of today."""
    kept = SessionResult.objects.filter(
        session_date=session.date, source=settings.TRADING_MODE, start_usd__isnull=False
    )
    found = kept.values_list("start_usd", flat=True).first()
    if found is not None or calendar.session_date(clock.now()) != session.date:
        return found
    values = AccountValues.objects.exclude(start_of_day_usd=None)
    return values.values_list("start_of_day_usd", flat=True).first()


def _gain(trade: Facts) -> Decimal:
    return Decimal(str(trade["return_frac"] or 0))


def _span(sessions: Sequence[Session]) -> tuple[datetime, datetime]:
    before = calendar.previous_session(sessions[0].date)
    return before.close_at + calendar.AFTER_HOURS, sessions[-1].close_at + calendar.AFTER_HOURS


def _period(sessions: Sequence[Session]) -> str:
    first, last = sessions[0].date, sessions[-1].date
    return _day(first) if first == last else f"{_day(first)} to {_day(last)}"


def _day(day: Any) -> str:
    return f"{day:%b} {day.day}, {day:%Y}"

"""Timed exits: when a position must go, whatever its price (DOMAIN 6.9).

Every rule is relative to the session's own open and close, so half days need no rule of their own.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.domain.signals import Strategy


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.exits]: minutes before a close or after an open; days before expiry."""

    zero_dte_before_close_min: float
    expiry_before_close_min: float
    one_dte_losing_after_open_min: float
    one_dte_before_close_min: float
    fourteen_dte_before_close_min: float
    moc_before_close_min: float
    moc_hard_before_close_min: float
    moc_hard_after_close_min: float
    moc_hard_before_end_min: float
    one_dte_reduce_before_close_min: float
    fourteen_dte_notice_days: tuple[int, ...]
    desperate_before_close_min: float
    alarm_before_close_min: float
    bid_max_age_s: float


@dataclass(frozen=True, slots=True)
class Held:
    """What a timed exit depends on."""

    strategy: Strategy
    expiry: date
    opened: date  # session
    entry: Decimal
    mark: Decimal | None
    spared: bool = False  # looked at an hour after its last open, and above its entry
    trades_until: datetime | None = None  # in the session it was opened, as the broker says


class Haste(IntEnum):
    """How little time an exit has left on the day it must be over."""

    USUAL = 0
    DESPERATE = 1
    ALARMING = 2


def is_due(held: Held, at: datetime, s: Settings) -> bool:
    """Say whether a rule tells this position to leave now."""
    return any(at >= instant for instant in _instants(held, s))


def seconds_to_next(held: Held, at: datetime, s: Settings) -> float | None:
    """Seconds until the next rule tells this position to leave; None when none is ahead."""
    ahead = [instant for instant in _instants(held, s) if instant > at]
    return (min(ahead) - at).total_seconds() if ahead else None


def is_halving_due(held: Held, opened_at: datetime, at: datetime, s: Settings) -> bool:
    """Say whether a 1DTE sells half before its first night; a late one is left whole."""
    if held.strategy is not Strategy.ONE_DTE or calendar.session_date(at) != held.opened:
        return False
    close_at = calendar.session(held.opened).close_at
    due_at = close_at - timedelta(minutes=s.one_dte_reduce_before_close_min)
    return opened_at < due_at <= at < close_at


def is_spared(held: Held, at: datetime, s: Settings) -> bool:
    """Say whether a 1DTE may stay till an hour before its last close: asked once (6.9)."""
    early = _early(held, s)
    above = held.mark is not None and held.mark > held.entry
    return held.strategy is Strategy.ONE_DTE and not held.spared and above and at >= early


def notice(held: Held, at: datetime, s: Settings) -> int | None:
    """The notice that a 14DTE's days to expiry call for, the nearest; None while it has time.

    A day that is no session has its notice on the next.
    """
    if held.strategy is not Strategy.FOURTEEN_DTE:
        return None
    days = calendar.days_to(held.expiry, at)
    return min((n for n in s.fourteen_dte_notice_days if days <= n), default=None)


def haste(held: Held, at: datetime, s: Settings) -> Haste:
    """How pressing an exit is that has begun: minutes to the close on its last day."""
    if not is_trading(held.opened, held.trades_until, at):
        return Haste.USUAL
    today = calendar.session(calendar.session_date(at))
    if held.expiry != today.date:
        # A market-on-close trade begins to leave later than others have to be gone.
        is_hard = held.strategy is Strategy.MOC and at >= _moc_hard_at(held, today, s)
        return Haste.ALARMING if is_hard else Haste.USUAL
    left = (today.close_at - at) / timedelta(minutes=1)
    if left <= s.alarm_before_close_min:
        return Haste.ALARMING
    return Haste.DESPERATE if left <= s.desperate_before_close_min else Haste.USUAL


def is_trading(opened: date, trades_until: datetime | None, at: datetime) -> bool:
    """Say whether a contract can be sold: in regular hours, longer on the day it was bought.

    How much longer on that day the broker said then.
    """
    if calendar.current(at) is not None or trades_until is None:
        return calendar.current(at) is not None
    return calendar.session(opened).close_at <= at < trades_until


# A minute before its contract ends with the close; of one that trades longer, well after it.
def _moc_hard_at(held: Held, today: Session, s: Settings) -> datetime:
    until = held.trades_until if held.opened == today.date else None
    last = today.close_at - timedelta(minutes=s.moc_hard_before_close_min)
    if until is None or until <= today.close_at:
        return last
    after = today.close_at + timedelta(minutes=s.moc_hard_after_close_min)
    return max(last, min(after, until - timedelta(minutes=s.moc_hard_before_end_min)))


def _instants(held: Held, s: Settings) -> list[datetime]:
    last = calendar.session(held.expiry)
    found = [last.close_at - timedelta(minutes=s.expiry_before_close_min)]
    match held.strategy:
        case Strategy.ZERO_DTE:
            found.append(last.close_at - timedelta(minutes=s.zero_dte_before_close_min))
        case Strategy.ONE_DTE:
            losing = held.mark is not None and held.mark <= held.entry
            late = last.close_at - timedelta(minutes=s.one_dte_before_close_min)
            found.append(_early(held, s) if losing and not held.spared else late)
        case Strategy.FOURTEEN_DTE:
            before = calendar.previous_session(held.expiry)
            found.append(before.close_at - timedelta(minutes=s.fourteen_dte_before_close_min))
        case Strategy.MOC:
            opened = calendar.session(held.opened)
            found.append(opened.close_at - timedelta(minutes=s.moc_before_close_min))
    return found


def _early(held: Held, s: Settings) -> datetime:
    opens = calendar.session(held.expiry).open_at
    return opens + timedelta(minutes=s.one_dte_losing_after_open_min)

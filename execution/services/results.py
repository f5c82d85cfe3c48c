"""What trades and days have come to: realised and open, and from which close a day counts.

A trade's total is what its executions realised plus what its open lots are worth. A day is the
change of all totals since the previous session's end, which is why that end is kept as rows, and
what the shares of exercises did.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction

from execution import selectors
from execution.ledger import breaks, pnl
from execution.models import AccountValues, ClosingMark, Position, SessionResult
from execution.services import share_books
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import calendar, clock

_ZERO = Decimal(0)
MARK_LIVES = timedelta(seconds=60)  # an older mark prices nothing (DOMAIN 6.12)


def total(position: Position, *, mark_lives: timedelta = MARK_LIVES) -> Decimal | None:
    """Realised and open P&L of one trade since its entry; None while a mark is missing."""
    if position.quantity_open <= 0 and position.realised_net_usd is not None:
        return position.realised_net_usd
    ledger = pnl.apply(selectors.fills_of(position), position.multiplier)
    marked_at = position.marked_at
    fresh = marked_at is not None and clock.now() - marked_at <= mark_lives
    mark = position.mark_price if fresh else None
    open_usd = pnl.unrealized(ledger.lots, mark, position.multiplier)
    if open_usd is None:
        return None
    # Costs still to be reported are not in it; they are cents beside what a limit asks.
    lots = sum(
        (lot.quantity * (lot.commission_per_contract or _ZERO) for lot in ledger.lots), _ZERO
    )
    paid = ledger.commission_usd - lots
    return ledger.realized_gross_usd - paid + open_usd


def day_pnl(held: Iterable[Position]) -> Decimal | None:
    """Today's P&L over what is held and what was closed today; None when something is unpriced."""
    today = calendar.session_date(clock.now())
    trades = {position.pk: position for position in (*held, *selectors.closed_in(today))}
    found = _ZERO
    for position in trades.values():
        now, before = total(position), _until_today(position, today)
        if now is None or before is None:
            return None
        found += now - before
    moved = share_books.day_pnl(today, mark_lives=MARK_LIVES)
    return None if moved is None else found + moved


def end_session() -> SessionResult | None:
    """Write, once, how the session that has closed came out, and what is held overnight."""
    now = clock.now()
    day = calendar.session_date(now)
    account = selectors.account_values()
    if not calendar.is_session(day) or now < calendar.session(day).close_at or account is None:
        return None
    if SessionResult.objects.filter(account=account.account, session_date=day).exists():
        return None
    if selectors.trading_late(now).filter(exit_started_at__isnull=False).exists():
        return None  # it is being sold past the close: that belongs to the day
    held = [p for p in selectors.open_positions() if p.quantity_open > 0]
    rth = timedelta(seconds=calendar.session(day).rth_s)
    try:
        with transaction.atomic():
            for position in held:
                _keep_mark(position, day, rth)
            row = SessionResult.objects.create(
                account=account.account, session_date=day, source=settings.TRADING_MODE,
                start_usd=account.start_of_day_usd, end_usd=account.equity_usd,
                day_pnl_usd=_session_pnl(account, day), broker_pnl_usd=account.day_pnl_usd, at=now,
            )  # fmt: skip
    except IntegrityError:  # another worker wrote it
        return None
    _compare_days(row)
    return row


def _compare_days(row: SessionResult) -> None:
    """Our day against the broker's (6.12): as it counts, else by what its equity did."""
    theirs = row.broker_pnl_usd
    if theirs is None and row.start_usd is not None:
        theirs = row.end_usd - row.start_usd
    if row.day_pnl_usd is None or theirs is None:
        return
    if breaks.is_daily_break(row.day_pnl_usd, theirs, section("execution.breaks", breaks.Settings)):
        detail = f"{row.session_date}: ours {row.day_pnl_usd:.2f}, the broker's {theirs:.2f}"
        raise_alarm("DAILY_PNL", detail, Severity.HIGH)


def _session_pnl(account: AccountValues, day: date) -> Decimal | None:
    """The day by its closing marks, else by equity when nothing else moved it."""
    rth = timedelta(seconds=calendar.session(day).rth_s)
    parts = [share_books.day_pnl(day, mark_lives=rth)]
    for position in (*selectors.open_positions(), *selectors.closed_in(day)):
        mark = position.closing_marks.filter(session_date=day).first()
        now = mark.total_usd if mark is not None else total(position)
        before = _until_today(position, day)
        parts.append(None if now is None or before is None else now - before)
    known = [part for part in parts if part is not None]
    if len(known) == len(parts):
        return sum(known, _ZERO)
    start = account.start_of_day_usd
    return None if start is None else account.equity_usd - start


def _keep_mark(position: Position, day: date, lives: timedelta) -> None:
    worth = total(position, mark_lives=lives)
    if worth is None or position.mark_price is None:
        return
    ClosingMark.objects.get_or_create(
        position=position, session_date=day,
        defaults={
            "quantity": position.quantity_open, "mark_price": position.mark_price,
            "total_usd": worth, "at": clock.now(),
        },
    )  # fmt: skip


def _until_today(position: Position, today: date) -> Decimal | None:
    """What a trade had come to when the previous session ended; nothing if it began today."""
    if position.session_date >= today:
        return _ZERO
    last = calendar.previous_session(today).date
    mark = position.closing_marks.filter(session_date=last).first()
    return None if mark is None else mark.total_usd

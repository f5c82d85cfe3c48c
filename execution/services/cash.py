"""Account values as the broker reports them; deposits and withdrawals are no trading result.

A movement counts once: when the broker shows it. What an operator records before that waits for
it; what is recorded afterwards says whose word it was and moves nothing a second time.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from django.db import transaction
from django.db.models import Max, QuerySet

from execution.ledger import capital
from execution.models import AccountValues, CashMove, Commission, Fill, OrderIntent, ShareFill
from execution.services.alarms import Severity, raise_alarm
from quanticity import audit, environment
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, orders
from quanticity.domain.errors import MalformedInput

ACTOR = "broker"
_ZERO = Decimal(0)
_Row = TypeVar("_Row", Fill, ShareFill)
_USUAL_MULTIPLIER = 100


def record_account(account: orders.Account) -> None:
    """Keep the broker account's values; the first of a session is its start-of-day equity."""
    environment.learn(account.account)
    today = calendar.session_date(account.at)
    with transaction.atomic():
        row = AccountValues.objects.select_for_update().filter(pk=account.account).first()
        if row is None:
            row = AccountValues(pk=account.account, high_water_usd=_ZERO)
        new_day = row.session_date != today
        moved = _moved(row, account, new_day=new_day)
        row.equity_usd, row.cash_usd = account.equity_usd, account.cash_usd
        row.day_pnl_usd = account.day_pnl_usd
        row.buying_power_usd, row.available_usd = account.buying_power_usd, account.available_usd
        row.high_water_usd = max((row.high_water_usd or _ZERO) + moved, account.equity_usd)
        if new_day:
            row.start_of_day_usd, row.session_date = account.equity_usd, today
        elif row.start_of_day_usd is not None:
            row.start_of_day_usd += moved
        row.at = account.at
        row.save()
        if moved:
            _show(row, moved)


def move_cash(account: str, usd: Decimal, *, actor: str, reason: str) -> CashMove:
    """Record a deposit (+) or withdrawal (-): the one the broker showed, or one still to come."""
    if not reason.strip():
        raise MalformedInput("expected a reason, was nothing")
    with transaction.atomic():
        row = AccountValues.objects.select_for_update().get(pk=account)
        move = _same(row.account, usd, recorded_at=None)
        if move is None:
            move = CashMove(account=account, usd=usd)
        move.recorded_at, move.recorded_by, move.reason = clock.now(), actor, reason[:300]
        move.save()
        audit.record(
            actor, "cash recorded", account, reason=reason, before=str(row.high_water_usd),
            after=f"{usd} USD, " + ("not shown yet" if move.seen_at is None else "shown"),
        )  # fmt: skip
    return move


def _moved(row: AccountValues, account: orders.Account, *, new_day: bool) -> Decimal:
    """What was paid in or out since the last quiet report, which this one may become."""
    settings = section("execution.capital", capital.Settings)
    quiet = capital.is_quiet(last_heard(account.account), clock.now(), settings)
    now = capital.Report(account.cash_usd, account.equity_usd, account.day_pnl_usd)
    before = _last_quiet(row, account)
    if before is None or row.quiet_at is None:
        if quiet:
            _be_quiet(row, now)
        return _ZERO
    spent = _spent(account.account, row.quiet_at)
    moved = capital.moved_usd(before, now, spent, settings, quiet=quiet)
    if not quiet:
        _shift(row, moved)
        return moved
    unexplained = capital.unexplained_usd(before, now, spent)
    small = abs(unexplained) < settings.recognized_from_usd
    if not (small or moved) and new_day:
        detail = f"{account.account}: {unexplained:.2f} USD of cash that no trade explains"
        raise_alarm("CASH_UNEXPLAINED", detail, Severity.HIGH)
    if small or moved or new_day:
        _be_quiet(row, now)
    return moved


def _last_quiet(row: AccountValues, account: orders.Account) -> capital.Report | None:
    if row.quiet_cash_usd is None or row.quiet_equity_usd is None or row.quiet_at is None:
        return None
    # The broker's day begins anew with the session.
    same = calendar.session_date(row.quiet_at) == calendar.session_date(account.at)
    pnl = row.quiet_pnl_usd if same else None
    return capital.Report(row.quiet_cash_usd, row.quiet_equity_usd, pnl)


def _be_quiet(row: AccountValues, report: capital.Report) -> None:
    row.quiet_cash_usd, row.quiet_equity_usd = report.cash_usd, report.equity_usd
    row.quiet_pnl_usd, row.quiet_at = report.day_pnl_usd, clock.now()


def _shift(row: AccountValues, moved: Decimal) -> None:
    """Amid trades only what was paid is settled: what they cost is still on its way."""
    if row.quiet_cash_usd is not None and row.quiet_equity_usd is not None:
        row.quiet_cash_usd += moved
        row.quiet_equity_usd += moved


def _show(row: AccountValues, usd: Decimal) -> None:
    """The broker shows a movement: that of an operator who said so before, or a new one."""
    move = _same(row.account, usd, seen_at=None)
    if move is None:
        move = CashMove(account=row.account, usd=usd)
        detail = f"{row.account}: {usd:+.2f} USD came or went without a trade; record why"
        raise_alarm("CASH_MOVED", detail, Severity.HIGH)
    move.seen_at = clock.now()
    move.save()
    audit.record(
        ACTOR, "cash moved", row.account, reason=move.reason or "the broker's cash says so",
        before=f"{usd:+}", after=f"high-water mark {row.high_water_usd}",
    )  # fmt: skip


def _same(account: str, usd: Decimal, **missing: None) -> CashMove | None:
    rows = list(CashMove.objects.filter(account=account, **missing).order_by("pk"))
    settings = section("execution.capital", capital.Settings)
    place = capital.like(usd, [row.usd for row in rows], settings)
    return None if place is None else rows[place]


def _spent(account: str, since: datetime) -> Decimal:
    """What executions heard since then took out of cash, costs included; corrections count."""
    contracts = _taken(Fill.objects.filter(account=account), since, _cost)
    return contracts + _taken(ShareFill.objects.filter(account=account), since, _share_cost)


def _taken(mine: QuerySet[_Row], since: datetime, cost: Callable[[_Row], Decimal]) -> Decimal:
    heard = mine.filter(recorded_at__gt=since).values("base_exec_id")
    before: dict[str, Decimal] = {}
    after: dict[str, Decimal] = {}
    for fill in mine.filter(base_exec_id__in=heard).order_by("revision"):
        after[fill.base_exec_id] = cost(fill)
        if fill.recorded_at <= since:
            before[fill.base_exec_id] = after[fill.base_exec_id]
    return sum(after.values(), _ZERO) - sum(before.values(), _ZERO)


def _cost(fill: Fill) -> Decimal:
    rows = OrderIntent.objects.filter(occ=fill.occ).values_list("multiplier", flat=True)
    multiplier = rows.first() or _USUAL_MULTIPLIER
    return fill.quantity * fill.price * multiplier + _commission(fill.pk)


def _share_cost(fill: ShareFill) -> Decimal:
    return fill.quantity * fill.price + _commission(fill.pk)


def _commission(exec_id: str) -> Decimal:
    cost = Commission.objects.filter(pk=exec_id, status=Commission.Status.OK).first()
    if cost is None:
        return _ZERO
    return (cost.commission_usd or _ZERO) - (cost.rebate_usd or _ZERO)


def last_heard(account: str) -> datetime | None:
    """When the latest execution of an account was recorded."""
    found = (
        rows.filter(account=account).aggregate(at=Max("recorded_at"))["at"]
        for rows in (Fill.objects, ShareFill.objects)
    )
    return max((at for at in found if at is not None), default=None)

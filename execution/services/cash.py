"""Account values as the broker reports them; deposits and withdrawals are no trading result.

A movement counts once: when the broker shows it. What an operator records before that waits for
it; what is recorded afterwards says whose word it was and moves nothing a second time.
"""

from decimal import Decimal

from django.db import transaction
from django.db.models import DecimalField, Exists, F, OuterRef, Sum

from execution.ledger import capital
from execution.models import AccountValues, CashMove, Commission, Fill, OrderIntent
from execution.services.alarms import Severity, raise_alarm
from quanticity import audit, environment
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, orders
from quanticity.domain.errors import MalformedInput

ACTOR = "broker"
_ZERO = Decimal(0)
_USUAL_MULTIPLIER = 100
_USD = DecimalField(max_digits=20, decimal_places=4)


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
    """What was paid in or out since the last settled report, which this one may become."""
    settings = section("execution.capital", capital.Settings)
    now = capital.Capital(account.cash_usd + _spent(account.account), account.equity_usd)
    if row.paid_in_usd is None or row.paid_in_equity_usd is None:
        row.paid_in_usd, row.paid_in_equity_usd = now.paid_in_usd, now.equity_usd
        return _ZERO
    before = capital.Capital(row.paid_in_usd, row.paid_in_equity_usd)
    settled = capital.is_settled(before, now, settings)
    if not settled and new_day:
        unexplained = now.paid_in_usd - before.paid_in_usd
        detail = f"{account.account}: {unexplained:.2f} USD of cash that no trade explains"
        raise_alarm("CASH_UNEXPLAINED", detail, Severity.HIGH)
    if settled or new_day:
        row.paid_in_usd, row.paid_in_equity_usd = now.paid_in_usd, now.equity_usd
    return capital.moved_usd(before, now, settings)


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


def _spent(account: str) -> Decimal:
    """What every execution in force took out of cash, costs included."""
    later = Fill.objects.filter(
        account=OuterRef("account"), base_exec_id=OuterRef("base_exec_id"),
        revision__gt=OuterRef("revision"),
    )  # fmt: skip
    fills = Fill.objects.filter(~Exists(later), account=account)
    points = Sum(F("quantity") * F("price"), output_field=_USD)
    by_contract = dict(fills.order_by().values_list("occ").annotate(points=points))
    rows = OrderIntent.objects.filter(occ__in=by_contract)
    sizes = dict(rows.values_list("occ", "multiplier"))
    paid = Commission.objects.filter(pk__in=fills.values("pk"), status=Commission.Status.OK)
    cost = Sum(F("commission_usd") - F("rebate_usd"), output_field=_USD)
    found: Decimal = paid.aggregate(usd=cost)["usd"] or _ZERO
    for occ, total in by_contract.items():
        found += Decimal(total) * sizes.get(occ, _USUAL_MULTIPLIER)
    return found

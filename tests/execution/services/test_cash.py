"""Deposits and withdrawals are no trading result, whoever says so first, and count once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.models import AccountValues, BreakerTrip, CashMove, Fill, RiskEvent
from execution.services import cash, watching
from quanticity.domain import clock
from quanticity.domain.orders import Account
from tests import desks, factories

pytestmark = pytest.mark.django_db
MILLION = Decimal(1_000_000)
COSTS = 50 * desks.COST


def says(
    equity: Decimal, in_cash: Decimal | None = None, *, day: int | None = None
) -> AccountValues:
    """The broker reports equity, all of it cash unless told otherwise, and its day if it does."""
    paid = equity if in_cash is None else in_cash
    pnl = None if day is None else Decimal(day)
    cash.record_account(Account(factories.ACCOUNT, equity, equity, equity, paid, clock.now(), pnl))
    return AccountValues.objects.get()


def recorded(usd: int) -> CashMove:
    return cash.move_cash(factories.ACCOUNT, Decimal(usd), actor="ada", reason="wire of today")


@pytest.fixture(autouse=True)
def a_million(world: Any) -> None:
    says(MILLION)


def test_the_first_equity_of_a_session_is_its_start(world: Any) -> None:
    world.advance(60)
    row = says(MILLION - 10)

    assert (row.start_of_day_usd, row.equity_usd, row.high_water_usd) == (
        MILLION, MILLION - 10, MILLION,
    )  # fmt: skip


def test_the_next_session_starts_anew(world: Any) -> None:
    world.advance(3 * 86_400)

    assert says(MILLION - 10).start_of_day_usd == MILLION - 10


@pytest.mark.parametrize("usd", [120_000, -200_000], ids=["deposit", "withdrawal"])
@pytest.mark.parametrize(
    "order",
    [
        pytest.param(("broker",), id="the broker alone says so"),
        pytest.param(("broker", "operator"), id="the operator afterwards"),
        pytest.param(("operator", "broker"), id="the operator before"),
        pytest.param(("broker", "operator", "broker"), id="told again"),
    ],
)
def test_cash_moved_counts_once(usd: int, order: tuple[str, ...]) -> None:
    tell: dict[str, Callable[[], object]] = {
        "broker": lambda: says(MILLION + usd),
        "operator": lambda: recorded(usd),
    }
    for who in order:
        tell[who]()

    row = AccountValues.objects.get()
    assert (row.high_water_usd, row.start_of_day_usd) == (MILLION + usd, MILLION + usd)
    assert CashMove.objects.count() == 1


def test_a_withdrawal_trips_no_drawdown_before_anybody_could_record_it() -> None:
    says(MILLION - 200_000)

    watching.watch()

    assert not BreakerTrip.objects.exists()
    assert RiskEvent.objects.get().code == "CASH_MOVED"


def test_a_deposit_hides_no_drawdown() -> None:
    says(MILLION - 90_000, MILLION)  # what is held lost 90,000
    row = says(MILLION + 30_000, MILLION + 120_000)

    assert row.high_water_usd == MILLION + 120_000
    watching.watch()
    assert [trip.breaker for trip in BreakerTrip.objects.all()] == ["DRAWDOWN_WARN"]


@pytest.mark.parametrize(
    ("equity", "in_cash"),
    [
        pytest.param(MILLION - 200, MILLION - 50_000, id="bought, and not heard yet"),
        pytest.param(MILLION - 30_000, MILLION, id="what is held lost"),
        pytest.param(MILLION - 30_000, MILLION + 20_000, id="sold at a loss, not heard yet"),
        pytest.param(MILLION - 500, MILLION - 500, id="fees"),
    ],
)
def test_what_trading_does_is_no_cash_moved(equity: Decimal, in_cash: Decimal) -> None:
    assert says(equity, in_cash).high_water_usd == MILLION
    assert not CashMove.objects.exists()


@pytest.mark.parametrize(
    ("bought", "later"),
    [
        pytest.param("2.00", MILLION + 1_100, id="it doubled"),
        pytest.param("6.00", MILLION - 3_000, id="stopped out at half"),
    ],
)
def test_a_trade_that_the_cash_shows_later_is_no_cash_moved(
    world: Any, bought: str, later: Decimal
) -> None:
    world.advance(400)
    says(MILLION)
    desks.held(1, 10, price=bought)  # heard at once
    world.advance(5)
    assert says(later, MILLION).high_water_usd == max(MILLION, later)
    world.advance(180)
    row = says(later, MILLION - 1_000 * Decimal(bought))

    assert row.start_of_day_usd == MILLION
    assert not CashMove.objects.exists()


def test_executions_explain_the_cash_they_took(world: Any) -> None:
    world.advance(400)
    says(MILLION)
    world.advance(1)
    desks.held(1, 50)
    world.advance(301)
    row = says(MILLION, MILLION - 10_000 - Decimal("32.50"))

    assert (row.quiet_at, row.quiet_cash_usd) == (clock.now(), row.cash_usd)
    assert not RiskEvent.objects.exists()


def test_a_deposit_amid_trades_counts_when_they_are_over(world: Any) -> None:
    world.advance(400)
    says(MILLION)
    world.advance(1)
    desks.held(1, 50)
    says(MILLION + 120_000, MILLION + 120_000)
    world.advance(301)
    row = says(MILLION + 118_000, MILLION + 110_000)

    assert [move.usd for move in CashMove.objects.all()] == [Decimal("120032.5")]
    assert row.start_of_day_usd == MILLION + Decimal("120032.5")


def test_a_corrected_execution_costs_what_it_costs_now(world: Any) -> None:
    desks.held(1, 50)
    world.advance(301)
    says(MILLION)
    first = Fill.objects.get()
    world.advance(1)
    Fill.objects.create(
        exec_id=first.base_exec_id + ".02", base_exec_id=first.base_exec_id, revision=2,
        order_ref=first.order_ref, account=first.account, con_id=first.con_id, occ=first.occ,
        quantity=50, price=first.price + 1, executed_at=first.executed_at,
        recorded_at=clock.now(), source="sim",
    )  # fmt: skip
    world.advance(301)
    row = says(MILLION - 5_000, MILLION - 5_000)

    assert row.quiet_cash_usd == MILLION - 5_000
    assert not CashMove.objects.exists()


def test_cash_that_nothing_explains_for_a_session_is_told(world: Any) -> None:
    says(MILLION, MILLION - 50_000)
    world.advance(timedelta(days=3).total_seconds())

    says(MILLION, MILLION - 50_000)

    assert RiskEvent.objects.get().code == "CASH_UNEXPLAINED"
    assert says(MILLION + 5_000, MILLION - 45_000).high_water_usd == MILLION + 5_000


@pytest.mark.parametrize("usd", [120_000, -200_000], ids=["deposit", "withdrawal"])
def test_amid_trades_a_payment_counts_at_once_by_the_brokers_day(world: Any, usd: int) -> None:
    world.advance(400)
    says(MILLION, day=0)
    world.advance(1)
    desks.held(1, 50)
    row = says(MILLION + usd - 500, MILLION + usd - 10_000 - COSTS, day=-500)

    assert [move.usd for move in CashMove.objects.all()] == [usd]
    assert (row.start_of_day_usd, row.high_water_usd) == (MILLION + usd, MILLION + usd)
    watching.watch()
    assert not BreakerTrip.objects.exists()


def test_a_payment_amid_trades_counts_once(world: Any) -> None:
    world.advance(400)
    says(MILLION, day=0)
    world.advance(1)
    desks.held(1, 50)
    for _ in range(3):
        world.advance(2)
        says(MILLION + 120_000, MILLION + 110_000 - COSTS, day=0)
    world.advance(301)
    row = says(MILLION + 120_000, MILLION + 110_000 - COSTS, day=0)

    assert CashMove.objects.count() == 1
    assert row.quiet_cash_usd == MILLION + 110_000 - COSTS


@pytest.mark.parametrize(
    ("bought", "day"),
    [
        pytest.param("2.00", 1_100, id="it doubled"),
        pytest.param("6.00", -3_000, id="stopped out at half"),
    ],
)
def test_a_trade_that_the_cash_shows_later_is_no_payment_by_the_brokers_day(
    world: Any, bought: str, day: int
) -> None:
    world.advance(400)
    says(MILLION, day=0)
    desks.held(1, 10, price=bought)
    world.advance(5)
    says(MILLION + day, MILLION, day=day)
    world.advance(400)
    says(MILLION + day, MILLION - 1_000 * Decimal(bought), day=day)

    assert not CashMove.objects.exists()


def test_the_brokers_day_begins_anew_with_the_session(world: Any) -> None:
    world.advance(400)
    says(MILLION + 9_000, MILLION + 9_000, day=9_000)
    CashMove.objects.all().delete()
    world.advance(3 * 86_400)
    desks.held(1, 10, price="9.00")  # heard at once; the cash follows
    row = says(MILLION + 9_000, MILLION + 9_000, day=0)

    assert row.start_of_day_usd == MILLION + 9_000
    assert not CashMove.objects.exists()

"""What trades and days came to, over nights as well (DOMAIN 6.12)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import AccountValues, ClosingMark, Position, RiskEvent, SessionResult
from execution.services import broker, costs, results
from execution.services.results import day_pnl, end_session, total
from quanticity.domain import calendar, clock
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
AFTER_CLOSE = timedelta(hours=5, minutes=1)  # of 11:00 New York


def today() -> Decimal | None:
    return day_pnl(list(selectors.open_positions()))


def mark(position: Position, price: str) -> Position:
    Position.objects.filter(pk=position.pk).update(mark_price=Decimal(price), marked_at=clock.now())
    position.refresh_from_db()
    return position


def test_an_open_trade_is_worth_its_mark_less_what_it_cost() -> None:
    position = mark(desks.held(quantity=3), "2.50")

    assert total(position) == Decimal("150.00") - Decimal("1.95")


def test_what_was_sold_counts_as_it_was_sold() -> None:
    position = desks.held(quantity=3)
    sold = factories.fill(factories.ref(position.intent, "T"), -1, "3.00", exec_id="x.01")
    broker.record_fill(sold)
    costs.record_commission("x.01", Decimal("0.65"), "USD")
    position.fills.model.objects.filter(pk="x.01").update(position=position)

    assert total(mark(position, "2.50")) == Decimal(100) + Decimal(100) - 4 * Decimal("0.65")


def test_without_a_mark_of_this_minute_it_is_unknown(world: Any) -> None:
    position = desks.held()
    world.advance(61)

    assert total(position) is None
    assert today() is None


def test_a_day_is_what_was_closed_and_what_is_open() -> None:
    desks.closed(2, net="-40")
    mark(desks.held(1), "2.10")

    assert today() == Decimal(-40) + Decimal(30) - Decimal("1.95")


def test_a_trade_of_another_session_counts_from_its_last_close(world: Any) -> None:
    position = mark(desks.held(quantity=3), "2.50")
    world.at += AFTER_CLOSE
    mark(position, "2.60")
    end_session()
    world.at = calendar.next_session(calendar.session_date(clock.now())).open_at
    mark(position, "2.90")

    assert today() == Decimal(90)


def test_a_night_whose_close_nobody_marked_is_unknown(world: Any) -> None:
    position = desks.held(quantity=3)
    world.at = calendar.next_session(calendar.session_date(clock.now())).open_at
    mark(position, "2.90")

    assert today() is None


def test_a_session_ends_once(world: Any) -> None:
    desks.held()
    world.at += AFTER_CLOSE

    assert end_session() is not None
    assert end_session() is None
    assert (SessionResult.objects.count(), ClosingMark.objects.count()) == (1, 1)


def test_a_session_ends_after_what_is_sold_past_its_close(world: Any) -> None:
    position = desks.held()
    close_at = calendar.session(position.session_date).close_at
    position.intent.trades_until_at = close_at + timedelta(minutes=15)
    position.intent.save()
    world.at = close_at + timedelta(minutes=1)
    Position.objects.update(exit_started_at=close_at)

    while_selling = end_session()
    Position.objects.update(quantity_open=0)

    assert while_selling is None
    assert end_session() is not None


def test_a_session_that_runs_has_not_ended() -> None:
    assert end_session() is None


def test_a_session_keeps_what_it_came_to(world: Any) -> None:
    desks.closed(1, net="-40")
    mark(desks.held(2), "2.10")
    world.at += AFTER_CLOSE

    result = end_session()

    assert result is not None
    assert result.day_pnl_usd == Decimal(-40) + Decimal(30) - Decimal("1.95")


def test_a_session_without_marks_is_told_by_its_equity(world: Any) -> None:
    position = desks.held()
    Position.objects.filter(pk=position.pk).update(mark_price=None)
    AccountValues.objects.update(equity_usd=Decimal(999_000))
    world.at += AFTER_CLOSE

    result = end_session()

    assert result is not None
    assert result.day_pnl_usd == Decimal(-1_000)
    assert ClosingMark.objects.count() == 0


def test_nothing_is_written_before_the_broker_has_spoken(world: Any) -> None:
    AccountValues.objects.all().delete()
    world.at += AFTER_CLOSE

    assert results.end_session() is None


@pytest.mark.parametrize(
    ("equity", "alarms"),
    [pytest.param(999_960, 0, id="the same"), pytest.param(999_000, 1, id="another day")],
)
def test_a_day_that_the_brokers_equity_does_not_show_is_an_alarm(
    world: Any, equity: int, alarms: int
) -> None:
    desks.closed(1, net="-40")
    AccountValues.objects.update(equity_usd=Decimal(equity))
    world.at += AFTER_CLOSE

    end_session()

    assert RiskEvent.objects.filter(code="DAILY_PNL").count() == alarms


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        pytest.param("-44.99", 0, id="rounding"),
        pytest.param("-46", 1, id="another day"),
    ],
)
def test_the_brokers_own_day_is_kept_beside_ours(world: Any, theirs: str, told: int) -> None:
    desks.closed(1, net="-40")
    AccountValues.objects.update(day_pnl_usd=Decimal(theirs), start_of_day_usd=None)
    world.at += AFTER_CLOSE

    row = end_session()

    assert row is not None
    assert (row.day_pnl_usd, row.broker_pnl_usd) == (Decimal(-40), Decimal(theirs))
    assert RiskEvent.objects.filter(code="DAILY_PNL").count() == told

"""How pressing an exit is, by the minutes that are left to the close (DOMAIN 6.9)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from execution.orders import exits
from execution.orders.exits import Haste
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.signals import Strategy

FRIDAY, MONDAY = date(2025, 11, 21), date(2025, 11, 24)
HALF_DAY = date(2025, 11, 28)


@pytest.mark.parametrize(
    ("strategy", "expiry", "left_min", "expected"),
    [
        pytest.param(Strategy.ZERO_DTE, FRIDAY, 5.1, Haste.USUAL, id="0DTE has time"),
        pytest.param(Strategy.ZERO_DTE, FRIDAY, 5.0, Haste.DESPERATE, id="0DTE should be flat"),
        pytest.param(Strategy.ZERO_DTE, FRIDAY, 3.0, Haste.ALARMING, id="0DTE must be flat"),
        pytest.param(Strategy.MOC, MONDAY, 2.0, Haste.USUAL, id="MOC begins at the bid"),
        pytest.param(Strategy.MOC, MONDAY, 1.1, Haste.USUAL, id="MOC still has time"),
        pytest.param(Strategy.MOC, MONDAY, 1.0, Haste.ALARMING, id="MOC, hard"),
        pytest.param(Strategy.MOC, FRIDAY, 5.0, Haste.DESPERATE, id="MOC that expires today"),
        pytest.param(Strategy.ONE_DTE, MONDAY, 0.5, Haste.USUAL, id="1DTE over the night"),
        pytest.param(Strategy.ZERO_DTE, FRIDAY, -1.0, Haste.USUAL, id="closed"),
    ],
)
def test_what_is_left_of_the_session_makes_an_exit_pressing(
    strategy: Strategy, expiry: date, left_min: float, expected: Haste
) -> None:
    at = calendar.session(FRIDAY).close_at - timedelta(minutes=left_min)
    held = exits.Held(strategy, expiry, FRIDAY, Decimal(2), Decimal(2))

    assert exits.haste(held, at, section("execution.exits", exits.Settings)) is expected


@pytest.mark.parametrize(
    ("until_min", "after_min", "expected"),
    [
        pytest.param(15, -1.0, Haste.USUAL, id="trades longer: time after the close"),
        pytest.param(15, 9.9, Haste.USUAL, id="ten minutes after the close are not over"),
        pytest.param(15, 10.0, Haste.ALARMING, id="ten minutes after it: hard"),
        pytest.param(15, 15.0, Haste.USUAL, id="nothing trades any more"),
        pytest.param(12, 6.9, Haste.USUAL, id="ends sooner: five minutes before are not begun"),
        pytest.param(12, 7.0, Haste.ALARMING, id="ends sooner: five minutes before it"),
        pytest.param(3, -1.0, Haste.ALARMING, id="hardly longer: as if it ended with the close"),
        pytest.param(0, -1.0, Haste.ALARMING, id="ends with the close"),
    ],
)
def test_a_moc_has_time_while_its_contract_trades(
    until_min: int, after_min: float, expected: Haste
) -> None:
    close_at = calendar.session(FRIDAY).close_at
    until = close_at + timedelta(minutes=until_min)
    held = exits.Held(Strategy.MOC, MONDAY, FRIDAY, Decimal(2), Decimal(2), trades_until=until)
    at = close_at + timedelta(minutes=after_min)

    assert exits.haste(held, at, section("execution.exits", exits.Settings)) is expected


@pytest.mark.parametrize(("left_min", "expected"), [(1.1, Haste.USUAL), (1.0, Haste.ALARMING)])
def test_on_a_later_day_the_hours_of_the_first_say_nothing(
    left_min: float, expected: Haste
) -> None:
    friday, monday = (calendar.session(day).close_at for day in (FRIDAY, MONDAY))
    held = exits.Held(
        Strategy.MOC, date(2025, 11, 28), FRIDAY, Decimal(2), Decimal(2),
        trades_until=friday + timedelta(minutes=15),
    )  # fmt: skip
    at = monday - timedelta(minutes=left_min)

    assert exits.haste(held, at, section("execution.exits", exits.Settings)) is expected


def test_a_half_day_is_as_pressing_at_its_own_close() -> None:
    at = calendar.session(HALF_DAY).close_at - timedelta(minutes=1)
    held = exits.Held(Strategy.MOC, date(2025, 12, 1), HALF_DAY, Decimal(2), Decimal(2))

    settings = section("execution.exits", exits.Settings)

    assert exits.haste(held, at, settings) is Haste.ALARMING

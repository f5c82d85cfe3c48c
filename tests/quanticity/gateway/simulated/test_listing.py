"""Contract ids, expiries and strikes."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanticity.domain import calendar
from quanticity.domain.instruments import OptionContract, Right
from quanticity.gateway.simulated import listing

SPY = listing.SYMBOLS["SPY"]
SESSIONS = st.dates(date(2021, 1, 4), date(2030, 12, 1)).map(
    lambda day: calendar.on_or_after(day).date
)


@given(SESSIONS, st.sampled_from(Right), st.integers(1, 2**14 - 1))
def test_a_contract_id_says_all_of_a_series(expiry: date, right: Right, halves: int) -> None:
    contract = OptionContract("SPY", expiry, right, Decimal(halves) / 2)

    con_id = listing.option_id(contract)

    assert con_id is not None
    assert listing.option_of_id(con_id) == contract


@given(st.integers(-(2**33), 2**33))
def test_any_number_is_a_series_or_none(con_id: int) -> None:
    contract = listing.option_of_id(con_id)

    assert contract is None or listing.option_id(contract) == con_id


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param(OptionContract("XYZ", date(2025, 11, 21), Right.CALL, Decimal(10)), id="root"),
        pytest.param(
            OptionContract("SPY", date(2025, 11, 21), Right.CALL, Decimal("0.1")), id="strike"
        ),
        pytest.param(OptionContract("SPY", date(2019, 11, 21), Right.CALL, Decimal(10)), id="date"),
    ],
)
def test_what_cannot_be_listed_has_no_id(contract: OptionContract) -> None:
    assert listing.option_id(contract) is None


def test_index_products_expire_every_session_for_two_weeks() -> None:
    today = date(2025, 11, 21)
    near = [
        day for day in listing.expiries(SPY, today, 14, 60) if day <= today + timedelta(days=14)
    ]

    wanted = [today + timedelta(days=n) for n in range(15)]
    assert near == [day for day in wanted if calendar.is_session(day)]


def test_a_week_without_friday_expires_on_thursday() -> None:
    apple = listing.SYMBOLS["AAPL"]

    assert date(2025, 4, 17) in listing.expiries(apple, date(2025, 4, 14), 14, 60)


@pytest.mark.parametrize(
    ("name", "price", "step"),
    [("SPY", 680.0, 1), ("AAPL", 240.0, 2.5), ("META", 640.0, 5), ("SPX", 6800.0, 5)],
)
def test_strikes_lie_around_the_price(name: str, price: float, step: float) -> None:
    strikes = [float(k) for k in listing.strikes(listing.SYMBOLS[name], price, 0.12)]

    assert strikes[1] - strikes[0] == step
    assert price * 0.88 < strikes[0] < strikes[-1] <= price * 1.12

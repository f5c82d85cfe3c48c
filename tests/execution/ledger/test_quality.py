"""What a spread cost, what the mid did after, how far a trade ran: by hand (DOMAIN 6.18)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.ledger.quality import Excursion, markout, run, spread_paid

BID, ASK = Decimal("2.00"), Decimal("2.10")


@pytest.mark.parametrize(
    ("price", "sign", "paid"),
    [
        pytest.param("2.10", 1, 1, id="bought at the ask"),
        pytest.param("2.05", 1, 0, id="bought at mid"),
        pytest.param("2.00", 1, -1, id="bought at the bid"),
        pytest.param("2.00", -1, 1, id="sold at the bid"),
        pytest.param("2.15", 1, 2, id="bought through the ask"),
    ],
)
def test_the_spread_paid_is_a_share_of_its_half(price: str, sign: int, paid: int) -> None:
    assert spread_paid(Decimal(price), BID, ASK, sign) == paid


def test_without_a_spread_nothing_could_be_paid() -> None:
    assert spread_paid(BID, BID, BID, 1) is None


@pytest.mark.parametrize(("sign", "came"), [(1, "0.20"), (-1, "-0.20")])
def test_a_markout_is_positive_when_the_market_came_our_way(sign: int, came: str) -> None:
    assert markout(Decimal("2.00"), Decimal("2.20"), sign) == Decimal(came)


@given(st.lists(st.decimals("0.01", "50", places=2), min_size=1))
def test_a_trade_runs_from_its_worst_to_its_best_mark(marks: list[Decimal]) -> None:
    entry, found = Decimal("2.00"), None
    for mark in marks:
        found = run(found, entry, mark)

    gains = [Decimal(0), *((mark / entry - 1) * 100 for mark in marks)]
    assert found == Excursion(min(gains), max(gains))

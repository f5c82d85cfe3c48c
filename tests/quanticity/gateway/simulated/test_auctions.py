"""The closing auction as venues publish it."""

from datetime import timedelta

import pytest
from simulated_world import TODAY

from quanticity.domain import calendar
from quanticity.gateway.simulated.market import Market

SESSION = calendar.session(TODAY)
LAST_MINUTES = [SESSION.close_at - timedelta(minutes=n) for n in range(9, 0, -1)]


@pytest.mark.parametrize("minutes", [11, 0, -5])
def test_nothing_is_published_outside_the_last_ten_minutes(market: Market, minutes: int) -> None:
    assert market.imbalance("SPY", SESSION.close_at - timedelta(minutes=minutes)) is None


def test_an_index_has_no_auction(market: Market) -> None:
    assert market.imbalance("SPX", LAST_MINUTES[0]) is None


@pytest.mark.parametrize("name", ["SPY", "AAPL", "TSLA"])
def test_an_imbalance_shrinks_and_keeps_its_side(market: Market, name: str) -> None:
    found = [market.imbalance(name, at) for at in LAST_MINUTES]
    sizes = [abs(one.imbalance) for one in found if one]

    assert sizes == sorted(sizes, reverse=True)
    assert len({(one.imbalance > 0, one.regulatory) for one in found if one}) == 1


def test_paired_shares_grow(market: Market) -> None:
    paired = [one.paired for at in LAST_MINUTES if (one := market.imbalance("SPY", at))]

    assert paired == sorted(paired)


def test_the_price_leans_to_the_side_of_the_imbalance(market: Market) -> None:
    at = LAST_MINUTES[0]
    found = market.imbalance("TSLA", at)

    assert found is not None
    assert (found.price > market.spot("TSLA", at)) is (found.imbalance > 0)


def test_nasdaq_publishes_every_ten_seconds(market: Market) -> None:
    found = [market.imbalance("AAPL", LAST_MINUTES[2] + timedelta(seconds=n)) for n in range(10)]

    assert len({one.price for one in found if one}) == 1

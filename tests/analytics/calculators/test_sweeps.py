"""One side walking through prices within a second (DOMAIN 3.12)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import sweeps
from analytics.calculators.trade_signing import SignedTrade, Signing
from quanticity.config.loader import section
from quanticity.domain.market import Side, Trade

SETTINGS = section("analytics.sweeps", sweeps.Settings)
OPTIONS = section("analytics.option_sweeps", sweeps.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
P_BUY = {Side.BUY: 0.9, Side.SELL: 0.1, Side.UNKNOWN: 0.5}


def prints(
    *ticks: tuple[float, float],
    side: Side = Side.BUY,
    size: float = 500,
    ago_s: float = 10,
    venue: str = "",
) -> list[SignedTrade]:
    """Prints as (milliseconds, price)."""
    start = AT - timedelta(seconds=ago_s)
    return [
        SignedTrade(
            Trade("SPY", price, size, start + timedelta(milliseconds=ms), venue),
            Signing(P_BUY[side], side, "quote"),
        )
        for ms, price in ticks
    ]


SWEEP = prints((0, 600.0), (300, 600.01), (600, 600.02))


@pytest.mark.parametrize(
    ("given_prints", "expected"),
    [
        pytest.param(SWEEP, 1, id="three prices up in a second"),
        pytest.param(prints((0, 600.0), (300, 600.01)), 0, id="two prints"),
        pytest.param(prints((0, 600.0), (300, 600.0), (600, 600.01)), 0, id="two prices"),
        pytest.param(prints((0, 600.0), (300, 600.02), (600, 600.01)), 0, id="turns back"),
        pytest.param(prints((0, 600.0), (700, 600.01), (1_400, 600.02)), 0, id="too slow"),
        pytest.param(
            prints((0, 600.0), (300, 600.01), (600, 600.02), size=300), 0, id="too few shares"
        ),
        pytest.param(prints((0, 6.0), (300, 6.01), (600, 6.02)), 0, id="too few dollars"),
        pytest.param(
            prints((0, 600.0), (300, 600.01), (600, 600.02), side=Side.UNKNOWN),
            0,
            id="unknown never joins",
        ),
        pytest.param(
            prints((0, 600.0), (300, 599.99), (600, 599.98), side=Side.SELL),
            1,
            id="down on the sell side",
        ),
        pytest.param(
            prints((0, 600.0), (300, 599.99), (600, 599.98)), 0, id="buyers who walk down"
        ),
        pytest.param(
            prints((0, 599.0), (900, 600.0), (1_200, 600.01), (1_500, 600.02)),
            1,
            id="the slow beginning drops out",
        ),
    ],
)
def test_what_makes_a_sweep(given_prints: list[SignedTrade], expected: int) -> None:
    assert len(sweeps.find(given_prints, SETTINGS)) == expected


def test_a_print_belongs_to_one_sweep() -> None:
    walk = prints(*((n * 300, 600 + n / 100) for n in range(8)))

    found = sweeps.find(walk, SETTINGS)

    assert [sweep.prints for sweep in found] == [4, 4]


def test_the_other_side_does_not_break_a_run() -> None:
    between = prints((100, 599.0), side=Side.SELL)

    assert len(sweeps.find([*SWEEP, *between], SETTINGS)) == 1


def test_options_sweep_over_venues() -> None:
    one, two, three = (
        prints((n * 100, 2.0), size=100, venue=venue)[0] for n, venue in enumerate("ABA")
    )

    assert len(sweeps.find([one, two, three], OPTIONS, multiplier=100)) == 1
    assert sweeps.find([one, three, three], OPTIONS, multiplier=100) == []


def test_no_sweep_is_a_balance_of_zero() -> None:
    assert sweeps.compute([], AT, SETTINGS) == sweeps.Sweeps(0, 0.0, None, sampled=False)


def test_net_weighs_by_dollars_and_age() -> None:
    old = prints((0, 600.0), (300, 599.99), (600, 599.98), side=Side.SELL, ago_s=30.6)
    fresh = prints((0, 600.0), (300, 600.01), (600, 600.02), ago_s=0.6)

    found = sweeps.compute([*old, *fresh], AT, SETTINGS)

    assert found.sweep_n_60s == 2
    assert found.sweep_net == pytest.approx((1 - 0.5) / 1.5, abs=1e-4)
    assert found.last is not None
    assert found.last.side is Side.BUY


def test_an_old_sweep_does_not_linger() -> None:
    old = prints((0, 600.0), (300, 600.01), (600, 600.02), ago_s=90)

    assert sweeps.compute(old, AT, SETTINGS).sweep_n_60s == 0
    assert sweeps.compute(old, AT + timedelta(seconds=60), SETTINGS).sweep_net == 0


def test_prints_after_the_instant_are_not_known() -> None:
    assert sweeps.compute(SWEEP, AT - timedelta(seconds=20), SETTINGS).last is None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 100_000), st.integers(0, 30), st.sampled_from([Side.BUY, Side.SELL])
        ),
        max_size=80,
    )
)
def test_swapping_sides_and_prices_turns_net(ticks: list[tuple[int, int, Side]]) -> None:
    other = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
    ours = [p for ms, n, side in ticks for p in prints((ms, 600 + n), side=side, ago_s=100)]
    theirs = [
        p for ms, n, side in ticks for p in prints((ms, 600 - n), side=other[side], ago_s=100)
    ]
    net, mirrored = (sweeps.compute(each, AT, SETTINGS) for each in (ours, theirs))

    assert net.sweep_net == pytest.approx(-mirrored.sweep_net, abs=0.1)
    assert net.sweep_n_60s == mirrored.sweep_n_60s
    assert -1 <= net.sweep_net <= 1

"""The ladder, the ratchet, and the software backup (DOMAIN 6.8)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders import stops
from execution.orders.ticks import Touch
from quanticity.config.loader import section
from quanticity.domain.signals import Strategy

SETTINGS = section("execution.stops", stops.Settings)
PENNY = ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05")))
AT = datetime(2025, 11, 21, 17, tzinfo=UTC)
PRICES = st.decimals("0.20", 40, places=2)
MARKS = st.lists(st.tuples(PRICES, st.decimals(0, 40, places=1)), max_size=30)


# The ladder as the text tells it, step by step; the file's figures are held against this.
def told() -> list[tuple[Decimal, Decimal]]:
    ends = [(30, "2.5"), (50, "1"), (70, "0.25")]
    rungs = [(Decimal(0), Decimal(50))]
    for end, less in ends:
        while rungs[-1][0] < end:
            rungs.append((rungs[-1][0] + Decimal("2.5"), rungs[-1][1] - Decimal(less)))
    rungs += [
        (Decimal("72.5") + n * Decimal("2.5"), Decimal(t))
        for n, t in enumerate(["9.8", "9.5", "9.3", "9.0", "8.8", "8.5"])
    ]
    for end, less in [(100, "0.25"), (150, "0.1")]:
        while rungs[-1][0] < end:
            rungs.append((rungs[-1][0] + Decimal("2.5"), rungs[-1][1] - Decimal(less)))
    return rungs


def test_the_ladder_is_the_one_told() -> None:
    assert list(SETTINGS.ladder) == told()


@given(st.sampled_from(Strategy), PRICES, MARKS)
def test_the_stop_never_falls(
    strategy: Strategy, entry: Decimal, marks: list[tuple[Decimal, Decimal]]
) -> None:
    ratchet = stops.initial(strategy, entry, PENNY, SETTINGS)
    for mark, spread in marks:
        step = stops.advance(ratchet, mark, PENNY, SETTINGS, spread_pct=spread)

        assert (step.ratchet.stop or 0) >= (ratchet.stop or 0)
        assert step.ratchet.peak == max(ratchet.peak, mark)
        ratchet = step.ratchet


@given(st.sampled_from(Strategy), PRICES, MARKS)
def test_a_move_is_worth_its_gap_and_stays_below_the_peak(
    strategy: Strategy, entry: Decimal, marks: list[tuple[Decimal, Decimal]]
) -> None:
    ratchet = stops.initial(strategy, entry, PENNY, SETTINGS)
    for mark, spread in marks:
        step = stops.advance(ratchet, mark, PENNY, SETTINGS, spread_pct=spread)

        assert not step.moved or step.candidate - (ratchet.stop or 0) >= entry / 20
        assert step.candidate <= step.ratchet.peak * Decimal("0.95")
        ratchet = step.ratchet


def test_a_restart_keeps_a_stop_that_works() -> None:
    found = stops.initial(Strategy.ZERO_DTE, Decimal(2), PENNY, SETTINGS, floor=Decimal("1.60"))

    assert found.stop == Decimal("1.60")


def test_a_premium_of_one_tick_has_no_stop() -> None:
    assert stops.initial(Strategy.ZERO_DTE, Decimal("0.01"), PENNY, SETTINGS).stop is None


def test_a_wide_spread_loosens_the_trail() -> None:
    ratchet = stops.Ratchet(Decimal(2), Decimal(2), Decimal(1))

    step = stops.advance(ratchet, Decimal(4), PENNY, SETTINGS, spread_pct=Decimal(20))

    assert (step.trail_pct, step.candidate) == (30, Decimal("2.80"))


@pytest.mark.parametrize(
    ("bid", "ask", "mark"),
    [
        pytest.param("1.90", "2.10", "2.00", id="narrow: mid"),
        pytest.param("1.80", "2.20", "1.80", id="wide: the bid"),
    ],
)
def test_the_mark_is_mid_or_bid(bid: str, ask: str, mark: str) -> None:
    assert stops.mark_of(Touch(Decimal(bid), Decimal(ask)), SETTINGS) == Decimal(mark)


def test_no_quote_is_no_mark() -> None:
    assert stops.mark_of(None, SETTINGS) is None


@pytest.mark.parametrize(
    ("marks", "waited_s", "due"),
    [
        pytest.param(["1.0", "0.9", "0.8"], 5, True, id="three below and the broker silent"),
        pytest.param(["1.0", "0.9", "0.8"], 4, False, id="the broker has a second left"),
        pytest.param(["1.0", "1.1", "0.9", "0.8"], 9, False, id="one above starts again"),
    ],
)
def test_the_backup_leaves_when_the_broker_does_not(
    marks: list[str], waited_s: float, due: bool
) -> None:
    breach = stops.Breach()
    for mark in marks:
        breach = stops.watch(breach, Decimal(mark), Decimal("1.0"), AT)

    assert stops.is_backup_due(breach, AT + timedelta(seconds=waited_s), SETTINGS) is due

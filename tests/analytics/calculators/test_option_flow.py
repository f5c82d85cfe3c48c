"""A session's option prints, contract by contract (DOMAIN 3.15)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import option_flow
from analytics.calculators.option_flow import State
from analytics.calculators.trade_signing import SignedTrade, Signing
from analytics.calculators.unusual_rules import Hit
from quanticity.config.loader import section
from quanticity.domain.market import Side, Trade
from tests import factories

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
DAY = date(2025, 11, 21)
CHAIN = factories.chain()
BOUGHT = Signing(0.9, Side.BUY, "quote")
SOLD = Signing(0.1, Side.SELL, "quote")


def printed(n: int, occ: str, price: float, size: float, signing: Signing = BOUGHT) -> SignedTrade:
    return SignedTrade(Trade(occ, price, size, AT + timedelta(seconds=n)), signing)


INTEREST = {"X": 50}
SETTINGS = section("analytics.option_flow", option_flow.Settings)
PRINTS = st.lists(
    st.tuples(
        st.sampled_from([str(occ) for occ in CHAIN.occ[:4]]),
        st.floats(0.05, 20),
        st.integers(1, 500),
    ),
    min_size=1,
    max_size=30,
).map(lambda rows: [printed(n, *row) for n, row in enumerate(rows)])


@given(PRINTS)
def test_the_sums_are_those_of_all_prints_at_once(prints) -> None:
    state, _ = option_flow.update(State(), prints, DAY, CHAIN.multiplier, INTEREST, SETTINGS)
    found = option_flow.flow(state, CHAIN)
    usd = [
        sum(p.trade.price * p.trade.size * 100 for p in prints if p.trade.instrument == occ)
        for occ in CHAIN.occ
    ]

    assert found.premium_usd == pytest.approx(usd)
    assert found.ask_side_usd == pytest.approx(usd)
    assert found.net_usd == pytest.approx([0.8 * each for each in usd])
    assert found.capture_share == pytest.approx(
        sum(p.trade.size for p in prints) / CHAIN.volume.sum()
    )


@given(PRINTS, st.integers(0, 30))
def test_any_chunking_gives_the_same_sums(prints, cut: int) -> None:
    first, _ = option_flow.update(State(), prints[:cut], DAY, 100, INTEREST, SETTINGS)
    state, _ = option_flow.update(first, prints, DAY, 100, INTEREST, SETTINGS)

    assert dict(state.sums) == dict(
        option_flow.update(State(), prints, DAY, 100, INTEREST, SETTINGS)[0].sums
    )


def test_what_was_sold_is_not_bought_at_the_ask() -> None:
    state, _ = option_flow.update(
        State(), [printed(0, "X", 2.0, 10, SOLD)], DAY, 100, INTEREST, SETTINGS
    )

    assert dict(state.sums)["X"][:4] == (2_000.0, 0.0, pytest.approx(-1_600.0), 10)


def test_a_new_session_begins_from_nothing_and_counts_no_old_print() -> None:
    old = [printed(0, "X", 2.0, 10)]
    state, _ = option_flow.update(State(), old, DAY, 100, INTEREST, SETTINGS)

    fresh, seen = option_flow.update(state, old, date(2025, 11, 24), 100, INTEREST, SETTINGS)

    assert (fresh.premium_usd, seen) == (0, ())


def test_a_rule_hits_a_contract_once_a_session() -> None:
    hit = Hit("OPENING_V1", "X", AT, 1e5)
    state = option_flow.remember(State(), [hit])

    assert option_flow.remember(state, [replace(hit, at=AT + timedelta(seconds=9))]).hits == (hit,)


@pytest.mark.parametrize(
    ("size", "opened"),
    [
        pytest.param(5, 0.0, id="small: opens as often as it closes"),
        pytest.param(10, 2.0, id="large: a fifth more opens than closes"),
    ],
)
def test_large_prints_are_thought_to_open_interest(size: int, opened: float) -> None:
    state, _ = option_flow.update(
        State(), [printed(0, "X", 2.0, size)], DAY, 100, INTEREST, SETTINGS
    )
    sums = dict(state.sums)["X"]

    assert sums.opened == pytest.approx(opened)
    assert sums.live_interest == pytest.approx(50 + opened)


def test_a_contract_without_settled_interest_has_no_live_one() -> None:
    state, _ = option_flow.update(State(), [printed(0, "Y", 2.0, 9)], DAY, 100, INTEREST, SETTINGS)

    assert dict(state.sums)["Y"].live_interest is None


@given(PRINTS)
def test_a_mirrored_tape_has_the_opposite_sides_and_the_same_noise(prints) -> None:
    mirrored = [replace(p, signing=SOLD) for p in prints]
    ours, theirs = (
        dict(option_flow.update(State(), tape, DAY, 100, INTEREST, SETTINGS)[0].sums)
        for tape in (prints, mirrored)
    )

    assert [s.signed for s in ours.values()] == pytest.approx([-s.signed for s in theirs.values()])
    assert [s.noise for s in ours.values()] == pytest.approx([s.noise for s in theirs.values()])


def test_a_guessed_side_leaves_its_variance_in_squared_contracts() -> None:
    tape = [printed(0, "X", 2.0, 10), printed(1, "X", 2.0, 3, SOLD)]
    state, _ = option_flow.update(State(), tape, DAY, 100, INTEREST, SETTINGS)
    sums = dict(state.sums)["X"]

    # +1 nine times in ten, else -1: mean 0.8 and variance 0.36 of one contract.
    assert (sums.signed, sums.noise) == pytest.approx((0.8 * (10 - 3), 0.36 * (100 + 9)))

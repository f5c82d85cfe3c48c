"""The closing imbalance: a labelled estimate beside real ticks (DOMAIN 3.16)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import moc
from quanticity.config.loader import section
from quanticity.domain.market import Imbalance
from quanticity.domain.readings import Unavailable

AT = datetime(2025, 11, 21, 20, 50, tzinfo=UTC)
FUNDS = (moc.Fund(3, 1e10), moc.Fund(-3, 3e9))
SETTINGS = replace(section("analytics.moc", moc.Settings), funds={"SPY": FUNDS})
INPUTS = moc.Inputs(
    spot=600.0,
    adv_usd=4e10,
    adv_shares=7e7,
    volume_shares=6e7,
    heard_share=0.85,
    gap_share=0.0,
    curve_share=0.85,
    gex_usd_per_1pct=-2e9,
    charm_to_close_usd=1e8,
    day_return_pct=1.5,
    sigma_day_frac=0.01,
    obi_l5=0.3,
)
TICKS = Imbalance("SPY", AT, 1e6, 2e5, 600.1, None)


def modelled(inputs: moc.Inputs = INPUTS) -> moc.Estimate:
    found = moc.estimate(inputs, FUNDS, SETTINGS)
    assert found is not None
    return found


def test_the_parts_add_up() -> None:
    assert sum(modelled().components.values()) == pytest.approx(modelled().imbalance_usd)


def test_each_part_has_the_size_and_sign_of_the_specification() -> None:
    """Dollars, + buys: dealers short gamma buy a rise, and sell what charm makes them long."""
    parts = modelled().components

    assert parts["gamma"] == pytest.approx(-0.30 * -2e9 * 1.5)
    assert parts["charm"] == pytest.approx(-1e8)
    assert parts["letf"] == pytest.approx((1e10 * 6 + 3e9 * 12) * 0.015)
    assert parts["momentum"] == pytest.approx(0.002 * 1.5 * 4e10)
    # 0.15 of an average day is left, at a pace of 6e7 / (7e7 x 0.85).
    assert parts["book"] == pytest.approx(0.25 * 0.3 * 4e10 * 0.15 * 6e7 / (7e7 * 0.85))


def test_minutes_never_heard_are_a_gap_and_no_slow_day() -> None:
    """Of 0.85 of the day a fifth was not heard: the pace is that of the other four."""
    deaf = replace(INPUTS, volume_shares=0.8 * 6e7, heard_share=0.8 * 0.85, gap_share=0.2 * 0.85)
    found = moc.compute("SPY", deaf, TICKS, 10, SETTINGS)

    assert isinstance(found, moc.ClosingImbalance)
    assert found.estimate is not None
    assert found.estimate.remaining_volume_usd == pytest.approx(modelled().remaining_volume_usd)
    assert found.estimate.gap_volume_shares == pytest.approx(0.2 * 6e7)
    assert found.reasons == {"gap_volume_shares": "LOW_COVERAGE"}
    assert modelled().gap_volume_shares == 0


def test_a_day_that_was_hardly_heard_has_no_pace() -> None:
    deaf = replace(INPUTS, heard_share=0.59 * 0.85, gap_share=0.41 * 0.85)
    found = moc.compute("SPY", deaf, TICKS, 10, SETTINGS)

    assert isinstance(found, moc.ClosingImbalance)
    assert (found.estimate, found.reasons) == (None, {"estimate": "LOW_COVERAGE"})


def test_an_estimate_says_that_it_is_one() -> None:
    assert modelled().label == "MODEL ESTIMATE"


@given(st.floats(0.1, 5), st.floats(-5e9, 5e9), st.floats(-1e9, 1e9), st.floats(-1, 1))
def test_mirroring_the_day_turns_the_imbalance(
    move: float, gex: float, charm: float, obi: float
) -> None:
    inputs = replace(
        INPUTS, day_return_pct=move, gex_usd_per_1pct=gex, charm_to_close_usd=charm, obi_l5=obi
    )
    mirrored = replace(inputs, day_return_pct=-move, charm_to_close_usd=-charm, obi_l5=-obi)
    ours, theirs = modelled(inputs), modelled(mirrored)

    assert ours.imbalance_usd == pytest.approx(-theirs.imbalance_usd, abs=1)
    assert ours.imbalance_ratio == pytest.approx(theirs.imbalance_ratio)
    assert ours.ci90_low_usd == pytest.approx(-theirs.ci90_high_usd, abs=1)


def test_bull_and_bear_funds_trade_the_same_way() -> None:
    assert moc.leveraged_flow_usd(moc.Fund(3, 1e9), 1) > 0
    assert moc.leveraged_flow_usd(moc.Fund(-3, 1e9), 1) > 0
    assert moc.leveraged_flow_usd(moc.Fund(1, 1e9), 1) == 0


@pytest.mark.parametrize(
    "name", ["spot", "adv_usd", "gex_usd_per_1pct", "charm_to_close_usd", "sigma_day_frac"]
)
def test_a_missing_input_leaves_no_estimate(name: str) -> None:
    assert moc.estimate(replace(INPUTS, **{name: None}), FUNDS, SETTINGS) is None


def test_a_missing_book_counts_nothing_and_is_flagged() -> None:
    found = moc.compute("SPY", replace(INPUTS, obi_l5=None), None, 10, SETTINGS)

    assert isinstance(found, moc.ClosingImbalance)
    assert found.estimate is not None
    assert found.estimate.components["book"] == 0
    assert found.reasons == {"auction": "NO_DATA", "book": "NO_DATA"}


def test_real_ticks_are_kept_apart() -> None:
    found = moc.compute("SPY", replace(INPUTS, spot=None), TICKS, 10, SETTINGS)

    assert isinstance(found, moc.ClosingImbalance)
    assert (found.estimate, found.auction) == (None, TICKS)


@pytest.mark.parametrize("minutes", [-1, 121])
def test_outside_its_window_there_is_none(minutes: float) -> None:
    found = moc.compute("SPY", INPUTS, TICKS, minutes, SETTINGS)

    assert isinstance(found, Unavailable)
    assert found.reason == "SESSION_CLOSED"


@pytest.mark.parametrize(("volume", "pace"), [(1.0, 0.5), (5.95e7, 1.0), (9e9, 2.0)])
def test_the_pace_of_the_day_is_clipped(volume: float, pace: float) -> None:
    found = modelled(replace(INPUTS, volume_shares=volume))

    assert found.remaining_volume_usd == pytest.approx(4e10 * 0.15 * pace)


def test_funds_that_nobody_told_of_are_no_part_of_it() -> None:
    found = moc.compute("QQQ", INPUTS, TICKS, 10, SETTINGS)

    assert isinstance(found, moc.ClosingImbalance)
    assert found.estimate is not None
    assert "letf" not in found.estimate.components
    assert found.reasons == {"letf": "NO_DATA"}


def test_the_shipped_settings_invent_no_fund() -> None:
    assert section("analytics.moc", moc.Settings).funds == {}

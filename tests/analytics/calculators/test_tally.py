"""Sums by expiry and strike: the fused pass and the priced Greeks say the same."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import compiled, inventory, pricing, tally
from analytics.calculators.inventory import Inventory
from quanticity.domain.calendar import Settlement
from quanticity.domain.options import Expiry
from tests.analytics.toy_chains import AS_OF, INVENTORY

DAY = date(2025, 11, 21)


def book() -> Inventory:
    """Today's, next week's and next quarter's contracts, held at random."""
    random, strikes = np.random.default_rng(0), np.tile(np.arange(400.0, 800.0, 2.0), 2)
    expiries = tuple(
        Expiry(
            DAY + timedelta(days),
            "SPY",
            Settlement.PM_PHYSICAL,
            AS_OF,
            days * 86_400.0 + 9_000,
            days,
            days,
        )
        for days in (0, 7, 90)
    )
    n = len(strikes) * len(expiries)
    found = pricing.from_columns(
        spot=600.0, multiplier=100, expiries=expiries,
        right=np.tile(np.repeat([1.0, -1.0], len(strikes) // 2), 3), strike=np.tile(strikes, 3),
        open_interest=random.integers(0, 5_000, n).astype(float),
        expiry_idx=np.repeat(np.arange(3), len(strikes)), sigma=random.uniform(0.1, 0.5, n),
        r=np.full(n, 0.04), q=np.full(n, 0.01),
    )  # fmt: skip
    return inventory.compute(found, INVENTORY)


HELD = book()
P = HELD.priced


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tally.Tally]:
    pytest.importorskip("numba")
    compiled.load(tmp_path_factory.mktemp("numba"))
    worth, compiled._WORTH = compiled._WORTH, 1
    assert tally._fused(HELD, np.zeros(len(P.strike), dtype=np.int64)) is not None
    yield tally.compute(HELD)
    compiled._loaded.clear()
    compiled._WORTH = worth


@pytest.mark.parametrize("exposure", range(4), ids=["gamma", "delta", "vanna", "charm"])
def test_the_fused_pass_gives_the_same_totals(fused: tally.Tally, exposure: int) -> None:
    compiled._loaded, kept = [], compiled._loaded
    added = tally.compute(HELD)
    compiled._loaded = kept

    assert fused.by_expiry[:, exposure] == pytest.approx(added.by_expiry[:, exposure], rel=1e-10)
    assert np.array_equal(fused.strike, added.strike)
    assert fused.by_strike == pytest.approx(added.by_strike, rel=1e-10, abs=1e-9)


def test_strikes_and_expiries_have_the_same_total() -> None:
    sums = tally.compute(HELD)

    assert sums.by_strike.sum() == pytest.approx(sums.total(tally.GEX), rel=1e-12)


def test_what_lies_beyond_the_horizon_is_in_no_total() -> None:
    far = replace(HELD, counted=np.zeros_like(HELD.counted), later=HELD.counted | HELD.later)
    sums = tally.compute(far)

    assert sums.total(tally.GEX) == 0.0
    assert sums.by_expiry == pytest.approx(tally.compute(HELD).by_expiry)
    assert len(sums.strike) == 0


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 100.0))
def test_scaling_every_weight_scales_every_sum(factor: float) -> None:
    scaled: Inventory = replace(HELD, weight=HELD.weight * factor)

    assert tally.compute(scaled).by_expiry == pytest.approx(
        tally.compute(HELD).by_expiry * factor, rel=1e-12
    )

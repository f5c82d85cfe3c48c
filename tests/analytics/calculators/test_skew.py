"""Skew of a smile whose shape is known."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import skew, smile_fit
from analytics.calculators.skew import Skew
from quanticity.config.loader import section
from quanticity.domain.readings import Unavailable
from tests.analytics.toy_chains import chain, priced

SETTINGS = section("analytics.skew", smile_fit.Settings)
STRIKES = tuple(range(560, 641, 2))
TODAY, NEXT = date(2025, 11, 21), date(2025, 11, 28)


def smile_of(sigma, days=(NEXT,)):  # type: ignore[no-untyped-def]
    found = skew.nearest(priced(chain(STRIKES, days=days, sigma=sigma, width=0.01)), SETTINGS)
    assert found is not None
    return found


def read(smile: smile_fit.QuotedSmile) -> Skew:
    answer = skew.compute(smile, SETTINGS)
    assert isinstance(answer, Skew)
    return answer


def test_a_flat_smile_has_no_skew() -> None:
    found = read(smile_of(lambda _: 0.15))

    assert found.rr25_volpts == pytest.approx(0, abs=0.02)
    assert found.bf25_volpts == pytest.approx(0, abs=0.02)
    assert found.slope_volpts_per_k == pytest.approx(0, abs=0.02)
    assert found.atm_iv == pytest.approx(0.15, abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.2, 1.5))
def test_richer_puts_make_the_risk_reversal_negative(tilt: float) -> None:
    found = read(smile_of(lambda k: 0.15 - tilt * (k / 600 - 1)))

    assert found.rr25_volpts < 0
    assert found.slope_volpts_per_k < 0


def test_a_smile_has_a_positive_butterfly() -> None:
    assert read(smile_of(lambda k: 0.15 + 20 * (k / 600 - 1) ** 2)).bf25_volpts > 0


def test_the_slope_is_the_coefficient_it_was_made_with() -> None:
    smile = smile_of(lambda _: 0.15)
    k = np.log(smile.strike / smile.forward) / (0.15 * np.sqrt(smile.t_s / 31_536_000))
    tilted = 0.15 - 0.01 * k + 0.004 * k * k
    found = read(replace(smile, iv=tilted, iv_bid=tilted - 0.002, iv_ask=tilted + 0.002))

    assert found.slope_volpts_per_k == pytest.approx(-1.0, abs=0.01)
    assert found.curvature_volpts_per_k2 == pytest.approx(0.4, abs=0.01)


def test_the_nearest_expiry_with_time_left_is_taken() -> None:
    assert smile_of(lambda _: 0.3, days=(TODAY, NEXT)).expiry_date == TODAY


def test_a_gap_around_25_delta_has_no_risk_reversal() -> None:
    smile = smile_of(lambda _: 0.15)
    keep = (np.abs(smile.strike - 600) < 4) | (np.abs(smile.strike - 600) > 24)
    columns = {
        name: getattr(smile, name)[keep] for name in ("right", "strike", "iv", "iv_bid", "iv_ask")
    }
    found = read(replace(smile, **columns))

    assert found.rr25_volpts is None
    assert found.reasons["rr25_volpts"] == "INSUFFICIENT_SAMPLES"


def test_a_fit_with_negative_butterflies_is_refused() -> None:
    smile = smile_of(lambda _: 0.15)
    k = np.log(smile.strike / smile.forward) / (0.15 * np.sqrt(smile.t_s / 31_536_000))
    frown = np.maximum(0.15 - 0.08 * k * k, 0.02)
    found = read(replace(smile, iv=frown, iv_bid=frown, iv_ask=frown))

    assert (found.slope_volpts_per_k, found.reasons["slope_volpts_per_k"]) == (None, "ARBITRAGE")


def test_noise_is_the_width_of_the_quotes_in_the_reversal() -> None:
    smile = smile_of(lambda _: 0.15)

    assert read(replace(smile, iv_bid=smile.iv, iv_ask=smile.iv)).noise_volpts == 0.0


def test_noise_is_how_far_the_bids_reversal_is_from_that_of_the_asks() -> None:
    smile = smile_of(lambda _: 0.15)
    call = smile.right > 0
    # Calls are 0.14 at 0.18, puts 0.13 at 0.15: reversals of 1 and 3 vol points.
    quoted = replace(
        smile,
        iv_bid=np.where(call, 0.14, 0.13), iv_ask=np.where(call, 0.18, 0.15),
    )  # fmt: skip

    assert read(quoted).noise_volpts == pytest.approx(2.0)


def test_quotes_on_one_side_only_are_no_smile() -> None:
    smile = smile_of(lambda _: 0.15)
    calls = smile.right > 0
    columns = {
        name: getattr(smile, name)[calls] for name in ("right", "strike", "iv", "iv_bid", "iv_ask")
    }

    assert isinstance(
        skew.compute(replace(smile, **columns | {"forward": 590.0}), SETTINGS), Unavailable
    )

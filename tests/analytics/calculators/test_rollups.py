"""Symbols to sector and portfolio (DOMAIN 3.20)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import rollups
from analytics.calculators.rollups import Member, Rollup
from quanticity.domain.readings import Unavailable


def member(
    symbol: str = "SPY",
    *,
    beta: float | None = 1.0,
    model: str = "naive",
    level: str | None = None,
    **values: float | None,
) -> Member:
    return Member(symbol, beta, 1e9, model, "settled", level, values)


def rolled(*members: Member) -> Rollup:
    found = rollups.compute("TECH", members)
    assert isinstance(found, Rollup)
    return found


def test_exposures_are_weighted_by_beta() -> None:
    found = rolled(member(gex_usd_per_1pct=2e9), member("QQQ", beta=1.5, gex_usd_per_1pct=-1e9))

    assert found.gex_usd_per_1pct_bw == 0.5e9


def test_mixed_models_are_not_added() -> None:
    found = rolled(
        member(gex_usd_per_1pct=2e9), member("QQQ", model="skew_adj", gex_usd_per_1pct=1e9)
    )

    assert found.gex_usd_per_1pct_bw is None
    assert found.reasons["gex_usd_per_1pct_bw"] == "MODEL_MISMATCH"


def test_means_say_how_many_they_are_of() -> None:
    found = rolled(
        member(vpin_cdf=0.2),
        member("QQQ", vpin_cdf=0.6),
        member("IWM", vpin_cdf=None, volume_shares=1),
    )

    assert (found.mean_vpin_cdf, found.n["mean_vpin_cdf"]) == (pytest.approx(0.4), 2)
    assert found.max_vpin_cdf == rollups.Extreme("QQQ", 0.6)


def test_a_highest_rank_that_nobody_has_is_missing_with_its_reason() -> None:
    found = rolled(member(gex_usd_per_1pct=2e9))

    assert (found.max_vpin_cdf, found.reasons["max_vpin_cdf"]) == (None, "NO_DATA")


def test_members_without_values_are_counted_missing() -> None:
    found = rolled(member(vpin_cdf=0.2, level="HIGH"), member("QQQ", vpin_cdf=None))

    assert (found.n_valid, found.n_missing, found.n_toxic) == (1, 1, 1)


def test_what_nobody_has_is_missing() -> None:
    assert rolled(member(vpin_cdf=0.2)).reasons["dex_usd_bw"] == "NO_DATA"
    assert isinstance(rollups.compute("TECH", [member()]), Unavailable)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=6))
def test_the_order_of_members_does_not_matter(values: list[float]) -> None:
    members = [member(str(n), gex_usd_per_1pct=value) for n, value in enumerate(values)]

    ours, theirs = rolled(*members), rolled(*reversed(members))

    assert ours.gex_usd_per_1pct_bw == pytest.approx(theirs.gex_usd_per_1pct_bw, abs=1e-3)

"""Vendors' figures against ours, over the real chains."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from analytics.calculators import black_scholes
from analytics.chainfiles import comparison
from tests.analytics import toy_chains
from tests.analytics.toy_chains import Q, R


def compared(*paths: Path) -> dict:
    out = StringIO()
    call_command("compare_vendor", *map(str, paths), "--json", stdout=out)
    return json.loads(out.getvalue())


def with_vendor(iv: float, spot: float = 600.0) -> comparison.Comparison:
    """A chain of 15 % volatility beside a vendor who says `iv`."""
    chain = toy_chains.chain(spot=spot)
    t = chain.expiries[0].t_s / 31_536_000
    delta = black_scholes.delta(chain.right, spot, chain.strike, t, iv, R, Q)
    said = {"iv": np.full(len(chain), iv), "delta": delta, "gamma": np.abs(delta)}
    return comparison.compute(toy_chains.priced(replace(chain, vendor=said)), Q)


def test_a_vendor_who_agrees_has_no_outlier() -> None:
    found = with_vendor(0.15)

    assert (found.outliers, found.causes) == (0, {})
    assert found.iv is not None
    assert found.iv.quantiles[1] < 1e-3


def test_a_vendor_who_is_far_off_is_counted_with_a_cause() -> None:
    found = with_vendor(0.30)

    assert found.outliers == found.admitted
    assert sum(found.causes.values()) == found.outliers
    assert found.iv is not None
    assert found.iv.quantiles[0] == pytest.approx(0.15, abs=0.01)


def test_a_vendor_who_says_nothing_is_not_compared() -> None:
    found = comparison.compute(toy_chains.priced(toy_chains.chain()), Q)

    assert (found.iv, found.delta, found.gamma, found.outliers) == (None, None, None, 0)


@pytest.mark.parametrize(
    ("pattern", "median"),
    [
        pytest.param("SPX_2023-04-17*", 0.001, id="index, European"),
        pytest.param("QQQ_2023-05-10_1510*", 0.004, id="fund, American, intraday"),
    ],
)
def test_liquid_volatilities_agree_with_the_vendor(
    shared: Path, pattern: str, median: float
) -> None:
    (path,) = (shared / "data" / "chains" / "cboe_csv").glob(pattern)
    (found,) = compared(path)["files"].values()

    assert found["iv_liquid"]["quantiles"][0] < median
    assert found["delta"]["quantiles"][0] < 0.005
    assert sum(found["causes"].values()) == found["outliers"]


def test_what_is_no_chain_is_said_and_fails(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("nothing")

    with pytest.raises(SystemExit) as end:
        compared(tmp_path)
    assert end.value.code == 2

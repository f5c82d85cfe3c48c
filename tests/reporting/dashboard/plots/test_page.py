"""The symbol page: every plot is drawn, or says why not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from analytics.calculators import dealer_flow, exposure, flow_clusters, vpin
from analytics.models import MetricHistory
from quanticity.domain import clock
from quanticity.domain.readings import Unavailable
from quanticity.store import market, readings
from reporting.dashboard.plots import page
from reporting.dashboard.plots.plot import Plot
from tests.analytics import toy_chains

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "noon")]
ALL = {"gex", "profile", "vanna", "charm", "vpin", "skew", "regime", "clusters", "hedging"}


def plots() -> dict[str, Plot]:
    return {plot.key: plot for side in page.look("SPY") for plot in side}


def write(family: str, answer: Any) -> None:
    readings.write("SPY", family, answer, as_of=clock.now(), feed="ibkr")


@pytest.fixture
def chain(store: None, noon: Any) -> None:
    """A chain, and the readings made from it."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=3)
    found = toy_chains.chain(interest=lambda _strike, right: 200 if right > 0 else 100)
    market.write_chain(found)
    priced = toy_chains.priced(found).priced
    write("gex", exposure.compute(priced, toy_chains.PARTS, seed=1, is_single_name=False))
    write("vanna", dealer_flow.compute_vanna(priced, toy_chains.INVENTORY))


def measured(**changes: Any) -> vpin.Vpin:
    known = {
        "vpin": 0.4, "vpin_cdf": 0.95, "vpin_signed": None, "vpin_residual": None, "n_buckets": 50,
        "bucket_shares": 1e6, "sigma_dp": 0.1, "last_bucket_at": clock.now(), "alarm": 0.9,
        "n_refused_bars": 0, **changes,
    }  # fmt: skip
    return vpin.Vpin(**known)


def mixed(**changes: Any) -> flow_clusters.FlowClusters:
    known = {
        "momentum_share": 0.5, "mean_reversion_share": 0.1, "hedging_share": 0.2, "unclear_share": 0.2, "momentum_dir": 0.3,
        "block_share": 0.1, "small_lot_share": 0.2, "other_share": 0.7, "silhouette": 0.4, "mean_max_posterior": 0.9,
        "ari_vs_prev_day": None, "abstained": False, "n_bursts": 60, **changes,
    }  # fmt: skip
    return flow_clusters.FlowClusters(**known)


def test_without_readings_every_plot_says_why() -> None:
    found = plots()

    assert set(found) == ALL
    assert {plot.reason for plot in found.values()} == {"NO_DATA"}


@pytest.mark.usefixtures("chain")
def test_a_chain_gives_bars_a_profile_and_a_heat_map() -> None:
    found = plots()

    assert [found[key].reason for key in ("gex", "profile", "vanna")] == ["", "", ""]
    assert [size for size, _ in found["vanna"].pictures] == ["wide", "narrow"]
    assert found["vanna"].legend[-1].text.startswith("+$")


@pytest.mark.usefixtures("chain")
def test_what_is_read_from_the_chain_is_as_old_as_the_chain() -> None:
    stamp = plots()["vanna"].stamp

    assert stamp is not None
    assert stamp.age_s == 3


@pytest.mark.usefixtures("chain")
def test_a_refused_total_hides_its_heat_map() -> None:
    write("vanna", Unavailable("vanna", "LOW_COVERAGE"))
    shown = plots()["vanna"]

    assert (shown.reason, shown.pictures, shown.why) == ("LOW_COVERAGE", [], "low coverage")


def test_a_stale_reading_is_not_drawn(noon: Any) -> None:
    write("vpin", measured())
    noon.advance(59)
    assert plots()["vpin"].reason == ""
    noon.advance(2)

    assert plots()["vpin"].reason in {"STALE", "NO_DATA"}


def test_an_alarm_is_named() -> None:
    write("vpin", measured())

    assert "beyond the alarm at 0.90" in plots()["vpin"].summary


def test_an_unknown_rank_says_why() -> None:
    write("vpin", measured(vpin_cdf=None, reasons={"vpin_cdf": "INSUFFICIENT_SAMPLES"}))

    assert "rank is unavailable: insufficient samples" in plots()["vpin"].summary


def test_the_history_of_this_session_is_drawn() -> None:
    write("vpin", measured())
    for minutes in (2, 1):
        MetricHistory.objects.create(
            symbol="SPY", metric="vpin", as_of=clock.now() - timedelta(minutes=minutes), value=0.4, source="sim"
        )  # fmt: skip

    assert len(plots()["vpin"].pictures) == 4
    assert len(plots()["vpin"].tables[0].rows) == 2


def test_an_abstention_is_said_and_not_zero() -> None:
    shares = dict.fromkeys(flow_clusters.SHARES)
    write("flow_clusters", mixed(**shares, momentum_dir=None, abstained=True))
    shown = plots()["clusters"]

    assert shown.summary.startswith("Abstains")
    assert "0.0 %" not in shown.summary + shown.legend[0].text


def test_the_largest_share_is_named() -> None:
    write("flow_clusters", mixed())

    assert plots()["clusters"].summary.startswith("Mostly momentum, 50.0 %")


@pytest.mark.usefixtures("chain")
def test_the_page_has_a_picture_a_summary_and_a_table(signed_in: Callable[..., Client]) -> None:
    html = signed_in(staff=True).get("/dashboard/symbol/SPY/").content.decode()

    assert html.count('data-plot="') == len(ALL)
    assert 'aria-describedby="vanna-summary"' in html
    assert "As a table" in html
    assert "style=" not in html


@pytest.mark.usefixtures("chain")
def test_gamma_says_where_its_error_comes_from() -> None:
    parts = readings.read("SPY", ("gex",))["gex"]["data"]["error_parts"]
    largest = max((value, name) for name, value in parts.items())[1]

    assert f"Most of the error is {largest.replace('_', ' ')}:" in plots()["gex"].summary

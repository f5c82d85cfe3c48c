"""How prints arrive: distinct clusters or none (DOMAIN 3.14)."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from analytics.calculators import flow_bursts, flow_clusters
from analytics.calculators.flow_bursts import Burst
from analytics.calculators.flow_clusters import FlowClusters, References
from quanticity.config.loader import section
from quanticity.domain.market import Side
from quanticity.domain.readings import Unavailable

SETTINGS = section("analytics.flow_clusters", flow_clusters.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)


def burst(notional: float, share: float, impact: float, n: int = 0) -> Burst:
    side = Side.BUY if share > 0 else Side.SELL
    jitter = 1 + 0.01 * (n % 7)
    return Burst(
        AT,
        side,
        notional * jitter,
        notional / 600 * jitter,
        share,
        3,
        0.1,
        0.5,
        impact * jitter,
        False,
        share,
    )


# Buyers who move the price, sellers whom it moves against, and large two-sided flow.
DISTINCT = [
    *(burst(5e4, 0.8, 3.0, n) for n in range(20)),
    *(burst(2e3, -0.8, 2.0, n) for n in range(20)),
    *(burst(5e6, 0.1 * (-1) ** n, 0.0, n) for n in range(20)),
]


def describe(bursts: list[Burst], references: References | None = None) -> FlowClusters:
    model = flow_clusters.fit(bursts, None, SETTINGS)
    found = flow_clusters.compute(bursts, model, references or References(), SETTINGS)
    assert isinstance(found, FlowClusters)
    return found


def test_shares_of_behavior_add_up_to_one() -> None:
    found = describe(DISTINCT)
    shares = (
        found.momentum_share,
        found.mean_reversion_share,
        found.hedging_share,
        found.unclear_share,
    )

    assert sum(share or 0 for share in shares) == pytest.approx(1)
    assert found.block_share + found.small_lot_share + found.other_share == pytest.approx(1)


def test_each_cluster_is_labelled_by_its_centroid() -> None:
    found = describe(DISTINCT)

    assert found.hedging_share is not None
    assert found.hedging_share > 0.9
    assert found.momentum_share == pytest.approx(0.01, abs=0.005)
    assert found.momentum_dir == pytest.approx(0.8, abs=0.05)


def test_indistinct_bursts_abstain() -> None:
    rng = np.random.default_rng(3)
    noise = [
        burst(
            float(np.exp(rng.normal(10.5, 1.3))),
            float(rng.uniform(-1, 1)),
            float(rng.normal(0, 0.5)),
        )
        for _ in range(300)
    ]
    found = flow_clusters.compute(
        noise,
        flow_clusters.fit(noise, None, SETTINGS),
        References(),
        replace(SETTINGS, silhouette_min=0.9),
    )

    assert isinstance(found, FlowClusters)
    assert (found.abstained, found.momentum_share) == (True, None)
    assert found.reasons["momentum_share"] == "ABSTAIN"


def test_too_few_bursts_are_unavailable() -> None:
    few = DISTINCT[:39]

    assert flow_clusters.fit(few, None, SETTINGS) is None
    assert isinstance(flow_clusters.compute(few, None, References(), SETTINGS), Unavailable)


def test_the_same_bursts_give_the_same_model() -> None:
    assert flow_clusters.fit(DISTINCT, None, SETTINGS) == flow_clusters.fit(
        DISTINCT, None, SETTINGS
    )


def test_a_warm_start_stays_where_the_cold_fit_is() -> None:
    cold = flow_clusters.fit(DISTINCT, None, SETTINGS)
    assert cold is not None

    warm = flow_clusters.fit(DISTINCT, cold, SETTINGS)

    assert warm is not None
    assert np.array(warm.centroids) == pytest.approx(np.array(cold.centroids))


def test_a_refit_keeps_the_meaning_of_labels() -> None:
    cold = flow_clusters.fit(DISTINCT, None, SETTINGS)
    assert cold is not None
    turned = flow_clusters.Model(cold.centroids[::-1])

    assert np.array(flow_clusters.refit(DISTINCT, turned, SETTINGS).centroids) == pytest.approx(
        np.array(turned.centroids)
    )


def test_agreement_with_yesterday_is_published() -> None:
    model = flow_clusters.fit(DISTINCT, None, SETTINGS)

    assert describe(DISTINCT, References(yesterday=model)).ari_vs_prev_day == pytest.approx(1)
    assert describe(DISTINCT).ari_vs_prev_day is None


def test_a_scale_is_learnt_where_there_is_a_range() -> None:
    found = flow_clusters.learn_scale(DISTINCT, SETTINGS)
    sweep = flow_bursts.FEATURES.index("is_sweep")

    assert found.iqr[sweep] == SETTINGS.scale.iqr[sweep]
    assert found.median[sweep] == 0
    assert min(found.iqr) > 0

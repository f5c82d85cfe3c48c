"""How prints arrive: distinct clusters or none (DOMAIN 3.14)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from analytics.calculators import flow_bursts, flow_clusters
from analytics.calculators.flow_bursts import Burst
from analytics.calculators.flow_clusters import FlowClusters, Memory, Model, References
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


TODAY, TOMORROW = date(2025, 11, 21), date(2025, 11, 24)


def session_of(day: date, bursts: list[Burst], before: Memory) -> tuple[Memory, FlowClusters]:
    memory = flow_clusters.turn(before, day, SETTINGS)
    own = replace(SETTINGS, scale=memory.scale or SETTINGS.scale)
    model = flow_clusters.fit(bursts, memory.model, own)
    found = flow_clusters.compute(bursts, model, References(memory.yesterday), own)
    assert isinstance(found, FlowClusters)
    return flow_clusters.learn(memory, bursts, model, own), found


def test_the_same_flow_keeps_its_labels_the_next_day() -> None:
    memory, today = session_of(TODAY, DISTINCT, Memory())
    _, tomorrow = session_of(TOMORROW, DISTINCT[::-1], memory)

    assert (today.ari_vs_prev_day, tomorrow.ari_vs_prev_day) == (None, 1.0)
    assert tomorrow.momentum_share == pytest.approx(today.momentum_share)
    assert tomorrow.hedging_share == pytest.approx(today.hedging_share)


def test_other_flow_disagrees_with_yesterdays_clusters() -> None:
    memory, _ = session_of(TODAY, DISTINCT, Memory())
    other = [
        burst(5e4 * (1 + n % 3), 0.8 * (-1) ** n, 3.0 * (-1) ** (n // 2), n) for n in range(60)
    ]
    _, found = session_of(TOMORROW, other, memory)

    assert found.ari_vs_prev_day is not None
    assert found.ari_vs_prev_day < 0.9


def test_within_a_session_yesterday_stays_the_same() -> None:
    memory, _ = session_of(TODAY, DISTINCT, Memory())
    morning, _ = session_of(TOMORROW, DISTINCT, memory)
    noon, _ = session_of(TOMORROW, DISTINCT[:50], morning)

    assert noon.yesterday == morning.yesterday == memory.model


def test_scales_of_enough_sessions_replace_the_default_and_move_no_centroid() -> None:
    memory = Memory()
    for n in range(SETTINGS.scale_sessions):
        memory, _ = session_of(TODAY + timedelta(days=n), DISTINCT, memory)
    assert memory.scale is None

    last, found = session_of(TODAY + timedelta(days=99), DISTINCT, memory)

    assert last.scale == flow_clusters.learn_scale(DISTINCT, SETTINGS)
    assert found.ari_vs_prev_day == 1.0


def test_a_cluster_that_died_out_is_found_again() -> None:
    stuck = Model(((0.0,) * 9, (900.0,) * 9, (901.0,) * 9))
    model = flow_clusters.fit(DISTINCT, stuck, SETTINGS)
    assert model is not None
    found = flow_clusters.compute(DISTINCT, model, References(), SETTINGS)

    assert isinstance(found, FlowClusters)
    assert not found.abstained

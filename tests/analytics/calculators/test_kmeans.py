"""KMeans: the warm fit, posteriors and measures of quality (DOMAIN 3.14)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import kmeans


@given(st.integers(0, 1_000))
def test_lloyd_never_worsens_the_fit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, start = rng.normal(size=(60, 4)), rng.normal(size=(3, 4))
    found = kmeans.lloyd(points, start, 50)

    def inertia(centroids: np.ndarray) -> float:
        return float(((points - centroids[kmeans.nearest(points, centroids)]) ** 2).sum())

    assert inertia(found) <= inertia(start) + 1e-9


def test_posteriors_are_shares() -> None:
    points = np.random.default_rng(1).normal(size=(50, 4))
    centroids = points[:3]
    posterior = kmeans.posterior(points, centroids, kmeans.nearest(points, centroids))

    assert posterior.sum(axis=1) == pytest.approx(np.ones(50))
    assert (posterior.argmax(axis=1) == kmeans.nearest(points, centroids)).all()


def test_one_cluster_has_no_silhouette() -> None:
    assert kmeans.silhouette(np.ones((10, 2)), np.zeros(10, dtype=np.int64), 400) == -1


def test_matching_undoes_a_permutation() -> None:
    centroids = np.random.default_rng(2).normal(size=(4, 3))

    assert kmeans.matched(centroids[[2, 0, 3, 1]], centroids) == pytest.approx(centroids)


def test_an_empty_cluster_stays_where_it_was() -> None:
    far = np.array([[0.0, 0.0], [99.0, 99.0]])

    assert kmeans.lloyd(np.ones((5, 2)), far, 10)[1] == pytest.approx([99.0, 99.0])

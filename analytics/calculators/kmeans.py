"""KMeans as flow clusters need it: a seeded cold fit, a cheap warm one, and how far to trust both.

The cold fit and the two measures of quality are scikit-learn's, the matching SciPy's; both are
imported inside, because they are slow to load and most processes never fit. The warm fit is plain
Lloyd iteration from given centroids: deterministic, and some fifty times cheaper.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def cold(points: Floats, k: int, seed: int, starts: int) -> Floats:
    """Centroids of the best of several seeded k-means++ starts."""
    from sklearn.cluster import KMeans  # noqa: PLC0415 - see the module docstring

    fitted = KMeans(k, n_init=starts, random_state=seed).fit(points)
    centroids: Floats = np.asarray(fitted.cluster_centers_, dtype=np.float64)
    return centroids


def lloyd(points: Floats, centroids: Floats, iterations: int) -> Floats:
    """Centroids after Lloyd's iteration from these; a cluster left empty stays where it was."""
    labels = nearest(points, centroids)
    for _ in range(iterations):
        centroids = _means(points, labels, centroids)
        moved = nearest(points, centroids)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return centroids


def matched(centroids: Floats, reference: Floats) -> Floats:
    """The centroids reordered to lie, in sum, nearest to the reference ones."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - see the module docstring

    _, order = linear_sum_assignment(_squared(reference, centroids))
    found: Floats = centroids[order]
    return found


def nearest(points: Floats, centroids: Floats) -> Ints:
    """Index of each point's centroid: |p - c|^2 without the |p|^2 that all of them share."""
    half = 0.5 * (centroids * centroids).sum(axis=1)
    labels: Ints = (half - points @ centroids.T).argmin(axis=1)
    return labels


def posterior(points: Floats, centroids: Floats, labels: Ints) -> Floats:
    """Softmax of -d^2 / (2 s^2), s^2 the mean variance within clusters per feature."""
    squared = _squared(points, centroids)
    own = squared[np.arange(len(points)), labels]
    variance = max(float(own.mean()) / points.shape[1], np.finfo(np.float64).tiny)
    logits = -(squared - squared.min(axis=1, keepdims=True)) / (2 * variance)
    weights = np.exp(logits)
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def silhouette(points: Floats, labels: Ints, sample: int) -> float:
    """Mean silhouette of evenly spaced points in [-1, 1]; -1 when all lie in one cluster."""
    from sklearn.metrics import silhouette_score  # noqa: PLC0415 - see the module docstring

    step = max(1, len(points) // sample)
    some, named = points[::step], labels[::step]
    distinct = len(np.unique(named))
    if not 1 < distinct < len(named):
        return -1.0
    return float(silhouette_score(some, named))


def adjusted_rand(one: Ints, other: Ints) -> float:
    """Agreement of two labelings of the same points, 1 equal, 0 as by chance."""
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415 - see the module docstring

    return float(adjusted_rand_score(one, other))


def _means(points: Floats, labels: Ints, centroids: Floats) -> Floats:
    members = (labels == np.arange(len(centroids))[:, np.newaxis]).astype(np.float64)
    counts = members.sum(axis=1, keepdims=True)
    kept: Floats = np.where(counts > 0, (members @ points) / np.maximum(counts, 1.0), centroids)
    return kept


def _squared(points: Floats, centroids: Floats) -> Floats:
    away = points[:, np.newaxis, :] - centroids[np.newaxis, :, :]
    squared: Floats = np.einsum("nkf,nkf->nk", away, away)
    return squared

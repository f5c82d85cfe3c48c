"""Our Greeks against QuantLib's, European in closed form, American on a tree against its finite differences: a table."""

from pathlib import Path

import numpy as np
import pytest

from analytics.calculators import american, black_scholes, compiled
from quanticity.config.loader import section
from tests.benchmarks.option_data import columns, saved
from tests.benchmarks.peers import Peer

NAMES = {
    "price": "price", "delta": "delta", "gamma": "gamma", "vega": "vega_per_volpt",
    "theta": "theta_per_day", "rho": "rho_per_1pct", "vanna": "vanna_per_volpt",
    "charm": "charm_per_day",
}  # fmt: skip
# Vanna and charm are differences of QuantLib's delta, of second order in the step.
LOOSE = {"vanna", "charm"}


@pytest.fixture
def kernels(tmp_path: Path):
    compiled.load(tmp_path)
    yield
    compiled._loaded.clear()


@pytest.mark.timeout(600)
def test_european_greeks(kernels, tmp_path: Path) -> None:
    d = columns()
    with Peer() as peer:
        theirs = peer.answers("quantlib_greeks", saved(d, tmp_path))
    terms = (d["right"], d["spot"], d["strike"], d["t"], d["sigma"], d["r"], d["q"])
    fast, slow = compiled.greeks(*terms), black_scholes.greeks(*terms)

    print(f"\nEuropean, {len(theirs['price'])} contracts: largest difference over largest value")
    for name, ours in NAMES.items():
        scale = np.abs(theirs[name]).max()
        gaps = [np.abs(getattr(g, ours)[::20] - theirs[name]).max() / scale for g in (fast, slow)]
        print(f"  {ours:18} kernels {gaps[0]:.1e}   NumPy {gaps[1]:.1e}")
        assert max(gaps) <= (1e-6 if name in LOOSE else 1e-12)


@pytest.mark.timeout(600)
def test_american_greeks(tmp_path: Path) -> None:
    random, n = np.random.default_rng(1), 100
    d = {
        "spot": np.array(100.0), "right": np.where(random.random(n) < 0.5, 1.0, -1.0),
        "strike": np.round(random.uniform(70, 130, n)), "days": random.integers(2, 500, n),
        "sigma": random.uniform(0.1, 0.7, n), "r": random.uniform(0.0, 0.06, n),
        "q": random.choice([0.0, 0.01, 0.06], n),
    }  # fmt: skip
    with Peer() as peer:
        theirs = peer.answers("quantlib_american", saved(d, tmp_path))
    settings = section("analytics.american", american.Settings)
    ours = [
        american.compute(
            int(d["right"][i]), 100.0, d["strike"][i], d["days"][i] / 365, d["sigma"][i],
            d["r"][i], d["q"][i], settings=settings,
        )
        for i in range(n)
    ]  # fmt: skip

    print(
        f"\nAmerican, {n} contracts, tree of {settings.steps} steps against QuantLib's differences"
    )
    for name, limit in (("price", 5e-3), ("delta", 2e-3), ("gamma", 2e-3)):
        gap = np.abs(np.array([getattr(one, name) for one in ours]) - theirs[name])
        print(
            f"  {name:8} p50 {np.median(gap):.1e}  p99 {np.quantile(gap, 0.99):.1e}  max {gap.max():.1e}"
        )
        assert np.quantile(gap, 0.99) <= limit

"""Greeks with exposures, and implied volatilities, against the libraries of the trade."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import erf

from analytics.calculators import black_scholes, compiled, implied_vol
from analytics.calculators.implied_vol import Contracts
from tests.benchmarks.option_data import CONTRACTS, columns, out_of_the_money, saved
from tests.benchmarks.peers import Peer
from tests.benchmarks.rounds import compare, timed


@pytest.fixture
def kernels(tmp_path: Path):
    compiled.load(tmp_path)
    yield compiled.kernels(CONTRACTS)
    compiled._loaded.clear()


def one_erf():
    """One vectorised erf per contract: what cannot be saved."""
    from analytics.calculators import polynomials as p

    @p.compiled
    def distribution(x, out):
        for i in range(len(x)):
            z = min(abs(x[i]), p.FAR)
            tail = p.PHI_0 * p.exp(-min(0.5 * x[i] * x[i], 700.0))
            tail = tail * p.mills_over(z) / p.mills_under(z)
            out[i] = tail if x[i] < 0 else 1 - tail

    return distribution


@pytest.mark.timeout(600)
def test_greeks_and_exposures(kernels, tmp_path: Path) -> None:
    d = columns()
    path = saved(d, tmp_path)
    chain = (d["strike"], d["t"], d["sigma"], d["r"], d["q"])
    strikes, at = np.unique(d["strike"], return_inverse=True)
    cell, cells_n = 2 * at + (d["right"] < 0), 2 * len(strikes)
    x, out, distribution = np.linspace(-4, 4, CONTRACTS), np.empty(CONTRACTS), one_erf()

    # Where expiries begin is found once for a chain, when it is priced; every sum uses it again.
    starts = compiled.runs(d["t"], d["r"], d["q"])

    def fused(rows: np.ndarray) -> None:
        kernels.greeks(
            d["spot"], d["right"], *chain, starts, rows, d["weight"], cell,
            np.zeros((len(starts) - 1, 4)), np.zeros(cells_n),
        )  # fmt: skip

    risk, all_ = np.empty((kernels.RISK, CONTRACTS)), np.empty((kernels.COLUMNS, CONTRACTS))
    calls = {
        "ours: 5 Greeks, exposures by strike, expiry": timed(lambda: fused(risk), repeat=10),
        "... exposures alone, as production tallies": timed(
            lambda: compiled.exposures(
                d["spot"], (d["right"], *chain), starts, d["weight"], cell, cells_n
            ),
            repeat=10,
        ),
        "... and where its expiries begin, found anew": timed(
            lambda: (compiled.runs(d["t"], d["r"], d["q"]), fused(risk)), repeat=10
        ),
        "... 8 columns and exposures": timed(lambda: fused(all_), repeat=10),
        "... 5 Greeks after a peer's call, cold cache": timed(lambda: fused(risk)),
        "... 8 fresh columns, as production prices": timed(
            lambda: compiled.greeks(d["right"], d["spot"], *chain), repeat=10
        ),
        "NumPy + SciPy ndtr, 8 columns": timed(
            lambda: black_scholes.greeks(d["right"], d["spot"], *chain), repeat=10
        ),
        "floor: one vectorised erf per contract": timed(lambda: distribution(x, out), repeat=10),
        "one SciPy erf per contract": timed(lambda: erf(x, out=out), repeat=10),
    }
    with Peer() as peer:
        calls["py_vollib_vectorized, 5 Greeks"] = lambda: peer.seconds("pvv_greeks", path)
        calls["py_vollib loop, 5 Greeks"] = lambda: peer.seconds("vollib_greeks", path)
        per = dict.fromkeys(calls, CONTRACTS) | {"py_vollib loop, 5 Greeks": 300}
        compare("Greeks, 45,000 contracts", calls, ours=next(iter(calls)), per=per, unit="contract")


@pytest.mark.timeout(600)
def test_implied_volatility(kernels, tmp_path: Path) -> None:
    d = out_of_the_money(columns())
    path, n = saved(d, tmp_path), len(d["strike"])
    terms = Contracts.of(d["right"], d["spot"], d["strike"], d["t"], d["r"], d["q"])
    last = d["sigma"] * (1 + 0.005 * np.random.default_rng(1).standard_normal(n))
    few = slice(0, None, 10)
    small = Contracts.of(
        *(np.broadcast_to(d[k], n)[few] for k in ("right", "spot", "strike", "t", "r", "q"))
    )

    calls = {
        "ours, warm (last moved 0.5 %)": timed(
            lambda: implied_vol.compute(d["price"], terms, last), repeat=10
        ),
        "ours, cold": timed(lambda: implied_vol.compute(d["price"], terms), repeat=10),
        "ours, NumPy alone, cold": timed(
            lambda: implied_vol._robust(d["price"][few], small, np.zeros(len(small.strike)))
        ),
        "ours, NumPy alone, warm": timed(
            lambda: implied_vol._robust(d["price"][few], small, last[few])
        ),
    }
    with Peer() as peer:
        calls["py_vollib_vectorized"] = lambda: peer.seconds("pvv_implied", path)
        calls["QuantLib, loop"] = lambda: peer.seconds("quantlib_implied", path)
        per = dict.fromkeys(calls, n) | {"QuantLib, loop": 2000}
        per |= {name: len(small.strike) for name in calls if "NumPy alone" in name}
        compare(
            f"Implied volatility, {n} liquid OTM",
            calls,
            ours=next(iter(calls)),
            per=per,
            unit="contract",
        )

"""The compiled kernels give the textbook's numbers, and are not loaded before they are wanted."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import black_scholes, compiled, implied_vol
from analytics.calculators.implied_vol import Contracts

NAMES = compiled._ORDER
ROWS = 3_000


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    pytest.importorskip("numba")
    compiled.load(tmp_path_factory.mktemp("numba"))
    yield compiled.kernels(ROWS)
    compiled._loaded.clear()


def chain(seed: int = 0, shortest: float = 1 / 365 / 24) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    t = np.repeat(np.sort(random.uniform(shortest, 1.5, 10)), ROWS // 10)
    sigma = random.uniform(0.05, 1.5, ROWS)
    strike = 600 * np.exp(sigma * np.sqrt(t) * random.normal(0, 1.5, ROWS))
    right = np.where(random.random(ROWS) < 0.5, 1.0, -1.0)
    return right, strike, t, sigma, np.full(ROWS, 0.043), np.full(ROWS, 0.012)


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_the_textbooks_to_1e_12_of_its_largest(kernels, name: str) -> None:
    right, *others = chain()
    fast = getattr(compiled.greeks(right, 600.0, *others), name)
    slow = getattr(black_scholes.greeks(right, 600.0, *others), name)

    assert np.abs(fast - slow).max() <= 1e-12 * np.abs(slow).max()


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_right_to_fifty_digits(kernels, name: str) -> None:
    mp = pytest.importorskip("mpmath")
    right, *others = chain(seed=2)
    fast = getattr(compiled.greeks(right, 600.0, *others), name)
    rows = range(0, ROWS, 60)
    exact = [fifty_digits(mp, name, *(column[i] for column in (right, *others))) for i in rows]

    assert (
        max(abs(fast[i] - x) for i, x in zip(rows, exact, strict=True))
        <= 1e-12 * np.abs(fast).max()
    )


def fifty_digits(mp, name: str, *contract: float) -> float:
    with mp.workdps(50):
        w, k, t, v, r, q = (mp.mpf(float(x)) for x in contract)
        s, root = mp.mpf(600), mp.sqrt(t)
        d1 = (mp.log(s / k) + (r - q + v * v / 2) * t) / (v * root)
        d2, paid, carry = d1 - v * root, mp.exp(-r * t), mp.exp(-q * t)
        n1, n2, bell = mp.ncdf(w * d1), mp.ncdf(w * d2), mp.npdf(d1)
        return float({
            "price": w * (s * carry * n1 - k * paid * n2),
            "delta": w * carry * n1,
            "gamma": carry * bell / (s * v * root),
            "vega_per_volpt": s * carry * bell * root / 100,
            "theta_per_day": (-s * carry * bell * v / (2 * root) - w * r * k * paid * n2 + w * q * s * carry * n1) / 365,
            "vanna_per_volpt": -carry * bell * d2 / v / 100,
            "charm_per_day": (w * q * carry * n1 - carry * bell * ((r - q) / (v * root) - d2 / (2 * t))) / 365,
            "rho_per_1pct": w * k * t * paid * n2 / 100,
        }[name])  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param(1, np.nan, id="no strike"),
        pytest.param(2, 0.0, id="expired"),
        pytest.param(3, np.nan, id="no volatility"),
        pytest.param(3, 0.0, id="volatility zero"),
        pytest.param(3, 1e4, id="volatility absurd"),
    ],
)
def test_rows_out_of_the_ordinary_are_the_textbooks(kernels, column: int, value: float) -> None:
    columns = chain(seed=3)
    columns[column][-300:] = value
    right, *others = columns
    fast, slow = compiled.greeks(right, 600.0, *others), black_scholes.greeks(right, 600.0, *others)

    assert np.array_equal(fast.price[-300:], slow.price[-300:], equal_nan=True)
    assert np.array_equal(fast.charm_per_day[-300:], slow.charm_per_day[-300:], equal_nan=True)


def weighted(seed: int, shortest: float = 1 / 365 / 24) -> tuple[np.ndarray, ...]:
    right, strike, t, sigma, r, q = chain(seed, shortest)
    strike = np.round(strike, -1) + 10
    return right, strike, t, sigma, r, q, right * np.arange(ROWS)


@pytest.mark.parametrize("shortest", [1 / 365 / 24, 2 / 365], ids=["0DTE among them", "later"])
def test_exposures_of_the_pass_are_the_weighted_sums(kernels, shortest: float) -> None:
    right, strike, t, sigma, r, q, weight = weighted(4, shortest)
    listed, at = np.unique(strike, return_inverse=True)
    starts = compiled.runs(t, r, q)
    found = compiled.exposures(
        600.0,
        (right, strike, t, sigma, r, q),
        starts,
        weight,
        at * 2 + (right < 0),
        2 * len(listed),
    )
    assert found is not None
    by_run, by_cell = found
    g = black_scholes.greeks(right, 600.0, strike, t, sigma, r, q)
    ended = black_scholes.charm_decay(right, 600.0, strike, t, sigma, r, q)
    charm = np.where(t < 1 / 365, ended, g.charm_per_day)
    dollars = (g.gamma * 3600, g.delta * 600, g.vanna_per_volpt * 600, charm * 600)
    expected = np.array([(weight * x).reshape(10, -1).sum(axis=1) for x in dollars])
    calls = np.bincount(at, np.where(right > 0, weight * dollars[0], 0.0), len(listed))

    assert starts.tolist() == list(range(0, ROWS + 1, ROWS // 10))
    assert pytest.approx(expected, rel=1e-9) == by_run.T
    assert by_cell[::2] == pytest.approx(calls, rel=1e-9, abs=1e-6)


def test_rows_that_weigh_nothing_may_be_senseless(kernels) -> None:
    *columns, weight = weighted(5)
    cell, starts = np.zeros(ROWS, dtype=np.int64), compiled.runs(columns[2], *columns[4:])
    plain = compiled.exposures(
        600.0, tuple(columns), starts, np.where(np.arange(ROWS) % 3, weight, 0.0), cell, 1
    )
    columns[3] = np.where(np.arange(ROWS) % 3, columns[3], np.nan)
    holed = compiled.exposures(
        600.0, tuple(columns), starts, np.where(np.arange(ROWS) % 3, weight, 0.0), cell, 1
    )

    assert plain is not None
    assert holed is not None
    assert np.array_equal(holed[0], plain[0])


def test_a_row_that_weighs_and_has_no_volatility_is_not_summed(kernels) -> None:
    *columns, weight = weighted(6)
    cell, starts = np.zeros(ROWS, dtype=np.int64), compiled.runs(columns[2], *columns[4:])
    columns[3][100] = np.nan

    assert compiled.exposures(600.0, tuple(columns), starts, weight, cell, 1) is None


def test_received_bytes_are_read_where_they_lie(kernels) -> None:
    right, *others = chain(seed=7)
    received = [np.frombuffer(column.tobytes()) for column in others]

    assert all(compiled._plain(column) is column for column in received)
    fast = compiled.greeks(right, 600.0, *received)
    assert np.array_equal(fast.gamma, compiled.greeks(right, 600.0, *others).gamma)


@pytest.mark.parametrize("moved", [None, 0.0, 0.01, 0.5], ids=["cold", "same", "1 %", "half"])
def test_a_volatility_comes_back_from_its_price(kernels, moved: float | None) -> None:
    right, strike, t, sigma, r, q = chain(seed=5)
    price = black_scholes.price(right, 600.0, strike, t, sigma, r, q)
    contracts = Contracts.of(right, 600.0, strike, t, r, q)
    last = None if moved is None else sigma * (1 + moved)
    fast, slow = (
        implied_vol.compute(price, contracts, last),
        implied_vol._robust(price, contracts, np.zeros(ROWS)),
    )
    again = black_scholes.price(right, 600.0, strike, t, fast.sigma, r, q)

    assert np.array_equal(fast.status, slow.status)
    assert np.nanmax(np.abs(again - price) / np.maximum(600, strike)) <= 1e-13


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.sampled_from([np.nan, -1.0, 0.0, 1e-14, 0.01, 5.0, 599.0, 600.0, 1e9, np.inf]),
        min_size=4,
        max_size=4,
    )
)
def test_senseless_prices_have_the_robust_solvers_status(kernels, prices: list[float]) -> None:
    right, strike, t, _, r, q = chain(seed=6)
    contracts = Contracts.of(right, 600.0, strike, t, r, q, american=True)
    price = np.resize(np.array(prices), ROWS)

    with np.errstate(all="ignore"):
        fast, slow = (
            implied_vol.compute(price, contracts),
            implied_vol._robust(price, contracts, np.zeros(ROWS)),
        )
    assert np.array_equal(fast.status, slow.status)
    assert fast.sigma == pytest.approx(slow.sigma, rel=1e-9, nan_ok=True)


def test_small_chains_never_load_a_compiler() -> None:
    code = "import sys; from analytics import calculators; from analytics.calculators import pricing; print('numba' in sys.modules)"
    root = Path(__file__).parents[3]
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "False"

"""Error bars: certain inputs give none, doubtful ones give the right ones.

The oracles are written out with `math` for one contract at a time, or drawn by a generator of
their own; nothing of the calculator but its answer is in them.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from analytics.calculators import inventory, tally, uncertainty
from analytics.calculators.inventory import Inventory
from tests.analytics.toy_chains import AS_OF, INVENTORY, PARTS, Q, R, chain, priced

CHAIN = chain(interest=lambda k, w: 1000 if (k > 600) == (w > 0) else 5, width=1e-6)
HELD = inventory.compute(priced(CHAIN).priced, INVENTORY)
TOTAL = tally.compute(HELD).total(tally.GEX)
DOUBTED = inventory.compute(  # quotes a dollar apart: their volatilities are far apart, too
    priced(
        chain((590, 600, 610), interest=lambda k, w: 400 if w > 0 else int(k - 500), width=1.0)
    ).priced,
    INVENTORY,
)
CERTAIN = replace(PARTS.uncertainty, oi_sigma=0.0, flip_chance_index=0.0)


Z90 = NormalDist().inv_cdf(0.95)


def draw(
    settings: uncertainty.Settings, seed: int = 1, held: Inventory = HELD
) -> uncertainty.ErrorBars:
    return uncertainty.compute(held, settings, PARTS.flip, seed=seed, is_single_name=False)


def gamma_dollars(held: Inventory, row: int, sigma: float) -> float:
    """Dollars per +1 % of one contract at a volatility."""
    p = held.priced
    t, strike = float(p.t[row]), float(p.strike[row])
    d1 = (math.log(p.spot / strike) + (R - Q + sigma * sigma / 2) * t) / (sigma * math.sqrt(t))
    gamma = math.exp(-Q * t - d1 * d1 / 2) / (p.spot * sigma * math.sqrt(2 * math.pi * t))
    return float(held.weight[row]) * gamma * p.spot**2 * 0.01


def each_row(held: Inventory) -> Iterator[tuple[int, float, float, float]]:
    """Every contract's place, and its volatility at the bid, the middle and the ask."""
    p = held.priced
    for row in range(len(p.strike)):
        yield row, float(p.sigma_low[row]), float(p.sigma[row]), float(p.sigma_high[row])


def test_certain_books_all_have_the_same_total() -> None:
    low, high = draw(CERTAIN).ci90_usd_per_1pct

    assert low == pytest.approx(TOTAL, rel=1e-4)
    assert high == pytest.approx(TOTAL, rel=1e-4)


def test_doubt_of_open_interest_widens_the_interval_around_the_total() -> None:
    low, high = draw(replace(CERTAIN, oi_sigma=0.1)).ci90_usd_per_1pct

    assert low < TOTAL < high


def test_wrong_signs_shrink_the_total_towards_nothing() -> None:
    half = draw(replace(CERTAIN, flip_chance_index=0.5, draws=2000)).ci90_usd_per_1pct

    assert abs(sum(half)) < 0.2 * (half[1] - half[0])


def test_spot_is_above_a_flip_that_lies_below() -> None:
    assert draw(CERTAIN).p_spot_above_flip in (0.0, 1.0)


def test_the_seed_is_a_function_of_symbol_and_instant() -> None:
    assert (
        uncertainty.seed("SPY", AS_OF)
        == uncertainty.seed("SPY", AS_OF)
        != uncertainty.seed("QQQ", AS_OF)
    )


@pytest.mark.parametrize(("symbol", "single"), [("SPY", False), ("SPX", False), ("TSLA", True)])
def test_funds_and_indices_are_no_single_names(symbol: str, single: bool) -> None:
    assert PARTS.uncertainty.is_single_name(symbol) is single


def test_volatility_alone_makes_a_twelfth_of_each_squared_width() -> None:
    widths = [
        gamma_dollars(DOUBTED, row, high) - gamma_dollars(DOUBTED, row, low)
        for row, low, _, high in each_row(DOUBTED)
    ]
    expected = Z90 * math.sqrt(sum(width * width / 12 for width in widths))

    assert draw(CERTAIN, held=DOUBTED).parts.volatility == pytest.approx(expected, rel=1e-6)


def test_open_interest_alone_adds_the_contracts_squares() -> None:
    dollars = [gamma_dollars(DOUBTED, row, sigma) for row, _, sigma, _ in each_row(DOUBTED)]
    parts = draw(replace(CERTAIN, oi_sigma=0.1), held=DOUBTED).parts

    assert parts.open_interest == pytest.approx(0.1 * Z90 * math.hypot(*dollars), rel=1e-6)


def test_a_wrong_sign_turns_a_strikes_calls_and_puts_together() -> None:
    net = {float(strike): 0.0 for strike in DOUBTED.priced.strike}
    for row, _, sigma, _ in each_row(DOUBTED):
        net[float(DOUBTED.priced.strike[row])] += gamma_dollars(DOUBTED, row, sigma)
    parts = draw(replace(CERTAIN, flip_chance_index=0.1), held=DOUBTED).parts
    # A strike counts +1 nine times in ten and -1 else: variance 1 - 0.8^2.
    expected = Z90 * math.sqrt(sum(one * one for one in net.values()) * (1 - 0.8**2))

    assert parts.sign_model == pytest.approx(expected, rel=1e-6)


def test_missing_strikes_are_the_gamma_of_rows_without_a_quote_of_their_own() -> None:
    found = chain(width=0.02)
    unquoted = np.isin(found.strike, (595.0, 605.0))
    gone = replace(
        found, bid=np.where(unquoted, 0.0, found.bid), ask=np.where(unquoted, 0.0, found.ask)
    )
    held = inventory.compute(priced(gone).priced, INVENTORY)
    expected = sum(
        abs(gamma_dollars(held, row, sigma)) for row, _, sigma, _ in each_row(held) if unquoted[row]
    )

    assert draw(CERTAIN, held=held).parts.missing_strikes == pytest.approx(expected, rel=1e-6)


def test_all_contracts_quoted_leave_no_strike_missing() -> None:
    assert draw(CERTAIN).parts.missing_strikes == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("oi_sigma", "chance"),
    [
        pytest.param(0.0, 0.0, id="volatility"),
        pytest.param(0.3, 0.0, id="and open interest"),
        pytest.param(0.1, 0.1, id="and signs"),
    ],
)
def test_the_interval_is_that_of_books_drawn_one_by_one(oi_sigma: float, chance: float) -> None:
    own = np.random.default_rng(5)
    totals = []
    for _ in range(4_000):
        turned = {k: -1 if own.random() < chance else 1 for k in (590.0, 600.0, 610.0)}
        totals.append(
            sum(
                turned[float(DOUBTED.priced.strike[row])]
                * math.exp(oi_sigma * own.standard_normal())
                * gamma_dollars(DOUBTED, row, own.uniform(low, high))
                for row, low, _, high in each_row(DOUBTED)
            )
        )
    low, high = np.quantile(totals, [0.05, 0.95])
    doubts = replace(CERTAIN, oi_sigma=oi_sigma, flip_chance_index=chance, draws=4_000)
    found = draw(doubts, held=DOUBTED)

    assert found.ci90_usd_per_1pct == pytest.approx((low, high), abs=0.08 * (high - low))
    assert found.p_positive == pytest.approx(np.mean(np.array(totals) > 0), abs=0.04)


@pytest.mark.parametrize(
    ("held", "chance", "least", "most"),
    [
        pytest.param(HELD, 0.0, 1.0, 1.0, id="every book has one"),
        pytest.param(DOUBTED, 0.25, 0.26, 0.49, id="less than half have one"),
    ],
)
def test_a_flip_that_most_books_lack_has_no_interval(
    held: Inventory, chance: float, least: float, most: float
) -> None:
    found = draw(replace(CERTAIN, flip_chance_index=chance, draws=1_000), held=held)

    assert least <= found.p_flip <= most
    assert (found.flip_ci90 is None) is (most < 0.5)

"""Error bars: certain inputs give none, doubtful ones give the right ones."""

from dataclasses import replace

import pytest

from analytics.calculators import inventory, tally, uncertainty
from tests.analytics.toy_chains import AS_OF, INVENTORY, PARTS, chain, priced

CHAIN = chain(interest=lambda k, w: 1000 if (k > 600) == (w > 0) else 5, width=1e-6)
HELD = inventory.compute(priced(CHAIN).priced, INVENTORY)
TOTAL = tally.compute(HELD).total(tally.GEX)
CERTAIN = replace(PARTS.uncertainty, oi_sigma=0.0, flip_chance_index=0.0)


def draw(settings: uncertainty.Settings, seed: int = 1) -> uncertainty.ErrorBars:
    return uncertainty.compute(HELD, settings, PARTS.flip, seed=seed, is_single_name=False)


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

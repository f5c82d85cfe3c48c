"""One chain priced: the volatility it was made with comes back, and what replaces it where not."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import pricing
from quanticity.domain.readings import Unavailable
from tests.analytics.toy_chains import PRICING, chain, priced

TODAY = date(2025, 11, 21)


def smirk(strike: float) -> float:
    return 0.15 + (600 - strike) / 2000


@pytest.mark.parametrize("european", [False, True], ids=["american", "european"])
def test_the_smile_comes_back(european: bool) -> None:
    found = priced(
        chain(sigma=smirk, root="SPXW" if european else "SPY", european=european, width=1e-6)
    )

    assert found.priced.sigma == pytest.approx([smirk(k) for k in found.chain.strike], abs=1e-4)
    assert found.priced.admitted.all()


def test_the_interval_contains_the_mid() -> None:
    p = priced(chain(sigma=smirk)).priced

    assert (p.sigma_low <= p.sigma).all()
    assert (p.sigma <= p.sigma_high).all()


def test_a_row_without_a_quote_takes_the_smiles_volatility() -> None:
    clean = chain(sigma=smirk)
    bid, ask = clean.bid.copy(), clean.ask.copy()
    bid[12:14] = ask[12:14] = np.nan
    found = priced(replace(clean, bid=bid, ask=ask))

    assert found.volatilities.fitted[12:14].all()
    assert not found.priced.admitted[12:14].any()
    assert found.priced.sigma[12] == pytest.approx(smirk(600), abs=1e-3)


def test_an_american_put_in_the_money_takes_its_calls_volatility() -> None:
    clean = chain(sigma=smirk)
    bid, ask = clean.bid.copy(), clean.ask.copy()
    last = len(clean) - 1  # the put at 630, bid just above its payoff
    bid[last], ask[last] = 30.0, 30.02
    found = priced(replace(clean, bid=bid, ask=ask))

    assert found.priced.sigma[last] == found.iv.iv_mid[last - 1]


def test_charm_of_the_last_day_is_a_difference_to_expiry() -> None:
    p = priced(chain(days=(TODAY,))).priced
    at_the_end = np.where(
        p.right * (p.spot - p.strike) > 0, p.right, np.where(p.strike == p.spot, 0.5 * p.right, 0.0)
    )

    assert p.charm_per_day == pytest.approx(at_the_end - p.greeks.delta, abs=1e-12)


def test_an_empty_chain_is_unavailable() -> None:
    empty = chain(strikes=())

    assert pricing.compute(empty, PRICING) == Unavailable(
        "chain", "NO_DATA", "0 contracts of multiplier 100"
    )


def test_no_spot_and_no_quotes_is_unavailable() -> None:
    clean = chain()
    none = np.full(len(clean), np.nan)
    found = pricing.compute(replace(clean, bid=none, ask=none, spot=None), PRICING)

    assert isinstance(found, Unavailable)
    assert found.reason == "NO_QUOTE"


WILD = st.sampled_from([np.nan, 0.0, -1.0, 1.797e308, np.inf, 0.01, 5.0, 1e6])


@settings(deadline=None)
@given(st.lists(WILD, min_size=26, max_size=26), st.lists(WILD, min_size=26, max_size=26))
def test_no_quote_whatever_raises(bid: list[float], ask: list[float]) -> None:
    found = pricing.compute(replace(chain(), bid=np.array(bid), ask=np.array(ask)), PRICING)

    assert isinstance(found, pricing.PricedChain)
    known = np.isfinite(found.priced.sigma)
    assert np.isfinite(found.priced.greeks.gamma[known]).all()


def test_rows_in_any_order_give_the_same_volatilities() -> None:
    clean = chain(sigma=smirk)
    order = np.random.default_rng(1).permutation(len(clean))
    names = (
        "occ",
        "right",
        "strike",
        "expiry_idx",
        "bid",
        "ask",
        "last",
        "open_interest",
        "quote_epoch_ms",
    )
    turned = replace(clean, **{name: getattr(clean, name)[order] for name in names})

    assert priced(turned).priced.sigma == pytest.approx(priced(clean).priced.sigma[order])

"""Vanna and charm: signs, sums, and the full reprice to the close."""

import numpy as np
import pytest

from analytics.calculators import black_scholes, dealer_flow, inventory
from analytics.calculators.dealer_flow import Charm, Vanna
from tests.analytics.toy_chains import INVENTORY, chain, priced

P = priced(chain(interest=lambda k, w: 300 if (k > 600) == (w > 0) else 20)).priced
HELD = inventory.compute(P, INVENTORY)


def charm(t_close_s: float = 18_000.0) -> Charm:
    answer = dealer_flow.compute_charm(P, INVENTORY, t_close_s=t_close_s, adv_usd=1e9)
    assert isinstance(answer, Charm)
    return answer


def test_a_flow_opposes_its_exposure() -> None:
    answer = dealer_flow.compute_vanna(P, INVENTORY, adv_usd=1e9, atm_iv_chg_30m_volpts=0.5)

    assert isinstance(answer, Vanna)
    assert answer.vanna_flow_usd == pytest.approx(-0.5 * answer.vex_usd_per_volpt)
    assert answer.vanna_flow_frac == pytest.approx(answer.vanna_flow_usd / 1e9)


def test_without_a_change_of_volatility_there_is_no_flow() -> None:
    answer = dealer_flow.compute_vanna(P, INVENTORY, adv_usd=1e9)

    assert isinstance(answer, Vanna)
    assert answer.vanna_flow_usd is None
    assert answer.reasons["vanna_flow_frac"] == "NO_DATA"


def test_vex_is_the_slope_of_dealer_delta_in_volatility() -> None:
    answer = dealer_flow.compute_vanna(P, INVENTORY)
    bumped = [
        black_scholes.delta(P.right, P.spot, P.strike, P.t, P.sigma + dv, P.r, P.q)
        for dv in (1e-5, -1e-5)
    ]
    slope = HELD.total(bumped[0] - bumped[1]) / 2e-5 * 0.01 * P.spot

    assert isinstance(answer, Vanna)
    assert answer.vex_usd_per_volpt == pytest.approx(slope, rel=1e-6)


def test_what_dealers_must_trade_opposes_how_their_delta_drifts() -> None:
    answer = charm()
    closing = P.t - 18_000 / (365 * 86_400)
    moved = HELD.total(
        black_scholes.delta(P.right, P.spot, P.strike, closing, P.sigma, P.r, P.q) - P.greeks.delta
    )

    assert answer.charm_flow_frac == pytest.approx(-moved * P.spot / 1e9, rel=1e-6)
    assert answer.charm_flow_frac != 0


def test_no_time_to_the_close_moves_nothing() -> None:
    assert charm(t_close_s=0.0).charm_to_close_usd == 0.0


def test_to_settlement_every_delta_ends_at_its_payoff() -> None:
    seconds = P.expiries[0].t_s
    payoff = np.where(
        P.right * (P.spot - P.strike) > 0, P.right, np.where(P.spot == P.strike, 0.5 * P.right, 0.0)
    )

    assert charm(seconds).charm_to_close_usd == pytest.approx(
        HELD.total(payoff - P.greeks.delta) * P.spot
    )


def test_expiries_and_buckets_add_up() -> None:
    answer = charm()

    assert sum(answer.by_expiry.values()) == pytest.approx(answer.cex_usd_per_day)
    assert sum(answer.by_bucket.values()) == pytest.approx(answer.cex_usd_per_day)
    assert answer.charm_flow_to_close_usd == -answer.charm_to_close_usd

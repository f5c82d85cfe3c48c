"""The inventory from signed prints: carried, forgotten at expiry, with bars that hold."""

import math
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import inventory, signed_flow
from analytics.calculators.option_flow import Sums
from analytics.calculators.signed_flow import Settings, State
from tests.analytics import toy_chains
from tests.analytics.toy_chains import INVENTORY

SETTINGS = Settings(min_sessions=2, surest_share=0.8)
MONDAY = date(2025, 11, 17)
CHAIN = toy_chains.chain((590.0, 600.0))
OCC = str(CHAIN.occ[0])


def sold_to_customers(contracts: float) -> dict[str, Sums]:
    return {OCC: Sums(contracts=contracts, signed=contracts, noise=contracts)}


def after(sessions_n: int, contracts: float = 10.0) -> State:
    state = State()
    for n in range(sessions_n):
        state = signed_flow.close(state, MONDAY + timedelta(n), sold_to_customers(contracts))
    return state


def test_too_few_sessions_are_no_model() -> None:
    assert signed_flow.compute(after(1), {}, CHAIN, SETTINGS) is None


def test_what_customers_bought_dealers_are_short() -> None:
    book = signed_flow.compute(after(2), sold_to_customers(5.0), CHAIN, SETTINGS)

    assert book is not None
    assert (book.contracts[0], book.variance[0], book.sessions_n) == (-25.0, 25.0, 2)
    assert not book.contracts[1:].any()


def test_the_same_session_counts_once() -> None:
    state = after(2)

    assert signed_flow.close(state, MONDAY + timedelta(1), sold_to_customers(99.0)) == state


def test_an_expired_contract_is_forgotten() -> None:
    state = signed_flow.close(
        after(2), toy_chains.NEXT_WEEK, {"SPY251128C00610000": Sums(signed=1.0)}
    )

    assert state.contracts == ()


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=6))
def test_the_order_of_sessions_does_not_matter(flows: list[float]) -> None:
    def total(ordered: list[float]) -> float:
        state = State()
        for n, flow in enumerate(ordered):
            state = signed_flow.close(state, MONDAY + timedelta(n), {OCC: Sums(signed=flow)})
        return {occ: net for occ, net, _ in state.contracts}[OCC]

    assert total(flows) == pytest.approx(total(flows[::-1]), abs=1e-9)


@given(st.floats(-500, 500))
def test_the_interval_holds_the_estimate_and_the_whole_inventory(contracts: float) -> None:
    priced = toy_chains.priced(CHAIN).priced
    held = inventory.compute(priced, INVENTORY)
    book = signed_flow.Book(np.full(len(CHAIN), contracts), np.ones(len(CHAIN)), 5)
    low, high = signed_flow.gex_ci90(book, priced, held.counted, SETTINGS)
    gex = float((priced.greeks.gamma * contracts)[held.counted].sum()) * 100 * priced.spot**2 * 0.01

    assert low <= min(gex, gex / 0.8)
    assert max(gex, gex / 0.8) <= high


def test_the_interval_adds_the_prints_noise_at_ninety_per_cent() -> None:
    priced = toy_chains.priced(CHAIN).priced
    held = inventory.compute(priced, INVENTORY)
    contracts, variance = np.zeros(len(CHAIN)), np.zeros(len(CHAIN))
    contracts[0], variance[0], variance[1] = -40.0, 9.0, 16.0
    one, two = (float(g) * 100 * priced.spot**2 * 0.01 for g in priced.greeks.gamma[:2])
    noise = NormalDist().inv_cdf(0.95) * math.hypot(3.0 * one, 4.0 * two)

    found = signed_flow.gex_ci90(
        signed_flow.Book(contracts, variance, 5), priced, held.counted, SETTINGS
    )

    assert found == pytest.approx((-50.0 * one - noise, -40.0 * one + noise), rel=1e-3)

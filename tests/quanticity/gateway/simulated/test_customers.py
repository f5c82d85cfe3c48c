"""The customers' flow and the dealers' book: continuous, bounded, and what the tape shows."""

import json
import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_world import HERE, MORNING, TODAY

from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.gateway.simulated import contracts, listing, prices, surface, truth
from quanticity.gateway.simulated.assembly import open_floor
from quanticity.gateway.simulated.contracts import Range
from quanticity.gateway.simulated.fault_script import Script
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.panels import Panel

REACH = Range(14, 60, 0.12)
SESSION = calendar.session(TODAY)
NEXT = calendar.next_session(TODAY)
LAST_SECOND = SESSION.close_at - timedelta(seconds=1)
MARKET = Market(
    section(f"{HERE}.prices", prices.Settings), section(f"{HERE}.surface", surface.Settings)
)


def chain(name: str) -> Panel:
    return contracts.chain(listing.SYMBOLS[name], MARKET, MORNING, REACH)


def lives_on(panel: Panel) -> np.ndarray:
    return np.array([day > TODAY for day in panel.expiries])[panel.expiry]


@pytest.mark.parametrize("name", ["SPY", "TSLA", "SPX"])
def test_dealers_begin_a_session_with_what_they_ended_the_last(name: str) -> None:
    panel = chain(name)
    end = MARKET.customers.dealers(panel, LAST_SECOND)
    start = -MARKET.customers.plan(panel, NEXT.date).held

    assert np.array_equal(end[lives_on(panel)], start[lives_on(panel)])


@pytest.mark.parametrize("name", ["SPY", "TSLA", "SPX"])
def test_dealers_absorb_every_trade_of_their_customers(name: str) -> None:
    panel, customers = chain(name), MARKET.customers
    bought, sold = customers.traded(panel, MORNING)
    held = customers.plan(panel, TODAY).held

    assert np.array_equal(customers.dealers(panel, MORNING) + held + bought - sold, 0 * held)
    assert (bought + sold).sum() > 10_000


@given(st.integers(0, 23_000), st.integers(1, 399))
def test_what_was_traded_never_shrinks(second: int, later: int) -> None:
    panel = chain("AAPL")
    first = MARKET.customers.traded(panel, SESSION.open_at + timedelta(seconds=second))
    then = MARKET.customers.traded(panel, SESSION.open_at + timedelta(seconds=second + later))

    assert all(np.all(b >= a) for a, b in zip(first, then, strict=True))


def test_a_day_trades_at_least_what_changes_hands() -> None:
    panel = chain("SPY")
    plan = MARKET.customers.plan(panel, TODAY)
    volume = plan.bought + plan.sold

    assert np.all(volume >= np.abs(plan.next_interest - plan.interest))
    assert np.all(np.abs(plan.tilt) <= 1)


def test_open_interest_arrives_at_the_next_settled_figure() -> None:
    panel = chain("SPY")
    live = MARKET.customers.live_interest(panel, LAST_SECOND)
    settled = MARKET.open_interest(panel, NEXT.open_at)

    assert np.array_equal(live[lives_on(panel)], settled[lives_on(panel)])


def test_stretches_tilt_what_customers_buy() -> None:
    panel = chain("SPY")
    tape = MARKET.tapes.at("SPY", MORNING)
    up, down = (
        SESSION.open_at + timedelta(seconds=int(np.flatnonzero(tape.flow == way)[5]))
        for way in (1, -1)
    )
    calls = panel.sign > 0

    assert MARKET.customers.buying(panel, up)[calls].mean() > 0.55
    assert MARKET.customers.buying(panel, down)[calls].mean() < 0.45


def test_prints_add_up_to_the_volume_with_their_sides() -> None:
    panel = chain("AMD")
    until = MORNING + timedelta(seconds=20)
    prints = list(truth.option_prints(MARKET, panel, MORNING, until))
    before, after = (MARKET.customers.traded(panel, at) for at in (MORNING, until))

    assert sum(p.size for p in prints if p.side > 0) == (after[0] - before[0]).sum()
    assert sum(p.size for p in prints if p.side < 0) == (after[1] - before[1]).sum()
    assert all(p.price > 0 for p in prints)


def textbook_gamma(spot: float, strike: float, iv: float, years: float) -> float:
    rate, dividend = 0.043, 0.012
    root = iv * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate - dividend + iv * iv / 2) * years) / root
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    return math.exp(-dividend * years) * density / (spot * root)


def test_exposures_are_sums_of_textbook_greeks() -> None:
    panel = chain("SPY")
    found = truth.of(MARKET, panel, MORNING)
    totals = truth.totals(MARKET, found, most_days=10_000, least_interest=0)
    columns = zip(found.dealers, panel.strike, found.fair.iv, found.years, strict=True)
    gamma = sum(
        held * 100 * textbook_gamma(found.spot, strike, iv, years)
        for held, strike, iv, years in columns
    )

    assert totals.gex_usd_per_1pct == pytest.approx(gamma * found.spot**2 / 100, rel=1e-6)


def test_dealers_of_a_fund_are_long_calls_and_short_puts() -> None:
    panel = contracts.chain(listing.SYMBOLS["SPY"], MARKET, MORNING, REACH)
    dealers = -MARKET.customers.plan(panel, date(2025, 11, 21)).held

    assert dealers[panel.sign > 0].sum() > 0 > dealers[panel.sign < 0].sum()


def test_the_truth_file_holds_every_series(tmp_path: Path) -> None:
    file = tmp_path / "truth.json"
    floor = open_floor(7, None, Script(), MARKET, file)
    floor.keep_truth(MORNING)
    told = json.loads(file.read_text())
    spy = told["symbols"]["SPY"]
    panel = chain("SPY")

    assert told["format"] == "quanticity-truth-1"
    assert spy["dealer"] == MARKET.customers.dealers(panel, MORNING).tolist()
    assert {len(spy[column]) for column in ("occ", "dealer", "open_interest", "iv")} == {
        len(panel.con_ids)
    }
    assert len(spy["minutes"]) == 34

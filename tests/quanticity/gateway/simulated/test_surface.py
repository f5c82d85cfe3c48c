"""The option surface: a normal distribution that is one, prices without arbitrage, tight quotes."""

import math
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from simulated_world import MORNING, SPY, TODAY, option

from quanticity.domain import calendar
from quanticity.domain.instruments import Right
from quanticity.gateway.simulated import surface
from quanticity.gateway.simulated.market import Market, OptionQuotes
from quanticity.gateway.simulated.panels import Panel

EXPIRIES = [TODAY, date(2025, 11, 24), date(2025, 12, 5), date(2026, 1, 16)]
STRIKES = range(610, 751)


def quoted(market: Market, expiry: date, right: Right) -> OptionQuotes:
    return market.options(Panel.of(SPY, [option(k, right, expiry) for k in STRIKES]), MORNING)


def test_the_normal_distribution_is_that_of_the_library() -> None:
    x = np.linspace(-12, 12, 4801)
    wanted = [0.5 * math.erfc(-value / math.sqrt(2)) for value in x]

    assert np.allclose(surface.normal_cdf(x), wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("expiry", EXPIRIES, ids=str)
@pytest.mark.parametrize("right", list(Right), ids=str)
def test_prices_are_monotone_and_convex_in_strike(
    market: Market, expiry: date, right: Right
) -> None:
    price = quoted(market, expiry, right).fair.price
    slope = np.diff(price)

    assert np.all(slope * right.sign <= 1e-9)
    assert np.all(np.abs(slope) <= 1 + 1e-9)
    assert np.all(np.diff(slope) >= -1e-9)


@pytest.mark.parametrize("right", list(Right), ids=str)
def test_longer_options_are_worth_more(market: Market, right: Right) -> None:
    prices = [quoted(market, expiry, right).fair.price for expiry in EXPIRIES]

    assert all(np.all(far >= near - 1e-9) for near, far in pairwise(prices))


@pytest.mark.parametrize("expiry", EXPIRIES, ids=str)
def test_no_butterfly_pays_at_the_quotes(market: Market, expiry: date) -> None:
    calls = quoted(market, expiry, Right.CALL)

    assert np.all(calls.bid[1:-1] <= (calls.ask[:-2] + calls.ask[2:]) / 2 + 0.02)


@pytest.mark.parametrize("expiry", EXPIRIES, ids=str)
def test_parity_holds_within_the_quotes(market: Market, expiry: date) -> None:
    calls, puts = quoted(market, expiry, Right.CALL), quoted(market, expiry, Right.PUT)
    years = (
        calendar.seconds_to(MORNING, calendar.session(expiry).close_at) / calendar.SECONDS_PER_YEAR
    )
    strike = np.array(STRIKES, float)

    assert np.all(calls.ask - puts.bid >= calls.spot - strike - 0.02 - calls.spot * 0.012 * years)
    assert np.all(calls.bid - puts.ask <= calls.spot - strike * math.exp(-0.043 * years) + 0.02)


@pytest.mark.parametrize("right", list(Right), ids=str)
def test_quotes_are_tight(market: Market, right: Right) -> None:
    found = quoted(market, TODAY, right)
    mid, spread = (found.bid + found.ask) / 2, found.ask - found.bid
    near = np.abs(np.abs(found.fair.delta) - 0.5) < 0.15

    assert np.all(spread >= 0.01 - 1e-9)
    assert np.all(spread[mid >= 0.5] <= 0.08 * mid[mid >= 0.5] + 1e-9)
    assert np.all(spread[near] <= 0.04 + 1e-9)


@pytest.mark.parametrize("right", list(Right), ids=str)
def test_quotes_enclose_the_fair_value(market: Market, right: Right) -> None:
    found = quoted(market, TODAY, right)

    assert np.all(found.bid <= found.fair.price + 1e-9)
    assert np.all(found.ask >= found.fair.price - 1e-9)


@pytest.mark.parametrize("name", ["delta", "gamma", "vega"])
def test_greeks_are_the_slopes_of_the_price(market: Market, name: str) -> None:
    settings, strike = market.surface.settings, np.array([660.0, 680.0, 700.0])
    series = surface.Series(strike, np.ones(3), np.full(3, 0.05), np.full(3, 0.0004))
    found = surface.value(680.0, series, 0.012, settings, european=True)

    wanted = {
        "delta": slopes(strike, found.iv, 1),
        "gamma": slopes(strike, found.iv, 2),
        "vega": vegas(strike, found.iv),
    }

    assert np.allclose(getattr(found, name), wanted[name], rtol=1e-4)


def black_scholes(
    spot: float, strike: float, iv: float, years: float = 0.05, r: float = 0.043, q: float = 0.012
) -> float:
    root = iv * math.sqrt(years)
    d1 = (math.log(spot / strike) + (r - q + iv * iv / 2) * years) / root
    n1, n2 = (0.5 * math.erfc(-d / math.sqrt(2)) for d in (d1, d1 - root))
    return spot * math.exp(-q * years) * n1 - strike * math.exp(-r * years) * n2


def slopes(strikes: np.ndarray, ivs: np.ndarray, order: int) -> list[float]:
    pairs, h = list(zip(strikes, ivs, strict=True)), 0.05
    if order == 1:
        return [
            (black_scholes(680 + h, k, v) - black_scholes(680 - h, k, v)) / (2 * h)
            for k, v in pairs
        ]
    return [
        (black_scholes(680 + h, k, v) - 2 * black_scholes(680, k, v) + black_scholes(680 - h, k, v))
        / h**2
        for k, v in pairs
    ]


def vegas(strikes: np.ndarray, ivs: np.ndarray) -> list[float]:
    h = 1e-4
    return [
        (black_scholes(680, k, v + h) - black_scholes(680, k, v - h)) / (2 * h) / 100
        for k, v in zip(strikes, ivs, strict=True)
    ]


def test_an_option_loses_its_time_value_by_the_close(market: Market) -> None:
    panel = Panel.of(SPY, [option(k) for k in (670, 690)])
    session = calendar.session(TODAY)

    late = market.options(panel, session.close_at - timedelta(seconds=1))

    assert np.allclose(late.fair.price, late.fair.intrinsic, atol=0.05)

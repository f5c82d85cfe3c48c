"""Golden checks of order flow, scores, histories and strategies (DOMAIN 3.8-3.22, 5.2-5.7).

Each function answers one list of cases with production code under the settings in force.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any

from analytics.calculators import (
    hidden_orders,
    moc,
    order_book,
    rolling,
    toxicity,
    trade_signing,
    unusual,
    volatility,
    vpin,
)
from analytics.calculators.volume_buckets import Buckets, sigma
from analytics.strategies import base, fourteen_dte, one_dte, scoring, zero_dte
from analytics.strategies import moc as moc_strategy
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.market import Bar, Book, Level, Trade
from quanticity.domain.readings import Unavailable, instant, plain
from quanticity.domain.signals import Component, Features
from quanticity.golden import Case, Check

_AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
STRATEGIES: dict[str, ModuleType] = {
    "0DTE": zero_dte,
    "1DTE": one_dte,
    "14DTE": fourteen_dte,
    "MOC": moc_strategy,
}


def _settings(module: ModuleType) -> Any:
    name = module.__name__.removeprefix("analytics.calculators.")
    return section("analytics." + name.removeprefix("analytics."), module.Settings)


def _signing(case: Case) -> dict[str, Any]:
    given = case.given
    trade = Trade(
        "SPY251121C00600000",
        given["price"],
        1,
        _AT,
        conditions=tuple(given["conditions"]),
        bid=given["bid"],
        ask=given["ask"],
        quote_age_s=given["quote_age_s"],
    )
    found = trade_signing.compute(
        trade, given["last_different_price"], _settings(trade_signing), option=True
    )
    return {"method": found.method, "p_buy": found.p_buy, "side": found.side.value}


def _buy_fraction(case: Case) -> dict[str, Any]:
    return {"buy_frac": vpin.buy_fraction(case.given["dp"], case.given["sigma_dp"])}


def _buckets(case: Case) -> dict[str, Any]:
    size = case.given["bucket_volume"]
    imbalances = tuple(abs(bought - sold) / size for bought, sold in case.given["buckets"])
    state = vpin.State(float(size), imbalances=imbalances, last_bucket_at=_AT)
    found = vpin.compute(state, replace(_settings(vpin), n=case.given["n"]))
    return {"vpin": None if isinstance(found, Unavailable) else found.vpin}


def _stream(case: Case) -> dict[str, Any]:
    given = case.given
    size, steps = float(given["bucket_volume"]), given["bars"]
    # The case knows its whole sigma at once: all bars wait until the last one has come.
    settings = replace(_settings(vpin), n=given["n"], min_sigma_bars=len(steps))
    state = vpin.update(vpin.State(size), _minute_bars(steps), settings)
    found = vpin.compute(state, settings)
    spread = sigma(state.sums)
    return {
        "sigma_dp": spread,
        "completed": state.n_completed,
        "buckets": _full_buckets(steps, size, spread),
        "open_bucket": [state.bought, state.filled - state.bought],
        "vpin": None if isinstance(found, Unavailable) else found.vpin,
        "reason": found.reason if isinstance(found, Unavailable) else None,
    }


def _minute_bars(steps: Sequence[dict[str, Any]]) -> list[Bar]:
    bars: list[Bar] = []
    close = 100.0
    for n, step in enumerate(steps):
        before, close = close, close + step["dp"]
        high, low = max(before, close), min(before, close)
        at = _AT + n * _MINUTE
        bars.append(Bar("SPY", at, before, high, low, close, step["volume"], close, 12))
    return bars


def _full_buckets(
    steps: Sequence[dict[str, Any]], size: float, spread: float
) -> list[tuple[float, float]]:
    buckets = Buckets(size)
    return [
        (bought, size - bought)
        for step in steps
        for bought, _ in buckets.pour(step["volume"], vpin.buy_fraction(step["dp"], spread))
    ]


def _cdf(case: Case) -> dict[str, Any]:
    return {"cdf": vpin.mid_rank(case.given["history"], case.given["x"])}


def _book(case: Case) -> dict[str, Any]:
    bids, asks = (
        tuple(Level(price, size) for price, size in case.given[side]) for side in ("bids", "asks")
    )
    found = order_book.compute(
        Book("SPY", bids, asks, _AT), order_book.State(), _settings(order_book)
    )
    names = ("obi_l1", "obi_l5", "micro_price", "pressure_ratio", "state")
    if isinstance(found, Unavailable):
        return {**dict.fromkeys(names), "reason": found.reason}
    return {**{name: getattr(found, name) for name in names}, "reason": None}


def _velocity(case: Case) -> dict[str, Any]:
    settings = replace(_settings(order_book), sample_interval_s=case.given["sample_interval_s"])
    state = order_book.State(tuple(case.given["obi_l5_samples"]))
    book = Book("SPY", (Level(1.0, 1.0),), (Level(2.0, 1.0),), _AT)
    found = order_book.compute(book, state, settings)
    return {"velocity_per_s": None if isinstance(found, Unavailable) else found.velocity_per_s}


def _toxicity(case: Case) -> dict[str, Any]:
    given, settings = case.given, _settings(toxicity)
    adverse = toxicity.adverse_selection(given["mean_markout_bps"], given["median_half_spread_bps"])
    value = toxicity.score(given["vpin_cdf"], adverse, given["large_notional_share"], settings)
    return {"toxicity": value, "level": toxicity.level(value, settings)}


def _hidden(case: Case) -> dict[str, Any]:
    given, settings = case.given, _settings(hidden_orders)
    value = hidden_orders.score(
        given["n_prints_inside_nbbo"],
        given["iceberg_levels"],
        given["last20_volume"] / given["visible_depth"],
        settings,
    )
    return {"hidden_score": value, "hidden_likely": value > settings.likely}


def _unusual(case: Case) -> dict[str, Any]:
    given, settings = case.given, _settings(unusual)
    value = unusual.score(
        given["r3"],
        unusual.total_ratio(given["total_volume"], given["total_oi"], given["day_share"], settings),
        given["n_big_premium"],
        given["n_ratio_ge_1"],
        settings,
    )
    return {"unusual_score": value, "class": unusual.classify(value, settings)}


def _moc(case: Case) -> dict[str, Any]:
    given = dict(case.given)
    funds = tuple(moc.Fund(fund["leverage"], fund["aum_usd"]) for fund in given.pop("letf"))
    inputs = moc.Inputs(**given, heard_share=given["curve_share"], gap_share=0.0)
    found = moc.estimate(inputs, funds, _settings(moc))
    if found is None:
        return {}
    flows = {f"flow_{name}_usd": flow for name, flow in found.components.items()}
    return {**plain(found), **flows}


def _fund(case: Case) -> dict[str, Any]:
    fund = moc.Fund(case.given["leverage"], case.given["aum_usd"])
    return {"flow_usd": moc.leveraged_flow_usd(fund, case.given["day_return_pct"])}


def _regime(case: Case) -> dict[str, Any]:
    settings, state = _settings(volatility), volatility.State()
    states = []
    for n, x in enumerate(case.given["values"]):
        sample = volatility.Sample(_AT + n * _MINUTE, _AT.date(), x, "r_day")
        state = volatility.update(state, sample, settings)
        states.append(state.regime)
    return {"states": states}


def _zscore(case: Case) -> dict[str, Any]:
    settings = replace(_settings(rolling), window=case.given["window"])
    return dict(plain(rolling.compute(case.given["history"], case.given["x"], settings)))


def _confidence(case: Case) -> dict[str, Any]:
    given = case.given
    parts = [Component(**part) for part in given["components"]]
    rules = _settings(zero_dte).scoring
    found = scoring.score(parts, given["direction"], given["adjusters"], rules)
    return {**plain(found), "code": "COVERAGE" if found.confidence is None else None}


def _strategy(case: Case) -> dict[str, Any]:
    module = STRATEGIES[case.given["strategy"]]
    features = Features("SPY", _AT, case.given["features"])
    return dict(plain(module.evaluate(features, _settings(module))))


def _window(case: Case) -> dict[str, Any]:
    module = STRATEGIES[case.given["strategy"]]
    session = calendar.session(date.fromisoformat(case.given["date"]))
    start, end = base.window(_settings(module), session)
    return {"start_at": instant(start), "end_at": instant(end)}


CHECKS: dict[str, Check] = {
    "signing/cases": Check(_signing),
    "vpin/bvc_cases": Check(_buy_fraction),
    "vpin/bucket_cases": Check(_buckets),
    "vpin/stream_cases": Check(_stream),
    "vpin/cdf_cases": Check(_cdf),
    "microstructure/cases": Check(_book),
    "microstructure/velocity_cases": Check(_velocity),
    "scores/toxicity_cases": Check(_toxicity),
    "scores/hidden_cases": Check(_hidden),
    "scores/unusual_cases": Check(_unusual),
    "scores/moc_cases": Check(_moc),
    "scores/letf_cases": Check(_fund),
    "regime/cases": Check(_regime),
    "zscores/cases": Check(_zscore),
    "confidence/cases": Check(_confidence),
    "strategies/cases": Check(_strategy),
    "calendar/window_cases": Check(_window),
}

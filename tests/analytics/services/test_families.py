"""Each family is published under its own key, with the age of its oldest input and its reasons."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics import chains, parameters, selectors, states
from analytics.calculators import flow_clusters, volatility
from analytics.models import DiscoveredParameter, FeedEvent, MetricHistory
from analytics.services import (
    closing,
    exposures,
    flow,
    hidden,
    options,
    overviews,
    regime,
    relations,
    technicals,
)
from quanticity.config import loader
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.market import Bar, Book, Level, Quote, Trade
from quanticity.store import keys, market, readings
from tests import factories
from tests.analytics import toy_chains
from tests.factories import NOON, OCC, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "noon")]


@pytest.fixture(autouse=True)
def unlearned():
    parameters.forget()
    yield
    parameters.forget()
    loader.lay_over({})


def read(family: str, symbol: str = "SPY") -> dict[str, Any]:
    return readings.read(symbol, (family,))[family]


def bars(symbol: str, closes, minutes: int = 1, end: datetime = NOON) -> list[Bar]:
    start = end - timedelta(minutes=minutes * len(closes))
    return [
        Bar(symbol, start + timedelta(minutes=minutes * n), c, c + 0.1, c - 0.1, c, 1_000.0, c, 12)
        for n, c in enumerate(closes)
    ]


def days(symbol: str, closes) -> list[Bar]:
    session, found = calendar.session(TODAY), []
    for close in reversed(closes):
        session = calendar.previous_session(session.date)
        found.insert(0, Bar(symbol, session.open_at, close, close, close, close, 5e6, close))
    return found


def wave(n: int, phase: float = 0.0, sign: int = 1) -> list[float]:
    return [100 + sign * ((n * 7 + int(phase)) % 11) for n in range(n)]


REFRESH: dict[str, Callable[[], None]] = {
    "gex": lambda: exposures.refresh_exposures("SPY"),
    "forced_flow": lambda: exposures.refresh_forced_flow("SPY"),
    "vpin": lambda: flow.refresh_vpin("SPY"),
    "sweep": lambda: flow.refresh_sweep("SPY"),
    "toxicity": lambda: flow.refresh_toxicity("SPY"),
    "flow_clusters": lambda: flow.refresh_flow_clusters("SPY"),
    "hidden": lambda: hidden.refresh_hidden("SPY"),
    "unusual": lambda: options.refresh_unusual("SPY"),
    "moc": lambda: closing.refresh_moc("SPY"),
    "technicals": lambda: technicals.refresh_technicals("SPY"),
    "correlation": relations.refresh_correlation,
    "volatility": regime.refresh_volatility,
    "sector": lambda: overviews.refresh_sector("SPY"),
    "summary": overviews.refresh_summary,
}


@pytest.mark.parametrize("family", REFRESH)
def test_an_empty_store_gives_a_reason_and_no_number(family: str) -> None:
    REFRESH[family]()

    envelope = read(family)
    assert envelope["data"] is None
    assert envelope["quality"]["status"] == "INVALID"
    assert envelope["quality"]["reasons"]


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("volatility", "analytics:volatility:regime"),
        ("correlation", "analytics:portfolio:correlation"),
        ("summary", "analytics:portfolio:summary"),
        ("technicals", "technicals:SPY"),
        ("sector", "analytics:sector:SPY"),
        ("hidden", "analytics:SPY:hidden"),
    ],
)
def test_keys_are_those_of_the_catalogue(family: str, name: str) -> None:
    assert keys.reading("SPY", family).name == name


def test_a_portfolio_object_has_no_symbol() -> None:
    overviews.refresh_summary()

    assert read("summary")["symbol"] is None


def test_a_feed_that_fell_silent_ages_its_readings(noon) -> None:
    market.write_quote(factories.quote("SPY", 599.99, 600.01))
    noon.at = NOON + timedelta(minutes=3)
    flow.refresh_sweep("SPY")

    assert datetime.fromisoformat(read("sweep")["as_of"]) == NOON


def test_a_new_chain_is_computed_once_and_not_sooner_than_its_cadence(noon) -> None:
    market.write_chain(factories.chain(as_of=NOON))
    exposures.refresh_exposures("SPY")
    first = read("gex")
    noon.at = NOON + timedelta(seconds=5)
    market.write_chain(factories.chain(as_of=noon.at))
    exposures.refresh_exposures("SPY")
    assert read("gex") == first

    noon.at = NOON + timedelta(seconds=11)
    exposures.refresh_exposures("SPY")
    assert read("gex")["as_of"] > first["as_of"]


def test_an_exposure_names_its_chain_and_what_was_not_admitted() -> None:
    market.write_chain(factories.chain(as_of=NOON))
    exposures.refresh_exposures("SPY")

    envelope = read("gex")
    (source,) = envelope["provenance"]["inputs"]
    assert (source["key"], len(source["hash"])) == ("chain:SPY:current", 16)
    assert isinstance(envelope["data"]["admission"], dict)


def test_a_payload_prints_its_units_and_what_plus_means() -> None:
    market.write_chain(toy_chains.chain())
    exposures.refresh_exposures("SPY")

    assert (
        read("gex")["data"]["units"]["gex_usd_per_1pct"] == "USD per +1 % of spot; + dealers long"
    )
    assert read("charm")["data"]["units"]["charm_flow_to_close_usd"] == "USD; + dealers buy"
    assert "bf25_volpts" in read("skew")["data"]["units"]


def test_a_learned_beta_replaces_the_default() -> None:
    DiscoveredParameter.objects.create(
        symbol="SPY", name="vol_beta", value=-0.9, unit="volpts per 1 %", n=40, method="regression",
        is_applied=True, valid_from=NOON, source="sim",
    )  # fmt: skip
    market.write_chain(factories.chain(as_of=NOON))
    exposures.refresh_exposures("SPY")

    assert read("hedging")["data"]["beta_volpts_per_1pct"] == -0.9


def book(second: float, bid_size: float) -> Book:
    at = NOON + timedelta(seconds=second)
    return Book("SPY", (Level(599.99, bid_size),), (Level(600.01, 500.0),), at)


def test_an_iceberg_is_seen_through_the_books_that_stood(noon) -> None:
    noon.at = NOON + timedelta(seconds=12)
    market.add_books("SPY", [book(n, 100.0) for n in range(12)])
    market.add_trades(
        "SPY", [Trade("SPY", 599.99, 90.0, NOON + timedelta(seconds=n + 0.5)) for n in range(10)]
    )
    hidden.refresh_hidden("SPY")

    envelope = read("hidden")
    (iceberg,) = envelope["data"]["icebergs"]
    assert (iceberg["side"], iceberg["executed"], iceberg["displayed"]) == (1, 900.0, 100.0)
    assert datetime.fromisoformat(envelope["as_of"]) == NOON + timedelta(seconds=11)


def test_a_book_of_long_ago_hides_nothing(noon) -> None:
    market.add_books("SPY", [book(0, 100.0)])
    noon.at = NOON + timedelta(seconds=40)
    hidden.refresh_hidden("SPY")

    assert read("hidden")["quality"]["reasons"] == {"hidden": "STALE"}


def tomorrow(**changes: Any):
    made = toy_chains.chain(days=(date(2025, 11, 24),), interest=lambda _k, _r: 200)
    many = [500] * len(made)
    return replace(made, as_of=NOON, volume=np.array(many, dtype=np.int64), **changes)


def test_option_prints_add_up_in_unusual_activity() -> None:
    chain = tomorrow()
    market.write_chain(chain)
    call = str(next(occ for occ, right in zip(chain.occ, chain.right, strict=True) if right > 0))
    market.add_option_trades("SPY", [Trade(call, 2.0, 50.0, NOON, "", (), 1.9, 2.0, 0.1)])
    options.refresh_unusual("SPY")
    options.refresh_unusual("SPY")

    data = read("unusual")["data"]
    assert data["net_premium_usd"] == pytest.approx(0.8 * 2.0 * 50 * 100)
    assert data["unusual_dir"] == 1
    assert data["capture_share"] == pytest.approx(50 / chain.volume.sum())
    assert data["reasons"]["premium_tod_z"] == "NO_DATA"


def test_a_print_above_open_interest_is_named(noon) -> None:
    chain = tomorrow()
    market.write_chain(chain)
    occ = str(chain.occ[0])
    market.add_option_trades("SPY", [Trade(occ, 2.0, 201.0, NOON)])
    options.refresh_unusual("SPY")

    assert [(hit["rule"], hit["occ"]) for hit in read("unusual")["data"]["hits"]] == [
        ("OPENING_V1", occ)
    ]


def closing_inputs(now: datetime) -> None:
    market.write_quote(factories.quote("SPY", 599.99, 600.01))
    market.replace_bars("SPY", "1day", days("SPY", [590.0] * 20))
    market.replace_bars("SPY", "1min", bars("SPY", [600.0] * 330, end=now))
    factories.reading("gex", {"gex_usd_per_1pct": -1e9}, as_of=now - timedelta(seconds=20))
    factories.reading("charm", {"charm_to_close_usd": 1e8})
    factories.reading("skew", {"atm_iv": 0.16})
    factories.reading("obi", {"obi_l5": 0.2})


def test_the_estimate_is_as_old_as_its_oldest_input(noon) -> None:
    noon.at = datetime(2025, 11, 21, 20, 0, tzinfo=UTC)
    closing_inputs(noon.at)
    closing.refresh_moc("SPY")

    envelope = read("moc")
    estimate = envelope["data"]["estimate"]
    assert estimate["label"] == "MODEL ESTIMATE"
    assert estimate["components"]["gamma"] == pytest.approx(0.30 * 1e9 * 100 * (600 / 590 - 1))
    assert datetime.fromisoformat(envelope["as_of"]) == noon.at - timedelta(seconds=20)


def test_an_hour_that_was_not_heard_is_named_beside_the_estimate(noon) -> None:
    noon.at = datetime(2025, 11, 21, 20, 0, tzinfo=UTC)
    closing_inputs(noon.at)
    closing.refresh_moc("SPY")
    whole = read("moc")["data"]
    heard = market.bars("SPY", "1min")
    market.replace_bars("SPY", "1min", heard[:100] + heard[160:])
    closing.refresh_moc("SPY")
    holed = read("moc")["data"]

    assert "gap_volume_shares" not in whole["reasons"]
    assert whole["estimate"]["gap_volume_shares"] == 0
    assert holed["reasons"]["gap_volume_shares"] == "LOW_COVERAGE"
    assert holed["estimate"]["gap_volume_shares"] > 0


def test_an_input_that_is_missing_leaves_no_estimate(noon) -> None:
    noon.at = datetime(2025, 11, 21, 20, 0, tzinfo=UTC)
    closing_inputs(noon.at)
    factories.reading("skew", None)
    closing.refresh_moc("SPY")

    assert read("moc")["data"]["estimate"] is None
    assert read("moc")["data"]["reasons"]["estimate"] == "NO_DATA"


def test_there_is_no_estimate_before_the_last_two_hours() -> None:
    closing.refresh_moc("SPY")

    assert read("moc")["quality"]["reasons"] == {"moc": "SESSION_CLOSED"}


def test_technicals_are_as_old_as_the_last_closed_bar() -> None:
    market.replace_bars("SPY", "5min", bars("SPY", [600.0 + n for n in range(40)], minutes=5))
    technicals.refresh_technicals("SPY")

    assert read("technicals")["data"]["rsi"] == 100
    assert datetime.fromisoformat(read("technicals")["as_of"]) == NOON


def three_symbols() -> None:
    loader.lay_over({"universe.depth": ["SPY", "QQQ"], "universe.standard": ["VXX"]})
    for symbol, closes in (("SPY", wave(200)), ("QQQ", wave(200)), ("VXX", wave(200, sign=-1))):
        market.replace_bars(symbol, "1min", bars(symbol, closes))
        market.replace_bars(symbol, "1day", days(symbol, closes[:61]))


def test_risk_reads_the_daily_correlation(noon) -> None:
    three_symbols()
    relations.refresh_correlation()

    table = selectors.daily_correlations()
    assert table[frozenset(("SPY", "QQQ"))] == pytest.approx(1.0)
    assert table[frozenset(("SPY", "VXX"))] < -0.9


def test_a_second_beat_folds_only_new_minutes(noon) -> None:
    three_symbols()
    relations.refresh_correlation()
    first = read("correlation", "portfolio")["data"]
    noon.at = NOON + timedelta(minutes=5)
    relations.refresh_correlation()

    # The last minute waited for bars that may still have been on their way.
    second = read("correlation", "portfolio")["data"]
    assert second["n_common"][0][1] == first["n_common"][0][1] + 1


def test_sixty_days_are_missing_while_there_are_fewer() -> None:
    three_symbols()
    market.replace_bars("VXX", "1day", days("VXX", wave(30)))
    relations.refresh_correlation()

    assert selectors.daily_correlations().get(frozenset(("SPY", "VXX"))) is None


def member(symbol: str, gex: float) -> None:
    factories.reading(
        "gex",
        {"gex_usd_per_1pct": gex, "sign_model": "naive", "oi_basis": "settled"},
        symbol=symbol,
    )


def test_a_sector_adds_its_members_up() -> None:
    loader.lay_over(
        {"universe.depth": ["SPY", "QQQ"], "universe.sectors": {"SPY": "A", "QQQ": "A"}}
    )
    for symbol in ("SPY", "QQQ"):
        market.replace_bars(symbol, "1day", days(symbol, wave(40)))
    member("SPY", 1e9)
    member("QQQ", 2e9)
    overviews.refresh_sector("A")

    envelope = read("sector", "A")
    assert envelope["data"]["gex_usd_per_1pct_bw"] == pytest.approx(3e9)
    assert (envelope["data"]["n_valid"], envelope["quality"]["coverage"]) == (2, 1.0)


def test_the_summary_has_the_regime_and_the_feed() -> None:
    member("SPY", 1e9)
    factories.reading("volatility", {"regime": "NORMAL"})
    factories.link()
    overviews.refresh_summary()

    data = read("summary")["data"]
    assert (data["vol_regime"], data["feed_health"]["state"]) == ("NORMAL", "CONNECTED")


def test_a_snapshot_keeps_the_last_valid_data_with_its_own_age(noon) -> None:
    member("SPY", 1e9)
    overviews.refresh_snapshot("SPY")
    factories.reading("gex", None, reasons={"gex": "LOW_COVERAGE"})
    overviews.refresh_snapshot("SPY")

    gex = read("snapshot")["data"]["families"]["gex"]
    assert gex["data"]["gex_usd_per_1pct"] == 1e9
    assert (gex["status"], gex["reasons"]) == ("INVALID", {"gex": "LOW_COVERAGE"})
    assert datetime.fromisoformat(gex["as_of"]) == NOON


def test_vpin_by_sides_weighs_the_prints_of_each_minute() -> None:
    at = NOON - timedelta(minutes=1)
    market.add_trades("SPY", [
        Trade("SPY", 600.01, 300.0, at, "", (), 599.99, 600.01, 0.1),
        Trade("SPY", 599.99, 100.0, at + timedelta(seconds=30), "", (), 599.99, 600.01, 0.1),
    ])  # fmt: skip

    assert flow._by_sides("SPY", at) == {at: pytest.approx((0.9 * 300 + 0.1 * 100) / 400)}


def test_an_option_of_another_chain_is_left_out() -> None:
    market.write_chain(tomorrow())
    market.add_option_trades("SPY", [Trade(OCC, 2.0, 50.0, NOON)])
    options.refresh_unusual("SPY")

    found = read("unusual")
    missing = ("net_premium_usd", "n_big", "unusual_dir")
    assert [found["data"][name] for name in missing] == [None] * 3
    assert {found["quality"]["reasons"][name] for name in missing} == {"NO_DATA"}


def test_premium_is_placed_by_the_last_whole_half_hour(noon) -> None:
    session = calendar.current(NOON)
    ended_at = session.open_at + (NOON - session.open_at) // timedelta(minutes=30) * timedelta(
        minutes=30
    )
    days = [session]
    while len(days) < 22:
        days.append(calendar.previous_session(days[-1].date))
    for n, day in enumerate(days):
        at = day.open_at + (ended_at - session.open_at)
        if day.open_at < at <= day.close_at:
            MetricHistory.objects.create(
                symbol="SPY", metric=options.METRIC, as_of=at, source="sim",
                value=500.0 if n == 0 else 100.0 + n % 2,
            )  # fmt: skip
    past = options._half_hours("SPY", session)

    just_begun = options._placed("SPY", past, session, ended_at + timedelta(minutes=1))
    nearly_over = options._placed("SPY", past, session, ended_at + timedelta(minutes=29))

    assert just_begun == nearly_over
    assert just_begun > 100


@pytest.mark.parametrize(
    ("sessions_n", "average_usd"),
    [
        pytest.param(19, None, id="nineteen are too few"),
        pytest.param(20, 10.5, id="twenty"),
        pytest.param(25, 10.5, id="the last twenty of more"),
    ],
)
def test_usual_premium_is_that_of_twenty_sessions(
    noon, sessions_n: int, average_usd: float | None
) -> None:
    session = day = calendar.current(NOON)
    for n in range(1, sessions_n + 1):  # n dollars n sessions ago, in two half hours
        day = calendar.previous_session(day.date)
        for half in (1, 2):
            MetricHistory.objects.create(
                symbol="SPY", metric=options.METRIC, source="sim", value=n / 2,
                as_of=day.open_at + half * timedelta(minutes=30),
            )  # fmt: skip

    assert options._norms("SPY", session, NOON).average_premium_usd == average_usd


@pytest.mark.parametrize(("gap", "told"), [(0.0, 0), (0.2, 1)], ids=["alike", "far apart"])
def test_a_vendor_whose_deltas_are_far_from_ours_is_told_once(noon, gap: float, told: int) -> None:
    chain = tomorrow()
    market.write_chain(chain)
    ours = chains.priced_chain("SPY").priced.greeks.delta
    for minutes in (1, 2):
        noon.at = NOON + timedelta(minutes=minutes)
        market.write_chain(replace(chain, vendor={"delta": ours + gap}, as_of=noon.at))
        exposures.refresh_exposures("SPY")

    assert FeedEvent.objects.filter(kind="GREEKS", symbol="SPY").count() == told


def test_a_reading_names_the_content_it_was_made_from() -> None:
    market.add_bars("SPY", "5min", bars("SPY", wave(40), 5))
    technicals.refresh_technicals("SPY")
    (first,) = read("technicals")["provenance"]["inputs"]
    technicals.refresh_technicals("SPY")
    (same,) = read("technicals")["provenance"]["inputs"]
    market.add_bars("SPY", "5min", bars("SPY", [123.0], 5, NOON + timedelta(minutes=5)))
    technicals.refresh_technicals("SPY")
    (other,) = read("technicals")["provenance"]["inputs"]

    assert first == same
    assert first["key"] == keys.bars("SPY", "5min").name
    assert other["hash"] != first["hash"]


def vix1d_tick(value: float) -> None:
    market.write_quote(Quote("VIX1D", None, None, None, None, value, clock.now(), clock.now()))


def test_raw_vix1d_stands_in_once_the_strip_is_long_missing(noon) -> None:
    vix1d_tick(14.0)
    regime.refresh_volatility()

    found = read("volatility")
    assert (found["data"]["x"], found["data"]["x_kind"]) == (14.0, "vix1d")
    assert (found["quality"]["status"], found["feed"]) == ("DEGRADED", "ibkr")
    assert found["data"]["source_ages"] == {"ibkr": 0.0}


def test_a_missing_strip_is_waited_for_before_raw_vix1d_counts(noon) -> None:
    noon.at = calendar.session(TODAY).open_at + timedelta(minutes=4)
    vix1d_tick(14.0)
    regime.refresh_volatility()

    assert read("volatility")["data"] is None


def test_without_strip_and_vix1d_there_is_no_regime() -> None:
    regime.refresh_volatility()

    assert read("volatility")["quality"]["reasons"] == {"volatility": "NO_DATA"}


def strip(symbol: str = "SPY", days: tuple[date, ...] | None = None, **changed: Any) -> None:
    """A chain of today and tomorrow at 40 %, kept as the latest one."""
    made = toy_chains.chain(
        tuple(range(585, 616)), days=days or (TODAY, calendar.next_session(TODAY).date),
        sigma=lambda _: 0.4, width=0.001, root=symbol, european=symbol == "SPX",
    )  # fmt: skip
    market.write_chain(replace(made, underlying=symbol, **changed))


def r_day(noon, late_s: float) -> float | None:
    noon.at = toy_chains.AS_OF + timedelta(seconds=late_s)
    regime.refresh_volatility()
    return (read("volatility")["data"] or {}).get("r_day")


def test_the_days_variance_does_not_rise_while_its_chain_ages(noon) -> None:
    strip()
    fresh = r_day(noon, 0)

    assert fresh == pytest.approx(r_day(noon, 110), rel=1e-12)


def test_a_chain_that_stopped_is_a_missing_strip(noon) -> None:
    strip()
    r_day(noon, 0)
    vix1d_tick(14.0)
    late = r_day(noon, 121)
    first = read("volatility")["data"]
    noon.at = toy_chains.AS_OF + timedelta(seconds=301)
    vix1d_tick(14.0)
    regime.refresh_volatility()

    assert (late, first["x_kind"]) == (None, "r_day")
    assert (read("volatility")["data"]["x_kind"], read("volatility")["quality"]["status"]) == (
        "vix1d", "DEGRADED",
    )  # fmt: skip


def test_the_same_chain_is_one_sample(noon) -> None:
    strip()
    r_day(noon, 0)
    r_day(noon, 60)

    assert len(states.load("SPY", "volatility", volatility.State).samples) == 1


@pytest.mark.parametrize(("later_s", "samples"), [(44, 1), (45, 2)])
def test_chains_nearer_than_a_minute_are_one_sample(noon, later_s: int, samples: int) -> None:
    strip()
    r_day(noon, 0)
    strip(as_of=toy_chains.AS_OF + timedelta(seconds=later_s))
    r_day(noon, later_s)

    assert len(states.load("SPY", "volatility", volatility.State).samples) == samples


def test_an_index_without_todays_series_leaves_the_strip_to_the_fund(noon) -> None:
    strip()
    alone = r_day(noon, 0)
    strip("SPX", days=(calendar.next_session(TODAY).date,))

    assert alone is not None
    assert r_day(noon, 1) == alone


@pytest.mark.parametrize("flaw", ["crossed", "no strike"])
def test_a_senseless_row_is_no_part_of_the_strip(noon, flaw: str) -> None:
    strip()
    sound = r_day(noon, 0)
    made = market.chain("SPY")
    assert made is not None
    one = (made.strike == 590) & (made.right < 0)
    changed = {
        "crossed": {"bid": np.where(one, made.ask + 5.0, made.bid)},
        "no strike": {"strike": np.where(one, np.nan, made.strike)},
    }
    strip(**changed[flaw])

    assert r_day(noon, 1) == pytest.approx(sound, rel=0.02)


def inputs_of(family: str) -> dict[str, str]:
    return {one["key"]: one["hash"] for one in read(family)["provenance"]["inputs"]}


def test_hidden_orders_name_the_prints_and_books_they_met() -> None:
    market.add_books("SPY", [deep_book()])
    market.add_trades("SPY", [Trade("SPY", 600.0, 100.0, NOON, "X")])
    hidden.refresh_hidden("SPY")
    first = inputs_of("hidden")
    market.add_trades("SPY", [Trade("SPY", 600.0, 200.0, NOON, "X")])
    hidden.refresh_hidden("SPY")
    second = inputs_of("hidden")

    assert first.keys() == {keys.prints("SPY").name, keys.books("SPY").name}
    assert first[keys.books("SPY").name] == second[keys.books("SPY").name]
    assert first[keys.prints("SPY").name] != second[keys.prints("SPY").name]


def deep_book() -> Book:
    sides = [tuple(Level(600 + w * 0.01 * n, 100.0) for n in range(1, 6)) for w in (-1, 1)]
    return Book("SPY", sides[0], sides[1], NOON - timedelta(seconds=1))


def test_correlation_names_the_returns_it_was_made_from() -> None:
    for symbol, phase in (("SPY", 0), ("QQQ", 3), ("IWM", 5)):
        market.add_bars(
            symbol, "1min", bars(symbol, wave(140, phase), 1, NOON - timedelta(minutes=2))
        )
    relations.refresh_correlation()
    first = inputs_of("correlation")
    for symbol in ("SPY", "QQQ", "IWM"):
        market.add_bars(symbol, "1min", bars(symbol, [107.0], 1, NOON - timedelta(minutes=1)))
    relations.refresh_correlation()

    assert first.keys() == {keys.bars("portfolio", "1min").name}
    assert inputs_of("correlation") != first


@pytest.mark.parametrize(
    ("agreement", "told"),
    [
        pytest.param(0.39, 1, id="below the limit"),
        pytest.param(0.4, 0, id="at the limit"),
        pytest.param(None, 0, id="no yesterday"),
    ],
)
def test_clusters_that_drifted_are_told_once_a_session(agreement: float | None, told: int) -> None:
    own = section("analytics.flow_clusters", flow_clusters.Settings)
    found = clusters_agreeing(agreement)
    flow._note_drift("SPY", found, own, NOON)
    flow._note_drift("SPY", found, own, NOON + timedelta(minutes=20))

    assert FeedEvent.objects.filter(kind="DRIFT", symbol="SPY").count() == told


def clusters_agreeing(agreement: float | None) -> flow_clusters.FlowClusters:
    names = [each.name for each in fields(flow_clusters.FlowClusters)]
    known: dict[str, Any] = dict.fromkeys(names) | {"ari_vs_prev_day": agreement}
    return flow_clusters.FlowClusters(**known)


# What a flat 40 % reads on the trading clock: 40 sqrt(252 x 23,400 / 31,536,000).
FLAT_R_DAY = 17.297


@pytest.mark.parametrize(("strike", "right"), [(598, -1), (600, 1), (600, -1), (604, 1)])
def test_a_quote_without_an_ask_is_none_in_the_strip(noon, strike: int, right: int) -> None:
    strip()
    whole = r_day(noon, 0)
    chain = market.chain("SPY")
    assert chain is not None
    lone = (chain.strike == strike) & (chain.right == right)
    later = toy_chains.AS_OF + timedelta(seconds=60)
    market.write_chain(replace(chain, ask=np.where(lone, np.nan, chain.ask), as_of=later))

    assert whole == pytest.approx(FLAT_R_DAY, rel=0.02)
    assert r_day(noon, 60) == pytest.approx(whole, rel=0.005)

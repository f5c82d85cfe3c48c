"""Features: fresh, believable and never from the future, or missing with a reason (DOMAIN 5.1)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from analytics.signals import features
from analytics.signals.features import SOURCES, Inputs
from analytics.strategies import fourteen_dte, one_dte, zero_dte
from quanticity.config.loader import section
from quanticity.domain.market import Bar, Quote
from quanticity.domain.signals import Features
from quanticity.store import market
from tests import factories

SETTINGS = section("analytics.features", features.Settings)
AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
EMPTY = Inputs({}, {}, None, (), (), None)


def envelope(data: Any, age_s: float = 1.0, status: str = "OK", **reasons: str) -> dict[str, Any]:
    return {
        "as_of": (AT - timedelta(seconds=age_s)).isoformat(), "feed": "ibkr", "data": data,
        "valid_until": (AT + timedelta(seconds=1)).isoformat(),
        "quality": {"status": status, "reasons": reasons},
    }  # fmt: skip


def quote(age_s: float = 0.5, bid: float | None = 599.99, ask: float | None = 600.01) -> Quote:
    at = AT - timedelta(seconds=age_s)
    return Quote("SPY", bid, ask, 1.0, 1.0, 600.5, at, at)


def build(**changes: Any) -> Features:
    return features.build("SPY", AT, replace(EMPTY, **changes), SETTINGS)


def vpin(found: dict[str, Any] | None) -> Features:
    return build(envelopes={} if found is None else {"vpin": found})


def test_a_fresh_reading_is_read_with_its_instant() -> None:
    found = vpin(envelope({"vpin_cdf": 0.8}))

    assert (found["vpin_cdf"], found.as_of["vpin_cdf"]) == (0.8, AT - timedelta(seconds=1))
    assert "vpin_cdf" not in found.reasons


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param(None, "NO_DATA", id="never written"),
        pytest.param(envelope({"vpin_cdf": 0.8}, age_s=120.1), "STALE", id="too old"),
        pytest.param(envelope({"vpin_cdf": 0.8}, age_s=-0.1), "STALE", id="from the future"),
        pytest.param(envelope({"vpin_cdf": 0.8}, status="INVALID"), "ERROR", id="not believable"),
        pytest.param(
            envelope(None, status="INVALID", vpin="INSUFFICIENT_BUCKETS"),
            "INSUFFICIENT_BUCKETS", id="unavailable for a reason",
        ),
        pytest.param(envelope({"vpin_cdf": None}), "NO_DATA", id="the field is null"),
        pytest.param(envelope({}), "NO_DATA", id="the field is absent"),
    ],
)  # fmt: skip
def test_what_cannot_be_believed_is_missing_with_a_reason(given: Any, reason: str) -> None:
    found = vpin(given)

    assert (found["vpin_cdf"], found.reasons["vpin_cdf"]) == (None, reason)


@pytest.mark.parametrize(
    ("family", "data", "name", "limit_s"),
    [
        pytest.param("obi", {"obi_l5": 0.5}, "obi_l5", 3, id="book"),
        pytest.param("gex", {"gex_frac": 0.5}, "gex_frac", 120, id="chain"),
        pytest.param("vpin", {"vpin_cdf": 0.5}, "vpin_cdf", 120, id="flow"),
    ],
)
def test_each_kind_ages_at_its_own_pace(
    family: str, data: dict[str, Any], name: str, limit_s: float
) -> None:
    values = [
        build(envelopes={family: envelope(data, age)})[name] for age in (limit_s, limit_s + 1)
    ]

    assert values == [0.5, None]


def test_abstaining_clusters_say_no_momentum() -> None:
    found = build(envelopes={"flow_clusters": envelope({"abstained": True})})

    assert (found["flow_momentum_share"], found["flow_momentum_dir"]) == (0.0, 0.0)


def test_places_in_history_are_read_from_within() -> None:
    found = build(envelopes={"gex": envelope({"z": {"z": -1.5}})})

    assert found["gex_z"] == -1.5


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(quote(), 600.0, id="mid of a narrow quote"),
        pytest.param(quote(ask=603.0), 600.5, id="last beside a wide one"),
        pytest.param(quote(bid=None), 600.5, id="last beside half a one"),
        pytest.param(
            replace(quote(ask=603.0), last_at=quote(age_s=5.1).event_at), None, id="an old last"
        ),
        pytest.param(quote(age_s=5.1), None, id="too old"),
        pytest.param(quote(age_s=-0.1), None, id="from the future"),
        pytest.param(None, None, id="none"),
    ],
)
def test_the_price(given: Quote | None, expected: float | None) -> None:
    assert build(quote=given)["price"] == (None if expected is None else pytest.approx(expected))


INPUTS = {
    "obi": envelope({"obi_l5": 0.5}, 1.0), "vpin": envelope({"vpin_cdf": 0.5}, 7.0),
    "gex": envelope({"gex_usd_per_1pct": 1.0}, 60.0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("required", "age_s"),
    [
        pytest.param(zero_dte.REQUIRED[:4], 60.0, id="0DTE requires GEX"),
        pytest.param(one_dte.REQUIRED[:3], 7.0, id="1DTE requires VPIN"),
        pytest.param(("price", "moc_imbalance_frac", "obi_l5"), 1.0, id="MOC requires the book"),
        pytest.param(fourteen_dte.REQUIRED, 0.5, id="14DTE requires the quote alone"),
    ],
)
def test_age_is_that_of_the_oldest_input_a_strategy_requires(
    required: tuple[str, ...], age_s: float
) -> None:
    found = features.aged(build(envelopes=INPUTS, quote=quote()), required)

    assert found["age_s"] == pytest.approx(age_s)


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param({"obi": None}, id="not written"),
        pytest.param({"vpin": envelope(None, vpin="INSUFFICIENT_BUCKETS")}, id="unavailable"),
        pytest.param({"gex": envelope({"gex_usd_per_1pct": 1}, status="INVALID")}, id="invalid"),
        pytest.param({"quote": None}, id="no quote"),
    ],
)
def test_age_is_unknown_when_one_is_missing(lacking: dict[str, Any]) -> None:
    given = {name: one for name, one in (INPUTS | lacking).items() if one is not None}
    read = build(envelopes=given, quote=lacking.get("quote", quote()))

    found = features.aged(read, zero_dte.REQUIRED)

    assert (found["age_s"], found.reasons["age_s"]) == (None, "NO_DATA")


@pytest.mark.parametrize(
    ("gex", "delayed"),
    [
        pytest.param(envelope({"delayed": True}), True, id="the broker's lines are delayed"),
        pytest.param(envelope({"delayed": False}), False, id="they are not"),
        pytest.param(envelope(None), False, id="it says nothing"),
        pytest.param(None, None, id="there is no chain"),
    ],
)
def test_a_delayed_chain_is_known_whoever_supplied_it(gex: Any, delayed: bool | None) -> None:
    found = build(envelopes={} if gex is None else {"gex": gex})

    assert found["chain_delayed"] is delayed


@pytest.mark.parametrize(
    ("family", "data", "name", "reason"),
    [
        pytest.param(
            "vpin", {"vpin_cdf": None, "reasons": {"vpin_cdf": "INSUFFICIENT_SAMPLES"}},
            "vpin_cdf", "INSUFFICIENT_SAMPLES", id="of a field",
        ),
        pytest.param(
            "gex", {"z": {"z": None, "reason": "ZERO_VARIANCE"}}, "gex_z", "ZERO_VARIANCE",
            id="of a place in its history",
        ),
        pytest.param(
            "moc", {"estimate": {"imbalance_ratio": None, "reasons": {"imbalance_ratio": "NO_QUOTE"}}},
            "moc_ratio", "NO_QUOTE", id="inside an object of its own",
        ),
    ],
)  # fmt: skip
def test_a_null_keeps_the_reason_its_payload_gives(
    family: str, data: dict[str, Any], name: str, reason: str
) -> None:
    found = build(envelopes={family: envelope(data)})

    assert (found[name], found.reasons[name]) == (None, reason)


@pytest.mark.parametrize(
    ("by_symbol", "blind_s"),
    [
        pytest.param({}, 2.0, id="the link's"),
        pytest.param({"SPY": 240.0}, 240.0, id="its own"),
        pytest.param({"QQQ": 240.0}, 2.0, id="another one's"),
        pytest.param({"SPY": 1.0}, 2.0, id="the longer of both"),
    ],
)
def test_blind_time_is_the_symbols(by_symbol: dict[str, float], blind_s: float) -> None:
    link = {"blind_300s_s": 2.0, "blind_300s_by_symbol": by_symbol}

    assert build(link=link)["blind_300s_s"] == blind_s


def test_a_payload_after_its_validity_is_missing() -> None:
    over = envelope({"sweep_n_60s": 3}) | {"valid_until": (AT - timedelta(seconds=1)).isoformat()}
    found = build(envelopes={"sweep": over})

    assert (found["sweep_n_60s"], found.reasons["sweep_n_60s"]) == (None, "STALE")


def test_a_silent_link_leaves_blind_time_unknown() -> None:
    found = build()

    assert (found["blind_300s_s"], found.reasons["blind_300s_s"]) == (None, "FEED_DOWN")


def test_calendar_features() -> None:
    found = build()

    assert (found["weekday"], found["minutes_since_open"], found["minutes_to_close"]) == (
        4,
        150,
        240,
    )
    assert found["is_rebalance_day"] is True  # the third Friday


def test_outside_the_session_the_calendar_is_missing() -> None:
    night = features.build("SPY", AT + timedelta(hours=12), EMPTY, SETTINGS)

    assert (night["minutes_to_close"], night.reasons["weekday"]) == (None, "SESSION_CLOSED")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2025, 11, 21), True, id="third Friday"),
        pytest.param(date(2025, 11, 28), True, id="last session of a month"),
        pytest.param(date(2025, 11, 14), False, id="second Friday"),
        pytest.param(date(2025, 11, 20), False, id="a Thursday"),
    ],
)
def test_rebalance_days(day: date, expected: bool) -> None:
    assert features.is_rebalance_day(day) is expected


def test_nothing_is_later_than_the_decision() -> None:
    given = {
        f: envelope({"obi_l5": 1, "vpin_cdf": 1}, age) for f, age in (("obi", -5.0), ("vpin", 0.0))
    }
    found = build(envelopes=given)

    assert all(at <= AT for at in found.as_of.values())


@pytest.fixture
def stored(noon: Any, store: None) -> Callable[[], Features]:
    """Read from the store as a task does."""
    return lambda: features.read("SPY", SETTINGS)


def test_reading_takes_everything_from_the_store(stored: Callable[[], Features]) -> None:
    factories.reading("vpin", {"vpin_cdf": 0.7})
    factories.reading("volatility", {"regime": "NORMAL"})
    factories.link(blind_300s_s=3.0)
    market.write_quote(factories.quote("SPY", 599.99, 600.01))

    found = stored()

    assert (found["vpin_cdf"], found["vol_regime"], found["blind_300s_s"], found["price"]) == (
        0.7, "NORMAL", 3.0, 600.0,
    )  # fmt: skip


def test_an_empty_store_reads_as_missing(stored: Callable[[], Features]) -> None:
    found = stored()

    assert all(found[name] is None for name in features.SOURCES)


@pytest.mark.parametrize("cut_s", [0, 1, 30, 299, 3_600])
def test_what_comes_later_changes_no_feature(cut_s: float) -> None:
    """Truncation: the features of an instant are the same whether or not the day went on."""
    at = AT - timedelta(seconds=cut_s)
    bars = {
        minutes: [
            Bar("SPY", AT - timedelta(minutes=minutes * n), p, p + 1, p - 1, p, 1000, p)
            for n, p in ((n, 600 + n % 11) for n in range(count, 0, -1))
        ]
        for minutes, count in ((1, 150), (5, 600))
    }
    ended = {
        minutes: [bar for bar in found if bar.open_at + timedelta(minutes=minutes) <= at]
        for minutes, found in bars.items()
    }
    later = {
        family: envelope({path.split(".")[0]: 0.9}, age_s=-1.0)
        for family, path in {SOURCES[name] for name in SOURCES}
    }
    whole = Inputs(later, later, quote(-1.0), bars[1], bars[5], {"blind_300s_s": 0.0})
    truncated = Inputs({}, {}, None, ended[1], ended[5], {"blind_300s_s": 0.0})

    found = features.build("SPY", at, whole, SETTINGS)
    expected = features.build("SPY", at, truncated, SETTINGS)

    # A reading from the future reads as missing, and names another reason than one never written.
    of_link = {"chain_quality", "chain_delayed", "age_s"}
    assert {k: v for k, v in found.values.items() if k not in of_link} == {
        k: v for k, v in expected.values.items() if k not in of_link
    }
    assert all(instant <= at for instant in found.as_of.values())

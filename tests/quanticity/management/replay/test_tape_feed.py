"""A captured tape is told second by second, and quotes what orders are matched against."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analytics.calculators.sentiment import Article
from analytics.feeds import cboe, yahoo
from analytics.ingestion.recorder import Recorder
from analytics.models import MetricHistory
from analytics.services import capturing
from quanticity.config.loader import section
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.domain.market import Bar
from quanticity.gateway.simulated import listing
from quanticity.gateway.tape_writer import Settings as TapeSettings
from quanticity.gateway.tape_writer import TapeWriter
from quanticity.gateway.tapes import Past
from quanticity.management.replay.tape_feed import TapeFeed, TapeTouches, is_captured
from quanticity.store import feeds, market, readings
from tests import factories
from tests.factories import NOON

AT = datetime(2025, 11, 21, 16, 0, tzinfo=UTC)


class Heard:
    """Remembers what the recorder was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda value: self.told.append((name, value))


def write(path: Path, *facts: tuple[float, str, dict[str, Any]]) -> Path:
    lines = [
        {"seq": n, "recv_ns": int((AT.timestamp() + s) * 1e9), "feed": "sim",
         "payload": {"kind": kind, "value": value}}
        for n, (s, kind, value) in enumerate(facts)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def quote(instrument: str, bid: float, ask: float, second: float = 0) -> dict[str, Any]:
    at = (AT + timedelta(seconds=second)).isoformat()
    return {
        "instrument": instrument, "bid": bid, "ask": ask, "bid_size": 5.0, "ask_size": 7.0,
        "last": None, "event_at": at, "recv_at": at,
    }  # fmt: skip


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Two quotes of SPY a second apart, and one of an option between them."""
    return write(
        tmp_path / "gateway-0.ndjson",
        (0.2, "quote", quote("SPY", 599.0, 599.1, 0.2)),
        (0.7, "contract_quote", quote(factories.OCC, 1.98, 2.02, 0.7)),
        (1.2, "quote", quote("SPY", 600.0, 600.1, 1.2)),
    )


def test_facts_are_told_when_their_time_comes(tape: Path) -> None:
    heard = Heard()
    feed = TapeFeed(tape, heard)  # type: ignore[arg-type]

    feed.tell(AT + timedelta(seconds=1), (), before_scoring=False)
    first = [name for name, _ in heard.told]
    feed.tell(AT + timedelta(seconds=2), (), before_scoring=False)

    assert first == ["take_quote", "take_contract_quote"]
    assert [value.bid for name, value in heard.told if name == "take_quote"] == [599.0, 600.0]
    assert feed.is_over


def test_orders_meet_the_quotes_of_the_tape(tape: Path) -> None:
    feed = TapeFeed(tape, Heard())  # type: ignore[arg-type]
    feed.tell(AT + timedelta(seconds=1), (), before_scoring=False)
    con_id = listing.option_id(parse_occ(factories.OCC))
    assert con_id is not None

    touch = TapeTouches(None, feed.quotes).one(con_id, AT)  # type: ignore[arg-type]

    assert (touch.bid, touch.ask, touch.ask_size) == (Decimal("1.98"), Decimal("2.02"), 7)


def test_what_was_never_quoted_has_no_market(tape: Path) -> None:
    feed = TapeFeed(tape, Heard())  # type: ignore[arg-type]

    touch = TapeTouches(None, feed.quotes).one(1, AT)  # type: ignore[arg-type]

    assert (touch.bid, touch.ask) == (None, None)


def test_an_empty_tape_is_no_tape(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="found none"):
        TapeFeed(write(tmp_path / "gateway-0.ndjson"), Heard())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("gateway-0.ndjson.gz", True), ("SPY_1m.csv", False)],
    ids=["captured", "recorded bars"],
)
def test_a_captured_tape_is_known_by_its_name(tmp_path: Path, name: str, expected: bool) -> None:
    (tmp_path / name).touch()

    assert is_captured(tmp_path) is expected
    assert is_captured(tmp_path / name) is expected


@pytest.mark.django_db
@pytest.mark.enable_socket
@pytest.mark.usefixtures("noon", "store")
def test_what_came_over_http_is_told_again(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    capturing._tape.cache_clear()
    article = Article("t", "u", "s", NOON, relevance=0.5, score=0.4)
    for feed, kind, value in (
        ("alphavantage", "chain", replace(factories.chain(), feed="alphavantage")),
        ("yahoo_vix1d", "vix1d", yahoo.Last(14.5, NOON)),
        ("alphavantage_news", "news", {"symbol": "AAPL", "articles": [article]}),
        ("cboe_vix1d", "closes", [cboe.DailyClose(date(2025, 11, 20), 13.5)]),
    ):
        capturing.capture(feed, kind, value)
    capturing._tape.cache_clear()
    recorder = Recorder("replay")

    told = TapeFeed(tmp_path / "tapes" / "sim", recorder)
    told.tell(NOON, (), before_scoring=False)
    recorder.flush()

    standing = market.chain("SPY")
    assert standing is not None
    assert standing.feed == "alphavantage"
    assert feeds.vix1d(("yahoo",))["yahoo"]["value"] == 14.5
    assert readings.read("AAPL", ("sentiment",))["sentiment"]["data"]["score"] == 0.4
    assert MetricHistory.objects.get(symbol="VIX1D").value == 13.5


@pytest.mark.django_db
@pytest.mark.enable_socket
@pytest.mark.usefixtures("noon", "store")
def test_a_tape_begins_with_the_bars_the_gateway_asked_for(tmp_path: Path) -> None:
    bars = tuple(
        Bar("SPY", NOON - timedelta(minutes=n), 1.0, 2.0, 0.5, 1.5, 9.0, None, 12)
        for n in (7, 6, 5, 4, 3, 2)
    )
    days = tuple(replace(bars[0], open_at=NOON - timedelta(days=n)) for n in (2, 1))
    tape = TapeWriter(tmp_path, "gateway", section("gateway.tape", TapeSettings))
    tape.take("ibkr", "past", Past("SPY", bars, days))
    tape.flush()

    TapeFeed(tmp_path, Recorder("replay")).tell(NOON, (), before_scoring=False)

    assert market.bars("SPY", "1min") == list(bars)
    assert market.bars("SPY", "1day") == list(days)

"""What providers send, real answers and broken ones: read, or refused by name."""

import gzip
import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from analytics.feeds import alphavantage, cboe, door, yahoo
from quanticity.domain.errors import MalformedInput, PermanentError, TemporaryError
from tests.conftest import NOON

ROW = {
    "contractID": "SPY251121C00600000", "symbol": "SPY", "expiration": "2025-11-21",
    "strike": "600.00", "type": "call", "last": "1.10", "bid": "1.05", "bid_size": "11",
    "ask": "1.15", "ask_size": "12", "volume": "100", "open_interest": "2000",
    "date": "2025-11-21", "implied_volatility": "0.15", "delta": "0.5", "gamma": "0.1",
    "theta": "-0.1", "vega": "0.2", "rho": "0.1",
}  # fmt: skip
ANY_JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.text(max_size=6),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(
        some.sampled_from(
            ["data", "options", "option", "feed", "chart", "result", "meta", "timestamp",
             "contractID", "date", "bid", "regularMarketPrice", "ticker_sentiment", "Note"]
        ), inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def body(*rows: dict[str, str]) -> bytes:
    return json.dumps({"endpoint": "Realtime Options", "message": "success", "data": rows}).encode()


def test_an_alphavantage_chain_is_as_old_as_it_is_assumed_to_be() -> None:
    chain = alphavantage.read_chain(body(ROW), "SPY", NOON)
    assert (chain.feed, (NOON - chain.as_of).total_seconds()) == ("alphavantage", 15)
    assert (chain.bid[0], chain.ask[0], chain.open_interest[0]) == (1.05, 1.15, 2000)
    assert chain.quote_epoch_ms[0] == -1


def test_a_chain_of_another_day_has_stale_quotes() -> None:
    chain = alphavantage.read_chain(body(ROW | {"date": "2025-11-20"}), "SPY", NOON)
    assert chain.quote_epoch_ms[0] == 0
    assert "2025-11-20" in chain.warnings[-1]


@pytest.mark.parametrize("key", ["Note", "Information"])
def test_a_note_is_a_soft_limit_and_pauses(key: str) -> None:
    with pytest.raises(door.Throttled) as refused:
        alphavantage.read_chain(json.dumps({key: "Thank you, abc123"}).encode(), "SPY", NOON)
    assert refused.value.retry_after == 30
    assert "abc123" not in str(refused.value)


def test_an_error_message_is_no_data() -> None:
    with pytest.raises(PermanentError, match="API_ERROR"):
        alphavantage.read_chain(b'{"Error Message": "the parameter apikey is"}', "SPY", NOON)


def test_an_empty_chain_is_a_failure() -> None:
    with pytest.raises(TemporaryError, match="EMPTY"):
        alphavantage.read_chain(body(), "SPY", NOON)


def test_a_chain_of_somebody_else_is_refused() -> None:
    with pytest.raises(MalformedInput, match="QQQ"):
        alphavantage.read_chain(body(ROW), "QQQ", NOON)


def news_file(shared: Path, day: str) -> bytes:
    return (shared / "data" / "news" / f"av_news_sentiment_{day}.json").read_bytes()


@pytest.mark.parametrize("day", ["2024-07-16", "2024-07-19"])
def test_real_news_is_read(shared: Path, day: str) -> None:
    content = news_file(shared, day)
    tickers = {t["ticker"] for a in json.loads(content)["feed"] for t in a["ticker_sentiment"]}
    for ticker in tickers:
        found = alphavantage.read_news(content, ticker)
        assert found
        assert all(0 < a.relevance <= 1 and -1 <= a.score <= 1 for a in found)
        assert all(a.published_at.date().year == 2024 for a in found)


def test_a_time_with_a_trailing_letter_is_read() -> None:
    article = {
        "title": "t", "url": "u", "source": "s", "time_published": "20240103T150405Z",
        "ticker_sentiment": [
            {"ticker": "AAPL", "relevance_score": "0.5", "ticker_sentiment_score": "0.1"}
        ],
    }  # fmt: skip
    (found,) = alphavantage.read_news(json.dumps({"feed": [article]}).encode(), "AAPL")
    assert found.published_at == datetime(2024, 1, 3, 15, 4, 5, tzinfo=UTC)


def test_the_real_cboe_file_is_read(shared: Path) -> None:
    (path,) = (shared / "data" / "chains" / "cboe_json").glob("SPY*.json.gz")
    raw = gzip.decompress(path.read_bytes())
    options = json.loads(raw)["data"]["options"]
    chain = cboe.read_chain(raw, "SPY")
    assert (chain.feed, chain.delayed, chain.underlying) == ("cboe_delayed", True, "SPY")
    assert len(chain) == len(options)
    assert math.isclose(chain.open_interest.sum(), sum(o["open_interest"] for o in options))
    assert chain.as_of.date() == date(2022, 7, 12)


def test_only_cboe_is_taken_for_cboe() -> None:
    with pytest.raises(MalformedInput, match="alphavantage"):
        cboe.read_chain(body(ROW), "SPY")


@pytest.mark.parametrize(
    ("base", "symbol", "url"),
    [
        ("http://h/options", "SPY", "http://h/options/SPY.json"),
        ("http://h/options/", "SPX", "http://h/options/_SPX.json"),
        ("http://h/q?s={symbol}", "VIX", "http://h/q?s=_VIX"),
    ],
)
def test_an_index_is_asked_for_by_its_file_name(base: str, symbol: str, url: str) -> None:
    assert cboe.address(base, symbol) == url


HISTORY = b"DATE,OPEN,HIGH,LOW,CLOSE\r\n11/20/2025,14.1,15.0,13.2,14.9\r\n11/19/2025,1,1,1,13.1\r\n"


def test_the_history_is_read_oldest_first() -> None:
    assert [(c.day.isoformat(), c.close) for c in cboe.read_history(HISTORY)] == [
        ("2025-11-19", 13.1), ("2025-11-20", 14.9),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"DATE,OPEN,HIGH,LOW,CLOSE\n", "none"),
        (b"<html>moved</html>", "columns"),
        (HISTORY + b"11/21/2025,1,1,1,nan\n", "line 4"),
        (HISTORY + b"21.11.2025,1,1,1,1\n", "line 4"),
        (HISTORY + b"11/21/2025,1\n", "line 4"),
    ],
    ids=["empty", "no rows", "a page", "nan", "date", "short"],
)
def test_a_broken_history_is_refused_by_name(content: bytes, said: str) -> None:
    with pytest.raises(MalformedInput, match=said):
        cboe.read_history(content)


def chart(**meta: Any) -> bytes:
    full = {"regularMarketPrice": 12.34, "regularMarketTime": 1763744400} | meta
    return json.dumps({"chart": {"result": [{"meta": full}], "error": None}}).encode()


def test_a_chart_says_value_and_time() -> None:
    assert yahoo.read(chart()) == yahoo.Last(12.34, NOON)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b'{"chart":{"result":null}}', chart(regularMarketPrice=-1),
     chart(regularMarketPrice=None), chart(regularMarketTime=1e30)],
)  # fmt: skip
def test_a_broken_chart_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedInput):
        yahoo.read(content)


READERS = {
    "alphavantage": lambda raw: alphavantage.read_chain(raw, "SPY", NOON),
    "news": lambda raw: alphavantage.read_news(raw, "SPY"),
    "cboe": lambda raw: cboe.read_chain(raw, "SPY"),
    "history": cboe.read_history,
    "yahoo": yahoo.read,
}
REFUSALS = (MalformedInput, TemporaryError, PermanentError)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@given(raw=some.binary(max_size=120) | ANY_JSON.map(lambda tree: json.dumps(tree).encode()))
def test_whatever_comes_is_read_or_refused(reader: Any, raw: bytes) -> None:
    try:
        reader(raw)
    except REFUSALS:
        return


@given(place=some.integers(0, 500), byte=some.integers(0, 255))
def test_a_flipped_byte_is_read_or_refused(place: int, byte: int) -> None:
    raw = bytearray(body(ROW, ROW | {"contractID": "SPY251121P00600000"}))
    raw[place % len(raw)] = byte
    try:
        chain = alphavantage.read_chain(bytes(raw), "SPY", NOON)
    except REFUSALS:
        return
    assert np.isfinite(chain.strike).all()

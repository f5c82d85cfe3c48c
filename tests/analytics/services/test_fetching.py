"""Sources over HTTP end to end: from a server's answer to what stands in the store."""

import gzip
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.feeds import source, vix1d
from analytics.ingestion import desk
from analytics.models import FeedEvent, MetricHistory, Quarantined
from analytics.services import exposures, fetching, quarantine, sources
from quanticity.config import loader
from quanticity.config.universe import universe
from quanticity.domain.market import Quote
from quanticity.store import feeds, keys, market, readings
from quanticity.store.client import client
from tests.analytics import toy_chains
from tests.factories import NOON
from tests.providers import Answer, Provider

pytestmark = [
    pytest.mark.django_db, pytest.mark.enable_socket,
    pytest.mark.usefixtures("noon", "store", "hurried"),
]  # fmt: skip
KEY = "sesame-street-42"


def cboe_body(spot: float = 600.0, at: datetime = NOON) -> bytes:
    """A chain in Cboe's words, as good as the toy chain."""
    toy = toy_chains.chain(spot=spot, interest=lambda *_: 500)
    options = [
        {
            "option": str(toy.occ[n]), "bid": round(float(toy.bid[n]), 2),
            "ask": round(float(toy.ask[n]), 2), "bid_size": 10.0, "ask_size": 10.0,
            "open_interest": 500.0, "volume": 20.0, "iv": 0.15, "last_trade_price": 1.0,
        }
        for n in range(len(toy))
    ]  # fmt: skip
    stamp = at.strftime("%Y-%m-%d %H:%M:%S")
    data = {"symbol": "SPY", "current_price": spot, "options": options}
    return json.dumps({"timestamp": stamp, "symbol": "SPY", "data": data}).encode()


def av_body(spot: float = 600.0, day: str = "2025-11-21") -> bytes:
    toy = toy_chains.chain(spot=spot, interest=lambda *_: 500)
    rows = [
        {
            "contractID": str(toy.occ[n]), "symbol": "SPY", "date": day,
            "bid": f"{toy.bid[n]:.2f}", "ask": f"{toy.ask[n]:.2f}", "open_interest": "500",
            "bid_size": "9", "ask_size": "9", "volume": "7", "last": "1.00",
        }
        for n in range(len(toy))
    ]  # fmt: skip
    return json.dumps({"endpoint": "x", "message": "success", "data": rows}).encode()


def stood() -> str | None:
    found = market.chain("SPY")
    return None if found is None else found.feed


def again(feed: str, symbol: str = "SPY") -> bool:
    client().delete(keys.feed_turn(feed, symbol).name)
    return fetching.fetch_chain(feed, symbol)


def test_without_an_address_nothing_is_asked(provider: Provider, address: Any) -> None:
    address()
    assert fetching.fetch_chain("cboe_delayed", "SPY") is False
    assert fetching.fetch_chain("alphavantage", "SPY") is False
    assert sources.watched() == []


def test_readings_appear_of_a_symbol_without_a_broker(provider: Provider, address: Any) -> None:
    address(cboe_quotes=f"{provider.url}/options")
    provider.says(Answer(body=cboe_body()))
    assert fetching.fetch_chain("cboe_delayed", "SPY") is True
    exposures.refresh_exposures("SPY")

    gex = readings.read("SPY", ("gex",))["gex"]
    assert provider.asked == ["/options/SPY.json"]
    assert (gex["feed"], gex["quality"]["status"]) == ("cboe_delayed", "DEGRADED")
    assert gex["data"]["gex_usd_per_1pct"] is not None
    assert gex["as_of"] == "2025-11-21T17:00:00.000Z"


def test_a_silent_broker_is_replaced_and_replaces_again(
    provider: Provider, address: Any, noon: Any
) -> None:
    address(cboe_quotes=provider.url)
    provider.says(Answer(body=cboe_body()))
    desk.offer(replace(toy_chains.chain(), feed="sim"))
    assert fetching.fetch_chain("cboe_delayed", "SPY") is False
    assert provider.asked == []
    noon.advance(61)
    assert fetching.fetch_chain("cboe_delayed", "SPY") is True

    assert stood() == "cboe_delayed"
    assert FeedEvent.objects.get().kind == "SWITCHED"


def test_a_turn_is_taken_once(provider: Provider, address: Any) -> None:
    address(key=KEY, alphavantage=provider.url)
    provider.says(Answer(body=av_body()))
    assert [fetching.fetch_chain("alphavantage", "SPY") for _ in range(5)].count(True) == 1
    assert len(provider.asked) == 1


def test_alphavantage_stands_over_the_broker(provider: Provider, address: Any) -> None:
    address(key=KEY, alphavantage=provider.url)
    provider.says(Answer(body=av_body()))
    fetching.fetch_chain("alphavantage", "SPY")
    stands, _ = desk.offer(replace(toy_chains.chain(), feed="sim"))
    assert (stands, stood()) == (False, "alphavantage")


@pytest.mark.parametrize(
    ("market_mid", "fresh"), [(600.1, True), (603.0, False)], ids=["agrees", "contradicts"]
)
def test_a_chain_without_a_time_is_held_against_the_market(
    provider: Provider, address: Any, market_mid: float, fresh: bool
) -> None:
    address(key=KEY, alphavantage=provider.url)
    provider.says(Answer(body=av_body()))
    market.write_quote(
        Quote("SPY", market_mid - 0.01, market_mid + 0.01, 1, 1, market_mid, NOON, NOON)
    )
    fetching.fetch_chain("alphavantage", "SPY")
    found = market.chain("SPY")
    assert found is not None
    assert bool((found.quote_epoch_ms == -1).all()) is fresh


BAD = {
    "note": Answer(body=b'{"Note": "our standard API rate limit is 25 requests per day"}'),
    "429": Answer(429, headers=(("Retry-After", "3"),)),
    "5xx": Answer(503),
    "reset": Answer(how="reset"),
    "error message": Answer(body=b'{"Error Message": "bad"}'),
    "a page": Answer(body=b"<html>down for maintenance</html>"),
    "empty": Answer(body=b'{"data": []}'),
    "not json": Answer(body=b"\x00\xff\x01"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_whatever_a_provider_does_is_survived_and_said(
    provider: Provider, address: Any, bad: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    address(key=KEY, alphavantage=provider.url)
    provider.says(bad)
    assert [again("alphavantage") for _ in range(3)] == [False] * 3

    seen = {(one["feed"], one["symbol"]): one for one in _condition()}
    silent = [one for one in seen.values() if one["state"] == "OPEN"]
    assert len(silent) == 1
    assert silent[0]["retry_in_s"] > 0
    assert stood() is None
    trail = caplog.text + str(list(FeedEvent.objects.values_list("detail"))) + str(seen)
    assert KEY not in trail
    assert KEY not in str(list(Quarantined.objects.values_list("raw")))


def test_a_hanging_provider_is_given_up(
    provider: Provider, address: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QC__ANALYTICS__FEEDS__DOOR__TOTAL_S", "0.2")
    monkeypatch.setenv("QC__ANALYTICS__FEEDS__DOOR__RETRIES", "0")
    loader.section.cache_clear()
    address(cboe_quotes=provider.url)
    provider.says(Answer(body=b"x" * 500, how="drip"))
    assert again("cboe_delayed") is False
    assert _condition()[0]["failures"] == 1


def _condition() -> list[dict[str, Any]]:
    return source.condition(sources.watched())


def test_a_suspension_and_its_end_are_written_down(provider: Provider, address: Any) -> None:
    address(cboe_quotes=provider.url)
    provider.says(Answer(404))
    for _ in range(4):
        again("cboe_delayed")
    known = replace(source.read("cboe_delayed", "SPY"), until_s=0.0)
    feeds.write_breaker("cboe_delayed", "SPY", known.as_text())
    provider.says(Answer(body=cboe_body()))
    again("cboe_delayed")

    said = list(FeedEvent.objects.order_by("pk").values_list("kind", "feed", "symbol"))
    assert said == [("SUSPENDED", "cboe_delayed", "SPY"), ("RESTORED", "cboe_delayed", "SPY")]


def test_an_unreadable_answer_is_in_quarantine(provider: Provider, address: Any) -> None:
    address(cboe_quotes=provider.url)
    provider.says(Answer(body=b'{"data": {"options": [{}]}}'))
    fetching.fetch_chain("cboe_delayed", "SPY")
    row = Quarantined.objects.get()
    assert (row.kind, row.reason, row.feed) == ("answer", "MALFORMED", "cboe_delayed")
    assert "options[0]" in row.raw["error"]
    assert quarantine.judge_again(Quarantined.objects.all()) == {"not judged": 1}


def test_the_real_file_becomes_readings(
    shared: Path, provider: Provider, address: Any, noon: Any
) -> None:
    (path,) = (shared / "data" / "chains" / "cboe_json").glob("SPY*.json.gz")
    noon.at = datetime(2022, 7, 12, 23, 0, tzinfo=UTC)
    address(cboe_quotes=provider.url)
    provider.says(Answer(body=gzip.decompress(path.read_bytes())))
    # It takes longer than the hurried deadline to read; the server sends it at once.
    assert fetching.fetch_chain("cboe_delayed", "SPY") is True
    exposures.refresh_exposures("SPY")
    assert readings.read("SPY", ("gex",))["gex"]["feed"] == "cboe_delayed"


def test_sentiment_is_published_of_what_is_recent(
    shared: Path, provider: Provider, address: Any, noon: Any
) -> None:
    body = (shared / "data" / "news" / "av_news_sentiment_2024-07-16.json").read_bytes()
    articles = json.loads(body)["feed"]
    told = [t for a in articles for t in a["ticker_sentiment"]]
    ticker = max(told, key=lambda t: float(t["relevance_score"]))["ticker"]
    latest = max(a["time_published"] for a in articles)
    noon.at = datetime.strptime(latest, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) + timedelta(minutes=1)
    address(key=KEY, alphavantage=provider.url)
    provider.says(Answer(body=body))
    fetching.fetch_sentiment(ticker)

    found = readings.read(ticker, ("sentiment",))["sentiment"]
    assert found["feed"] == "alphavantage"
    assert -1 <= found["data"]["score"] <= 1
    assert found["data"]["n_articles"] >= 1


def closes(*days: str) -> bytes:
    rows = "".join(f"{day},1,1,1,{10 + n}\n" for n, day in enumerate(days))
    return f"DATE,OPEN,HIGH,LOW,CLOSE\n{rows}".encode()


def test_the_official_closes_are_kept_once(provider: Provider, address: Any) -> None:
    address(cboe_vix1d=provider.url)
    provider.says(Answer(body=closes("11/19/2025", "11/20/2025", "11/22/2025")))
    for _ in range(2):
        client().delete(keys.feed_turn("cboe_vix1d", "VIX1D").name)
        fetching.fetch_vix1d()

    assert MetricHistory.objects.filter(symbol="VIX1D").count() == 2  # the 22nd is a Saturday
    known = vix1d.known(NOON, "sim")
    assert (known.prev_close, known.closes) == (11.0, (10.0, 11.0))


def test_a_close_of_friday_is_valid_all_monday(provider: Provider, address: Any) -> None:
    address(cboe_vix1d=provider.url)
    provider.says(Answer(body=closes("11/14/2025")))
    fetching.fetch_vix1d()
    monday = datetime(2025, 11, 17, 20, 0, tzinfo=UTC)
    assert vix1d.known(monday, "sim").prev_close == 10.0
    assert vix1d.known(monday + timedelta(days=3), "sim").prev_close is None


def test_yahoo_is_asked_only_while_the_broker_is_silent(provider: Provider, address: Any) -> None:
    address(yahoo=provider.url)
    meta = {"regularMarketPrice": 12.5, "regularMarketTime": int(NOON.timestamp()) - 20}
    body = json.dumps({"chart": {"result": [{"meta": meta}]}}).encode()
    provider.says(Answer(body=body))
    market.write_quote(Quote("VIX1D", None, None, None, None, 13.0, NOON, NOON))
    fetching.fetch_vix1d()
    assert (provider.asked, vix1d.known(NOON, "sim").values) == ([], {"ibkr": 13.0})

    client().delete(keys.quote("VIX1D").name)
    fetching.fetch_vix1d()
    assert provider.asked == ["/%5EVIX1D?interval=1m&range=1d"]
    known = vix1d.known(NOON, "sim")
    assert (known.values, known.ages_s) == ({"yahoo": 12.5}, {"yahoo": 20.0})


def test_an_old_index_value_is_not_known(noon: Any) -> None:
    market.write_quote(Quote("VIX1D", None, None, None, None, 13.0, NOON, NOON))
    assert vix1d.known(NOON + timedelta(seconds=301), "sim").values == {}


def test_single_stocks_have_news_and_funds_have_none() -> None:
    assert not set(universe().stocks) & set(universe().depth)


def test_after_a_switch_of_feeds_three_samples_are_no_history() -> None:
    exposures._fed.clear()
    feeds_ = ["ibkr", "ibkr", "cboe_delayed", *["cboe_delayed"] * 4, "ibkr"]
    assert [exposures._is_settled("SPY", feed) for feed in feeds_] == [
        True, True, False, False, False, True, True, False,
    ]  # fmt: skip

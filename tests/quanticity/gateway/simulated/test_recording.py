"""Recorded chains, prints and quotes in place of what the model makes up."""

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from client_library import Option, Stock
from simulated_world import World, new_market

from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import contracts, listing, recording, tape_chains
from quanticity.gateway.simulated.contracts import Range
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.panels import Panel

REACH = Range(14, 60, 0.12)
DAY = date(2023, 4, 14)
LAST = calendar.session(DAY).close_at - timedelta(seconds=1)
HEAD = """
SPDR S&P 500 ETF Trust,Last: 413.08,Change:  -1.01
Date: 14 April 2023, 19:15 UTC\N{MINUS SIGN}4,Bid: 413.05,Ask: 413.08,Size: 1*14,Volume: 77 883 662
Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,\
Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest
"""
ROW = (
    "Mon Apr 17 2023,SPY230417C00{k}000,1,0,{cb},{ca},{v},0.15,0.5,0.1,1 234,{k}.00,"
    "SPY230417P00{k}000,1,0,{pb},{pa},77,0.15,-0.5,0.1,2\u202f345"
)
QUOTES = [
    ROW.format(k=412, cb=2.31, ca=2.35, pb=1.05, pa=1.07, v="1 200"),
    ROW.format(k=413, cb=1.62, ca=1.64, pb=1.38, pa=1.40, v="900"),
    ROW.format(k=414, cb=1.04, ca=1.06, pb=1.82, pa=1.85, v="0"),
]


@pytest.fixture
def own() -> Market:
    """A market that a test may record into."""
    return new_market()


@pytest.fixture
def cboe(own: Market, tmp_path: Path) -> Market:
    (tmp_path / "SPY_2023-04-14_close.csv").write_text(HEAD + "\n".join(QUOTES))
    recording.load(tmp_path, own)
    return own


def chain(market: Market, name: str, at: datetime) -> Panel:
    return contracts.chain(listing.SYMBOLS[name], market, at, REACH)


def test_a_recorded_chain_is_what_is_listed(cboe: Market) -> None:
    panel = chain(cboe, "SPY", LAST)

    assert sorted(set(panel.strike)) == [412, 413, 414]
    assert panel.expiries == (date(2023, 4, 17),)
    assert len(panel.con_ids) == 6


def test_at_its_instant_every_quote_is_the_recorded_one(cboe: Market) -> None:
    panel = chain(cboe, "SPY", LAST)
    quoted = cboe.options(panel, LAST)
    calls = panel.sign > 0

    assert quoted.spot == pytest.approx(413.08, abs=0.02)
    assert quoted.bid[calls].tolist() == [2.31, 1.62, 1.04]
    assert quoted.ask[calls].tolist() == [2.35, 1.64, 1.06]
    assert quoted.bid[~calls].tolist() == [1.05, 1.38, 1.82]
    assert quoted.ask[~calls].tolist() == [1.07, 1.40, 1.85]


def test_before_it_quotes_follow_the_price_with_the_recorded_volatility(cboe: Market) -> None:
    panel = chain(cboe, "SPY", LAST)
    hours = [LAST - timedelta(hours=n) for n in range(6)]
    quotes = [cboe.options(panel, at) for at in hours]
    first = panel.sign > 0
    calls = [float(q.bid[first][1]) for q in quotes]
    spots = [q.spot for q in quotes]

    assert np.corrcoef(calls, spots)[0, 1] > 0.8
    assert all(np.allclose(q.fair.iv, quotes[0].fair.iv) for q in quotes)


def test_open_interest_and_volume_are_the_recorded_ones(cboe: Market) -> None:
    panel = chain(cboe, "SPY", LAST)
    calls = panel.sign > 0

    assert cboe.open_interest(panel, LAST)[calls].tolist() == [1234] * 3
    assert cboe.open_interest(panel, LAST)[~calls].tolist() == [2345] * 3
    assert cboe.volume(panel, LAST)[calls][0] == pytest.approx(1200, abs=1)


def test_an_after_hours_spot_gives_way_to_parity(tmp_path: Path) -> None:
    file = tmp_path / "SPY_2023-04-14_close.csv"
    file.write_text((HEAD + "\n".join(QUOTES)).replace("Last: 413.08", "Last: 420.00"))
    found = tape_chains.read(file)

    assert found is not None
    assert found.spot == pytest.approx(413.25, abs=0.05)


def test_a_chain_without_quotes_keeps_its_volatility_and_interest(
    own: Market, tmp_path: Path
) -> None:
    rows = [ROW.format(k=413, cb=0, ca=0, pb=0, pa=0, v="5")]
    (tmp_path / "SPY_2023-04-14_noquotes.csv").write_text(HEAD + "\n".join(rows))
    recording.load(tmp_path, own)
    panel = chain(own, "SPY", LAST)
    quoted = own.options(panel, LAST)

    assert quoted.fair.iv.tolist() == pytest.approx([0.15, 0.15])
    assert np.all(quoted.ask > quoted.bid)


def test_an_intraday_json_chain_holds_at_its_time(own: Market, tmp_path: Path) -> None:
    option = {"option": "SPY230414C00413000", "bid": 0.85, "ask": 0.87, "iv": 0.2}
    data = {"current_price": 413.5, "options": [option | {"open_interest": 9.0, "volume": 3.0}]}
    (tmp_path / "SPY_2023-04-14_1510.json").write_text(json.dumps({"data": data}))
    recording.load(tmp_path, own)
    at = datetime(2023, 4, 14, 19, 10, tzinfo=UTC)
    quoted = own.options(chain(own, "SPY", at), at)

    assert quoted.spot == pytest.approx(413.5, abs=0.01)
    assert (quoted.bid.tolist(), quoted.ask.tolist()) == ([0.85], [0.87])


def test_lean_ticks_are_replayed_with_their_venues(own: Market, tmp_path: Path) -> None:
    prefix = "equity__usa__{}__spy__20131007_{}.zip"
    parts = {
        prefix.format("tick", "trade"): "34200100,1675500,900,P,0,0\n34201200,1675600,50,D,0,0\n",
        prefix.format("second", "quote"): "34200000,1,1,1,1675400,9,1,1,1,1675500,9\n",
    }
    for name, text in parts.items():
        with zipfile.ZipFile(tmp_path / name, "w") as packed:
            packed.writestr("x.csv", text)
    (session,) = recording.load(tmp_path, own)
    prints = own.prints("SPY", session.open_at - timedelta(seconds=1), session.close_at)
    top = own.top("SPY", session.open_at)

    assert [(p.price, p.size, p.venue) for p in prints] == [
        (167.55, 900, "ARCA"),
        (167.56, 50, "FINRA"),
    ]
    assert [p.side for p in prints] == [1, 1]
    assert (top.bid, top.ask) == (167.54, 167.55)


def test_lobster_tells_who_was_the_aggressor(own: Market, tmp_path: Path) -> None:
    day = "AMZN_2012-06-21"
    messages = "34200.5,1,1,10,2238000,1\n34201.1,4,1,100,2239500,-1\n34202.3,5,0,7,2231800,1\n"
    with zipfile.ZipFile(tmp_path / f"LOBSTER_SampleFile_{day}_1.zip", "w") as packed:
        packed.writestr(f"{day}_message_1.csv", messages)
        packed.writestr(f"{day}_orderbook_1.csv", "2239500,100,2231800,100\n" * 3)
    (session,) = recording.load(tmp_path, own)
    prints = own.prints("AMZN", session.open_at, session.close_at)

    assert [(p.price, p.size, p.side) for p in prints] == [(223.95, 100, 1), (223.18, 7, -1)]


@pytest.mark.parametrize("text", ["", "no header at all", HEAD.replace("Last", "Lost")])
def test_what_is_no_chain_is_refused_or_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "SPY_2023-04-14_close.csv").write_text(text)
    with pytest.raises(MalformedInput):
        recording.load(tmp_path, new_market())


@pytest.mark.enable_socket
def test_a_client_trades_a_recorded_chain(play: Callable[..., None], cboe: Market) -> None:
    async def scenario(world: World) -> None:
        ib = await world.connect()
        (stock,) = await ib.qualifyContractsAsync(Stock("SPY", "SMART", "USD"))
        (smart, *_) = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", stock.conId)
        asked = Option("SPY", "20230417", 413, "C", "SMART")
        (contract,) = await ib.qualifyContractsAsync(asked)
        ticker = ib.reqMktData(contract, "101")
        await world.settle()

        assert (smart.expirations, smart.strikes) == (["20230417"], [412, 413, 414])
        assert (ticker.bid, ticker.ask) == (1.62, 1.64)
        assert ticker.callOpenInterest == 1234

    play(scenario, market=cboe, at=LAST)


def test_snapshots_of_a_day_take_over_from_each_other(own: Market, tmp_path: Path) -> None:
    for hour, spot, bid in (("1510", 413.5, 0.85), ("1530", 414.0, 1.20)):
        option = {"option": "SPY230414C00413000", "bid": bid, "ask": bid + 0.02, "iv": 0.2}
        rows = [option | {"open_interest": 9.0, "volume": 3.0}]
        content = {"data": {"current_price": spot, "options": rows}}
        (tmp_path / f"SPY_2023-04-14_{hour}.json").write_text(json.dumps(content))
    recording.load(tmp_path, own)
    panel = chain(own, "SPY", LAST)
    times = [datetime(2023, 4, 14, 19, minute, tzinfo=UTC) for minute in (10, 30)]
    seen = [own.options(panel, at) for at in times]

    assert [quoted.spot for quoted in seen] == pytest.approx([413.5, 414.0], abs=0.01)
    assert [quoted.bid.tolist() for quoted in seen] == [[0.85], [1.20]]


# The real files.

CHAINS = [
    ("cboe_csv/SPY_2023-04-14_close.csv.gz", 3000, 0.95),
    ("cboe_csv/SPX_2023-04-14_close.csv.gz", 3000, 0.95),
    ("cboe_csv/QQQ_2023-05-10_1510_intraday.csv.gz", 3000, 0.95),
    ("cboe_csv/AMD_2023-08-18_close.csv.gz", 500, 0.95),
    ("cboe_csv/TSLA_2023-08-18_1exp.csv.gz", 100, 0.9),
    ("cboe_csv/SPX_2022-12-12_noquotes.csv.gz", 3000, None),
    ("cboe_json/SPY_2022-07-12_1857ET.json.gz", 5000, 0.95),
]


@pytest.mark.parametrize(("name", "least", "same"), CHAINS, ids=[name for name, *_ in CHAINS])
def test_real_chains_are_replayed(
    own: Market, shared: Path, name: str, least: int, same: float | None
) -> None:
    file = shared / "data/chains" / name
    snapshot = tape_chains.read(file)
    assert snapshot is not None
    recording.load(file, own)
    panel = chain(own, snapshot.name, snapshot.at)
    quoted = own.options(panel, snapshot.at)
    real = snapshot.bid > 0
    right = (np.abs(quoted.bid - snapshot.bid) < 0.006) & (
        np.abs(quoted.ask - snapshot.ask) < 0.006
    )

    assert len(panel.con_ids) >= least
    assert np.array_equal(own.open_interest(panel, snapshot.at), snapshot.interest)
    assert right[real].mean() >= (same or 0)
    assert quoted.spot == pytest.approx(snapshot.spot, rel=2e-4)


def test_real_executions_are_replayed_exactly(own: Market, shared: Path) -> None:
    file = shared / "data/trades/lobster/LOBSTER_SampleFile_AMZN_2012-06-21_5.zip"
    (session,) = recording.load(file, own)
    prints = own.prints("AMZN", session.open_at, session.close_at)

    assert len(prints) == 11_419
    assert {p.side for p in prints} == {1, -1}


def test_an_index_and_its_fund_keep_their_ratio_of_the_day(
    own: Market, shared: Path, tmp_path: Path
) -> None:
    for name in ("SPY_2023-04-14_close.csv.gz", "SPX_2023-04-14_close.csv.gz"):
        (tmp_path / name).symlink_to(shared / "data/chains/cboe_csv" / name)
    recording.load(tmp_path, own)

    assert own.spot("SPX", LAST) / own.spot("SPY", LAST) == pytest.approx(4137.64 / 412.5, rel=3e-3)


def test_real_option_minutes_are_replayed(own: Market, shared: Path, tmp_path: Path) -> None:
    for name in ("index__usa__minute__spx", "indexoption__usa__minute__spxw"):
        tail = "_trade.zip" if name.startswith("index__") else "_quote_european.zip"
        file = shared / "data/chains/lean_minute" / f"{name}__20210104{tail}"
        (tmp_path / file.name).symlink_to(file)
    (session,) = recording.load(tmp_path, own)
    panel = chain(own, "SPX", session.open_at)
    at = session.open_at + timedelta(minutes=30) - timedelta(seconds=1)
    quoted = own.options(panel, at)
    first = int(np.flatnonzero((panel.strike == 3700) & (panel.sign > 0) & (panel.expiry == 1))[0])

    assert sorted(set(panel.strike)) == [3700, 3800]
    assert len(panel.expiries) == 3
    assert 3_600 < quoted.spot < 3_800
    assert quoted.bid[first] > 0
    assert lean_minute(tmp_path, 29) == (quoted.bid[first], quoted.ask[first])


def lean_minute(folder: Path, minute: int) -> tuple[float, float]:
    """Closing bid and ask of the 3700 call of 6 January in a minute, read plainly."""
    (file,) = folder.glob("indexoption*")
    with zipfile.ZipFile(file) as packed:
        text = packed.read("20210104_spxw_minute_quote_european_call_37000000_20210106.csv")
    rows = {int(row.split(",")[0]): row.split(",") for row in text.decode().split()}
    row = rows[34_200_000 + minute * 60_000]
    return int(row[4]) / 10_000, int(row[9]) / 10_000

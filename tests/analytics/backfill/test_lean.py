"""Lean's zips as records: minutes of a chain, prints with the quote that prevailed."""

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from analytics.backfill import lean
from analytics.backfill.records import Record
from quanticity.domain import calendar

DAY = "20151224"
OPEN_MS = 34_200_000
HERE = f"option__usa__minute__goog__{DAY}"
CALL = f"{DAY}_goog_minute_quote_american_call_7500000_20151231.csv"


def pack(path: Path, members: dict[str, list[str]]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, rows in members.items():
            packed.writestr(name, "\n".join(rows) + "\n")
    return path


def minute(n: int, bid: str, ask: str) -> str:
    return f"{OPEN_MS + 60_000 * n},,,,{bid},7,,,,{ask},9"


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    """One call, quoted in the first and third minute, on a half day."""
    quotes = {CALL: [minute(0, "50000", "51000"), minute(2, "", "52000")]}
    interest = {CALL.replace("quote", "openinterest"): ["23400000,321"]}
    traded = {CALL.replace("quote", "trade"): [f"{OPEN_MS + 60_000},1,1,1,1,5"]}
    pack(tmp_path / f"{HERE}_openinterest_american.zip.zip", interest)
    pack(tmp_path / f"{HERE}_trade_american.zip", traded)
    spot = tmp_path / f"equity__usa__minute__goog__{DAY}_quote.zip"
    pack(spot, {"goog.csv": [minute(0, "7490000", "7500000")]})
    return pack(tmp_path / f"{HERE}_quote_american.zip", quotes)


def test_a_half_day_has_a_record_a_minute(chains: Path) -> None:
    found = list(lean.chains(chains))

    assert len(found) == 210
    assert found[0].at == calendar.session(found[0].at.date()).open_at + timedelta(minutes=1)
    assert {record.symbol for record in found} == {"GOOG"}


@pytest.mark.parametrize(
    ("minute", "bid", "ask", "volume"),
    [
        pytest.param(1, 5.0, 5.1, 0, id="its first quote"),
        pytest.param(2, 5.0, 5.1, 5, id="the quote before, and what traded"),
        pytest.param(3, None, 5.2, 5, id="a bid that is gone"),
    ],
)
def test_a_chain_is_of_its_minutes_end(
    chains: Path, minute: int, bid: float | None, ask: float, volume: int
) -> None:
    found = lean.contracts(chains, minute)

    assert found["quote"] == {"last": 749.5}
    assert found["chain"] == [
        {
            "contractID": "GOOG151231C00750000", "bid": bid, "bid_size": 7 if bid else 7.0,
            "ask": ask, "ask_size": 9, "volume": volume, "open_interest": 321,
        }
    ]  # fmt: skip


def test_a_print_has_the_quote_of_the_second_before(tmp_path: Path) -> None:
    ticks = [
        f"{OPEN_MS + 500},1000000,100,P,0,0",
        f"{OPEN_MS + 1_250},1000100,200,D,0,0",
        f"{OPEN_MS + 1_300},9990000,1,P,0,1",
        f"{OPEN_MS - 1},1000000,100,P,0,0",
    ]
    path = pack(tmp_path / "equity__usa__tick__spy__20131007_trade.zip", {"x.csv": ticks})
    bar = f"{OPEN_MS},,,,999900,1,,,,1000100,1"
    pack(tmp_path / "equity__usa__second__spy__20131007_quote.zip", {"x.csv": [bar]})

    (record,) = lean.prints(path)

    assert isinstance(record, Record)
    first, second = record.body["trades"]
    assert (first["price"], first["bid"], first["venue"]) == (100.0, None, "P")
    assert (second["bid"], second["ask"], second["quote_age_s"]) == (99.99, 100.01, 0.25)
    assert (second["size"], second["venue"]) == (200, "FINRA")

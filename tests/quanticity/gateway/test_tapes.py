"""Tapes: written as facts come, read back as they came, whatever happened in between."""

import gzip
import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import Share, parse_occ
from quanticity.domain.market import Bar, Book, Imbalance, Level, Quote, Trade
from quanticity.domain.orders import Account, Fill
from quanticity.gateway import tapes
from quanticity.gateway.ports import Connection, ConnectionState
from quanticity.gateway.tape_writer import Settings, TapeWriter
from tests.analytics import toy_chains
from tests.conftest import NOON

pytestmark = pytest.mark.usefixtures("noon")
SETTINGS = Settings(capture=True, wire=True, flush_s=1.0, level=1, rotate_mb=1.0, keep_mb=10.0)
QUOTE = Quote("SPY", 671.1, 671.12, 300.0, None, 671.11, NOON, NOON + timedelta(milliseconds=3))
VALUES: dict[str, Any] = {
    "quote": QUOTE,
    "contract_quote": replace(QUOTE, instrument="SPY251121C00600000"),
    "trade": Trade("SPY", 671.11, 100.0, NOON, "ARCA", ("F", "I"), 671.1, 671.12, 0.2),
    "book": Book("SPY", (Level(671.1, 300.0, "Q"),), (), NOON),
    "bar": Bar("SPY", NOON, 1.0, 2.0, 0.5, 1.5, 100.0, None),
    "imbalance": Imbalance("SPY", NOON, 1e6, -2e5, 671.0, None),
    "connection": Connection(ConnectionState.BLIND, NOON, None, "DU1", 176, 83, "no tick"),
    "fill": Fill(
        "0001.01", "QC:a:E1", 9, parse_occ("SPY251121C00600000"), 7, 3, Decimal("1.15"), NOON, "DU1"
    ),
    "account": Account("DU1", *(Decimal("1000000.01"),) * 4, at=NOON),
}


def writer(folder: Path, **turned: Any) -> TapeWriter:
    return TapeWriter(folder, "gateway", replace(SETTINGS, **turned))


@pytest.mark.parametrize("kind", VALUES)
def test_a_fact_comes_back_as_it_was(tmp_path: Path, kind: str) -> None:
    tape = writer(tmp_path)
    tape.take("sim", kind, VALUES[kind])
    tape.flush()
    assert list(tapes.facts(tmp_path)) == [tapes.Fact(NOON, "sim", kind, VALUES[kind])]


def test_an_execution_in_shares_comes_back_as_one(tmp_path: Path) -> None:
    sold = replace(VALUES["fill"], contract=Share("SPY"), quantity=-300)
    tape = writer(tmp_path)
    tape.take("sim", "fill", sold)
    tape.flush()

    assert [fact.value for fact in tapes.facts(tmp_path)] == [sold]


def test_a_chain_comes_back_column_by_column(tmp_path: Path) -> None:
    chain = toy_chains.chain()
    chain.bid[0] = np.nan
    tape = writer(tmp_path)
    tape.take("sim", "chain", chain)
    tape.flush()
    (fact,) = tapes.facts(tmp_path)

    for name in ("occ", "right", "strike", "expiry_idx", "bid", "ask", "open_interest"):
        np.testing.assert_array_equal(getattr(fact.value, name), getattr(chain, name), name)
        assert getattr(fact.value, name).dtype.kind == getattr(chain, name).dtype.kind
    assert fact.value.expiries == chain.expiries
    assert (fact.value.as_of, fact.value.spot) == (chain.as_of, chain.spot)


def test_raw_messages_are_kept_and_are_no_facts(tmp_path: Path) -> None:
    tape = writer(tmp_path)
    tape.take_wire("ibkr", ["1", "6", "1000000001", "1", "671.1", "3", "0"])
    tape.flush()
    (record,) = tapes.read(tmp_path)
    assert (record.feed, record.payload["fields"][4]) == ("ibkr.wire", "671.1")
    assert list(tapes.facts(tmp_path)) == []


def test_nothing_is_captured_when_it_is_off(tmp_path: Path) -> None:
    tape = writer(tmp_path, capture=False)
    tape.take("sim", "quote", QUOTE)
    assert tape.flush() == 0
    assert list(tmp_path.iterdir()) == []


def many(tape: TapeWriter, n: int) -> None:
    for _ in range(n):
        tape.take("sim", "quote", QUOTE)
    tape.flush()


def cut(path: Path, lost: int) -> None:
    path.write_bytes(path.read_bytes()[:-lost])


@pytest.mark.parametrize("lost", [1, 8, 30])
def test_a_kill_costs_the_last_member_at_most(tmp_path: Path, lost: int) -> None:
    tape = writer(tmp_path)
    many(tape, 50)
    many(tape, 50)
    (path,) = tmp_path.iterdir()
    cut(path, lost)
    seqs = [record.seq for record in tapes.read(tmp_path)]
    assert seqs == list(range(len(seqs)))
    assert len(seqs) >= 50


def test_the_next_run_counts_on_in_a_file_of_its_own(tmp_path: Path) -> None:
    many(writer(tmp_path), 10)
    (path,) = tmp_path.iterdir()
    cut(path, 5)
    many(writer(tmp_path), 3)
    seqs = [record.seq for record in tapes.read(tmp_path)]
    assert len(list(tmp_path.iterdir())) == 2
    assert seqs == sorted(set(seqs))
    assert len(seqs) >= 3


def test_files_are_rotated_and_the_oldest_go(tmp_path: Path) -> None:
    tape = writer(tmp_path, rotate_mb=0.0005, keep_mb=0.003)
    for _ in range(20):
        many(tape, 40)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    seqs = [record.seq for record in tapes.read(tmp_path)]

    assert tape.counters["pruned"] > 0
    assert sum(sizes) < 0.003e6 + 2 * max(sizes)
    assert seqs == list(range(seqs[0], 800))


def test_two_writers_are_read_in_the_order_of_receipt(tmp_path: Path, noon: Any) -> None:
    gateway, feeds = writer(tmp_path), TapeWriter(tmp_path, "feeds", SETTINGS)
    for tape in (gateway, feeds, gateway):
        tape.take("sim", "quote", QUOTE)
        noon.at += timedelta(seconds=1)
    gateway.flush()
    feeds.flush()
    found = [(record.at - NOON).total_seconds() for record in tapes.read(tmp_path)]
    assert found == [0, 1, 2]


def test_a_plain_file_is_read_as_well(tmp_path: Path) -> None:
    many(writer(tmp_path / "zipped"), 3)
    (path,) = (tmp_path / "zipped").iterdir()
    plain = tmp_path / "gateway.ndjson"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    assert list(tapes.read(plain)) == list(tapes.read(path))


def test_a_disk_that_fails_loses_facts_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "tapes").write_text("in the way")
    tape = writer(tmp_path / "tapes")
    many(tape, 4)
    assert tape.counters == {"lost": 4}


def test_a_fact_that_json_cannot_say_is_counted(tmp_path: Path) -> None:
    tape = writer(tmp_path)
    tape.take("sim", "quote", replace(QUOTE, bid=object()))
    many(tape, 1)
    assert (tape.counters["unwritable"], tape.counters["written"]) == (1, 1)
    assert [record.seq for record in tapes.read(tmp_path)] == [1]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="nowhere"):
        tapes.read(tmp_path / "nowhere")


@given(some.binary(min_size=1, max_size=200))
def test_any_line_is_read_or_refused(tmp_path_factory: Any, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("tape") / "gateway.ndjson"
    path.write_bytes(noise.replace(b"\n", b"") + b"\n")
    with pytest.raises(MalformedInput, match="line 1"):
        list(tapes.read(path))


@given(some.sampled_from(sorted(tapes.KINDS)), some.recursive(
    some.none() | some.floats(allow_nan=False) | some.text(max_size=5),
    lambda inner: some.dictionaries(some.text(max_size=8), inner, max_size=4), max_leaves=8,
))  # fmt: skip
def test_any_payload_is_a_fact_or_refused(kind: str, content: Any) -> None:
    with suppress(MalformedInput):  # anything else would be a failure
        tapes.value_of(kind, json.loads(json.dumps(content)))

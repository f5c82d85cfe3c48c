"""Lines of a source: what they are, and why they are refused."""

from typing import Any

import pytest

from analytics.backfill import records
from analytics.backfill.records import Record, Refused
from tests.analytics.backfill import lines

CHAIN = lines.chain(0)
CAPTURED = {"seq": 1, "recv_ns": 1_763_740_800_000_000_000, "feed": "sim"}
TRADE = {"kind": "trade", "value": {"instrument": "SPY", "price": 1.0}}


@pytest.mark.parametrize(
    ("content", "kind", "symbol"),
    [
        pytest.param(CHAIN, "chain", "SPY", id="a chain"),
        pytest.param(lines.prints(0), "prints", "SPY", id="prints"),
        pytest.param(lines.vix1d(0), "vix1d", "", id="VIX1D is the market's"),
        pytest.param(CAPTURED | {"payload": TRADE}, "prints", "SPY", id="a captured print"),
    ],
)
def test_a_line_says_what_it_is(content: Any, kind: str, symbol: str) -> None:
    found = records.from_json(content)

    assert isinstance(found, Record)
    assert (found.at, found.kind, found.symbol) == (lines.AT, kind, symbol)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param([1], "MALFORMED", id="no object"),
        pytest.param({"timestamp": "2025-11-21"}, "MALFORMED", id="nothing to work on"),
        pytest.param(CHAIN | {"timestamp": "soon"}, "BAD_TIME", id="no instant"),
        pytest.param(
            CHAIN | {"timestamp": "1826-01-05T10:00Z"}, "BAD_TIME", id="before all tables"
        ),
        pytest.param(CHAIN | {"timestamp": "2025-11-21T11:00"}, "NAIVE_TIME", id="no time zone"),
        pytest.param(CHAIN | {"symbol": None}, "BAD_SYMBOL", id="no symbol"),
        pytest.param(CHAIN | {"symbol": "SPY and more"}, "BAD_SYMBOL", id="too long a symbol"),
        pytest.param(CAPTURED | {"payload": {"kind": "chain"}}, "MALFORMED", id="half a capture"),
    ],
)
def test_a_line_that_cannot_be_is_refused(content: Any, reason: str) -> None:
    found = records.from_json(content)

    assert isinstance(found, Refused)
    assert found.reason == reason


def test_what_no_job_works_on_is_passed_over() -> None:
    assert records.from_json(CAPTURED | {"payload": {"kind": "order", "value": {}}}) is None


def test_a_record_survives_its_line() -> None:
    record = Record(lines.AT, "SPY", "chain", {"quote": 600.0, "text": "a\tb\nc"})

    key, again = records.keyed(record.line)

    assert again == record
    assert records.key_of(record.line) == key
    assert records.instant_of(key) == lines.AT


def test_where_it_lies_is_no_part_of_what_it_is() -> None:
    here, there = (
        Record(lines.AT, "SPY", "chain", {"path": path, "content": "x"}) for path in ("a", "b")
    )

    assert records.key_of(here.line) == records.key_of(there.line)

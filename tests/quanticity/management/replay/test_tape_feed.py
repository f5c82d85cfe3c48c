"""A captured tape is told second by second, and quotes what orders are matched against."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.gateway.simulated import listing
from quanticity.management.replay.tape_feed import TapeFeed, TapeTouches, is_captured
from tests import factories

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

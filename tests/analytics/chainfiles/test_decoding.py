"""What is decoded at once says the same as what is read cell by cell, or leaves it to that."""

import json
from dataclasses import fields
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from pydantic_core import from_json

from analytics.chainfiles import alphavantage_json, cboe_json
from analytics.chainfiles.columns import Rows
from quanticity.domain.errors import MalformedInput
from tests.analytics.chainfiles import files

CELLS = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(),
    some.text(max_size=3),
    some.floats().map(repr),
    some.sampled_from(["", "-", "None", "null", "N/A", "nan", "inf", "1_0", " 1 ", "0x1", "1e999"]),
    some.just([1.0]),
)
NAMES = {
    cboe_json: ("option", "bid", "ask", "volume", "iv", "last_trade_time", "unknown"),
    alphavantage_json: ("contractID", "symbol", "date", "bid", "open_interest", "delta", "unknown"),
}


def cboe(row: dict[str, Any]) -> dict[str, Any]:
    first = {"option": "SPY251121C00600000", "bid": 1.0}
    return {"timestamp": "2025-11-21 17:00:00", "data": {"symbol": "SPY", "options": [first, row]}}


def alphavantage(row: dict[str, Any]) -> dict[str, Any]:
    first = {"contractID": "SPY251121C00600000", "bid": "1.0", "date": "2025-11-21"}
    return {"endpoint": "Realtime Options", "data": [first, row]}


def rows_of(names: tuple[str, ...]) -> some.SearchStrategy[dict[str, Any]]:
    return some.dictionaries(some.sampled_from(names), CELLS)


def told(rows: Rows) -> dict[str, Any]:
    return {f.name: getattr(rows, f.name) for f in fields(Rows)}


def agrees(vendor: ModuleType, body: bytes) -> bool:
    """Whether both ways say the same, where the first says anything."""
    at_once = vendor.decode(body)
    if at_once is None:
        return True
    np.testing.assert_equal(told(at_once), told(vendor.read(from_json(body))))
    return True


@given(row=rows_of(NAMES[cboe_json]))
@example(row={"option": "SPY251121P00600000", "bid": None, "ask": "1.25"})
def test_cboes_cells_mean_the_same_both_ways(row: dict[str, Any]) -> None:
    assert agrees(cboe_json, json.dumps(cboe(row)).encode())


@given(row=rows_of(NAMES[alphavantage_json]))
@example(row={"contractID": "SPY251121P00600000", "date": "2025-11-20", "bid": "null"})
def test_alpha_vantages_cells_mean_the_same_both_ways(row: dict[str, Any]) -> None:
    assert agrees(alphavantage_json, json.dumps(alphavantage(row)).encode())


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        pytest.param(cboe_json, files.cboe_json(), id="cboe"),
        pytest.param(alphavantage_json, files.alphavantage_json(), id="alpha vantage"),
    ],
)
def test_a_documented_body_is_decoded_at_once(vendor: ModuleType, text: str) -> None:
    assert len(vendor.decode(text).occ) == len(files.FOUND)
    assert agrees(vendor, text.encode())


@pytest.mark.parametrize("key", ["Note", "Information", "Error Message"])
def test_a_refusal_beside_data_is_no_data(key: str) -> None:
    document = json.loads(files.alphavantage_json()) | {key: "slow down"}
    assert alphavantage_json.decode(json.dumps(document)) is None
    with pytest.raises(MalformedInput, match="instead of data"):
        alphavantage_json.read(document)


@pytest.mark.parametrize("vendor", [cboe_json, alphavantage_json])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"\xff{}", b'{"data":' * 9_000, b'{"data":[{"contractID":1}]}',
        b'{"data":{"options":[{"bid":1}]}}', b"\xef\xbb\xbf{}", b'{"data":[{"contractID":"\\ud800"}]}',
    ],
    ids=["empty", "array", "bytes", "deep", "typed", "no code", "mark", "half a character"],
)  # fmt: skip
def test_what_is_another_shape_is_left_to_the_slower_way(vendor: ModuleType, body: bytes) -> None:
    assert vendor.decode(body) is None

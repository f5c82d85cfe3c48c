from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import pytest

from quanticity.domain.readings import Reading, Unavailable
from quanticity.store import keys, readings
from quanticity.store.client import client

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]


@dataclass(frozen=True, slots=True)
class Vpin(Reading):
    name: ClassVar[str] = "vpin"
    value: float


def test_an_answer_is_stored_with_its_instants(noon) -> None:
    as_of = noon.now()
    noon.advance(2)

    written = readings.write("SPY", "vpin", Vpin(0.25), as_of=as_of, feed="IBKR", coverage=0.9)

    assert readings.read("SPY", ["vpin"]) == {"vpin": written}
    assert (written["as_of"], written["computed_at"]) == (
        "2025-11-21T17:00:00.000Z", "2025-11-21T17:00:02.000Z",
    )  # fmt: skip
    assert (written["data"], written["quality"]["status"]) == ({"value": 0.25}, "OK")


def test_no_answer_is_stored_with_its_reason(noon) -> None:
    missing = Unavailable("vpin", "INSUFFICIENT_BUCKETS")

    written = readings.write("SPY", "vpin", missing, as_of=noon.now(), feed="IBKR")

    assert written["data"] is None
    assert written["quality"] == {
        "status": "INVALID", "coverage": None, "reasons": {"vpin": "INSUFFICIENT_BUCKETS"},
    }  # fmt: skip


def test_what_was_never_said_is_absent(noon) -> None:
    readings.write("SPY", "vpin", Vpin(0.25), as_of=noon.now(), feed="IBKR")

    found = readings.read_all(["SPY", "QQQ"], ["vpin", "gex"])

    assert {symbol: list(families) for symbol, families in found.items()} == {
        "SPY": ["vpin"],
        "QQQ": [],
    }


def test_a_reading_is_forgotten_after_its_time(noon) -> None:
    readings.write("SPY", "vpin", Vpin(0.25), as_of=noon.now(), feed="IBKR")

    key = keys.reading("SPY", "vpin")
    assert 0 < client().ttl(key.name) <= keys.FAMILY_TTL["vpin"]


def test_a_history_keeps_the_latest_values_exactly() -> None:
    for value in (0.1, 0.2, 0.30000000000000004):
        readings.add_history("SPY", "atm_iv", value, kept=2)

    assert readings.history("SPY", "atm_iv") == [0.2, 0.30000000000000004]


def test_state_comes_back_as_it_was() -> None:
    readings.write_state("SPY", "residual", b"\x01state")

    assert readings.read_state("SPY", "residual") == b"\x01state"
    assert readings.read_state("QQQ", "residual") is None


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(b"not JSON", id="no document"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b'{"as_of": "2025-11-21T17:00:00Z", "data": {}}', id="half an envelope"),
    ],
)
def test_what_is_no_envelope_counts_as_absent_and_is_said(
    stored: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client().set(keys.reading("SPY", "vpin").name, stored)

    assert readings.read("SPY", ["vpin"]) == {}
    assert keys.reading("SPY", "vpin").name in caplog.text


def test_what_is_written_together_appears_at_once(noon) -> None:
    with readings.together():
        readings.write("SPY", "vpin", Vpin(0.25), as_of=noon.now(), feed="IBKR")
        readings.write("SPY", "gex", Unavailable("gex", "NO_DATA"), as_of=noon.now(), feed="IBKR")
        before = readings.read("SPY", ["vpin", "gex"])

    assert before == {}
    assert readings.read("SPY", ["vpin", "gex"]).keys() == {"vpin", "gex"}
    assert client().ttl(keys.reading("SPY", "vpin").name) > 0


def one_of_two(at: datetime) -> None:
    with readings.together():
        readings.write("SPY", "vpin", Vpin(0.25), as_of=at, feed="IBKR")
        nan = {"nan": float("nan")}
        readings.write("SPY", "gex", Vpin(0.25), as_of=at, feed="IBKR", extra=nan)


def test_nothing_of_it_is_stored_when_one_cannot_be_written(noon) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        one_of_two(noon.now())

    assert readings.read("SPY", ["vpin"]) == {}
    readings.write("SPY", "vpin", Vpin(0.5), as_of=noon.now(), feed="IBKR")
    assert readings.read("SPY", ["vpin"])["vpin"]["data"] == {"value": 0.5}

"""Blind time counts in regular hours, by what each look sees (DOMAIN 1.7)."""

from datetime import UTC, datetime, timedelta

import pytest

from quanticity.gateway.ports import ConnectionState
from quanticity.management.gateway.blindness import BlindLedger

NOON = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
OPEN = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
BLIND, CONNECTED = ConnectionState.BLIND, ConnectionState.CONNECTED


def looked(
    states: list[ConnectionState | None], start: datetime = NOON, every_s: float = 1
) -> BlindLedger:
    ledger = BlindLedger()
    for n, state in enumerate(states):
        ledger.look(start + timedelta(seconds=n * every_s), state)
    return ledger


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param([CONNECTED] * 10, 0, id="seeing"),
        pytest.param([BLIND] * 11, 10, id="blind"),
        pytest.param([None] * 11, 10, id="nobody knows"),
        pytest.param([CONNECTED, BLIND, BLIND, CONNECTED], 2, id="blind for a while"),
        pytest.param([BLIND], 0, id="one look"),
        *(
            pytest.param([CONNECTED, s], 1, id=s.value)
            for s in ConnectionState
            if s is not CONNECTED
        ),
    ],
)
def test_time_counts_by_what_is_seen(states: list[ConnectionState | None], expected: float) -> None:
    ledger = looked(states)

    assert ledger.session_s == expected
    assert ledger.recent_s(NOON + timedelta(seconds=len(states))) == expected


def test_the_last_five_minutes_forget() -> None:
    ledger = looked([BLIND] * 11)

    assert ledger.recent_s(NOON + timedelta(seconds=305)) == 6
    assert ledger.recent_s(NOON + timedelta(seconds=400)) == 0
    assert ledger.session_s == 10


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(OPEN - timedelta(seconds=60), id="before the open"),
        pytest.param(NOON + timedelta(hours=12), id="at night"),
    ],
)
def test_outside_regular_hours_nothing_counts(start: datetime) -> None:
    assert looked([BLIND] * 11, start).session_s == 0


def test_the_night_is_not_added_at_the_open() -> None:
    ledger = looked([BLIND, BLIND], OPEN - timedelta(seconds=1), every_s=2)

    assert ledger.session_s == 0


def test_a_new_session_begins_at_nothing() -> None:
    ledger = looked([BLIND] * 11)

    ledger.look(NOON + timedelta(days=3), CONNECTED)

    assert ledger.session_s == 0

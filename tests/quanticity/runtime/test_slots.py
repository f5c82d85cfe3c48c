from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanticity.runtime.slots import Slots, phase

AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
NAMES = [
    f"analytics.refresh_vpin {symbol}" for symbol in ("SPY", "QQQ", "IWM", "AAPL", "TSLA", "NVDA")
]


class Fixed(Slots):
    at = AT

    def now(self) -> datetime:
        return self.at


@given(st.integers(0, 3_600), st.integers(1, 90), st.text(max_size=20))
def test_each_slot_is_served_once(second: int, every_s: int, name: str) -> None:
    slots = Fixed(timedelta(seconds=every_s), name)
    slots.at = AT + timedelta(seconds=second)
    wait_s = slots.is_due(slots.at).next

    assert not slots.is_due(slots.at).is_due
    slots.at += timedelta(seconds=wait_s + 0.001)
    assert slots.is_due(AT + timedelta(seconds=second)).is_due


def test_a_late_beat_does_not_catch_up() -> None:
    slots = Fixed(timedelta(seconds=5), "x")
    slots.at = AT + timedelta(minutes=10)

    assert slots.is_due(AT).is_due
    assert not slots.is_due(slots.at).is_due


def test_symbols_are_due_at_different_instants() -> None:
    phases = {round(phase(name), 3) for name in NAMES}

    assert len(phases) == len(NAMES)
    assert all(0 <= each < 1 for each in phases)


@pytest.mark.parametrize("name", NAMES)
def test_a_phase_is_the_same_in_every_process(name: str) -> None:
    assert phase(name) == phase(str(name))

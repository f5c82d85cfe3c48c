"""Every print is counted once, whatever the order of contracts and the cut of the tape."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import counted
from analytics.calculators.counted import Mark
from quanticity.domain.market import Trade

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
# Milliseconds each contract's next print comes later; contracts arrive in any order.
STEPS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 2)), max_size=40)


def tape(steps: list[tuple[str, int]]) -> list[Trade]:
    at = dict.fromkeys("ABC", AT)
    found = []
    for name, step in steps:
        at[name] += timedelta(milliseconds=step)
        found.append(Trade(name, 1.0, 1.0, at[name]))
    return found


@given(STEPS, st.lists(st.integers(0, 40), max_size=4))
def test_every_print_is_fresh_once(steps, cuts: list[int]) -> None:
    trades, marks, places = tape(steps), {}, []
    for end in [*sorted(min(cut, len(trades)) for cut in cuts), len(trades)]:
        fresh = counted.fresh(trades[:end], marks)
        marks = counted.marked(marks, [trades[place] for place in fresh])
        places += fresh

    assert places == list(range(len(trades)))


@pytest.mark.parametrize(
    ("name", "late_ms", "is_fresh"),
    [
        pytest.param("B", -300, True, id="another contract's, of before"),
        pytest.param("A", 0, True, id="a second one of the same millisecond"),
        pytest.param("A", 1, True, id="later"),
        pytest.param("A", -1, False, id="its own contract is beyond it"),
    ],
)
def test_a_print_that_comes_next(name: str, late_ms: int, is_fresh: bool) -> None:
    before = Trade("A", 1.0, 1.0, AT)
    marks = counted.marked({}, [before])
    after = Trade(name, 1.0, 5_000.0, AT + timedelta(milliseconds=late_ms))

    assert marks == {"A": Mark(AT, 1)}
    assert counted.fresh([before, after], marks) == [1] * is_fresh

"""A sorter gives every line once, in order, however little it may hold."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from analytics.backfill.sorting import Sorter

LINES = st.lists(st.text("ab\tc", max_size=4), max_size=60)


@given(LINES, st.integers(0, 20))
def test_every_line_comes_once_and_in_order(lines: list[str], most_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Sorter(Path(folder), most_bytes) as sorter:
        for line in lines:
            sorter.add(line)

        assert list(sorter) == sorted(set(lines))
        assert sorter.repeated_n == len(lines) - len(set(lines))
        assert sorter.taken_n == len(lines)

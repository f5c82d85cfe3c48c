"""Requests for history that a process before this one made."""

from pathlib import Path

import pytest

from quanticity.gateway.ibkr.pacing import HistoricalLimits
from quanticity.management.gateway import pacing_file

NOW_S = 5_000.0


def limits(path: Path, now_s: float) -> HistoricalLimits:
    made = HistoricalLimits(60, 600.0, 5, 2.0, 15.0)
    made.resume(
        pacing_file.read(path, now_s), lambda asked: pacing_file.write(path, list(asked), now_s)
    )
    return made


def test_a_restart_forgets_nothing_that_was_asked(tmp_path) -> None:
    path = tmp_path / "pacing.json"
    before = limits(path, NOW_S)
    for n in range(59):
        before.take(NOW_S, f"S{n}", f"bars of S{n}")

    # After a restart of the machine its loops count from nearly nothing.
    after = limits(path, 30.0)

    assert after.wait(30.0, "SPY", "one more") == 0.0
    assert after.wait(30.0, "SPY", "two more", weight=2) == pytest.approx(600.0, abs=1.0)


def test_what_is_older_than_the_window_is_free_again(tmp_path) -> None:
    path = tmp_path / "pacing.json"
    pacing_file.write(path, [NOW_S - 601.0] * 60, NOW_S)

    assert limits(path, NOW_S).wait(NOW_S, "SPY", "one more") == 0.0


@pytest.mark.parametrize("text", ["", "{", "7", '["a"]', "[null]"])
def test_a_file_that_cannot_be_read_is_none(tmp_path, text: str) -> None:
    path = tmp_path / "pacing.json"
    path.write_text(text)

    assert pacing_file.read(path, NOW_S) == ()


def test_a_clock_that_was_set_back_makes_nothing_future(tmp_path) -> None:
    path = tmp_path / "pacing.json"
    pacing_file.write(path, [NOW_S + 9_000.0], NOW_S)

    assert pacing_file.read(path, NOW_S) == (NOW_S,)

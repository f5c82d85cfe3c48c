"""What is asked for, and what results cover."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics.backfill import windows
from analytics.backfill.windows import Window

CLOSE = datetime(2025, 11, 21, 21, 0, tzinfo=UTC)
ONE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("at", "symbol", "held"),
    [
        pytest.param(CLOSE, "SPY", True, id="its first instant"),
        pytest.param(CLOSE + ONE, "SPY", True, id="its last instant"),
        pytest.param(CLOSE - ONE, "SPY", False, id="before"),
        pytest.param(CLOSE + 2 * ONE, "SPY", False, id="after"),
        pytest.param(CLOSE, "QQQ", False, id="another symbol"),
        pytest.param(CLOSE, "", True, id="everybody's"),
    ],
)
def test_a_window_holds_both_its_ends(at: datetime, symbol: str, held: bool) -> None:
    assert Window(CLOSE, CLOSE + ONE, ("SPY",)).holds(at, symbol) is held


@pytest.mark.parametrize(
    ("minutes", "gaps"),
    [
        pytest.param([-10, -9, -8], 0, id="every minute"),
        pytest.param([-10, -7], 2, id="two are missing"),
        pytest.param([-10, -9.5, -9], 0, id="more often than minutes"),
        pytest.param([-2, 65 * 60 + 30], 1, id="a weekend is no gap, its last minute is"),
    ],
)
def test_gaps_are_minutes_of_sessions(minutes: list[float], gaps: int) -> None:
    found = windows.coverage(CLOSE + timedelta(minutes=m) for m in minutes)

    assert found is not None
    assert (found.rows, found.gap_minutes) == (len(minutes), gaps)


def test_nothing_covers_nothing() -> None:
    assert windows.coverage([]) is None

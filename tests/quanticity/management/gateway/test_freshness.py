"""How long a symbol was silent: in the last five minutes, beside the link's own blindness."""

from datetime import UTC, datetime, timedelta

import pytest

from quanticity.config.loader import section
from quanticity.domain.clock import ReplayedClock, using
from quanticity.management.gateway.freshness import Freshness, Settings

AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
EVERY_S = 5


def silent(until_s: int, looked_s: int) -> dict[str, float]:
    """SPY is heard at 0 s and again at `until_s`, QQQ always; what is known at `looked_s`."""
    watch = Freshness(section("gateway.freshness", Settings))
    for second in range(0, looked_s + 1, EVERY_S):
        at = AT + timedelta(seconds=second)
        watch.hear("QQQ", at)
        if second == 0 or second >= until_s:
            watch.hear("SPY", at)
        with using(ReplayedClock(at)):
            watch.drain(watch.look(("SPY", "QQQ"), at), at)
    return watch.blind_s(AT + timedelta(seconds=looked_s))


@pytest.mark.parametrize(
    ("until_s", "looked_s", "expected"),
    [
        pytest.param(25, 60, {}, id="late is not blind"),
        pytest.param(1_000, 60, {"SPY": 60.0}, id="still silent: since it was last heard"),
        pytest.param(240, 250, {"SPY": 240.0}, id="heard again ten seconds ago"),
        pytest.param(240, 400, {"SPY": 140.0}, id="the part of it within five minutes"),
        pytest.param(240, 600, {}, id="long past"),
    ],
)
def test_a_silent_symbol_is_blind_by_itself(
    until_s: int, looked_s: int, expected: dict[str, float]
) -> None:
    assert silent(until_s, looked_s) == expected

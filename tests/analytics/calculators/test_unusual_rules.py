"""Named rules on option prints (DOMAIN 3.15)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analytics.calculators import unusual_rules
from analytics.calculators.sweeps import Sweep
from quanticity.config.loader import section
from quanticity.domain.market import Side, Trade

RULES = section("analytics.unusual_rules", unusual_rules.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)


def hits(prints: list[Trade], interest: int = 1_000_000, sweeps: Sequence[Sweep] = ()) -> list[str]:
    known = {"SPY251126C00601000": interest}
    return [hit.rule for hit in unusual_rules.compute(prints, known, sweeps, 100, RULES)]


TICK = Trade("SPY251126C00601000", 2.0, 50, AT)


@pytest.mark.parametrize(
    ("prints", "interest", "expected"),
    [
        pytest.param([TICK] * 6, 1_000, ["REPEATED_HITS_V1"], id="six prints at once"),
        pytest.param([TICK] * 5, 1_000, [], id="five prints"),
        pytest.param(
            [replace(TICK, event_at=AT + timedelta(milliseconds=50 * n)) for n in range(6)],
            1_000,
            [],
            id="too slow",
        ),
        pytest.param([replace(TICK, size=10)] * 6, 1_000, [], id="too small"),
        pytest.param([TICK], 49, ["OPENING_V1"], id="larger than open interest"),
        pytest.param([TICK], 50, [], id="as large as open interest"),
    ],
)
def test_rules_on_prints(prints: list[Trade], interest: int, expected: list[str]) -> None:
    assert hits(prints, interest) == expected


def test_three_sweeps_in_a_minute_are_a_cluster() -> None:
    made = [Sweep(AT + timedelta(seconds=20 * n), Side.BUY, 100, 6e4, 1, 2, 3) for n in range(3)]

    assert hits([], sweeps=made) == ["SWEEP_CLUSTER_V1"]
    assert hits([], sweeps=made[:2]) == []

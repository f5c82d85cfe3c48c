"""Three invariants over the sells that work, and when a replacement may start (DOMAIN 6.7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from execution.orders import protection
from execution.orders.protection import (
    Breakage,
    NotNow,
    Resting,
    WorkingSell,
    at_most,
    claimed_outside,
    executable,
    violations,
)
from execution.orders.ticks import Touch
from quanticity.config.loader import section
from quanticity.domain.orders import Role

SETTINGS = section("execution.protection", protection.Settings)


def sell(role: str, executable: int, group: str = "", serial: int = 1) -> WorkingSell:
    return WorkingSell(f"{role}{serial}", Role(role), executable, group, serial)


PAIR = [sell("S", 3, "g"), sell("T", 3, "g", 2)]


@pytest.mark.parametrize(
    ("position", "working", "broken"),
    [
        pytest.param(3, PAIR, [], id="one pair of the position's size"),
        pytest.param(0, [sell("S", 0), sell("T", 0)], [], id="children waiting for their parent"),
        pytest.param(3, [], [Breakage.STOPS_DIFFER], id="naked"),
        pytest.param(3, [sell("S", 2)], [Breakage.STOPS_DIFFER], id="partly naked"),
        pytest.param(3, [sell("T", 3)], [Breakage.STOPS_DIFFER], id="a target is no stop"),
        pytest.param(3, [*PAIR, sell("X", 1)], [Breakage.OVER_PROTECTED], id="an exit beside a full pair"),
        pytest.param(3, [sell("S", 3), sell("T", 3, "", 2)], [Breakage.OVER_PROTECTED], id="a pair outside any group"),
        pytest.param(0, PAIR, [Breakage.ORPHAN], id="a pair without a position"),
        pytest.param(-1, [sell("S", 1)], [Breakage.ORPHAN], id="a sell on a short"),
        pytest.param(
            3, [sell("S", 3, "a"), sell("S", 3, "b", 2)],
            [Breakage.OVER_PROTECTED, Breakage.STOPS_DIFFER], id="two live stops after a resend",
        ),
    ],
)  # fmt: skip
def test_violations(position: int, working: list[WorkingSell], broken: list[Breakage]) -> None:
    assert [v.breakage for v in violations(position, working)] == broken


def test_the_newest_order_is_the_offender() -> None:
    (found,) = violations(0, PAIR)

    assert found.critical
    assert found.offender == PAIR[1]


def test_a_missing_stop_is_repaired_not_cancelled() -> None:
    (found,) = violations(3, [])

    assert not found.critical
    assert found.offender is None


def test_working_sells_claim_once_per_group() -> None:
    assert claimed_outside([*PAIR, sell("X", 2)], "g") == 2
    assert claimed_outside([*PAIR, sell("X", 2)], "") == 5


QUOTE = Touch(Decimal("2.00"), Decimal("2.10"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({}, None, id="may start"),
        pytest.param({"connected": False}, NotNow.NOT_CONNECTED, id="link down"),
        pytest.param({"quote": None}, NotNow.NO_QUOTE, id="no quote"),
        pytest.param({"stop": Decimal("1.95")}, NotNow.NEAR_STOP, id="the bid is near the stop"),
        pytest.param({"to_timed_exit_s": 119}, NotNow.EXIT_SOON, id="a timed exit is near"),
        pytest.param({"since_last_s": 4.9}, NotNow.TOO_SOON, id="just replaced"),
    ],
)
def test_when_a_replacement_may_start(changes: dict[str, object], why: NotNow | None) -> None:
    given = {
        "quote": QUOTE,
        "stop": Decimal("1.00"),
        "connected": True,
        "to_timed_exit_s": None,
        "since_last_s": None,
    }

    assert protection.may_replace(settings=SETTINGS, **given | changes) is why


SOLD_AT = datetime(2025, 11, 21, 17, tzinfo=UTC)
STOP = Resting("S", Role.STOP, 2, 0, "g", 1, is_working=True)
TARGET = Resting("T", Role.TARGET, 2, 1, "g", 2, is_working=False, sold_at=SOLD_AT)


@pytest.mark.parametrize(
    ("said_at", "could_sell"),
    [
        pytest.param(None, 1, id="nothing was said"),
        pytest.param(SOLD_AT - timedelta(seconds=1), 1, id="said before the sale"),
        pytest.param(SOLD_AT, 1, id="said at the same instant"),
        pytest.param(SOLD_AT + timedelta(milliseconds=1), 2, id="said after the sale"),
    ],
)
def test_what_the_broker_said_after_a_sale_is_believed(
    said_at: datetime | None, could_sell: int
) -> None:
    (stop,) = executable([replace(STOP, said_at=said_at), TARGET])

    assert stop.executable == could_sell


def test_at_worst_a_groups_sale_has_reduced_nothing() -> None:
    (stop,) = at_most([STOP, TARGET])

    assert stop.executable == 2


def test_a_sale_in_another_group_reduces_nothing() -> None:
    (stop,) = executable([STOP, replace(TARGET, group="h")])

    assert stop.executable == 2

"""The replace protocol against a broker that answers as it likes (DOMAIN 6.7)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders import protection
from execution.orders.replacement import Act, Fact, Phase, Replacement, Step, begin, hear, wait
from quanticity.config.loader import section
from quanticity.domain.orders import Role

SETTINGS = section("execution.protection", protection.Settings)
AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
OLD, NEW = Decimal("1.00"), Decimal("1.30")
HEARD = st.tuples(
    st.sampled_from([Role.STOP, Role.TARGET, Role.EXIT]),
    st.sampled_from(Fact),
    st.none() | st.integers(0, 5),
)


def after(*facts: tuple[str, str], every_ms: int = 100) -> list[Step]:
    """Hear facts such as ("T", "OLD_OFF"), one every so many milliseconds."""
    steps = [begin(3, OLD, NEW, AT)]
    for n, (role, fact) in enumerate(facts, start=1):
        at = AT + timedelta(milliseconds=n * every_ms)
        steps.append(hear(steps[-1].after, Role(role), Fact(fact), at))
    return steps


def test_the_old_stop_goes_last_and_the_new_one_comes_first() -> None:
    steps = after(("T", "OLD_OFF"), ("S", "OLD_OFF"), ("S", "NEW_ON"), ("T", "NEW_ON"))

    assert [s.acts for s in steps] == [
        (Act.CANCEL_TARGET,), (Act.CANCEL_STOP,), (Act.SEND_STOP,), (Act.SEND_TARGET,), (),
    ]  # fmt: skip
    assert (steps[-1].after.phase, steps[-1].after.naked_ms) == (Phase.DONE, 100)


def test_the_stop_never_falls() -> None:
    assert begin(3, OLD, Decimal("0.80"), AT).after.stop == OLD


def test_a_refused_stop_is_sent_again_at_its_old_price() -> None:
    last = after(("T", "OLD_OFF"), ("S", "OLD_OFF"), ("S", "NEW_REFUSED"))[-1]

    assert last.acts == (Act.SEND_STOP,)
    assert last.after.stop == OLD


def test_refused_twice_the_tranche_leaves() -> None:
    last = after(("T", "OLD_OFF"), ("S", "OLD_OFF"), ("S", "NEW_REFUSED"), ("S", "NEW_REFUSED"))[-1]

    assert last.acts == (Act.SEND_EXIT, Act.ALARM_CRITICAL)


def test_a_repeated_fact_changes_nothing() -> None:
    steps = after(("T", "OLD_OFF"), ("T", "OLD_OFF"), ("S", "OLD_OFF"), ("S", "OLD_OFF"))

    assert [s.acts for s in steps[2::2]] == [(), ()]
    assert steps[-1].after == steps[-2].after


def test_a_stop_that_filled_instead_ends_it() -> None:
    waiting = after(("T", "OLD_OFF"))[-1].after

    step = hear(waiting, Role.STOP, Fact.FILLED, AT, holds=0)
    assert (step.after.phase, step.acts) == (Phase.DONE, ())


def test_a_target_that_filled_in_part_leaves_less_to_protect() -> None:
    step = hear(begin(3, OLD, NEW, AT).after, Role.TARGET, Fact.OLD_OFF, AT, holds=2)

    assert (step.after.quantity, step.acts) == (2, (Act.CANCEL_STOP,))


@pytest.mark.parametrize(
    ("facts", "waited_s", "acts"),
    [
        pytest.param([], 2.1, (Act.ASK_BROKER,), id="a cancel unconfirmed is asked about"),
        pytest.param(
            [("T", "OLD_OFF")], 2.1, (Act.ASK_BROKER,), id="and nothing is sent meanwhile"
        ),
        pytest.param(
            [("T", "OLD_OFF"), ("S", "OLD_OFF")],
            1.1,
            (Act.SEND_STOP,),
            id="a stop unanswered is sent again",
        ),
        pytest.param([("T", "OLD_OFF"), ("S", "OLD_OFF")], 0.9, (), id="a stop has a second"),
        pytest.param(
            [("T", "OLD_OFF"), ("S", "OLD_OFF"), ("S", "NEW_ON")],
            2.1,
            (Act.ALARM_HIGH,),
            id="a target is not worth more",
        ),
    ],
)
def test_waiting(facts: list[tuple[str, str]], waited_s: float, acts: tuple[Act, ...]) -> None:
    now = after(*facts, every_ms=0)[-1].after

    assert wait(now, AT + timedelta(seconds=waited_s), SETTINGS).acts == acts


@given(st.lists(HEARD, max_size=12))
def test_whatever_is_heard_the_rules_hold(facts: list[tuple[Role, Fact, int]]) -> None:
    now: Replacement = begin(4, OLD, NEW, AT).after
    for n, (role, fact, holds) in enumerate(facts):
        step = hear(now, role, fact, AT + timedelta(milliseconds=n), holds)

        assert Act.SEND_STOP not in step.acts or now.phase in {Phase.STOP_OFF, Phase.STOP_ON}
        assert Act.SEND_TARGET not in step.acts or step.after.gap_since is None
        assert 0 <= step.after.quantity <= now.quantity
        assert step.after.stop >= OLD
        assert step.after.naked_ms >= now.naked_ms
        now = step.after

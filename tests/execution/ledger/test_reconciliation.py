"""The broker's facts against our book, finding by finding (DOMAIN 6.14)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.ledger import reconciliation
from execution.ledger.positions import quantities
from execution.ledger.reconciliation import Action, Finding, Kind, OurBook, OurOrder, diff
from execution.orders.protection import WorkingSell, violations
from execution.orders.references import intent_id, order_ref
from quanticity.config.loader import section
from quanticity.domain.orders import Fill, Holding, Role
from quanticity.gateway.ports import BrokerFacts

SETTINGS = section("execution.reconciliation", reconciliation.Settings)
AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
REF = order_ref("sim", intent_id("SG-TEST", Role.ENTRY), Role.ENTRY, 1)
KEY = ("DU1", 1)
Make = Callable[..., Any]
BROKER = BrokerFacts(AT, (), (), (), (), None)
OURS = OurBook((), (), frozenset(), {}, {}, {})


def holding(quantity: int, con_id: int = 1) -> Holding:
    return Holding("DU1", con_id, "SPY251121C00600000", quantity, Decimal("210.65"))


def order(**changes: Any) -> OurOrder:
    return OurOrder(**{"order_ref": REF, "con_id": 1, "terminal": False, "sent": True} | changes)


def kinds(found: tuple[Finding, ...]) -> list[tuple[Kind, Action]]:
    return [(f.kind, f.action) for f in found]


def test_two_equal_books_are_clean(fill: Make, update: Make) -> None:
    bought = fill(3, "2.10")
    broker = replace(
        BROKER, holdings=(holding(3),), fills=(bought,), open_orders=(update("WORKING"),)
    )
    ours = replace(OURS, fills=(bought,), orders=(order(),), open_contracts=frozenset({KEY}))

    assert diff(broker, ours, SETTINGS) == ()


@pytest.mark.parametrize(
    ("ref", "has_position", "expected"),
    [
        pytest.param(REF, False, (Kind.FILL_OURS, Action.ADOPT), id="ours"),
        pytest.param("", True, (Kind.FILL_MANUAL, Action.ATTACH), id="manual on a position"),
        pytest.param(
            "",
            False,
            (Kind.FILL_EXTERNAL, Action.RECORD_AND_QUARANTINE),
            id="manual out of nowhere",
        ),
    ],
)
def test_an_unknown_fill(
    fill: Make, ref: str, has_position: bool, expected: tuple[Kind, Action]
) -> None:
    new = fill(3, "2.10", order_ref=ref)
    ours = replace(OURS, open_contracts=frozenset({KEY} if has_position else ()))

    assert kinds(diff(replace(BROKER, holdings=(holding(3),), fills=(new,)), ours, SETTINGS)) == [
        expected
    ]


def test_a_corrected_fill_is_adopted(fill: Make) -> None:
    old, new = fill(3, "2.10", exec_id="a.01"), fill(2, "2.10", exec_id="a.02")
    broker = replace(BROKER, holdings=(holding(2),), fills=(old, new))

    assert kinds(diff(broker, replace(OURS, fills=(old,)), SETTINGS)) == [
        (Kind.FILL_CORRECTED, Action.ADOPT)
    ]


def test_more_at_the_broker_is_never_invented() -> None:
    found = diff(replace(BROKER, holdings=(holding(2),)), OURS, SETTINGS)

    assert kinds(found) == [(Kind.QUANTITY_ABOVE, Action.QUARANTINE)]


@pytest.mark.parametrize(
    ("short_for_s", "action"),
    [
        pytest.param(0, Action.ASK_AGAIN, id="at first"),
        pytest.param(10, Action.QUARANTINE, id="still so after 10 s"),
    ],
)
def test_less_at_the_broker_is_asked_about_twice(
    fill: Make, short_for_s: float, action: Action
) -> None:
    ours = replace(OURS, fills=(fill(3, "2.10"),), short_for_s={KEY: short_for_s})

    assert kinds(diff(BROKER, ours, SETTINGS)) == [(Kind.QUANTITY_BELOW, action)]


def test_an_expired_position_is_explained(fill: Make) -> None:
    ours = replace(OURS, fills=(fill(3, "2.10"),), settled={KEY: -3})

    assert diff(BROKER, ours, SETTINGS) == ()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            {"terminal": True}, [(Kind.ORDER_ALIVE, Action.ADOPT)], id="ended here, alive there"
        ),
        pytest.param(
            {"order_ref": "other"}, [(Kind.ORDER_UNRECORDED, Action.ADOPT)], id="no row of ours"
        ),
    ],
)
def test_an_order_that_lives_at_the_broker(
    update: Make, row: dict[str, Any], expected: list[Any]
) -> None:
    ours = replace(OURS, orders=(order(**{"sent": False} | row),))

    assert (
        kinds(diff(replace(BROKER, open_orders=(update("WORKING"),)), ours, SETTINGS)) == expected
    )


@pytest.mark.parametrize(
    ("looks", "action"),
    [
        pytest.param(0, Action.ASK_AGAIN, id="once"),
        pytest.param(1, Action.DECLARE_ABSENT, id="twice"),
    ],
)
def test_a_sent_order_that_nobody_knows(looks: int, action: Action) -> None:
    found = diff(BROKER, replace(OURS, orders=(order(looks=looks),)), SETTINGS)

    assert kinds(found) == [(Kind.ORDER_ABSENT, action)]


def test_an_order_that_was_never_sent_is_not_missed() -> None:
    assert diff(BROKER, replace(OURS, orders=(order(sent=False),)), SETTINGS) == ()


def test_an_order_that_ended_while_we_were_away(update: Make) -> None:
    broker = replace(BROKER, completed_orders=(update("CANCELLED"),))

    assert kinds(diff(broker, replace(OURS, orders=(order(),)), SETTINGS)) == [
        (Kind.ORDER_ENDED, Action.ADOPT)
    ]


def test_two_orders_of_one_reference(update: Make) -> None:
    broker = replace(BROKER, open_orders=(update("WORKING"), update("WORKING", perm_id=8)))

    (found,) = diff(broker, replace(OURS, orders=(order(),)), SETTINGS)
    assert (found.kind, found.action) == (Kind.ORDER_TWICE, Action.CANCEL_EXTRA)
    assert "[7, 8]" in found.detail


@pytest.mark.parametrize(
    ("con_id", "expected"),
    [
        pytest.param(1, [(Kind.ORDER_FOREIGN, Action.BLOCK_CONTRACT)], id="on our contract"),
        pytest.param(2, [], id="elsewhere"),
    ],
)
def test_a_foreign_order(fill: Make, update: Make, con_id: int, expected: list[Any]) -> None:
    bought = fill(3, "2.10")
    ours = replace(OURS, fills=(bought,), open_contracts=frozenset({KEY}))
    foreign = update("WORKING", order_ref="", con_id=con_id)

    assert (
        kinds(diff(replace(BROKER, holdings=(holding(3),), open_orders=(foreign,)), ours, SETTINGS))
        == expected
    )


@pytest.mark.parametrize(
    ("position", "action"),
    [pytest.param(3, Action.REPAIR, id="naked"), pytest.param(0, Action.CANCEL_EXTRA, id="orphan")],
)
def test_protection_that_does_not_fit(position: int, action: Action) -> None:
    working = [WorkingSell("S1", Role.STOP, 1, "g", 1)]

    found = diff(BROKER, OURS, SETTINGS, protection={1: violations(position, working)})
    assert kinds(found) == [(Kind.PROTECTION, action)]


@given(data=st.data())
def test_what_is_adopted_is_clean_the_next_time(fill: Make, data: st.DataObject) -> None:
    theirs = [
        fill(q, "2.10", n, con_id=n % 2)
        for n, q in enumerate(data.draw(st.lists(st.integers(1, 5), max_size=6)))
    ]
    known = (
        data.draw(st.lists(st.sampled_from(theirs), unique_by=lambda f: f.exec_id))
        if theirs
        else []
    )
    held = tuple(holding(q, key[1]) for key, q in quantities(theirs).items())
    broker = replace(BROKER, fills=tuple(theirs), holdings=held)
    ours = replace(OURS, fills=tuple(known))

    found = diff(broker, ours, SETTINGS)
    assert found == diff(broker, ours, SETTINGS)
    assert len(found) == len(theirs) - len(known)
    adopted: tuple[Fill, ...] = (
        *known,
        *(f for f in theirs if f.exec_id in {x.subject for x in found}),
    )
    assert diff(broker, replace(ours, fills=adopted), SETTINGS) == ()

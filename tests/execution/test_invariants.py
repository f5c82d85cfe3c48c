"""What must hold does on a quiet desk, and each query finds the row that breaks it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.invariants import INVARIANTS
from execution.models import (
    Commission,
    Order,
    OrderEvent,
    OrderIntent,
    Position,
    Reconciliation,
    TradingScope,
)
from quanticity.domain import clock
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
BY_NAME = {one.name: one for one in INVARIANTS}


@pytest.fixture
def trade() -> Position:
    """A trade that holds three contracts under a working stop."""
    factories.link()
    position = desks.held()
    OrderEvent.objects.create(
        order_ref=position.intent_id, kind="intent", at=clock.now(),
        body={"before": "WORKING", "after": "FILLED"},
    )  # fmt: skip
    OrderIntent.objects.update(checks=[{"code": "X", "passed": True}])
    return position


def long_ago() -> Any:
    return clock.now() - timedelta(minutes=10)


def unknown(_: Position) -> None:
    Order.objects.filter(role="E").update(state="UNKNOWN", unknown_since_at=long_ago())


def numbered_twice(trade: Position) -> None:
    ref = factories.ref(trade.intent, "S")
    for perm_id in (1, 2):
        body = {"status": "WORKING", "perm_id": perm_id}
        OrderEvent.objects.create(order_ref=ref, kind="order", body=body, at=clock.now())


def stray_order(_: Position) -> None:
    Reconciliation.objects.create(at=clock.now(), is_clean=True, findings=[], working=["QC:x"])


def unclean(_: Position) -> None:
    finding = {"kind": "QUANTITY_ABOVE", "subject": "77"}
    Reconciliation.objects.create(at=clock.now(), is_clean=False, findings=[finding])


def halted(_: Position) -> None:
    TradingScope.objects.create(
        scope="global", state="HALTED", reason="x", actor="x", changed_at=long_ago()
    )
    OrderIntent.objects.update(first_sent_at=clock.now())


def wrong_net(trade: Position) -> None:
    sold = factories.fill(factories.ref(trade.intent, "S"), -3, "1.00", exec_id="s.01")
    desks.broker.record_fill(sold)
    desks.Fill.objects.update(position=trade)
    Commission.objects.create(
        exec_id="s.01", commission_usd=Decimal(1), rebate_usd=0, status="OK", at=clock.now()
    )
    Position.objects.update(state="CLOSED", quantity_open=0, realised_net_usd=Decimal(5))


def two_entries(trade: Position) -> None:
    factories.order(trade.intent, factories.orders.Role.ENTRY, "BUY", n=2)


def two_trades(trade: Position) -> None:
    fill = desks.Fill.objects.get()
    other = desks.held(2)
    desks.Fill.objects.filter(position=other).update(base_exec_id=fill.base_exec_id, revision=2)


def sent_too_early(_: Position) -> None:
    Order.objects.filter(role="S").update(sent_at=long_ago())


def changing(model: Any, **changes: Any) -> Callable[[Position], None]:
    return lambda _: model.objects.update(**changes)


def every_order(**changes: Any) -> Callable[[Position], None]:
    return lambda _: Order.objects.filter(role="S").update(**changes)


BREAKS = [
    ("M2 net", wrong_net),
    ("M3 commissions finite", changing(Commission, commission_usd=Decimal(2_000))),
    ("O1 rows", stray_order),
    ("O2 order of instants", sent_too_early),
    ("O3 numbers", numbered_twice),
    ("O4 entries", two_entries),
    ("O5 allowed", lambda _: OrderIntent.objects.update(first_sent_at=clock.now(), checks=[])),
    ("O5 halted", halted),
    ("O6 unknown", unknown),
    ("O6 legal moves", changing(OrderEvent, body={"before": "FILLED", "after": "SIZED"})),
    ("O6 legal moves", changing(OrderIntent, state="CANCELLED")),
    ("P1 books", unclean),
    ("P2 covered", lambda _: Position.objects.update(naked_since_at=long_ago())),
    ("P2 not over", changing(Position, quantity_open=1)),
    ("P3 executions", two_trades),
    ("P4 short", changing(Position, quantity_open=-1)),
    ("P4 overfill", every_order(filled=9)),
]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_all_of_it_holds_of_a_trade_as_it_should_be(trade: Position, name: str) -> None:
    assert list(BY_NAME[name].query()) == []
    assert BY_NAME[name].says


@pytest.mark.parametrize(("name", "spoil"), BREAKS, ids=[name for name, _ in BREAKS])
def test_what_is_wrong_is_found(
    trade: Position, name: str, spoil: Callable[[Position], None]
) -> None:
    spoil(trade)

    assert list(BY_NAME[name].query())


def test_a_cost_that_never_came_is_found(trade: Position, noon: Any) -> None:
    Commission.objects.update(status="PENDING")
    noon.advance(301)

    assert list(BY_NAME["M3 commissions known"].query()) == ["e1.01"]

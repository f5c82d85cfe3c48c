"""Makers of executions and broker updates, each with one plain default."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.orders.references import intent_id, order_ref
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import Fill, OrderStatus, OrderUpdate, Role

AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
CONTRACT = parse_occ("SPY251121C00600000")
INTENT = intent_id("SG-TEST", Role.ENTRY)
ENTRY_REF = order_ref("sim", INTENT, Role.ENTRY, 1)


@pytest.fixture(scope="session")
def contract() -> OptionContract:
    """SPY 600 call of the day."""
    return CONTRACT


@pytest.fixture(scope="session")
def fill() -> Callable[..., Fill]:
    """Make an execution: `fill(3, "2.10")` bought three, `fill(-1, "2.60", 5)` sold one 5 s later."""

    def make(quantity: int, price: str, second: float = 0, **changes: Any) -> Fill:
        values: dict[str, Any] = {
            "exec_id": f"{second:08.2f}.x.01".replace(".", "", 1),
            "order_ref": ENTRY_REF,
            "perm_id": 7,
            "contract": CONTRACT,
            "con_id": 1,
            "quantity": quantity,
            "price": Decimal(price),
            "executed_at": AT + timedelta(seconds=second),
            "account": "DU1",
            "commission": Decimal("0.65") * abs(quantity),
        }
        return Fill(**values | changes)

    return make


@pytest.fixture(scope="session")
def update() -> Callable[..., OrderUpdate]:
    """Make what the broker says of an order: `update("WORKING", 3)` three seconds in."""

    def make(status: str, second: float = 0, **changes: Any) -> OrderUpdate:
        values: dict[str, Any] = {
            "order_ref": ENTRY_REF,
            "order_id": 11,
            "perm_id": 7,
            "con_id": 1,
            "side": Side.BUY,
            "quantity": 3,
            "filled": 0,
            "status": OrderStatus(status),
            "limit_price": Decimal("2.10"),
            "stop_price": None,
            "at": AT + timedelta(seconds=second),
        }
        return OrderUpdate(**values | changes)

    return make

"""No ticket can sell what we do not hold."""

import ast
import contextlib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import execution
from execution.orders.references import order_ref
from execution.orders.tickets import (
    Cover,
    buy_back,
    buy_to_open,
    close_shares,
    recorded,
    sell_attached,
    sell_to_close,
)
from execution.risk.verdict import Denied
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, Share, parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import Role, Ticket, TimeInForce

CONTRACT = parse_occ("SPY251121C00600000")
PRICE = Decimal("2.10")


def ref(role: Role) -> str:
    return order_ref("sim", "0" * 26, role, 1)


ENTRY = buy_to_open(ref(Role.ENTRY), CONTRACT, 3, PRICE)


@given(st.integers(1, 500), st.integers(-5, 200), st.integers(0, 200))
def test_a_sell_never_exceeds_what_is_free(quantity: int, held: int, claimed: int) -> None:
    made = sell_to_close(ref(Role.EXIT), CONTRACT, quantity, Cover(held, claimed), limit=PRICE)

    sold = made.quantity if isinstance(made, Ticket) else 0
    assert sold + claimed <= max(held, claimed)


def test_a_sell_beyond_the_holding_says_short_forbidden() -> None:
    made = sell_to_close(ref(Role.STOP), CONTRACT, 3, Cover(held=5, claimed=3), stop=PRICE)

    assert made == Denied("SHORT_FORBIDDEN", 3, 2)


def test_an_entry_is_a_day_limit_buy() -> None:
    assert (ENTRY.side, ENTRY.time_in_force, ENTRY.limit_price) == (
        Side.BUY,
        TimeInForce.DAY,
        PRICE,
    )


def test_a_child_outlives_its_parent_and_has_its_size() -> None:
    child = sell_attached(ENTRY, ref(Role.STOP), stop=Decimal("1.05"))

    assert (child.side, child.quantity, child.time_in_force) == (Side.SELL, 3, TimeInForce.GTC)


def test_a_sell_cannot_be_attached_to_a_sell() -> None:
    child = sell_attached(ENTRY, ref(Role.STOP), stop=Decimal("1.05"))

    with pytest.raises(MalformedInput, match="attach"):
        sell_attached(child, ref(Role.TARGET), limit=PRICE)


def test_a_sell_role_cannot_name_a_buy() -> None:
    with pytest.raises(MalformedInput, match="role"):
        buy_to_open(ref(Role.STOP), CONTRACT, 1, PRICE)


def test_an_excess_is_bought_back_as_a_flatten() -> None:
    made = buy_back(ref(Role.FLATTEN), CONTRACT, 1, PRICE)

    assert (made.side, made.role) == (Side.BUY, Role.FLATTEN)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_a_price_that_is_no_price_is_refused(price: str) -> None:
    with pytest.raises(MalformedInput, match="positive price"):
        buy_to_open(ref(Role.ENTRY), CONTRACT, 1, Decimal(price))


def test_nothing_is_sent_for_zero_contracts() -> None:
    with pytest.raises(MalformedInput, match="at least 1"):
        buy_to_open(ref(Role.ENTRY), CONTRACT, 0, PRICE)


def test_a_recorded_ticket_is_the_one_that_was_made(contract: OptionContract) -> None:
    again = recorded(ENTRY.order_ref, contract, Side.BUY, 3, TimeInForce.DAY, limit=PRICE)

    assert again == ENTRY


@given(st.integers(-500, 500), st.integers(-5, 600))
def test_shares_are_closed_on_the_other_side_and_no_further(held: int, quantity: int) -> None:
    with contextlib.suppress(MalformedInput):
        made = close_shares("QS:sim:SPY:20251124:1", Share("SPY"), held, quantity, PRICE)
        after = held + (quantity if made.side is Side.BUY else -quantity)
        assert 0 <= after * (1 if held > 0 else -1) < abs(held)
        return
    assert not 1 <= quantity <= abs(held)


def test_shares_have_references_of_their_own() -> None:
    with pytest.raises(MalformedInput, match="reference of shares"):
        close_shares(ref(Role.FLATTEN), Share("SPY"), 300, 300, PRICE)


def test_tickets_are_made_nowhere_else() -> None:
    makers = [
        path.name
        for path in Path(next(iter(execution.__path__))).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Ticket"
    ]

    assert set(makers) == {"tickets.py"}

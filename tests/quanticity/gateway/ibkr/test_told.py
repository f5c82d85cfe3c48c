"""What was told of an order: parts in any order, repeated at will, errors no deaths."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations

import pytest

from quanticity.domain.market import Side
from quanticity.domain.orders import OrderStatus, OrderUpdate
from quanticity.gateway.ibkr.told import Told

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
US = 1


def update(status: OrderStatus = OrderStatus.WORKING, order_id: int = 7, **more) -> OrderUpdate:
    basis = OrderUpdate(
        "QC:a:E1", order_id, 900, 42, Side.BUY, 3, 0, status, Decimal("1.5"), None, AT
    )
    return replace(basis, **more)


def working() -> Told:
    told = Told()
    told.on_open(US, update())
    return told


def test_a_repetition_is_no_news() -> None:
    told = working()

    assert told.on_open(US, update(at=AT.replace(minute=5))) is None
    assert told.on_status(US, 7, 900, "Submitted", 0, AT) is None


@pytest.mark.parametrize("code", [10349, 399, 2109, 10311, 161, 10148])
def test_a_notice_leaves_the_order_working(code: int) -> None:
    news = working().on_error(US, 7, code, "a notice", AT)

    assert news is not None
    assert (news.status, news.error_code) == (OrderStatus.WORKING, code)


@pytest.mark.parametrize("code", [10326, 105, 321, 201, 7777])
def test_an_error_about_a_working_order_is_no_death(code: int) -> None:
    news = working().on_error(US, 7, code, "a refused change, or worse", AT)

    assert news is not None
    assert (news.status, news.error_code) == (OrderStatus.UNKNOWN, code)


@pytest.mark.parametrize("code", [110, 201, 200, 434, 103])
def test_a_refusal_of_a_new_order_is_final(code: int) -> None:
    told = Told()
    told.on_open(US, update(OrderStatus.PENDING))

    news = told.on_error(US, 7, code, "refused", AT)

    assert news is not None
    assert news.status is OrderStatus.REJECTED


def test_an_unknown_code_on_a_new_order_leaves_it_unknown() -> None:
    told = Told()
    told.on_open(US, update(OrderStatus.PENDING))

    assert told.on_error(US, 7, 7777, "what?", AT).status is OrderStatus.UNKNOWN


def test_inactive_is_unknown_until_it_is_explained() -> None:
    told = Told()
    told.on_open(US, update(OrderStatus.PENDING))
    inactive = told.on_status(US, 7, 900, "Inactive", 0, AT)
    refused = told.on_error(US, 7, 201, "both sides", AT)

    assert [inactive.status, refused.status] == [OrderStatus.UNKNOWN, OrderStatus.REJECTED]


def test_a_refusal_stays_one_when_inactive_is_repeated() -> None:
    told = Told()
    told.on_open(US, update(OrderStatus.PENDING))
    told.on_error(US, 7, 201, "both sides", AT)

    assert told.on_status(US, 7, 900, "Inactive", 0, AT) is None


def test_cancelled_by_the_broker_is_a_death() -> None:
    assert working().on_error(US, 7, 202, "Order Canceled", AT).status is OrderStatus.CANCELLED


def test_a_finished_order_stays_finished_whatever_is_said() -> None:
    told = working()
    told.on_status(US, 7, 900, "Filled", 3, AT)

    assert told.on_error(US, 7, 10148, "cannot be cancelled", AT).status is OrderStatus.FILLED


def test_a_completed_order_finds_its_order_id_by_perm_id() -> None:
    told = working()

    news = told.on_completed(update(OrderStatus.FILLED, 0, filled=3))

    assert news is not None
    assert (news.order_id, news.status, news.filled) == (7, OrderStatus.FILLED, 3)


def test_orders_made_by_hand_are_told_apart_by_perm_id() -> None:
    told = Told()
    told.on_open(0, update(order_id=0, perm_id=1))
    told.on_open(0, update(order_id=0, perm_id=2))

    assert len(told.orders) == 2


def test_a_status_of_an_order_never_seen_says_too_little() -> None:
    assert Told().on_status(US, 9, 900, "Submitted", 0, AT) is None


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_fill_is_told_whatever_comes_first(order: tuple[int, ...]) -> None:
    told = working()
    messages = [
        lambda: told.on_open(US, update(OrderStatus.FILLED)),
        lambda: told.on_status(US, 7, 900, "Filled", 3, AT),
        lambda: told.on_error(US, 7, 399, "a notice", AT),
    ]
    for n in order:
        messages[n]()

    known = told.get(US, 7)
    assert (known.status, known.filled) == (OrderStatus.FILLED, 3)

"""Orders from arrival to end: chains, groups, revisions, refusals."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from simulated_world import MORNING, Desk, new_exchange, option

from quanticity.domain.instruments import Right
from quanticity.gateway.simulated import interventions, listing
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.orders import (
    Commissioned,
    Executed,
    News,
    Order,
    OrderNews,
    Refused,
    Status,
    WhatIf,
)

STOCK = listing.SYMBOLS["SPY"].con_id


def codes(news: list[News]) -> list[int]:
    return [item.code for item in news if isinstance(item, Refused)]


def held(desk: Desk) -> int:
    return int(desk.exchange.books.account.quantity(desk.con_id))


def test_a_buy_at_the_ask_fills_at_once(desk: Desk) -> None:
    ask = desk.ask()

    order, _ = desk.send("BUY", 2, limit=ask)

    assert (order.status, order.average, held(desk)) == (Status.FILLED, ask, 2)


def test_news_of_a_fill_comes_in_the_brokers_order(desk: Desk) -> None:
    _, news = desk.send("BUY", 2, "MKT")

    assert [type(item).__name__ for item in news] == [
        "OrderNews", "OrderNews", "Executed", "OrderNews", "Commissioned", "StatusNews", "PositionNews",
    ]  # fmt: skip
    assert [item.order.status for item in news if isinstance(item, OrderNews)] == [
        "PreSubmitted",
        "Submitted",
        "Filled",
    ]


def test_a_bid_at_mid_fills_after_a_while(desk: Desk) -> None:
    touch = desk.exchange.touch(desk.con_id)
    assert touch.bid is not None

    order, _ = desk.send("BUY", 1, limit=touch.bid + Decimal("0.01"))
    assert order.status is Status.SUBMITTED
    desk.wait(60)

    assert order.status is Status.FILLED


def test_the_same_requests_give_the_same_fills(market: Market) -> None:
    def play() -> list[object]:
        desk = Desk(new_exchange(market, MORNING))
        desk.bracket(3, desk.ask(), "2.60", "1.90")
        desk.wait(900)
        return [(e.exec_id, e.price, e.at) for e in desk.exchange.books.executions]

    assert play() == play() != []


# Chains


def test_a_chain_is_not_live_before_its_last_order(desk: Desk) -> None:
    entry, _ = desk.send("BUY", 1, "MKT", transmit=False)

    desk.wait(5)

    assert entry.status is Status.PENDING_SUBMIT
    assert held(desk) == 0


def test_children_wait_for_their_parent(desk: Desk) -> None:
    _, target, stop = desk.bracket(3, "0.50", "4.00", "0.20")

    assert (target.status, target.why_held) == (Status.PRE_SUBMITTED, "child")
    assert (stop.status, stop.why_held) == (Status.PRE_SUBMITTED, "child,trigger")


def test_children_wake_when_their_parent_fills(desk: Desk) -> None:
    _, target, stop = desk.bracket(3, desk.ask(), "4.00", "0.20")

    assert target.status is Status.SUBMITTED
    assert (stop.status, stop.why_held) == (Status.PRE_SUBMITTED, "trigger")
    assert target.oca_group == stop.oca_group == str(target.perm_id - 1)


def test_a_filled_target_ends_its_stop(desk: Desk) -> None:
    _, target, stop = desk.bracket(3, desk.ask(), "0.10", "0.05")
    desk.wait(2)

    assert (target.status, stop.status, held(desk)) == (Status.FILLED, Status.CANCELLED, 0)


def test_a_triggered_stop_sells_at_the_bid_and_ends_the_target(desk: Desk) -> None:
    _, target, stop = desk.bracket(3, desk.ask(), "9.00", "5.00")
    news = desk.wait(3)

    assert (target.status, stop.status, held(desk)) == (Status.CANCELLED, Status.FILLED, 0)
    assert 202 in codes(news)


def test_children_fill_no_more_than_their_parent(desk: Desk) -> None:
    entry = desk.order("BUY", 5, limit=desk.ask(), transmit=False, cap=Decimal(2))
    desk.exchange.place(entry)
    target, _ = desk.send("SELL", 5, limit="0.10", tif="GTC", parent_id=entry.order_id)
    desk.wait(5)

    assert (entry.filled, target.filled, held(desk)) == (2, 2, 0)


def test_children_of_a_partly_filled_entry_shrink_when_it_is_cancelled(desk: Desk) -> None:
    entry = desk.order("BUY", 5, limit=desk.ask(), transmit=False, cap=Decimal(2))
    desk.exchange.place(entry)
    stop, _ = desk.send("SELL", 5, "STP", aux="0.10", tif="GTC", parent_id=entry.order_id)

    desk.exchange.cancel(1, entry.order_id)

    assert (entry.status, stop.status, stop.quantity) == (Status.CANCELLED, Status.PRE_SUBMITTED, 2)


def test_cancelling_an_unfilled_entry_ends_its_children(desk: Desk) -> None:
    entry, target, stop = desk.bracket(1, "0.10", "4.00", "0.05")

    news = desk.exchange.cancel(1, entry.order_id)

    assert {order.status for order in (entry, target, stop)} == {Status.CANCELLED}
    assert codes(news) == [202, 202, 202]


# Groups


def pair(desk: Desk, quantity: int, oca_type: int, target: str = "9.00") -> list:
    group = {"oca_group": "G", "oca_type": oca_type, "tif": "GTC"}
    stop, _ = desk.send("SELL", quantity, "STP", aux="0.05", **group)
    above, _ = desk.send("SELL", quantity, limit=target, cap=Decimal(1), **group)
    return [stop, above]


@pytest.mark.parametrize(
    ("oca_type", "status", "left"),
    [
        pytest.param(1, Status.CANCELLED, 3, id="type 1 cancels at the first fill"),
        pytest.param(2, Status.PRE_SUBMITTED, 2, id="type 2 reduces"),
        pytest.param(3, Status.PRE_SUBMITTED, 2, id="type 3 reduces"),
    ],
)
def test_what_a_partial_target_does_to_its_stop(
    desk: Desk, oca_type: int, status: Status, left: int
) -> None:
    desk.buy(3)
    stop, _ = pair(desk, 3, oca_type, target="0.10")

    assert (stop.status, stop.quantity) == (status, left)


def test_a_filled_group_takes_no_more_orders(desk: Desk) -> None:
    desk.buy(2)
    pair(desk, 1, 1, target="0.10")

    order, news = desk.send("SELL", 1, "STP", aux="0.05", oca_group="G", oca_type=1)

    assert (order.status, codes(news)) == (Status.INACTIVE, [201])


@pytest.mark.parametrize(("group", "code"), [("G", 10326), ("", 10327)])
def test_orders_of_an_explicit_group_are_not_revised(desk: Desk, group: str, code: int) -> None:
    desk.buy(1)
    stop, _ = pair(desk, 1, 2)
    revised = desk.order("SELL", 1, "STP", aux="0.06", oca_group=group, tif="GTC")
    revised.order_id = stop.order_id

    assert codes(desk.exchange.place(revised)) == [code]
    assert (stop.aux, stop.is_working) == (Decimal("0.05"), True)


# Revisions and cancels


def test_an_attached_stop_is_revised_in_place(desk: Desk) -> None:
    entry, _, stop = desk.bracket(1, desk.ask(), "9.00", "0.05")
    revised = desk.order("SELL", 1, "STP", aux="0.30", tif="GTC", parent_id=entry.order_id)
    revised.order_id = stop.order_id

    assert codes(desk.exchange.place(revised)) == []
    assert (stop.aux, stop.status) == (Decimal("0.30"), Status.PRE_SUBMITTED)


def test_a_sale_is_not_revised_beyond_the_holding(desk: Desk) -> None:
    desk.buy(2)
    sale, _ = desk.send("SELL", 2, limit="9.00")
    revised = desk.order("SELL", 10, limit="0.05", transmit=True)
    revised.order_id = sale.order_id

    assert codes(desk.exchange.place(revised)) == [201]
    assert (sale.status, sale.quantity, sale.limit) == (Status.SUBMITTED, 2, Decimal("9.00"))
    assert held(desk) == 2


def test_a_sale_is_revised_up_to_what_no_other_sale_may_take(desk: Desk) -> None:
    desk.buy(3)
    desk.send("SELL", 1, limit="9.00")
    sale, _ = desk.send("SELL", 1, limit="9.00")
    grown, overgrown = (desk.order("SELL", n, limit="9.00", transmit=True) for n in (2, 3))
    grown.order_id = overgrown.order_id = sale.order_id

    assert codes(desk.exchange.place(grown)) == []
    assert codes(desk.exchange.place(overgrown)) == [201]
    assert sale.quantity == 2


@pytest.mark.parametrize(("quantity", "refused"), [(2, []), (3, [201])])
def test_an_attached_stop_grows_no_larger_than_what_it_protects(
    desk: Desk, quantity: int, refused: list[int]
) -> None:
    desk.buy(1)
    entry, _, stop = desk.bracket(1, desk.ask(), "9.00", "0.05")
    revised = desk.order("SELL", quantity, "STP", aux="0.05", tif="GTC", parent_id=entry.order_id)
    revised.order_id = stop.order_id

    assert codes(desk.exchange.place(revised)) == refused


def test_a_purchase_is_not_revised_beyond_the_funds(desk: Desk) -> None:
    bid, _ = desk.send("BUY", 1, limit="0.05")
    revised = desk.order("BUY", 10_000_000, limit="0.05", transmit=True)
    revised.order_id = bid.order_id

    assert codes(desk.exchange.place(revised)) == [201]
    assert (bid.status, bid.quantity) == (Status.SUBMITTED, 1)


def test_an_entry_walks_up_to_its_fill(desk: Desk) -> None:
    entry, target, _ = desk.bracket(1, "0.10", "9.00", "0.05")
    revised = desk.order("BUY", 1, limit=desk.ask(), transmit=True)
    revised.order_id = entry.order_id

    desk.exchange.place(revised)

    assert (entry.status, target.status) == (Status.FILLED, Status.SUBMITTED)


@pytest.mark.parametrize(("kind", "code"), [("MKT", 104), ("LMT", 103)])
def test_a_used_id_is_a_duplicate(desk: Desk, kind: str, code: int) -> None:
    order, _ = desk.send("BUY", 1, kind, limit="0.10")
    if kind == "LMT":
        desk.exchange.cancel(1, order.order_id)
    again = desk.order("BUY", 1, limit="0.10")
    again.order_id = order.order_id

    assert codes(desk.exchange.place(again)) == [code]


@pytest.mark.parametrize(("kind", "code"), [("MKT", 10148), ("none", 10147)])
def test_a_cancel_that_comes_too_late_says_so(desk: Desk, kind: str, code: int) -> None:
    order = desk.buy(1)
    order_id = order.order_id if kind == "MKT" else 99

    assert codes(desk.exchange.cancel(1, order_id)) == [code]


def test_a_global_cancel_ends_everything(desk: Desk) -> None:
    desk.bracket(1, "0.10", "9.00", "0.05")

    desk.exchange.cancel_all()

    assert desk.exchange.books.working() == []


# Refusals


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        pytest.param({"limit": "2.015"}, 110, id="tick"),
        pytest.param({}, 321, id="no limit"),
        pytest.param({"limit": "2.00", "account": "DU9"}, 321, id="account"),
        pytest.param({"limit": "2.00", "parent_id": 77}, 135, id="parent"),
        pytest.param({"limit": "2.00", "tif": "NOW"}, 321, id="time in force"),
    ],
)
def test_what_cannot_be_read_brings_an_error_only(desk: Desk, terms: dict, code: int) -> None:
    _, news = desk.send("BUY", 1, **terms)

    assert codes(news) == [code]
    assert desk.exchange.books.orders == {}


@pytest.mark.parametrize(
    ("action", "quantity", "con_id", "words"),
    [
        pytest.param("SELL", 1, option(), "uncovered", id="naked"),
        pytest.param("BUY", 1, listing.SYMBOLS["SPX"].con_id, "index", id="index"),
        pytest.param("BUY", 90_000, option(), "insufficient", id="funds"),
    ],
)
def test_account_rules_make_an_order_inactive(
    desk: Desk, action: str, quantity: int, con_id: int, words: str
) -> None:
    order, news = desk.send(action, quantity, "MKT", con_id=con_id)

    assert order.status is Status.INACTIVE
    assert [words in item.text for item in news if isinstance(item, Refused)] == [True]


def test_both_sides_of_an_option_are_refused_across_clients(desk: Desk) -> None:
    desk.bracket(1, desk.ask(), "9.00", "0.05")
    other = desk.order("BUY", 1, limit="0.10")
    other.client_id = 2

    assert codes(desk.exchange.place(other)) == [201]


def test_both_sides_of_a_stock_may_work(desk: Desk) -> None:
    desk.con_id = STOCK
    desk.send("BUY", 1, limit="600.00")

    order, _ = desk.send("SELL", 1, limit="800.00")

    assert order.status is Status.SUBMITTED


def test_a_twenty_first_order_on_a_side_is_refused(desk: Desk) -> None:
    sent = [desk.send("BUY", 1, limit="0.01")[0] for _ in range(21)]

    assert [order.status for order in sent].count(Status.SUBMITTED) == 20
    assert sent[-1].status is Status.INACTIVE


def test_groups_count_once_against_the_holding(desk: Desk) -> None:
    desk.buy(2)
    orders = pair(desk, 1, 2)
    more, _ = desk.send("SELL", 1, "STP", aux="0.05", oca_group="H", oca_type=2)
    beyond, _ = desk.send("SELL", 1, limit="9.00")

    assert [order.is_working for order in [*orders, more]] == [True] * 3
    assert beyond.status is Status.INACTIVE


def test_a_rejected_entry_takes_its_children_along(desk: Desk) -> None:
    entry, target, stop = desk.bracket(90_000, desk.ask(), "9.00", "0.05")

    assert (entry.status, target.status, stop.status) == (
        Status.INACTIVE,
        Status.CANCELLED,
        Status.CANCELLED,
    )


# Money


def test_a_what_if_changes_nothing(desk: Desk) -> None:
    _, (news,) = desk.send("BUY", 2, limit="2.00", what_if=True)

    assert isinstance(news, WhatIf)
    assert news.equity_before - news.equity_after == Decimal("401.30")
    assert desk.exchange.books.orders == {}


def test_partial_fills_share_the_commission_of_the_order(desk: Desk) -> None:
    desk.buy(1, cap=None)
    news = desk.exchange.books.executions

    assert [execution.commission for execution in news] == [Decimal("1.0")]


def test_the_commission_follows_the_execution(desk: Desk) -> None:
    _, news = desk.send("BUY", 1, "MKT")
    kinds = [type(item) for item in news]

    assert kinds.index(Executed) < kinds.index(Commissioned)


def test_a_correction_is_the_next_revision(desk: Desk) -> None:
    desk.buy(2)
    (execution,) = desk.exchange.books.executions

    corrected = interventions.correct(
        desk.exchange, execution, execution.price + 1, execution.quantity
    )

    assert corrected.exec_id == execution.exec_id[:-1] + "2"
    assert desk.exchange.books.executions == [corrected]


def test_stocks_fill_too(desk: Desk) -> None:
    desk.con_id = STOCK
    desk.buy(100)
    desk.send("SELL", 100, "STP", aux="700.00")
    desk.wait(1)

    assert held(desk) == 0


def test_a_trailing_stop_follows_and_sells(desk: Desk) -> None:
    desk.buy(1)
    order, _ = desk.send("SELL", 1, "TRAIL", aux="0.05")
    desk.wait(1_800)

    assert order.status is Status.FILLED


def test_long_gaps_are_walked_in_strides(desk: Desk) -> None:
    ask = desk.ask()
    desk.bracket(1, ask, ask + Decimal("0.30"), ask - Decimal("0.30"))

    desk.exchange.step(desk.exchange.at + timedelta(hours=5))

    assert held(desk) == 0


def test_the_other_right_is_another_contract(desk: Desk) -> None:
    desk.bracket(1, desk.ask(), "9.00", "0.05")

    order, _ = desk.send("BUY", 1, limit="0.01", con_id=option(right=Right.PUT))

    assert order.status is Status.SUBMITTED


# A revision is an order too


def revised(desk: Desk, known: Order, **terms: object) -> list[News]:
    return desk.exchange.place(replace(known, **terms))


def test_a_revision_cannot_sell_what_is_not_held(desk: Desk) -> None:
    desk.buy(2)
    sale, _ = desk.send("SELL", 2, limit=desk.ask() + 5, tif="GTC")

    assert codes(revised(desk, sale, quantity=Decimal(10))) == [201]
    assert (sale.quantity, sale.is_working) == (2, True)


def test_a_revision_cannot_spend_what_is_not_there(desk: Desk) -> None:
    purchase, _ = desk.send("BUY", 1, limit="0.05")

    assert codes(revised(desk, purchase, quantity=Decimal(10_000_000))) == [201]
    assert (purchase.quantity, purchase.is_working) == (1, True)


def test_a_smaller_revision_is_taken(desk: Desk) -> None:
    desk.buy(2)
    sale, _ = desk.send("SELL", 2, limit=desk.ask() + 5, tif="GTC")

    assert codes(revised(desk, sale, quantity=Decimal(1))) == []
    assert sale.quantity == 1


def test_a_purchase_on_its_way_binds_its_funds(desk: Desk) -> None:
    limit = desk.ask() - 1
    available = desk.exchange.books.account.available(desk.exchange.mark)
    most = int(available * Decimal("0.6") / (limit * 100))
    first, _ = desk.send("BUY", most, limit=limit)

    (asked,) = desk.send("BUY", most, limit=limit, what_if=True)[1]
    second, news = desk.send("BUY", most, limit=limit)

    assert isinstance(asked, WhatIf)
    assert asked.equity_after < 0
    assert (first.is_working, second.status, codes(news)) == (True, Status.INACTIVE, [201])


def test_a_revised_trailing_stop_does_not_turn_back(desk: Desk) -> None:
    desk.buy(2)
    trailing, _ = desk.send("SELL", 2, "TRAIL", aux="0.50", tif="GTC")
    desk.wait(1)
    trailing.trail_stop = reached = (trailing.trail_stop or Decimal(0)) + Decimal("0.20")

    revised(desk, trailing, quantity=Decimal(1), trail_stop=None)

    assert (trailing.quantity, trailing.trail_stop) == (1, reached)

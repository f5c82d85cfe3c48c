"""The tap in the client library: what it tells, and what it keeps from being lost."""

import asyncio
import logging
from collections import Counter
from types import SimpleNamespace

import pytest
from ib_insync import Contract, Order, OrderStatus, Trade

from quanticity.gateway.ibkr.tap import FIRST_REQUEST_ID, TappedIB


class Sink:
    """Notes everything it is told; raises when it is told to."""

    def __init__(self) -> None:
        self.told: list[tuple] = []
        self.is_broken = False

    def __getattr__(self, name: str):
        def take(*facts) -> None:
            if self.is_broken:
                raise RuntimeError("broken sink")
            self.told.append((name, *facts))

        return take

    def names(self) -> list[str]:
        return [one[0] for one in self.told]


@pytest.fixture
def world():
    link, market, orders = Sink(), Sink(), Sink()
    counters: Counter[str] = Counter()
    ib = TappedIB(link, market, orders, counters)
    ib.client.connState = ib.client.CONNECTED
    ib.wrapper.clientId = 100
    return SimpleNamespace(
        ib=ib, tap=ib.wrapper, link=link, market=market, orders=orders, counters=counters
    )


def placed(world) -> Trade:
    order = Order(orderId=41, clientId=100, action="BUY", totalQuantity=1, tif="DAY")
    trade = Trade(Contract(conId=1), order, OrderStatus(orderId=41, status="Submitted"))
    world.tap.trades[100, 41] = trade
    return trade


def test_the_life_of_a_recorded_order_is_told(world, messages, decode) -> None:
    decode(world.tap, messages("5")[0], *messages("3")[:2])

    assert world.orders.names() == ["on_open_order", "on_order_status", "on_order_status"]
    assert world.orders.told[2][1:] == (100, 13, 1376327563, "Filled", 100.0)


def test_a_commission_before_its_execution_is_told(world, messages, decode) -> None:
    decode(world.tap, *messages("59"))
    ((name, report),) = world.orders.told

    assert name == "on_commission_report"
    assert (report.commission, report.currency) == (1.0, "USD")


def test_an_execution_without_a_zone_reads_new_york(world, messages, decode) -> None:
    world.ib.TimezoneTWS = "America/New_York"
    decode(world.tap, *messages("11"))
    ((_, _, execution),) = world.orders.told

    assert execution.time.isoformat() == "2023-02-24T17:04:56+00:00"


@pytest.mark.parametrize("code", [10349, 399, 10326, 201, 7777])
def test_an_error_never_kills_the_local_order(world, code: int) -> None:
    trade = placed(world)
    world.tap.error(41, code, "whatever")

    assert trade.orderStatus.status == "Submitted"
    assert world.orders.told[-1] == ("on_order_error", 41, code, "whatever")


def test_an_error_about_a_request_goes_to_the_link(world) -> None:
    world.tap.error(FIRST_REQUEST_ID + 1, 354, "not subscribed")

    assert world.link.told == [("on_error", FIRST_REQUEST_ID + 1, 354, "not subscribed")]


def test_request_ids_begin_where_order_ids_never_come(world) -> None:
    world.tap.nextValidId(17)
    world.ib.client._apiReady = True

    assert world.ib.client.getReqId() >= FIRST_REQUEST_ID
    assert world.link.told == [("on_next_order_id", 17)]


def test_a_late_end_does_not_end_the_next_request(world) -> None:
    async def scenario() -> None:
        abandoned = world.tap.startReq("openOrders")
        world.tap.forgive("openOrders")
        again = world.tap.startReq("openOrders")
        world.tap.openOrderEnd()

        assert (abandoned.done(), again.done()) == (False, False)

        world.tap.openOrderEnd()
        assert again.done()

    asyncio.run(scenario())


def test_a_late_clock_does_not_answer_the_next_question(world) -> None:
    async def scenario() -> None:
        world.tap.startReq("currentTime")
        world.tap.forgive("currentTime")
        again = world.tap.startReq("currentTime")
        world.tap.currentTime(1)
        world.tap.currentTime(1763740800)

        assert again.result().isoformat() == "2025-11-21T16:00:00+00:00"

    asyncio.run(scenario())


def test_an_exception_in_a_sink_is_logged_and_counted(world, caplog) -> None:
    world.market.is_broken = True
    log = logging.getLogger("quanticity.gateway.ibkr.guarded")
    log.disabled = False  # whatever a test before this one did to logging
    log.addHandler(caplog.handler)
    with caplog.at_level(logging.ERROR, logger=log.name):
        world.tap.priceSizeTick(1, 1, 600.0, 100.0)

    assert world.counters["handler_errors"] == 1
    assert "broken sink" in caplog.text


def test_a_what_if_answer_of_unset_margins_is_not_the_answer(world) -> None:
    async def scenario() -> None:
        answer = world.tap.startReq(5)
        order, state = Order(orderId=5, whatIf=True), SimpleNamespace()
        state.initMarginChange = "1.7976931348623157E308"
        world.tap.openOrder(5, Contract(), order, state)
        first = answer.done()
        state.initMarginChange = "250.5"
        world.tap.openOrder(5, Contract(), order, state)

        assert (first, answer.done(), world.orders.told) == (False, True, [])

    asyncio.run(scenario())


def test_the_third_restored_link_asks_for_no_account_summary(world) -> None:
    for _ in range(3):
        world.tap.error(-1, 1102, "restored")

    assert world.link.names() == ["on_error"] * 3

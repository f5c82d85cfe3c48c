"""A worker asks the broker what an order would do, over store, process and socket."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from quanticity.domain.instruments import parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import Margin, OrderType, Role, Ticket, TimeInForce
from quanticity.domain.readings import Unavailable
from quanticity.gateway import commands
from quanticity.management.gateway.questions import Questions
from quanticity.store import questions
from tests.conftest import NOON

pytestmark = [pytest.mark.enable_socket]


def ticket(**changed: Any) -> Ticket:
    values = {
        "order_ref": "QC:a:E1", "role": Role.ENTRY, "contract": parse_occ("SPY251121C00600000"),
        "side": Side.BUY, "quantity": 3, "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.DAY, "limit_price": Decimal("1.15"), "stop_price": None,
    }  # fmt: skip
    return Ticket(**(values | changed))  # type: ignore[arg-type]


def test_a_ticket_travels_without_losing_a_cent() -> None:
    for one in (ticket(), ticket(limit_price=None, stop_price=Decimal("0.05"))):
        assert commands.ticket_from(commands.as_text(one)) == one


def test_an_answer_travels_with_what_is_unknown() -> None:
    margin = Margin(None, Decimal("998000.35"), None, NOON)
    assert commands.margin_from(commands.margin_text(margin)) == margin


@pytest.mark.usefixtures("store")
def test_silence_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "section", lambda *_: commands.Settings(what_if_s=0.05))
    answer = commands.what_if(ticket())
    assert isinstance(answer, Unavailable)
    assert answer.reason == "FEED_DOWN"


def test_a_store_that_is_away_is_unavailable(settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    commands.questions.client.cache_clear()
    answer = commands.what_if(ticket())
    commands.questions.client.cache_clear()
    assert isinstance(answer, Unavailable)
    assert "store" in answer.detail


async def _ask(world: Any, asked: Ticket) -> Margin | Unavailable:
    """Ask from a thread, while the process's ear and dispatcher do their part."""
    ear = Questions(asyncio.Event())
    listening = asyncio.create_task(ear.listen(world.gateway.trading))
    answer = asyncio.get_running_loop().run_in_executor(None, commands.what_if, asked)
    while not answer.done():
        await ear.put_all(world.gateway.trading, 1)
        await asyncio.sleep(0.01)
    listening.cancel()
    ear.close()
    return await answer


@pytest.mark.usefixtures("store")
def test_the_broker_answers_a_worker(play: Any) -> None:
    async def scenario(world: Any) -> None:
        plan = await world.bracket()
        before = await world.gateway.trading.next_order_id()
        answer = await _ask(world, plan.entry())

        assert isinstance(answer, Margin)
        assert answer.initial_after_usd == 0
        assert answer.equity_after_usd is not None
        assert answer.equity_after_usd < 1_000_000 - plan.price * plan.quantity * 100
        assert await world.gateway.trading.next_order_id() == before + 1
        assert (await world.gateway.trading.facts()).open_orders == ()

    play(scenario)


@pytest.mark.usefixtures("store")
def test_a_contract_nobody_lists_is_an_error(play: Any) -> None:
    async def scenario(world: Any) -> None:
        await world.connected()
        answer = await _ask(world, ticket(contract=parse_occ("ZZZ251121C00600000")))

        assert isinstance(answer, Unavailable)
        assert answer.reason == "ERROR"
        assert "ZZZ251121C00600000" in answer.detail

    play(scenario)


@pytest.mark.usefixtures("store")
def test_a_question_that_is_no_ticket_is_answered_all_the_same(play: Any) -> None:
    async def scenario(world: Any) -> None:
        await world.connected()
        ear = Questions(asyncio.Event())
        listening = asyncio.create_task(ear.listen(world.gateway.trading))
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(None, questions.ask, "gateway", {"ask": "?"}, 3.0)
        listening.cancel()
        ear.close()

        assert answer is not None
        assert "ticket" in answer["error"]

    play(scenario)

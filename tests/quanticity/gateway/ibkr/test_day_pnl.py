"""The day as the broker counts it, over a socket: with the account, and only of this connection."""

from decimal import Decimal
from typing import Any

import pytest

from quanticity.domain.orders import Account

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]


def latest(world: Any) -> Account:
    found: Account = world.notes.all("account")[-1]
    return found


def their_day(world: Any) -> Decimal:
    exchange = world.server.floor.exchange
    books = exchange.books.account
    day: Decimal = books.equity(exchange.mark) - books.equity_at_close
    return day


def test_a_trade_and_its_costs_are_in_the_brokers_day(play: Any) -> None:
    async def scenario(world: Any) -> None:
        await world.connected()
        await world.until(lambda: latest(world).day_pnl_usd == 0, "the day was never said")
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        await world.until(lambda: (latest(world).day_pnl_usd or 0) < 0, "the trade cost nothing")

        assert latest(world).day_pnl_usd != 0
        await world.until(lambda: latest(world).day_pnl_usd == their_day(world))

    play(scenario, account_every_s=0.05)


def test_what_is_paid_in_is_no_part_of_the_brokers_day(play: Any) -> None:
    async def scenario(world: Any) -> None:
        await world.connected()
        await world.until(lambda: latest(world).day_pnl_usd == 0)
        before = latest(world)
        world.breaks("cash", price="50000")
        await world.until(lambda: latest(world).cash_usd == before.cash_usd + 50_000)

        assert latest(world).equity_usd == before.equity_usd + 50_000
        assert latest(world).day_pnl_usd == 0

    play(scenario, account_every_s=0.05)


def test_a_new_connection_asks_anew(play: Any) -> None:
    async def scenario(world: Any) -> None:
        await world.connected()
        await world.until(lambda: latest(world).day_pnl_usd == 0)
        first = world.gateway.connection.opened_at
        world.breaks("drop")
        await world.until(lambda: world.gateway.connection.opened_at != first, "not opened anew")
        await world.connected()
        world.notes.forget()
        world.breaks("cash", price="1")
        await world.until(lambda: world.notes.all("account"), "no account was told")
        await world.until(lambda: latest(world).day_pnl_usd == 0, "the day was not said again")

    play(scenario, account_every_s=0.05)

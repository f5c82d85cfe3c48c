"""What any gateway does, shown by the broker adapter on a socket to the simulated exchange."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from quanticity.domain.errors import NotConnected, PermanentError
from quanticity.domain.instruments import OptionContract, Right
from quanticity.domain.orders import OrderStatus
from quanticity.gateway.ports import ConnectionState

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]


# Market data.


def test_1_it_connects_and_names_the_account(play) -> None:
    async def scenario(world) -> None:
        await world.connected()
        connection = world.gateway.connection

        assert (connection.account, connection.server_version) == ("DU1000001", 176)
        assert world.notes.all("account")[-1].buying_power_usd > 0

    play(scenario)


def test_2_quotes_prints_and_books_arrive(play) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch(["SPY", "AAPL"], ["SPY"])
        await world.until(lambda: world.notes.all("book") and len(world.notes.all("trade")) > 20)
        await world.until(
            lambda: {q.instrument for q in world.notes.all("quote")} >= {"SPY", "AAPL"}
        )

        assert all(q.bid < q.ask for q in world.notes.all("quote") if q.bid and q.ask)
        assert all(t.price > 0 and t.size > 0 for t in world.notes.all("trade"))
        assert {t.venue for t in world.notes.all("trade") if t.instrument == "SPY"} - {""}
        bids = world.notes.all("book")[-1].bids  # ten rows of venues, some at one price
        assert len({level.price for level in bids}) == len(bids) >= 7

    play(scenario)


def test_3_five_second_bars_arrive(play) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch(["SPY"], [])
        await world.until(lambda: len(world.notes.all("bar")) > 2)
        bars = world.notes.all("bar")

        assert all(bar.low <= bar.open <= bar.high and bar.n5 == 1 for bar in bars)
        assert all((bar.open_at.timestamp() % 5) == 0 for bar in bars)

    play(scenario, speed=10)


def test_4_a_chain_is_told_as_columns(play) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch_chain("SPY")
        await world.until(
            lambda: any((c.open_interest > 0).mean() > 0.9 for c in world.notes.all("chain"))
        )
        chain = world.notes.all("chain")[-1]

        assert (chain.feed, chain.multiplier, chain.european) == ("ibkr", 100, False)
        assert [one.dte_sess for one in chain.expiries] == [0, 1, 2, 3, 9]
        assert np.nanmean(chain.ask - chain.bid) > 0
        assert world.gateway.connection.data_lines <= 96

    play(scenario)


def test_5_a_held_contract_is_streamed_before_the_chain(play) -> None:
    far = OptionContract("SPY", date(2025, 11, 21), Right.CALL, Decimal(700))

    async def scenario(world) -> None:
        await world.connected()
        await world.gateway.feed.hold([far])
        await world.until(lambda: far in {q.contract for q in world.notes.all("contract_quote")})
        await world.gateway.feed.hold([])

    play(scenario)


@pytest.mark.parametrize(("bar", "days", "most"), [("1 min", 2, 780), ("1 day", 20, 20)])
def test_6_history_is_oldest_first(play, bar: str, days: int, most: int) -> None:
    async def scenario(world) -> None:
        await world.connected()
        bars = await world.gateway.feed.history("SPY", bar, days)

        assert 10 < len(bars) <= most
        assert list(bars) == sorted(bars, key=lambda one: one.open_at)
        assert bars[-1].open_at <= datetime(2025, 11, 21, 16, 0, tzinfo=UTC)

    play(scenario)


# Orders.


def test_7_a_contract_that_does_not_exist_is_refused(play) -> None:
    async def scenario(world) -> None:
        await world.connected()
        nowhere = OptionContract("SPY", date(2025, 11, 22), Right.CALL, Decimal("600.5"))

        with pytest.raises(PermanentError):
            await world.gateway.trading.qualify(nowhere)

    play(scenario)


def test_8_a_qualified_contract_has_its_increments(play) -> None:
    async def scenario(world) -> None:
        contract, _ = await world.contract()
        details = await world.gateway.trading.qualify(contract)

        assert (details.contract, details.underlying, details.multiplier) == (contract, "SPY", 100)
        assert details.increments[0][1] in {Decimal("0.01"), Decimal("0.05")}

    play(scenario)


def test_9_a_bracket_fills_and_its_children_work(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        await world.until(lambda: world.notes.all("commission"))
        entry, target, stop = plan.refs
        await world.until(lambda: world.last(stop) is OrderStatus.WORKING)
        (fill,) = world.notes.all("fill")

        assert (fill.order_ref, fill.quantity, fill.con_id) == (entry, 2, plan.con_id)
        assert fill.price <= plan.price
        assert world.notes.all("commission") == [(fill.exec_id, Decimal("1.3"), "USD")]
        assert [world.last(ref) for ref in (entry, target)] == [
            OrderStatus.FILLED,
            OrderStatus.WORKING,
        ]

    play(scenario)


def test_10_a_child_is_amended_in_place(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        higher = plan.stop(Decimal("0.40"))
        await world.gateway.trading.amend(plan.first + 2, plan.con_id, higher)
        update = world.orders(plan.refs[2])[-1]

        assert (update.stop_price, update.status) == (Decimal("0.4"), OrderStatus.WORKING)

    play(scenario)


def test_11_cancelling_is_told_by_an_update(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain(Decimal("0.05")))
        await world.gateway.trading.cancel(plan.first)
        await world.until(
            lambda: [world.last(ref) for ref in plan.refs] == [OrderStatus.CANCELLED] * 3
        )

        with pytest.raises(PermanentError, match="CANCELLED"):
            await world.gateway.trading.amend(plan.first, plan.con_id, plan.entry())

    play(scenario)


def test_12_a_refused_price_is_a_permanent_error(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        ticket = plan.entry(Decimal("1.0031"))

        with pytest.raises(PermanentError, match="110"):
            await world.gateway.trading.place([(plan.first, plan.con_id, ticket)])
        assert world.last(ticket.order_ref) is OrderStatus.REJECTED

    play(scenario)


def test_13_both_sides_of_one_option_are_a_permanent_error(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        again = await world.bracket("b")

        with pytest.raises(PermanentError, match="201"):
            await world.gateway.trading.place(
                [(again.first, plan.con_id, again.entry(Decimal("0.05")))]
            )

    play(scenario)


def test_14_an_order_id_is_used_once(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())

        with pytest.raises(PermanentError, match="unused"):
            await world.gateway.trading.place(plan.chain())
        assert await world.gateway.trading.next_order_id() == plan.first + 3

    play(scenario)


def test_15_facts_are_complete(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        await world.until(lambda: world.last(plan.refs[0]) is OrderStatus.FILLED)
        facts = await world.gateway.trading.facts()

        assert [(h.occ, h.quantity) for h in facts.holdings] == [(plan.contract.occ, 2)]
        assert {u.order_ref for u in facts.open_orders} == set(plan.refs[1:])
        assert [(u.order_ref, u.filled) for u in facts.completed_orders] == [(plan.refs[0], 2)]
        assert [f.order_ref for f in facts.fills] == [plan.refs[0]]
        assert facts.account is not None

    play(scenario)


def test_16_a_question_what_if_sends_nothing(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        margin = await world.gateway.trading.what_if(plan.first, plan.con_id, plan.entry())
        facts = await world.gateway.trading.facts()

        cost = plan.price * plan.quantity * 100
        assert margin.initial_after_usd == 0
        assert margin.equity_after_usd < 1_000_000 - cost
        assert margin.commission_usd > 0
        assert (facts.open_orders, facts.completed_orders) == ((), ())

    play(scenario)


def test_17_after_a_reconnect_everything_is_told_anew(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        await world.until(lambda: world.notes.all("commission"))
        world.notes.forget()
        world.breaks("drop")
        await world.until(lambda: world.state is ConnectionState.DISCONNECTED)
        await world.connected()

        assert [fill.order_ref for fill in world.notes.all("fill")] == [plan.refs[0]]
        assert len(world.notes.all("commission")) == 1
        assert [world.last(ref) for ref in plan.refs] == [
            OrderStatus.FILLED,
            OrderStatus.WORKING,
            OrderStatus.WORKING,
        ]

    play(scenario)


def test_18_while_it_is_down_nothing_is_sent(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.breaks("refuse_for", for_s=3.0)
        await world.until(lambda: world.state is ConnectionState.DISCONNECTED)

        with pytest.raises(NotConnected):
            await world.gateway.trading.place(plan.chain())
        with pytest.raises(NotConnected):
            await world.gateway.trading.facts()

    play(scenario)


def test_19_the_brokers_clock_is_told(play) -> None:
    async def scenario(world) -> None:
        await world.until(lambda: world.notes.all("broker_time"))
        broker_at, round_trip_s = world.notes.all("broker_time")[0]

        assert abs(broker_at - datetime(2025, 11, 21, 15, 0, tzinfo=UTC)).total_seconds() < 10
        assert 0 <= round_trip_s < 1

    play(scenario)


def test_20_running_ends_only_when_cancelled(play) -> None:
    async def scenario(world) -> None:
        await world.connected()
        world.breaks("drop")
        await world.until(lambda: world.state is ConnectionState.DISCONNECTED)
        await asyncio.sleep(0)
        await world.connected()

    play(scenario)

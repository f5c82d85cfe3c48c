"""The adapter when things go wrong: nothing is lost, doubled or believed too soon."""

import asyncio

import pytest

from quanticity.domain.errors import ConfigError, NotConnected, TemporaryError
from quanticity.domain.orders import OrderStatus
from quanticity.gateway.ibkr.gateway import IbkrGateway
from quanticity.gateway.ports import ConnectionState as State

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]


async def settled(world, plan) -> None:
    """Wait for the connection, then for everything the broker has to say about the plan."""
    await world.until(lambda: world.state is State.DISCONNECTED)
    await world.connected()


# The link.


@pytest.mark.parametrize("code", [1101, 1102], ids=["data lost", "data kept"])
def test_an_outage_is_blindness_and_then_everything_ticks_again(play, code: int) -> None:
    async def scenario(world) -> None:
        await world.contract()
        world.breaks("outage", for_s=10, code=code)
        await world.until(lambda: world.state is State.BLIND)
        await world.connected()
        world.notes.forget()
        took_s = await world.until(
            lambda: len(world.notes.all("contract_quote")) > 20 and world.notes.all("quote")
        )

        assert took_s < 5

    play(scenario, speed=5, fresh_tick_s=0.5)


def test_during_an_outage_nothing_is_sent(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.breaks("outage", for_s=60)
        await world.until(lambda: world.state is State.BLIND)

        with pytest.raises(NotConnected):
            await world.gateway.trading.place(plan.chain())
        with pytest.raises(NotConnected):
            await world.gateway.trading.cancel(plan.first)

    play(scenario)


def test_a_market_that_stands_still_is_blindness(play) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch(["SPY"], [])
        await world.until(lambda: world.notes.all("quote"))
        world.breaks("mute", for_s=30)
        await world.until(lambda: world.state is State.BLIND)
        await world.connected()

        assert world.gateway.counters["reconnects"] == 0

    play(scenario, speed=10, blind_floor_s=0.2)


def test_prices_that_stay_away_are_asked_for_again(play) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch(["SPY"], [])
        await world.until(lambda: world.notes.all("quote"))
        world.breaks("mute", for_s=120)
        await world.until(lambda: world.gateway.counters["silent_resubscriptions"] > 0)

        assert State.BLIND in {c.state for c in world.notes.all("connection")}

    play(scenario, speed=10, resubscribe_after_s=1.5, heartbeat_s=0.1, blind_floor_s=0.2)


def test_a_broken_farm_degrades_the_connection(play) -> None:
    async def scenario(world) -> None:
        await world.connected()
        world.breaks("error", code=2103, text="Market data farm connection is broken:usopt")
        await world.until(lambda: world.state is State.DEGRADED)
        world.breaks("error", code=2104, text="Market data farm connection is OK:usopt")
        await world.connected()

        assert "usopt" in next(
            c.detail for c in world.notes.all("connection") if c.state is State.DEGRADED
        )

    play(scenario)


def test_an_open_socket_that_is_dumb_is_replaced(play) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch(["SPY"], [])
        await world.until(lambda: world.notes.all("quote"))
        world.breaks("stall", for_s=3)
        await world.until(lambda: world.gateway.counters["hung_sockets"] == 1)
        await world.connected()
        world.notes.forget()
        await world.until(lambda: world.notes.all("quote"))

    play(scenario, probe_every_s=0.3, probe_s=0.4, connect_s=1.0)


def test_a_restart_is_waited_out_and_everything_comes_back_at_once(play) -> None:
    async def scenario(world) -> None:
        await world.contract()
        world.breaks("refuse_for", for_s=4)
        await world.until(lambda: world.state is State.DISCONNECTED)
        world.notes.forget()
        await world.connected()
        took_s = await world.until(
            lambda: world.notes.all("quote") and len(world.notes.all("contract_quote")) > 50
        )

        assert took_s < 5

    play(scenario)


def test_garbage_on_the_wire_is_survived(play) -> None:
    async def scenario(world) -> None:
        await world.gateway.feed.watch(["SPY"], [])
        await world.until(lambda: world.notes.all("quote"))
        world.breaks("garbage")
        await asyncio.sleep(0.2)
        world.notes.forget()
        await world.until(lambda: world.notes.all("quote"))

        assert await world.gateway.trading.facts()

    play(scenario)


def test_a_client_id_in_use_is_tried_again(play) -> None:
    async def scenario(world) -> None:
        await world.connected()
        port = world.server.port
        twin = IbkrGateway("127.0.0.1", port, 1, "DU1000001", world.notes, world.settings)
        running = asyncio.create_task(twin.run())
        await world.until(lambda: "326" in twin.connection.detail)

        assert twin.connection.state is State.DISCONNECTED
        assert world.state is State.CONNECTED
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    play(scenario)


def test_an_account_that_is_not_the_logins_is_refused(play) -> None:
    async def scenario(world) -> None:
        port = world.server.port
        foreign = IbkrGateway("127.0.0.1", port, 9, "U7654321", world.notes, world.settings)

        with pytest.raises(ConfigError, match="U7654321"):
            await foreign.run()

    play(scenario)


# Orders.


def test_an_order_whose_answer_is_lost_is_found_by_its_reference(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.on_next("after_order", "drop", n=3)
        with pytest.raises(TemporaryError):
            await world.gateway.trading.place(plan.chain())
        await settled(world, plan)
        facts = await world.gateway.trading.facts()
        told = [u.order_ref for u in (*facts.open_orders, *facts.completed_orders)]

        assert sorted(told) == sorted(plan.refs)
        assert [fill.quantity for fill in facts.fills] == [2]

    play(scenario)


def test_an_order_lost_on_its_way_is_provably_absent(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.on_next("order", "drop")
        with pytest.raises(TemporaryError):
            await world.gateway.trading.place(plan.chain())
        await settled(world, plan)
        facts = await world.gateway.trading.facts()

        assert (facts.open_orders, facts.completed_orders, facts.fills) == ((), (), ())

    play(scenario)


def test_an_order_without_an_answer_is_unknown_not_refused(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.on_next("order", "swallow")

        with pytest.raises(TemporaryError, match=plan.refs[0]):
            await world.gateway.trading.place([plan.chain()[0]])
        assert world.gateway.counters["requests_expired"] == 1

    play(scenario, order_ack_s=0.4)


def test_an_execution_told_twice_is_one_fill(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.on_next("fill", "duplicate")
        await world.gateway.trading.place(plan.chain())
        await world.until(lambda: world.notes.all("commission"))
        await world.gateway.trading.facts()

        assert len(world.notes.all("fill")) == 1

    play(scenario)


def test_a_commission_before_its_execution_is_kept(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.on_next("fill", "reorder")
        await world.gateway.trading.place(plan.chain())
        await world.until(lambda: world.notes.all("fill") and world.notes.all("commission"))

        assert world.notes.all("commission")[0][0] == world.notes.all("fill")[0].exec_id

    play(scenario)


def test_a_correction_is_a_fill_of_a_higher_revision(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        world.on_next("fill", "correct", price="1.11", for_s=0.2)
        await world.gateway.trading.place(plan.chain())
        await world.until(lambda: len(world.notes.all("fill")) > 1)
        first, second = world.notes.all("fill")[:2]

        assert first.base_exec_id == second.base_exec_id
        assert (second.revision, str(second.price)) == (first.revision + 1, "1.11")

    play(scenario)


@pytest.mark.parametrize("code", [10349, 399])
def test_a_notice_about_a_working_order_changes_nothing(play, code: int) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        stop = plan.refs[2]
        await world.until(lambda: world.last(stop) is OrderStatus.WORKING)
        world.server.floor.links()[0].error(plan.first + 2, code, "a notice")
        await world.until(lambda: world.orders(stop)[-1].error_code == code)

        assert world.last(stop) is OrderStatus.WORKING
        await world.gateway.trading.amend(plan.first + 2, plan.con_id, plan.stop())

    play(scenario)


def test_an_unreadable_error_is_unknown_until_the_broker_was_asked(play) -> None:
    async def scenario(world) -> None:
        plan = await world.bracket()
        await world.gateway.trading.place(plan.chain())
        stop = plan.refs[2]
        await world.until(lambda: world.last(stop) is OrderStatus.WORKING)
        world.notes.forget()
        world.server.floor.links()[0].error(plan.first + 2, 10399, "something new")
        await world.until(lambda: world.last(stop) is OrderStatus.WORKING)

        assert world.orders(stop)[0].status is OrderStatus.UNKNOWN

    play(scenario)


def test_facts_with_an_end_missing_are_no_facts(play, monkeypatch) -> None:
    async def scenario(world) -> None:
        await world.connected()
        monkeypatch.setattr("quanticity.gateway.ibkr.tap.Tap.openOrderEnd", lambda self: None)

        with pytest.raises(TemporaryError, match="open orders"):
            await world.gateway.trading.facts()

    play(scenario, facts_s=0.2)


def test_three_answers_missing_in_a_row_end_the_socket(play, monkeypatch) -> None:
    async def scenario(world) -> None:
        await world.connected()
        monkeypatch.setattr(
            "quanticity.gateway.ibkr.tap.Tap.accountDownloadEnd", lambda self, account: None
        )
        for _ in range(3):
            with pytest.raises(TemporaryError):
                await world.gateway.trading.facts()
        monkeypatch.undo()
        await settled(world, None)

        assert await world.gateway.trading.facts()

    play(scenario, facts_s=0.1)


def test_a_connection_without_its_books_is_not_believed(play, monkeypatch) -> None:
    async def scenario(world) -> None:
        monkeypatch.setattr("quanticity.gateway.ibkr.tap.Tap.positionEnd", lambda self: None)
        await world.until(lambda: world.gateway.counters["reconnects"] > 0)

        assert State.CONNECTED not in {c.state for c in world.notes.all("connection")}

    play(scenario, facts_s=0.2)

"""Orders from commit to the last cent against the exchange, through the broker's own client.

After each scenario our books equal the exchange's ledger, and no order works on one side alone.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from execution import selectors
from execution.models import Order, OrderIntent, Position, PositionEvent, RiskEvent
from execution.services import managing, operating
from quanticity.domain.orders import ExitReason, TradingState
from quanticity.gateway.simulated.fault_script import Action, At, Fault
from tests.workflows.exchange_desk import Desk

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.enable_socket, pytest.mark.timeout(40)
]  # fmt: skip


def kinds() -> list[str]:
    return list(PositionEvent.objects.order_by("seq").values_list("kind", flat=True))


def position() -> Position:
    return Position.objects.get()


def is_over() -> bool:
    return Position.objects.filter(state__in=("CLOSED", "SETTLED")).exists()


async def flatten(desk: Desk) -> None:
    operating.flatten(actor="ann", reason="drill")
    await desk.until(is_over, 60)


# --- entries -------------------------------------------------------------------------------------


def test_a_full_fill_is_split_into_tranches(trade) -> None:
    async def scenario(desk: Desk) -> None:
        held = await desk.hold(5)

        assert sorted(n for n, _ in desk.stops().values()) == [1, 2, 2]
        assert sorted(n for n, _ in desk.targets().values()) == [1, 2, 2]
        assert len({price for _, price in desk.targets().values()}) == 3
        assert (held.quantity_open, held.naked_ms, kinds()) == (5, 0, ["ENTRY"])
        assert len(PositionEvent.objects.get().facts["targets"]) == 3

    trade(scenario)


def test_a_part_that_is_filled_is_a_trade_and_the_rest_is_given_up(trade) -> None:
    async def scenario(desk: Desk) -> None:
        intent = await desk.enter(5)
        await desk.until(lambda: desk.is_whole(intent.pk), 60)

        assert OrderIntent.objects.get().state == "CANCELLED"
        assert (position().quantity_open, min(desk.stops().values())[0]) == (2, 1)
        assert PositionEvent.objects.get().facts["quantity"] == 2

    trade(scenario, Fault(At.ORDER, Action.PARTIAL, quantity=2))


def test_a_part_whose_stop_is_hit_ends_the_entry_too(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.enter(5)
        await desk.pass_time(2)
        assert position().state == "OPENING"
        desk.jump(-0.01)
        await desk.until(is_over, 60)

        assert (position().exit_reason, position().quantity_total) == ("STOP", 2)
        assert kinds() == ["ENTRY", "EXIT"]

    trade(scenario, Fault(At.ORDER, Action.PARTIAL, quantity=2))


def test_an_entry_that_nobody_sells_is_given_up(trade) -> None:
    async def scenario(desk: Desk) -> None:
        intent = await desk.enter(3, limit=Decimal("0.05"))
        await desk.until(lambda: OrderIntent.objects.filter(state="CANCELLED").exists(), 40)

        assert desk.working() == []
        assert not Position.objects.filter(intent=intent).exists()

    trade(scenario)


def test_a_refused_entry_leaves_nothing(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.enter(3)
        await desk.pass_time(3)

        assert OrderIntent.objects.get().state == "REJECTED"
        assert (desk.working(), Position.objects.count()) == ([], 0)

    trade(scenario, Fault(At.ORDER, Action.REJECT, code=201, text="margin"))


def test_a_halt_cancels_the_entry_and_keeps_protection(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(3)
        operating.halt(actor="ann", reason="drill")
        await desk.pass_time(5)

        assert sum(n for n, _ in desk.stops().values()) == 3

    trade(scenario)


def test_a_halt_while_an_entry_works_ends_the_entry(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.enter(3, limit=Decimal("0.05"))
        operating.halt(actor="ann", reason="drill")
        await desk.pass_time(2)

        assert (desk.working(), OrderIntent.objects.get().state) == ([], "CANCELLED")

    trade(scenario)


# --- protection ----------------------------------------------------------------------------------


def test_a_target_takes_its_tranche_and_the_others_stay_protected(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(5)
        near = min(price for _, price in desk.targets().values())
        await climb(desk, near)
        await desk.until(lambda: "SCALE_OUT" in kinds())
        facts = PositionEvent.objects.get(kind="SCALE_OUT").facts

        held = position()
        assert (held.state, held.quantity_open) == ("REDUCING", 4)
        assert sum(n for n, _ in desk.stops().values()) == 4
        assert (facts["quantity"], facts["remaining_quantity"]) == (1, 4)
        assert Decimal(facts["realised_net_usd"]) > 0
        assert len(facts["targets"]) == 2

    trade(scenario)


async def climb(desk: Desk, target: Decimal) -> None:
    """Raise the underlying until the contract's bid has reached a price."""
    for _ in range(40):
        bid = desk.exchange.touch(desk.con_id).bid
        if bid is not None and bid >= target:
            return
        desk.jump(0.0006)
        await desk.pass_time(2)
    raise AssertionError(f"the bid never reached {target}")


def test_a_rising_market_raises_every_stop_and_a_falling_one_none(trade) -> None:
    async def scenario(desk: Desk) -> None:
        held = await desk.hold(5)
        before = {price for _, price in desk.stops().values()}
        await climb(desk, held.entry_price * Decimal("1.20"))
        await desk.pass_time(40)
        raised = sorted(price for _, price in desk.stops().values())

        assert len(before) == 1
        assert raised[0] > max(before)
        assert min(raised) == position().stop_price
        assert sum(n for n, _ in desk.stops().values()) == position().quantity_open
        done = held.replacements.filter(reason="TRAIL", phase="DONE")
        assert done.exists()
        assert max(row.naked_ms for row in done) <= 250

    trade(scenario)


def test_the_stops_end_what_fell(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(5)
        desk.jump(-0.01)
        await desk.until(is_over, 60)

        assert (position().exit_reason, kinds()) == ("STOP", ["ENTRY", "EXIT"])
        assert desk.working() == []

    trade(scenario)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_a_refused_stop_is_placed_again(trade, n: int) -> None:
    async def scenario(desk: Desk) -> None:
        held = await desk.hold(5)

        assert sum(quantity for quantity, _ in desk.stops().values()) == 5
        assert held.naked_ms <= 5_000

    trade(scenario, Fault(At.ORDER, Action.REJECT, n=n, code=201, text="no"))


def test_a_stop_that_the_broker_takes_away_is_placed_again(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(5)
        desk.next_fault("time", Action.CANCEL, text=":S1")
        await desk.pass_time(3)
        await desk.until(lambda: desk.is_whole(position().intent_id))

        assert sum(quantity for quantity, _ in desk.stops().values()) == 5
        assert RiskEvent.objects.filter(code="PROTECTION_REPAIRED").exists()
        assert 0 < position().naked_ms <= 6_000

    trade(scenario)


def test_two_legs_that_fill_at_once_are_bought_back_and_trading_halts(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(3)
        desk.next_fault("time", Action.RACE)
        desk.jump(-0.01)
        await desk.until(lambda: desk.exchange.books.account.quantity(desk.con_id) == 0, 60)
        await desk.until(is_over, 20)

        assert selectors.trading_state() is TradingState.HALTED
        assert RiskEvent.objects.filter(code="SOLD_SHORT").exists()

    trade(scenario)


# --- exits ---------------------------------------------------------------------------------------


def test_an_operators_close_ends_flat(trade) -> None:
    async def scenario(desk: Desk) -> None:
        held = await desk.hold(5)
        operating.close(held.pk, actor="ann", reason="drill")
        await desk.until(is_over, 30)

        assert (position().exit_reason, desk.working()) == ("MANUAL", [])

    trade(scenario)


def test_a_target_that_fills_while_we_leave_is_not_sold_twice(trade) -> None:
    async def scenario(desk: Desk) -> None:
        held = await desk.hold(5)
        managing.begin_exit(held.pk, ExitReason.MANUAL)
        desk.next_fault("cancel", Action.FILL)  # the target fills before its cancellation arrives
        await desk.until(is_over, 40)

        sold = sum(o.filled for o in Order.objects.filter(side="SELL"))
        assert (sold, desk.exchange.books.account.quantity(desk.con_id)) == (5, 0)

    trade(scenario)


def test_a_0dte_is_gone_before_an_early_close(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(3)
        await desk.until(is_over, 120)

        assert position().exit_reason == "TIME"
        assert position().closed_at < datetime(2025, 11, 28, 17, 50, tzinfo=UTC)

    trade(scenario, at=datetime(2025, 11, 28, 17, 44, 45, tzinfo=UTC))


# --- trades made by hand -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_hand", "held"),
    [
        pytest.param(-1, 4, id="one sold"),
        pytest.param(-3, 2, id="most sold"),
        pytest.param(2, 7, id="two bought"),
    ],
)
def test_a_manual_trade_is_part_of_the_trade_and_right_sizes_its_protection(
    trade, by_hand: int, held: int
) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(5)
        desk.next_fault("time", Action.MANUAL, symbol=desk.occ, quantity=by_hand)
        await desk.pass_time(2)
        await desk.compare()
        await desk.until(lambda: desk.is_whole(position().intent_id))

        assert position().quantity_open == held
        assert sum(n for n, _ in desk.stops().values()) == held

    trade(scenario)


def test_a_manual_close_ends_the_trade_and_leaves_nothing_that_could_sell_short(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.hold(5)
        desk.next_fault("time", Action.MANUAL, symbol=desk.occ, quantity=-5)
        await desk.pass_time(2)
        await desk.compare()
        await desk.pass_time(3)

        assert (position().state, position().exit_reason) == ("CLOSED", "MANUAL")
        assert desk.working() == []
        assert kinds()[-1] == "EXIT"

    trade(scenario)

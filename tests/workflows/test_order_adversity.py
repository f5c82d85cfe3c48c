"""A whole trade while the exchange, the line or the news of it go wrong: the books agree after all.

Each fault meets the same trade: five contracts entered, split, and left by an operator.
"""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from execution.models import (
    Fill,
    OrderIntent,
    Position,
    PositionEvent,
    Quarantine,
    RiskEvent,
    Settlement,
    ShareOrder,
)
from execution.operations import OPERATIONS, Wish
from execution.services import operating
from quanticity.domain.market import Bar, Quote
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.fault_script import Action, At, Fault
from quanticity.store import market
from tests.workflows.exchange_desk import Desk

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.enable_socket, pytest.mark.timeout(60)
]  # fmt: skip


def is_over() -> bool:
    """Nothing is held, and nothing is on its way."""
    intents = OrderIntent.objects.exclude(state__in=("FILLED", "CANCELLED", "REJECTED", "EXPIRED"))
    held = Position.objects.exclude(state__in=("CLOSED", "SETTLED"))
    return not intents.exists() and not held.exists()


async def a_whole_trade(desk: Desk) -> None:
    """Enter, wait, leave; come back from whatever cuts the line."""
    await desk.enter(5)
    await live(desk, 8)
    await a_flat_end(desk)


async def a_flat_end(desk: Desk) -> None:
    """Flatten as an operator does, and wait for it."""
    operating.flatten(actor="ann", reason="drill")
    for _ in range(12):
        if is_over():
            break
        await live(desk, 5)
    assert is_over(), desk.story()


async def live(desk: Desk, seconds: int) -> None:
    """Let time pass; reconnect and compare when the line is gone, ask when an order is in doubt."""
    for _ in range(seconds):
        if not desk.is_linked:
            await desk.linked()
        await desk.pass_time(1)
    await desk.server.beat()
    if not desk.is_linked:
        await desk.linked()
    await desk.compare()


def one_entry(desk: Desk) -> bool:
    """Whether the entry was bought once, or not at all."""
    bought = sum(o.filled for o in desk.exchange.books.orders.values() if o.is_buy)
    return bought in (0, 5)


DROPS = [(at, n) for at in ("order", "after_order") for n in range(1, 8)]


@pytest.mark.parametrize(("at", "n"), [pytest.param(*d, id=f"{d[0]} {d[1]}") for d in DROPS])
def test_a_line_cut_at_any_order(trade, at: str, n: int) -> None:
    async def scenario(desk: Desk) -> None:
        await a_whole_trade(desk)

        assert one_entry(desk), desk.story()

    trade(scenario, Fault(At(at), Action.DROP, n=n))


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_line_cut_at_a_fill(trade, n: int) -> None:
    async def scenario(desk: Desk) -> None:
        await a_whole_trade(desk)

        assert one_entry(desk), desk.story()

    trade(scenario, Fault(At.FILL, Action.DROP, n=n))


OFF_TICK = Fault(At.ORDER, Action.REJECT, code=110, text="the minimum price variation")
NEWS = [
    pytest.param([Fault(At.FILL, Action.DUPLICATE)], id="the fill is told twice"),
    pytest.param([Fault(At.FILL, Action.REORDER)], id="the cost comes first"),
    pytest.param([Fault(At.FILL, Action.STATUS_FIRST)], id="the status comes first"),
    pytest.param([Fault(At.FILL, Action.LATE_EXECUTION, for_s=4)], id="the fill comes late"),
    pytest.param([Fault(At.FILL, Action.LATE_COMMISSION, for_s=6)], id="the cost comes late"),
    pytest.param([Fault(At.ORDER, Action.SWALLOW)], id="the entry is lost"),
    pytest.param([Fault(At.AFTER_ORDER, Action.SWALLOW)], id="the answer is lost"),
    pytest.param([Fault(At.ORDER, Action.NOTICE, code=399, text="held")], id="a mere notice"),
    pytest.param([Fault(At.ORDER, Action.NOTICE, n=3, code=10349, text="TIF")], id="a preset"),
    pytest.param([Fault(At.REVISE, Action.REJECT, code=10326, text="no")], id="amendment refused"),
    pytest.param([OFF_TICK], id="the entry is off tick"),
    pytest.param([replace(OFF_TICK, n=2)], id="the target is off tick"),
    pytest.param([replace(OFF_TICK, n=3)], id="the stop is off tick"),
    pytest.param([replace(OFF_TICK, n=4)], id="a tranche's stop is off tick"),
    pytest.param([replace(OFF_TICK, n=7)], id="a later order is off tick"),
    pytest.param([replace(OFF_TICK, at=At.REVISE)], id="an amendment is off tick"),
    pytest.param([Fault(At.CANCEL, Action.LATE, for_s=3)], id="the cancellation is late"),
    pytest.param([Fault(At.CANCEL, Action.SWALLOW)], id="the cancellation is lost"),
]


@pytest.mark.parametrize("faults", NEWS)
def test_news_that_goes_wrong(trade, faults: list[Fault]) -> None:
    async def scenario(desk: Desk) -> None:
        await a_whole_trade(desk)

        assert one_entry(desk), desk.story()

    trade(scenario, *faults)


def test_a_corrected_fill_is_told_and_counted(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await a_whole_trade(desk)
        kinds = list(PositionEvent.objects.order_by("seq").values_list("kind", flat=True))

        assert Fill.objects.filter(revision=2).count() == 1
        assert kinds.count("CORRECTION") >= 1
        assert Position.objects.get().entry_price == Decimal("1.50")

    trade(scenario, Fault(At.FILL, Action.CORRECT, for_s=4, price="1.50"))


def test_a_busted_entry_was_no_trade_and_leaves_no_order(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.enter(5)
        await live(desk, 12)

        assert desk.exchange.books.account.quantity(desk.con_id) == 0
        assert desk.working() == [], desk.story()
        assert Position.objects.get().quantity_open == 0

    trade(scenario, Fault(At.FILL, Action.BUST, for_s=4))


def test_a_fill_corrected_to_fewer_shrinks_the_protection(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.enter(5)
        await live(desk, 12)

        assert Position.objects.get().quantity_open == 2
        assert sum(n for n, _ in desk.stops().values()) == 2, desk.story()
        await a_flat_end(desk)

    trade(scenario, Fault(At.FILL, Action.CORRECT, for_s=4, quantity=2))


def test_a_night_passes_over_an_open_position(trade) -> None:
    async def scenario(desk: Desk) -> None:
        desk.choose(days=3)
        held = await desk.hold(5)
        desk.next_fault("time", Action.REFUSE, for_s=600)
        await desk.server.beat()
        await desk.unlinked()
        desk.at.advance(900)
        await desk.linked()
        await live(desk, 5)

        held.refresh_from_db()
        assert sum(n for n, _ in desk.stops().values()) == held.quantity_open > 0
        assert held.state in ("OPEN", "REDUCING")

    trade(scenario)


async def a_night_over_expiry(desk: Desk, moved: float) -> Position:
    """Hold one call over its expiry, the market having moved by that fraction."""
    held = await desk.hold(1)
    # The desk is away from here until the night; the broker's orders end with the day's cut.
    desk.next_fault("time", Action.CANCEL, text=":S1")
    await desk.server.beat()
    desk.next_fault("time", Action.CANCEL, text=":T1")
    await desk.server.beat()
    desk.jump(moved)
    desk.at.at = datetime(2025, 11, 22, 1, 0, 5, tzinfo=UTC)
    await desk.server.beat()
    market.add_bars("SPY", "1day", [official_bar(desk)])
    await desk.turn()
    return held


def official_bar(desk: Desk) -> Bar:
    """Friday's bar at its official close."""
    at = datetime(2025, 11, 21, 21, 0, tzinfo=UTC)
    price = float(round(desk.exchange.market.spot("SPY", at), 2))
    opened = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
    return Bar("SPY", opened, price, price, price, price, 1.0, price)


@pytest.mark.parametrize(
    ("moved", "exercised"),
    [pytest.param(-0.03, False, id="worthless"), pytest.param(0.01, True, id="in the money")],
)
def test_what_is_held_at_expiry_is_settled_at_the_official_close(
    trade, moved: float, exercised: bool
) -> None:
    async def scenario(desk: Desk) -> None:
        held = await a_night_over_expiry(desk, moved)
        close = official_bar(desk).close

        row = Settlement.objects.get()
        strike = Decimal(desk.occ[-8:]) / 1000
        assert (row.exercised, row.price) == (exercised, max(Decimal(str(close)) - strike, 0))
        position = Position.objects.get(pk=held.pk)
        assert (position.state, position.exit_reason) == ("SETTLED", "EXPIRY")
        assert position.events.last() is not None
        assert position.events.order_by("seq").last().kind == "EXPIRY"

    trade(scenario)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        pytest.param("mini", "MULTIPLIER_MISMATCH", id="ten shares a contract"),
        pytest.param("closed", "SESSION_CLOSED", id="no hours today"),
        pytest.param("twice", "CONTRACT_AMBIGUOUS", id="two of them"),
    ],
)
def test_a_contract_that_is_described_otherwise_is_never_bought(trade, how: str, code: str) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.enter(3)

        intent, denied = OrderIntent.objects.get(), RiskEvent.objects.get()
        assert (intent.state, intent.denied_by, denied.code) == ("REJECTED", code, code)
        assert not desk.exchange.books.orders, desk.story()

    trade(scenario, Fault(At.TIME, Action.DESCRIBE, after_s=0, text=how))


def test_shares_of_an_exercise_are_closed_next_session_by_an_operators_word(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await a_night_over_expiry(desk, 0.01)
        account, number = desk.exchange.books.account, listing.symbol_of_root("SPY").con_id
        assert account.quantity(number) == 100
        desk.at.at = datetime(2025, 11, 24, 15, 0, tzinfo=UTC)  # Monday, 10:00 in New York
        await desk.server.beat()
        await live(desk, 1)
        await desk.compare()
        assert Quarantine.objects.get(ended_at=None).kind == "SHARES_EXERCISED"

        touch, now = desk.exchange.touch(number), desk.at.at
        bid, ask = float(touch.bid), float(touch.ask)
        market.write_quote(Quote("SPY", bid, ask, 9.0, 9.0, None, now, now))
        OPERATIONS["shares"].do(Wish("SPY", "ann", "exercised on Friday"))
        await desk.turn()
        await live(desk, 1)

        row = ShareOrder.objects.get()
        assert (row.state, row.side, row.filled) == ("FILLED", "SELL", 100), desk.story()
        assert account.quantity(number) == 0
        desk.at.advance(11)
        await desk.compare()
        assert not Quarantine.objects.filter(ended_at=None).exists()

    trade(scenario)


def in_coarse_ticks(desk: Desk) -> bool:
    """Whether every price at the exchange is a multiple of five cents, of ten from 3 dollars."""
    orders = desk.exchange.books.orders.values()
    prices = [one for o in orders for one in (o.limit, o.aux) if one is not None]
    return all(price % Decimal("0.10" if price >= 3 else "0.05") == 0 for price in prices)


def test_prices_that_miss_the_brokers_ticks_are_rounded_before_they_leave(trade) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.enter(5, desk.ask() + Decimal("0.07"))
        await live(desk, 8)

        assert Position.objects.get().quantity_total == 5, desk.story()
        assert in_coarse_ticks(desk), desk.story()
        await a_flat_end(desk)

    trade(scenario, Fault(At.TIME, Action.DESCRIBE, after_s=0, text="coarse"))


def test_an_entry_refused_for_its_tick_is_sent_once_more_at_another(trade) -> None:
    async def scenario(desk: Desk) -> None:
        intent = await desk.enter(5, desk.ask() + Decimal("0.07"))
        await live(desk, 8)

        entry = intent.orders.get(role="E")
        assert (entry.state, entry.order_id) == ("FILLED", 4), desk.story()
        assert in_coarse_ticks(desk), desk.story()
        await a_flat_end(desk)

    trade(scenario, OFF_TICK)


def test_an_entry_refused_twice_for_its_tick_is_not_bought(trade) -> None:
    async def scenario(desk: Desk) -> None:
        intent = await desk.enter(5)
        await live(desk, 8)

        intent.refresh_from_db()
        assert intent.state == "REJECTED", desk.story()
        assert {o.status for o in desk.exchange.books.orders.values()} == set()

    trade(scenario, OFF_TICK, replace(OFF_TICK, n=4))

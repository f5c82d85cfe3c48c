"""From a committed intent to its orders at the exchange, and how long a replaced stop is away."""

import time
from collections.abc import Sequence
from decimal import Decimal
from statistics import quantiles

import pytest

from execution.models import BracketReplace, Order
from execution.services import booking, replacing
from tests.workflows.conftest import seeded_market, trade  # noqa: F401 - fixtures
from tests.workflows.exchange_desk import Desk

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.enable_socket, pytest.mark.timeout(300)
]  # fmt: skip
ROUNDS, REPLACEMENTS = 30, 120


def said(what: str, seconds: Sequence[float]) -> None:
    ms = sorted(one * 1_000 for one in seconds)
    low, middle, high = quantiles(ms, n=4)
    p99 = quantiles(ms, n=100)[-1]
    print(
        f"\n{what}, {len(ms)} times, ms:"
        f" q1 {low:.1f} median {middle:.1f} q3 {high:.1f} p99 {p99:.1f} max {ms[-1]:.1f}"
    )


def test_committed_orders_are_acknowledged(trade) -> None:  # noqa: F811 - the fixture
    took: list[float] = []

    async def scenario(desk: Desk) -> None:
        for _ in range(ROUNDS):
            intent = desk.intend(1, limit=Decimal("0.05"))
            started = time.perf_counter()
            await desk.process._send_owed(1)
            took.append(time.perf_counter() - started)
            Order.objects.filter(intent=intent, role="E").update(cancel_wanted_at=desk.at.at)
            await desk.pass_time(1)

    trade(scenario)

    said("a committed bracket to its acknowledgement", took)


def test_a_replaced_stop_is_away_so_long(trade) -> None:  # noqa: F811 - the fixture
    took: list[float] = []

    async def one(desk: Desk) -> None:
        """The process's own steps of one replacement; the clock of the gap is the machine's."""
        gone = None
        while BracketReplace.objects.filter(ended_at=None).exists():
            await desk.process._send_owed(1)
            await desk.hear()
            touched = _written(desk)
            phase = BracketReplace.objects.latest("pk").phase
            booking.book_held(touched)
            now = BracketReplace.objects.latest("pk").phase
            if (phase, now) == ("STOP_OFF", "STOP_ON"):
                gone = time.perf_counter()
            if gone is not None and now == "TARGET_ON":
                took.append(time.perf_counter() - gone)
                gone = None

    async def scenario(desk: Desk) -> None:
        held = await desk.hold(5)
        for _ in range(REPLACEMENTS):
            tranche = held.tranches.get(number=1)
            assert replacing.begin(held, tranche, held.stop_price, "TRAIL")
            await one(desk)

    trade(scenario)

    said("a stop's end to the next one's acknowledgement", took)


def _written(desk: Desk) -> set[str]:
    from quanticity.management.gateway.scribe import write_facts

    money = desk.process.listener.money
    return write_facts([money.popleft() for _ in range(len(money))])

"""The gateway process, piece by piece, on a broker by hand."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from execution.models import (
    AccountValues,
    Commission,
    Fill,
    Order,
    OrderEvent,
    OrderIntent,
    Reconciliation,
    RiskEvent,
)
from execution.services import broker
from quanticity.celery import app
from quanticity.domain.errors import PermanentError, TemporaryError
from quanticity.domain.orders import Account
from quanticity.gateway.ports import BrokerFacts, Connection, ConnectionState, ContractDetails
from quanticity.management.gateway.listener import CommissionFact
from quanticity.management.gateway.process import GatewayProcess, write_facts
from quanticity.store import health
from quanticity.store.client import StoreDown
from quanticity.tasking import nudge
from tests import factories, racing
from tests.factories import NOON, fill, ref, update
from tests.fakes import FakeBroker

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("noon", "store", "disk"),
    pytest.mark.enable_socket,
]
MILLION = Decimal(1_000_000)


@pytest.fixture
def disk(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A database in a file: the process's rows are written by a thread of its own."""
    with racing.on_disk(tmp_path):
        yield


class Silent(FakeBroker):
    """A broker that does not answer in time."""

    async def facts(self) -> BrokerFacts:
        raise TemporaryError("no answer")

    async def qualify(self, contract: Any) -> ContractDetails:
        raise TemporaryError("no answer")


class Refusing(FakeBroker):
    """A broker that knows no such contract."""

    async def qualify(self, contract: Any) -> ContractDetails:
        raise PermanentError("no such contract")


class FakeGateway:
    """What the process holds of a gateway."""

    def __init__(self, trading: FakeBroker) -> None:
        self.trading, self.counters = trading, {"messages": 3}


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayProcess]:
    """A process that is not running; its hints are executed on the spot, in its loop."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    made = GatewayProcess("127.0.0.1", 1)
    monkeypatch.setattr(made.hands, "nudge", nudge)
    attach(made, FakeBroker(made.listener))
    yield made
    made.hands.sql.submit(lambda: connection.close()).result()  # noqa: PLW0108 - the thread's own
    made.hands.shutdown()
    app.conf.update(task_always_eager=False, task_eager_propagates=False)


def attach(process: GatewayProcess, trading: FakeBroker) -> FakeBroker:
    process.gateway = FakeGateway(trading)  # type: ignore[assignment]
    return trading


def theirs(process: GatewayProcess) -> FakeBroker:
    trading = process.gateway.trading
    assert isinstance(trading, FakeBroker)
    return trading


def send_owed(process: GatewayProcess) -> None:
    async def run() -> None:
        for chain in broker.take_submissions(1, 1):
            await process._send(chain)

    asyncio.run(run())


def states() -> set[str]:
    return set(Order.objects.values_list("state", flat=True))


def test_facts_are_written_and_their_intents_named() -> None:
    intent = factories.intent()
    bought = fill(ref(intent, "E"), 3, "2.00")

    touched = write_facts(
        [
            update(ref(intent, "E"), "WORKING"), bought, update("", "WORKING"),
            CommissionFact(bought.exec_id, Decimal("1.95"), "USD"),
            Account("DU1", MILLION, MILLION, MILLION, MILLION, NOON),
        ]
    )  # fmt: skip

    assert touched == {intent.pk}
    counts = [m.objects.count() for m in (OrderEvent, Fill, Commission, AccountValues)]
    assert counts == [3, 1, 1, 1]


def test_a_chain_is_sent_with_its_contracts_id(process: GatewayProcess) -> None:
    intent = factories.intent()

    send_owed(process)

    assert theirs(process).arrived == [ref(intent, role) for role in "ETS"]
    assert set(Order.objects.values_list("con_id", flat=True)) == {77}
    assert OrderIntent.objects.get().con_id == 77


def test_what_comes_back_is_written_and_booked(process: GatewayProcess) -> None:
    intent = factories.intent()
    send_owed(process)
    theirs(process).fill(ref(intent, "E"), 3, "2.00")

    asyncio.run(process._write_money())

    assert OrderIntent.objects.get().state == "FILLED"
    assert len(process.listener.money) == 0


def test_no_answer_to_a_chain_leaves_it_in_doubt(process: GatewayProcess) -> None:
    factories.intent()
    theirs(process).is_deaf = True

    send_owed(process)

    assert states() == {"UNKNOWN"}
    assert broker.take_submissions(1, 1) == []


def test_a_broker_that_cannot_be_asked_for_the_contract_leaves_doubt(
    process: GatewayProcess,
) -> None:
    factories.intent()
    attach(process, Silent())

    send_owed(process)

    assert states() == {"UNKNOWN"}


def test_a_refused_chain_is_rejected_and_booked(process: GatewayProcess) -> None:
    factories.intent()
    attach(process, Refusing())

    send_owed(process)

    intent = OrderIntent.objects.get()
    assert (states(), intent.state) == ({"REJECTED"}, "REJECTED")
    assert intent.reason == "no such contract"


def test_comparing_makes_the_books_agree(process: GatewayProcess) -> None:
    intent = factories.intent()
    send_owed(process)
    process.listener.money.clear()
    theirs(process).fill(ref(intent, "E"), 3, "2.00")
    process.listener.money.clear()  # the line was cut behind it

    asyncio.run(process._compare())

    assert process._reconciled
    assert (Reconciliation.objects.get().is_clean, Fill.objects.count()) == (True, 1)
    assert process._next_id == 4


def test_a_snapshot_that_does_not_complete_is_no_reconciliation(process: GatewayProcess) -> None:
    process._reconciled = True
    attach(process, Silent())

    asyncio.run(process._compare())

    assert (process._reconciled, Reconciliation.objects.count()) == (False, 0)


@pytest.mark.parametrize(
    "state", [s for s in ConnectionState if s is not ConnectionState.CONNECTED]
)
def test_only_a_whole_link_is_connected(process: GatewayProcess, state: ConnectionState) -> None:
    assert not process.connected
    process.listener.connection = Connection(state, NOON, None, None, None, 0)

    assert not process.connected


@pytest.mark.parametrize(
    ("state", "sent"),
    [
        pytest.param(ConnectionState.CONNECTED, ["E", "S", "T"], id="all"),
        pytest.param(ConnectionState.DEGRADED, [], id="a broken farm: no entry"),
        pytest.param(ConnectionState.BLIND, [], id="no tick: no entry"),
    ],
)
def test_no_entry_leaves_while_data_are_silent(
    process: GatewayProcess, state: ConnectionState, sent: list[str]
) -> None:
    factories.intent()
    process._compared = process._reconciled = True
    process.listener.connection = Connection(state, NOON, None, None, None, 0, has_orders=True)

    asyncio.run(process._send_owed(1))

    assert sorted({one.role for one in Order.objects.exclude(state="RECORDED")}) == sent


def test_a_cancellation_leaves_while_data_are_silent(process: GatewayProcess) -> None:
    factories.intent()
    send_owed(process)
    asyncio.run(process._write_money())
    Order.objects.filter(role="E").update(cancel_wanted_at=NOON)
    process._compared = True
    process.listener.connection = Connection(
        ConnectionState.BLIND, NOON, None, None, None, 0, has_orders=True
    )

    asyncio.run(process._send_owed(1))
    asyncio.run(process._write_money())

    assert Order.objects.get(role="E").state == "CANCELLED"


def test_a_trade_that_cannot_be_booked_does_not_keep_a_start_from_sending(
    process: GatewayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = factories.intent()
    send_owed(process)
    theirs(process).fill(ref(intent, "E"), 3, "2.00")
    asyncio.run(process._write_money())
    monkeypatch.setattr(process.hands, "nudge", lambda *_: None)  # a worker's turn, elsewhere
    broker.record_fill(fill(ref(intent, "S"), -1, "1.00", 5, con_id=78))

    asyncio.run(process._compare())

    assert process._compared
    assert RiskEvent.objects.filter(code="NOT_BOOKED", value__startswith=intent.pk).exists()


class Changing(FakeBroker):
    """Somebody wants the first order off while the second chain leaves."""

    placed, said = 0, ()

    async def place(self, tickets: Any) -> None:
        self.placed += 1
        self.said = (*self.said, f"place {self.placed}")
        await super().place(tickets)
        wanted = Order.objects.filter(role="E", order_id=1, cancel_wanted_at=None)
        await asyncio.to_thread(wanted.update, cancel_wanted_at=NOON)

    async def cancel(self, order_id: int) -> None:
        self.said = (*self.said, f"cancel {order_id}")
        await super().cancel(order_id)


def test_a_cancellation_does_not_wait_for_every_chain(process: GatewayProcess) -> None:
    trading = Changing(process.listener)
    attach(process, trading)
    process.listener.connection = Connection(
        ConnectionState.CONNECTED, NOON, None, None, None, 0, has_orders=True
    )
    process._compared = process._reconciled = True
    factories.intent(1)
    send_owed(process)
    asyncio.run(process._write_money())
    Order.objects.filter(role="E").update(cancel_wanted_at=None)
    for n in (2, 3):
        factories.intent(n, signal_changes={"state": "ended"})

    asyncio.run(process._send_owed(1))

    assert trading.said == ("place 1", "place 2", "cancel 1", "place 3")


def test_the_report_says_what_the_gate_asks(process: GatewayProcess) -> None:
    process.listener.connection = Connection(ConnectionState.CONNECTED, NOON, NOON, "DU1", 176, 9)

    asyncio.run(process._report())

    said = health.connection()
    assert said is not None
    assert (said["state"], said["reconciled"], said["blind_300s_s"]) == ("CONNECTED", False, 0)
    assert said["counters"] == {"messages": 3}


def test_cancellations_and_amendments_reach_the_broker(process: GatewayProcess) -> None:
    intent = factories.intent()
    send_owed(process)
    asyncio.run(process._write_money())
    Order.objects.filter(role="E").update(cancel_wanted_at=NOON)
    Order.objects.filter(role="S").update(wanted_stop=Decimal("1.10"))

    asyncio.run(process._send_cancels(1))
    asyncio.run(process._send_amendments(1))
    asyncio.run(process._write_money())

    assert Order.objects.get(role="E").state == "CANCELLED"
    assert theirs(process).orders[ref(intent, "S")].ticket.stop_price == Decimal("1.10")


def test_closing_writes_what_is_still_waiting(process: GatewayProcess) -> None:
    intent = factories.intent()
    process.listener.on_order(update(ref(intent, "E"), "WORKING"))

    asyncio.run(process.close())

    assert OrderEvent.objects.count() == 1


def test_bars_begin_anew_once_the_store_is_back() -> None:
    async def lived_through(process: GatewayProcess) -> list[dict[str, Any]]:
        process.market.seeded["SPY"] = NOON.date()
        seen = []
        for work in (_nothing, _away, _nothing):
            await process.hands.try_store(process.hands.store, work)
            seen.append(dict(process.market.seeded))
        return seen

    before, during, after = asyncio.run(lived_through(GatewayProcess("127.0.0.1", 1)))

    assert (before, during, after) == ({"SPY": NOON.date()}, {"SPY": NOON.date()}, {})


def _nothing() -> None:
    """The store answers."""


def _away() -> None:
    raise StoreDown("no answer")

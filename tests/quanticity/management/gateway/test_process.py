"""The gateway process, piece by piece, on a broker by hand."""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
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
    Position,
    Reconciliation,
    RiskEvent,
)
from execution.services import broker, operating
from quanticity import leases
from quanticity.celery import app
from quanticity.domain import clock
from quanticity.domain.errors import ConfigError, PermanentError, TemporaryError
from quanticity.domain.orders import Account
from quanticity.gateway.ports import BrokerFacts, Connection, ConnectionState, ContractDetails
from quanticity.management.gateway.listener import CommissionFact
from quanticity.management.gateway.process import GatewayProcess
from quanticity.management.gateway.scribe import write_facts
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


def link(process: GatewayProcess, state: ConnectionState = ConnectionState.CONNECTED) -> None:
    """A link that has been reconciled."""
    process._compared = process._reconciled = True
    process.listener.connection = Connection(state, NOON, None, None, None, 0, has_orders=True)


def send_owed(process: GatewayProcess) -> None:
    link(process)
    asyncio.run(process._send_owed(1))


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


def test_a_fact_that_cannot_be_written_stands_in_nobodys_way() -> None:
    intent = factories.intent()
    nameless = update(None, "WORKING")  # type: ignore[arg-type]

    touched = write_facts([nameless, update(ref(intent, "E"), "WORKING")])

    assert touched == {intent.pk}
    assert RiskEvent.objects.get().code == "NOT_WRITTEN"


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


def test_a_chain_stays_owed_while_the_broker_cannot_be_asked_for_its_contract(
    process: GatewayProcess,
) -> None:
    factories.intent()
    attach(process, Silent())

    send_owed(process)

    assert states() == {"RECORDED"}


def test_a_refused_chain_is_rejected_and_booked(process: GatewayProcess) -> None:
    factories.intent()
    attach(process, Refusing())

    send_owed(process)

    intent = OrderIntent.objects.get()
    assert (states(), intent.state) == ({"REJECTED"}, "REJECTED")
    assert intent.denied_by == RiskEvent.objects.get().code == "CONTRACT_AMBIGUOUS"


def test_comparing_makes_the_books_agree(process: GatewayProcess) -> None:
    intent = factories.intent()
    send_owed(process)
    process.listener.money.clear()
    theirs(process).fill(ref(intent, "E"), 3, "2.00")
    process.listener.money.clear()  # the line was cut behind it

    asyncio.run(process._compare())

    assert process._reconciled
    assert (Reconciliation.objects.get().is_clean, Fill.objects.count()) == (True, 1)
    assert process.dispatcher.next_id == 4


class Generous(FakeBroker):
    """A broker that shows more contracts than it ever told of."""

    async def facts(self) -> BrokerFacts:
        told = await super().facts()
        more = [replace(held, quantity=held.quantity + 2) for held in told.holdings]
        return replace(told, holdings=tuple(more))


class WorkerInBetween:
    """Another process begins to leave the position just before this one puts it aside."""

    def __init__(self) -> None:
        self.has_come = False

    def __call__(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        mine = sql.startswith('UPDATE "execution_position"') and "QUARANTINED" in (params or ())
        if mine and not self.has_come:
            self.has_come = True
            Position.objects.update(state="CLOSING")
        return execute(sql, params, many, context)


def test_a_comparison_that_a_position_moved_under_is_made_again(process: GatewayProcess) -> None:
    broker_, worker = attach(process, Generous(process.listener)), WorkerInBetween()
    intent = factories.intent()
    send_owed(process)
    broker_.fill(ref(intent, "E"), 3, "2.00")
    asyncio.run(process._write_money())
    asyncio.run(process._on_sql(lambda: connection.execute_wrappers.append(worker)))

    asyncio.run(process._compare())
    seen = (process._compared, process._reconciled)
    asyncio.run(process._compare())

    assert (worker.has_come, *seen) == (True, True, False)
    assert (process._reconciled, Position.objects.get().state) == (True, "QUARANTINED")


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
    link(process, state)

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


class Slow(FakeBroker):
    """A broker that answers a chain, or says what a contract is, when it is told to."""

    is_slow_with_chains = is_slow_with_contracts = False

    def __init__(self, listener: Any) -> None:
        super().__init__(listener)
        self.asked, self.sold, self.may_answer = (asyncio.Event() for _ in range(3))
        self.said: list[str] = []

    async def qualify(self, contract: Any) -> ContractDetails:
        if self.is_slow_with_contracts:
            await self._wait()
        return await super().qualify(contract)

    async def place(self, tickets: Any) -> None:
        self.said.append(tickets[0][2].order_ref)
        if tickets[0][2].role == "X":
            self.sold.set()
        elif self.is_slow_with_chains:
            await self._wait()
        await super().place(tickets)

    async def cancel(self, order_id: int) -> None:
        self.said.append(f"cancel {order_id}")
        await super().cancel(order_id)

    async def _wait(self) -> None:
        self.asked.set()
        await asyncio.wait_for(self.may_answer.wait(), 10)


def test_nothing_leaves_after_a_halt_that_came_while_its_contract_was_looked_up(
    process: GatewayProcess,
) -> None:
    factories.intent()
    link(process)
    trading = Slow(process.listener)
    trading.is_slow_with_contracts = True
    attach(process, trading)

    async def scenario() -> None:
        await process.dispatcher.begin(1, math.inf)
        await trading.asked.wait()
        await process._on_sql(partial(operating.halt, actor="me", reason="now"))
        trading.may_answer.set()
        await process.dispatcher.settle()

    asyncio.run(scenario())

    assert (trading.arrived, states()) == ([], {"EXPIRED"})


def test_nothing_leaves_once_the_lease_may_be_anothers(process: GatewayProcess) -> None:
    factories.intent()
    link(process)

    asyncio.run(process.dispatcher.begin(1, clock.boot_seconds() - 0.001))

    assert (theirs(process).arrived, states()) == ([], {"RECORDED"})


class OneQuestion:
    """A question of a worker, which takes one order id."""

    due = ("whether margin suffices",)

    async def put_all(self, trading: FakeBroker, next_id: int) -> int:
        trading.used_ids.append(next_id)
        return next_id + 1


def test_a_question_is_put_before_what_is_owed(process: GatewayProcess) -> None:
    entry = factories.intent().orders.get(role="E")
    link(process)

    async def scenario() -> None:
        await process.dispatcher.begin(1, math.inf, OneQuestion())
        await process.dispatcher.settle()

    asyncio.run(scenario())

    entry.refresh_from_db()
    assert (entry.order_id, min(theirs(process).used_ids)) == (2, 1)


def test_cancellations_and_sells_leave_while_an_entry_is_unanswered(
    process: GatewayProcess,
) -> None:
    working = factories.intent(1)
    send_owed(process)
    asyncio.run(process._write_money())
    old, trading = theirs(process), Slow(process.listener)
    trading.orders, trading.used_ids, trading.is_slow_with_chains = old.orders, old.used_ids, True
    attach(process, trading)
    first, second = (factories.intent(n, signal_changes={"state": "ended"}) for n in (2, 3))

    async def scenario() -> None:
        await process.dispatcher.begin(1, math.inf)
        await trading.asked.wait()
        await process._on_sql(_want_more, working)
        await process.dispatcher.begin(1, math.inf)
        await trading.sold.wait()
        trading.may_answer.set()
        await process.dispatcher.settle()

    asyncio.run(asyncio.wait_for(scenario(), 20))

    entries = {ref(one, "E") for one in (first, second)}
    assert {trading.said[0], trading.said[3]} == entries
    assert trading.said[1:3] == ["cancel 1", ref(working, "X")]


def _want_more(intent: OrderIntent) -> None:
    """An operator wants the entry off, and something sold."""
    Order.objects.filter(order_ref=ref(intent, "E")).update(cancel_wanted_at=NOON)
    Order.objects.create(
        order_ref=ref(intent, "X"), intent=intent, role="X", occ=intent.occ, con_id=77,
        side="SELL", quantity=1, order_type="LMT", time_in_force="DAY",
        limit_price=Decimal("1.00"), recorded_at=NOON,
    )  # fmt: skip


HOURS = timedelta(hours=4, minutes=15)


class Another(FakeBroker):
    """A broker that describes the contract otherwise."""

    def __init__(self, listener: Any, **otherwise: Any) -> None:
        super().__init__(listener)
        self.otherwise = otherwise

    async def qualify(self, contract: Any) -> ContractDetails:
        return replace(await super().qualify(contract), **self.otherwise)


@pytest.mark.parametrize(
    ("otherwise", "code"),
    [
        pytest.param({"multiplier": 10}, "MULTIPLIER_MISMATCH", id="a mini contract"),
        pytest.param(
            {"open_spans": ((NOON - timedelta(hours=3), NOON),)}, "SESSION_CLOSED", id="closed"
        ),
        pytest.param({"increments": ((Decimal(0), Decimal("0.30")),)}, "TICK", id="coarse ticks"),
    ],
)
def test_an_entry_whose_contract_the_broker_describes_otherwise_is_denied(
    process: GatewayProcess, otherwise: dict[str, Any], code: str
) -> None:
    factories.intent()
    attach(process, Another(process.listener, **otherwise))

    send_owed(process)

    intent = OrderIntent.objects.get()
    assert (theirs(process).arrived, states(), intent.state) == ([], {"REJECTED"}, "REJECTED")
    assert RiskEvent.objects.get().code == intent.denied_by == code


@pytest.mark.parametrize(
    ("spans", "until"),
    [
        pytest.param(
            ((NOON - timedelta(days=1), NOON - timedelta(hours=20)), (NOON, NOON + HOURS)),
            NOON + HOURS, id="of the span it is bought in",
        ),
        pytest.param(None, None, id="unsaid"),
    ],
)  # fmt: skip
def test_till_when_a_contract_trades_is_kept_with_its_entry(
    process: GatewayProcess, spans: Any, until: datetime | None
) -> None:
    factories.intent()
    attach(process, Another(process.listener, open_spans=spans))

    send_owed(process)

    assert OrderIntent.objects.get().trades_until_at == until


def test_a_second_process_ends_before_it_does_anything(process: GatewayProcess) -> None:
    factories.intent()
    broker.take_submissions(1, 1)
    leases.hold("gateway", "the first", 6)

    async def scenario() -> None:
        second = asyncio.create_task(process.run())
        await process._on_sql(leases.hold, "gateway", "the first", 6)
        await asyncio.sleep(0.1)
        await process._on_sql(leases.hold, "gateway", "the first", 6)
        await second

    with pytest.raises(ConfigError, match="the first holds it"):
        asyncio.run(asyncio.wait_for(scenario(), 10))
    assert states() == {"SENDING"}
    assert health.connection() is None


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

    asyncio.run(process._send_owed(1))
    asyncio.run(process._write_money())

    assert Order.objects.get(role="E").state == "CANCELLED"
    assert theirs(process).orders[ref(intent, "S")].ticket.stop_price == Decimal("1.10")


def test_closing_writes_what_is_still_waiting(process: GatewayProcess) -> None:
    intent = factories.intent()
    process.listener.on_order(update(ref(intent, "E"), "WORKING"))

    asyncio.run(process.close())

    assert OrderEvent.objects.filter(order_ref=ref(intent, "E"), kind="order").count() == 1


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

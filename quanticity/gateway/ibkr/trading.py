"""Orders out, and what the broker says of them back in (ports.Trading).

An order is sent once and then waits for its acknowledgement. Silence is neither refusal nor
acceptance: it raises TemporaryError, and everything is asked for (`synchronise`). Updates are made
of raw messages, never of the library's own idea of an order's state.
"""
# mypy: disable-error-code="no-untyped-call"

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ib_insync import CommissionReport, Contract, Execution, Order
from ib_insync import OrderState as TheirState

from quanticity.domain import clock
from quanticity.domain.errors import PermanentError, TemporaryError
from quanticity.domain.instruments import OptionContract
from quanticity.domain.orders import Margin, OrderStatus, OrderUpdate, Role, Ticket
from quanticity.gateway.ibkr import translate
from quanticity.gateway.ibkr.acks import Ack, Acks
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.contracts import Contracts
from quanticity.gateway.ibkr.facts import Facts
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ibkr.told import Told
from quanticity.gateway.ports import BrokerFacts, ContractDetails

log = logging.getLogger(__name__)


class IbkrTrading:
    """The one writer of orders of this client id."""

    def __init__(self, link: Link, contracts: Contracts, settings: Settings) -> None:
        self._link = link
        self._contracts = contracts
        self._settings = settings
        self._told = Told()
        self._facts = Facts(link, settings)
        self._acks = Acks()
        self._parents: dict[int, int] = {}
        self._executions: set[str] = set()
        self._commissions: dict[str, Decimal | None] = {}
        self._enquiry: asyncio.Task[None] | None = None

    # Commands.

    async def next_order_id(self) -> int:
        """Return the lowest order id the broker will accept."""
        self._link.require_broker()
        return self._link.next_order_id

    async def qualify(self, contract: OptionContract) -> ContractDetails:
        """Find exactly one listed contract, or raise PermanentError."""
        return await self._contracts.qualify(contract)

    async def place(self, tickets: Sequence[tuple[int, int, Ticket]]) -> None:
        """Send a chain, parent first; return when every order is acknowledged.

        Children are attached when the first ticket is an entry; otherwise each order is live by
        itself. NotConnected means that nothing left. A refused child of an accepted parent raises
        nothing: its update says so, and the parent lives.
        """
        ib = self._link.require_broker()
        parent_id = tickets[0][0] if len(tickets) > 1 and tickets[0][2].role is Role.ENTRY else 0
        orders = [self._new_order(one, parent_id) for one in tickets]
        if parent_id:
            orders[-1][1].transmit = True
        acks = [self._acks.expect(order_id, ticket) for order_id, _, ticket in tickets]
        for one, (contract, order) in zip(tickets, orders, strict=True):
            self._note_sent(*one)
            ib.placeOrder(contract, order)
        # A chain lives and dies with its parent; of single orders one accepted is enough.
        await self._answered(acks, acks[:1] if parent_id else acks)

    async def amend(self, order_id: int, con_id: int, ticket: Ticket) -> None:
        """Resend an order; TWS gave attached children a group of its own, so none is named."""
        ib = self._link.require_broker()
        known = self._told.get(self._link.client_id, order_id)
        # The library would send an amendment of a finished order first and fail afterwards.
        if known is None or known.status not in {OrderStatus.WORKING, OrderStatus.PENDING}:
            state = "never seen" if known is None else known.status
            raise PermanentError(f"expected working order {order_id} to amend, was {state}")
        order = translate.their_order(
            replace(ticket, oca_group="", oca_type=0),
            order_id,
            self._link.account,
            parent_id=self._parents.get(order_id, 0),
        )
        ack = self._acks.expect(order_id, ticket, is_amendment=True)
        ib.placeOrder(self._contracts.theirs(ticket.contract, con_id or known.con_id), order)
        await self._answered([ack], [ack])

    async def cancel(self, order_id: int) -> None:
        """Ask for cancellation; only a later update says whether it happened."""
        self._link.require_broker().client.cancelOrder(order_id, "")

    async def what_if(self, order_id: int, con_id: int, ticket: Ticket) -> Margin:
        """Ask what this order would do to the account; nothing is sent, the id is used up."""
        self._link.require_broker()
        self._link.on_next_order_id(order_id + 1)
        order = translate.their_order(ticket, order_id, self._link.account)
        order.whatIf = True
        contract = self._contracts.theirs(ticket.contract, con_id)

        def request(ib: object) -> "asyncio.Future[TheirState]":
            answer: asyncio.Future[TheirState] = ib.wrapper.startReq(order_id, contract)  # type: ignore[attr-defined]
            ib.client.placeOrder(order_id, contract, order)  # type: ignore[attr-defined]
            return answer

        state = await self._link.ask("what-if", request, self._settings.order_ack_s)
        return translate.margin(state, clock.now())

    async def facts(self) -> BrokerFacts:
        """Ask for everything needed to reconcile; raise TemporaryError when any end is missing."""
        return await self._facts.ask()

    async def synchronise(self) -> None:
        """Tell the listener everything the broker knows: at connect, and when in doubt."""
        for update in (await self.facts()).completed_orders:
            self._tell(self._told.on_completed(update), is_open=False)

    def on_connecting(self) -> None:
        """Forget what was said of orders: after a reconnect everything is told anew."""
        self._told = Told()
        self._executions.clear()
        self._commissions.clear()
        self._facts.on_connecting()

    def on_synchronised(self) -> None:
        """Follow the day's P&L as the broker counts it, for the life of this connection."""
        self._link.require().reqPnL(self._link.account)

    def on_down(self) -> None:
        """Nobody will answer what was sent."""
        self._acks.lose()

    # What the tap tells us.

    def on_open_order(self, contract: Contract, order: Order, state: TheirState) -> None:
        """An order as it is now."""
        if order.account and order.account != self._link.account:
            return
        if order.orderId > 0:
            self._link.on_next_order_id(order.orderId + 1)
            if order.clientId == self._link.client_id:
                self._parents.setdefault(order.orderId, order.parentId)
        status = translate.status(state.status)
        update = translate.order_update(order, contract.conId, status, 0.0, clock.now())
        told = self._told.on_open(order.clientId, update)
        self._answer(order.clientId, order.orderId, is_open=True)
        self._tell(told, is_open=True)

    def on_order_status(
        self, client_id: int, order_id: int, perm_id: int, status: str, filled: float
    ) -> None:
        """How far an order is."""
        args = (client_id, order_id, perm_id, status, filled, clock.now())
        is_known = self._told.get(client_id, order_id) or self._told.by_perm_id(perm_id)
        if not is_known:
            self._link.counters["status_of_unknown_order"] += 1
            self._enquire()
        told = self._told.on_status(*args)
        self._answer(client_id, order_id, is_open=False)
        self._tell(told, is_open=False)

    def on_order_error(self, order_id: int, code: int, text: str) -> None:
        """Something about an order of ours, or about nothing at all."""
        self._link.counters[f"code_{code}"] += 1
        ack = self._acks.waiting.get(order_id)
        if ack is not None:
            ack.on_error(code, text)
        client_id = self._link.client_id
        self._tell(self._told.on_error(client_id, order_id, code, text, clock.now()))

    def on_execution(self, contract: Contract, execution: Execution) -> None:
        """A fill, live or asked for; each execution id is told once per connection."""
        if execution.acctNumber != self._link.account or execution.execId in self._executions:
            return
        if not (translate.is_ours(contract) or translate.is_shares(contract)):
            self._link.counters["foreign_fills"] += 1
            log.warning("a fill in neither options nor shares: %s %s", contract, execution)
            return
        self._executions.add(execution.execId)
        self._link.on_next_order_id(execution.orderId + 1)
        self._link.listener.on_fill(translate.fill(contract, execution))

    def on_commission_report(self, report: CommissionReport) -> None:
        """A commission with the broker's sign; it may come before its execution."""
        raw = translate.money(report.commission)
        if self._commissions.get(report.execId, "") != raw:
            self._commissions[report.execId] = raw
            self._link.listener.on_commission(report.execId, raw, report.currency)

    def on_account_value(self, account: str, tag: str, value: str, currency: str) -> None:
        """One account figure."""
        if account == self._link.account:
            self._facts.on_account_value(tag, value, currency)

    def on_day_pnl(self, usd: float) -> None:
        """The day as the broker counts it."""
        self._facts.on_day_pnl(translate.money(usd))

    # Inside.

    def _new_order(self, one: tuple[int, int, Ticket], parent_id: int) -> tuple[Contract, Order]:
        order_id, con_id, ticket = one
        if self._told.get(self._link.client_id, order_id) is not None:
            raise PermanentError(f"expected an unused order id, was {order_id}")
        parent = parent_id if parent_id != order_id else 0
        self._parents[order_id] = parent
        order = translate.their_order(
            ticket, order_id, self._link.account, parent_id=parent, transmit=not parent_id
        )
        return self._contracts.theirs(ticket.contract, con_id), order

    def _answer(self, client_id: int, order_id: int, *, is_open: bool) -> None:
        ack = self._acks.waiting.get(order_id) if client_id == self._link.client_id else None
        update = self._told.get(client_id, order_id)
        if ack is not None and update is not None:
            ack.on_update(update, is_open=is_open)

    def _note_sent(self, order_id: int, con_id: int, ticket: Ticket) -> None:
        state = OrderStatus.PENDING
        update = translate.ticket_update(ticket, order_id, con_id, state, clock.now())
        self._told.on_open(self._link.client_id, update)
        self._link.on_next_order_id(order_id + 1)

    async def _answered(self, acks: Sequence[Ack], decisive: Sequence[Ack]) -> None:
        silent = await self._acks.answered(acks, decisive, self._settings.order_ack_s)
        if silent:
            self._link.on_miss("an order")
            self._enquire()
            raise TemporaryError(f"no answer to {' '.join(silent)}")

    def _tell(self, update: OrderUpdate | None, *, is_open: bool = False) -> None:
        if update is None:
            return
        self._link.listener.on_order(update)
        if update.status is OrderStatus.UNKNOWN and not is_open:
            self._enquire()

    def _enquire(self) -> None:
        # One enquiry at a time; its failure is counted where it is asked.
        if self._enquiry is None or self._enquiry.done():
            self._enquiry = asyncio.get_running_loop().create_task(self._synchronise_quietly())

    async def _synchronise_quietly(self) -> None:
        try:
            self._link.require_broker()
            await self.synchronise()
        except (TemporaryError, PermanentError) as error:
            log.warning("the broker could not be asked about an order: %s", error)

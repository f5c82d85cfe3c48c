"""The dispatcher: what rows owe the broker, made true at the broker.

Nothing here waits for one order before the next: cancellations leave at once, every chain and
amendment is an errand of its own. A chain is claimed when its bytes leave and not before, by what
holds then: lease, halt, age; its contract has been looked up until then.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Any

from execution import selectors as execution_selectors
from execution.services import broker, owed, protecting, share_orders, ticking
from quanticity import workflows
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput, OffTick, PermanentError, TemporaryError
from quanticity.gateway.ports import Trading
from quanticity.management.gateway.errands import Errands
from quanticity.management.gateway.hands import Hands

logger = logging.getLogger(__name__)


class Dispatcher:
    """Sends what is owed under one lease."""

    def __init__(
        self,
        trading: Callable[[], Trading],
        on_sql: Callable[..., Awaitable[Any]],
        hands: Hands,
        may_enter: Callable[[], bool],
    ) -> None:
        self._trading, self._on_sql, self._hands = trading, on_sql, hands
        self._may_enter = may_enter
        self._errands = Errands()
        self._ids = asyncio.Lock()  # ids leave in rising order
        self._entering = asyncio.Lock()  # an entry waits until the one before it is answered
        self.next_id = 1

    async def begin(self, epoch: int, until_s: float, questions: Any = None) -> None:
        """Begin everything that is owed; `until_s`, a second since boot, ends our right to.

        An entry waits for its question: that is put before all that needs more of the rows.
        """
        self._errands.check()
        await self.cancel(epoch)
        if questions is not None:
            await self.put(questions)
        for one in await self._on_sql(broker.take_amendments, epoch):
            self._errands.start(object(), self._amend(one))
        for chain in await self._on_sql(self._owed):
            if chain.ref not in self._errands:
                self._errands.start(chain.ref, self._send(chain, epoch, until_s))
        await asyncio.sleep(0)  # they claim before anybody reads on
        for ref in await self._on_sql(share_orders.unsent):
            if ref not in self._errands:
                self._errands.start(ref, self._send_shares(ref, epoch, until_s))
        # Last: what is recorded leaves before anybody looks whether an answer is late.
        await asyncio.sleep(0)
        await self._on_sql(protecting.tend_moving)

    async def settle(self) -> None:
        """Wait for every answer."""
        await self._errands.settle()

    async def cancel(self, epoch: int) -> None:
        """Send every cancellation that is wanted."""
        await self._on_sql(broker.take_back_unsent_cancels)
        for ref, order_id in await self._on_sql(broker.take_cancels, epoch):
            await _told(ref, self._trading().cancel(order_id))

    async def put(self, questions: Any) -> None:
        """Put questions that use ids up, between orders."""
        if not questions.due:
            return
        async with self._ids:
            used = await self._on_sql(broker.highest_order_id)
            self.next_id = await questions.put_all(self._trading(), max(self.next_id, used + 1))

    def _owed(self) -> list[owed.Owed]:
        return owed.chains(entries=self._may_enter())

    async def _send(self, chain: owed.Owed, epoch: int, until_s: float) -> None:
        """Look the contract up, then claim and send; what was not claimed stays owed."""
        try:
            listed = _known(chain) or await self._qualified(chain)
        except TemporaryError as error:
            logger.warning("%s waits: %s", chain.ref, error)
            return
        if listed is None:
            self._book(chain.ref)
            return
        async with self._entering if chain.is_entry else nullcontext():
            await self._claim_and_place(chain.ref, listed, epoch, until_s)

    async def _claim_and_place(
        self, ref: str, listed: broker.Listed, epoch: int, until_s: float
    ) -> None:
        async with self._ids:
            tickets = await self._on_sql(self._take, ref, listed, epoch, until_s)
            if not tickets:
                return
            placing = self._place(listed.con_id, tickets)
            sent = asyncio.get_running_loop().create_task(placing)
            await asyncio.sleep(0)  # its bytes have left before the next id is given
        await sent

    async def _send_shares(self, ref: str, epoch: int, until_s: float) -> None:
        async with self._ids:
            one = await self._on_sql(self._take_shares, ref, epoch, until_s)
            if one is None:
                return
            placing = self._trading().place([(one.order_id, one.con_id, one.ticket)])
            sent = asyncio.get_running_loop().create_task(_told(ref, placing))
            await asyncio.sleep(0)
        error = await sent
        if error is not None:
            end = share_orders.doubt if isinstance(error, TemporaryError) else share_orders.refuse
            await self._on_sql(end, ref, str(error))

    def _take_shares(self, ref: str, epoch: int, until_s: float) -> broker.Submission | None:
        if clock.boot_seconds() > until_s:
            return None
        return share_orders.take(ref, epoch, max(self.next_id, broker.highest_order_id() + 1))

    async def _qualified(self, chain: owed.Owed) -> broker.Listed | None:
        """The contract as the broker lists it, None when what it says of it ends the chain."""
        try:
            details = await self._trading().qualify(chain.contract)
        except (PermanentError, MalformedInput) as error:
            await self._on_sql(owed.deny_unlisted, chain, str(error))
            return None
        if await self._on_sql(owed.deny_mistaken, chain, details):
            return None
        return broker.Listed(details.con_id, owed.trades_until(details))

    def _take(
        self, ref: str, listed: broker.Listed, epoch: int, until_s: float
    ) -> Sequence[broker.Submission]:
        if clock.boot_seconds() > until_s:
            return ()  # our lease may have ended while we waited
        entries = self._may_enter()
        found = broker.take_submissions(
            epoch, self.next_id, entries=entries, only=ref, listed=listed
        )
        return found[0] if found else ()

    async def _place(self, con_id: int, tickets: Sequence[broker.Submission]) -> None:
        refs = [one.ticket.order_ref for one in tickets]
        try:
            await self._trading().place([(one.order_id, con_id, one.ticket) for one in tickets])
        except TemporaryError as error:
            await self._on_sql(broker.doubt, refs, str(error))
        except OffTick as error:
            logger.warning("another tick: %s: %s", refs[0], error)
            if not await self._on_sql(ticking.send_again, refs[0], tickets[0].order_id):
                await self._refuse(refs, error)
        except PermanentError as error:
            await self._refuse(refs, error)

    async def _refuse(self, refs: Sequence[str], error: PermanentError) -> None:
        logger.warning("refused: %s: %s", refs[0], error)
        await self._on_sql(broker.refuse, refs, str(error))
        self._book(refs[0])

    def _book(self, ref: str) -> None:
        self._hands.nudge(workflows.book, execution_selectors.intent_of(ref))

    async def _amend(self, one: broker.Submission) -> None:
        ref = one.ticket.order_ref
        request = self._trading().amend(one.order_id, one.con_id or 0, one.ticket)
        refused = await _told(ref, request)
        if isinstance(refused, OffTick):
            await self._on_sql(ticking.coarsen, execution_selectors.intent_of(ref))
        if isinstance(refused, PermanentError):
            await self._on_sql(broker.refuse_amendment, ref, str(refused))


def _known(chain: owed.Owed) -> broker.Listed | None:
    return broker.Listed(chain.con_id) if chain.con_id else None


async def _told(ref: str, request: Awaitable[None]) -> TemporaryError | PermanentError | None:
    try:
        await request
    except (TemporaryError, PermanentError) as error:
        logger.warning("%s: %s", ref, error)
        return error
    return None

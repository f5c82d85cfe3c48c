"""Waiting for the broker's answer to what was sent: accepted, refused, or silence."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from quanticity.domain.errors import TemporaryError
from quanticity.domain.orders import OrderStatus, OrderUpdate, Ticket
from quanticity.gateway.ibkr.errors import Kind, as_error, meaning

_ACCEPTED = {OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.CANCELLED}


@dataclass(frozen=True, slots=True, eq=False)
class Ack:
    """The answer to one order or, with `is_amendment`, to its new version."""

    order_id: int
    ticket: Ticket
    is_amendment: bool
    answer: "asyncio.Future[None]"

    def on_update(self, update: OrderUpdate, *, is_open: bool) -> None:
        """Take the order's new state; an amendment is answered by its new version only."""
        if self.answer.done() or update.status not in _ACCEPTED:
            return
        if not self.is_amendment or (is_open and self._is_new_version(update)):
            self.answer.set_result(None)

    def on_error(self, code: int, text: str) -> None:
        """Take an error; only a permanent one is an answer, the others may yet be followed."""
        if not self.answer.done() and meaning(code).kind is Kind.PERMANENT:
            self.answer.set_exception(as_error(code, text))

    @property
    def refusal(self) -> BaseException | None:
        """The exception the order ended in."""
        return self.answer.exception() if self.answer.done() else None

    def _is_new_version(self, update: OrderUpdate) -> bool:
        mine = self.ticket
        return (mine.quantity, mine.limit_price, mine.stop_price) == (
            update.quantity,
            update.limit_price,
            update.stop_price,
        )


@dataclass(slots=True)
class Acks:
    """The answers that are waited for, by order id."""

    waiting: dict[int, Ack] = field(default_factory=dict)

    def expect(self, order_id: int, ticket: Ticket, *, is_amendment: bool = False) -> Ack:
        """Begin to wait, before anything is sent."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ack = self.waiting[order_id] = Ack(order_id, ticket, is_amendment, answer)
        return ack

    def lose(self) -> None:
        """Nobody will answer any more."""
        for ack in self.waiting.values():
            if not ack.answer.done():
                ack.answer.set_exception(TemporaryError("connection lost before the answer"))

    async def answered(
        self, acks: Sequence[Ack], decisive: Sequence[Ack], deadline_s: float
    ) -> tuple[str, ...]:
        """Wait for all; return the references of those that stayed silent.

        Raises the refusal when all the decisive ones were refused: the parent of a chain, or every
        one of single orders. Raises TemporaryError when the connection was lost meanwhile.
        """
        try:
            await self._wait(acks, decisive, deadline_s)
            refusals = [ack.refusal for ack in decisive if ack.refusal is not None]
            lost = [ack.refusal for ack in acks if isinstance(ack.refusal, TemporaryError)]
            if lost or len(refusals) == len(decisive):
                raise (lost or refusals)[0]
            return tuple(ack.ticket.order_ref for ack in acks if not ack.answer.done())
        finally:
            for ack in acks:
                ack.answer.cancel()
                self.waiting.pop(ack.order_id, None)

    @staticmethod
    async def _wait(acks: Sequence[Ack], decisive: Sequence[Ack], deadline_s: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline_s
        pending = {ack.answer for ack in acks}
        while pending and (left_s := until - loop.time()) > 0:
            _, pending = await asyncio.wait(
                pending, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
            )
            if all(ack.refusal for ack in decisive):
                return

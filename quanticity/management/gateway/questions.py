"""What workers ask the broker: heard on a thread, put by the dispatcher, answered when it answers.

The dispatcher puts questions between orders, because a what-if uses an order id up and ids must
leave in rising order.
"""

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from quanticity.domain.errors import QuantiCityError, TemporaryError
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Ticket
from quanticity.gateway import commands
from quanticity.gateway.ports import Trading
from quanticity.store import questions
from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
LISTEN_S = 1.0
PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """One question whose contract is known, waiting for an order id."""

    question_id: str
    con_id: int
    ticket: Ticket


class Questions:
    """Questions of workers on their way to the broker and back."""

    def __init__(self, woken: asyncio.Event) -> None:
        self.due: deque[Asked] = deque()
        self._woken = woken
        self._ear = ThreadPoolExecutor(1, "ear")
        self._mouth = ThreadPoolExecutor(1, "mouth")
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, trading: Trading) -> None:
        """Hear questions for ever; a store that is away is tried again."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                heard = await loop.run_in_executor(
                    self._ear, questions.take, commands.PROCESS, LISTEN_S
                )
            except StoreDown:
                await asyncio.sleep(PAUSE_S)
                continue
            if heard is not None:
                self._start(self._prepare(trading, *heard))

    async def put_all(self, trading: Trading, next_id: int) -> int:
        """Put what is due to the broker under ids from here on; return the next unused one.

        Answers go back by themselves.
        """
        while self.due:
            one = self.due.popleft()
            try:
                next_id = max(next_id, await trading.next_order_id())
            except TemporaryError as error:
                self._start(self._answer(one.question_id, {"error": str(error)}))
                continue
            self._start(self._ask(trading, one, next_id))
            next_id += 1
            await asyncio.sleep(0)  # it leaves before the next order does
        return next_id

    def close(self) -> None:
        """Let the threads end."""
        self._ear.shutdown(wait=False)
        self._mouth.shutdown(wait=False)

    async def _prepare(self, trading: Trading, question_id: str, body: dict[str, Any]) -> None:
        try:
            ticket = commands.ticket_from(body["ticket"])
            details = await trading.qualify(parse_occ(ticket.contract.occ))
        except (QuantiCityError, KeyError, TypeError, ValueError) as error:
            await self._answer(question_id, {"error": str(error)})
            return
        self.due.append(Asked(question_id, details.con_id, ticket))
        self._woken.set()

    async def _ask(self, trading: Trading, one: Asked, order_id: int) -> None:
        try:
            margin = await trading.what_if(order_id, one.con_id, one.ticket)
        except QuantiCityError as error:
            await self._answer(one.question_id, {"error": str(error)})
            return
        await self._answer(one.question_id, commands.margin_text(margin))

    async def _answer(self, question_id: str, body: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._mouth, questions.answer, question_id, body)
        except StoreDown as error:
            logger.warning("a what-if could not be answered: %s", type(error).__name__)

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

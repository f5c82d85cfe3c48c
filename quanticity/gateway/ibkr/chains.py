"""The watched option chains: found, steered with the spot, given lines, and told as columns."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime

from quanticity.domain import calendar, clock
from quanticity.domain.errors import PermanentError, QuantiCityError, TemporaryError
from quanticity.domain.instruments import OptionContract
from quanticity.gateway.ibkr.allocation import HELD, Width, Wish, allocate, reaches
from quanticity.gateway.ibkr.board import Board, nearest
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.contracts import Contracts
from quanticity.gateway.ibkr.line import Line
from quanticity.gateway.ibkr.settings import Settings

log = logging.getLogger(__name__)
_NOT_FOUND_S = 120.0  # real seconds until an underlying without options is asked about again


class Chains:
    """All boards, sharing one budget of market data lines."""

    def __init__(
        self,
        link: Link,
        contracts: Contracts,
        settings: Settings,
        lines: dict[int, Line],
        spot: Callable[[str], float | None],
        live: Callable[[], Mapping[int, datetime]],
        is_settled: Callable[[], bool],
    ) -> None:
        self._link = link
        self._contracts = contracts
        self._settings = settings
        self._lines = lines
        self._spot = spot
        self._live = live
        self._is_settled = is_settled
        self._not_found: dict[str, float] = {}  # by underlying: the loop's second of the next try
        self._boards: dict[str, Board] = {}
        self._cursor = 0
        self._searching = asyncio.Event()

    def add(self, symbol: str) -> None:
        """Watch the chain of this underlying."""
        self._boards.setdefault(symbol, Board(symbol, self._settings))
        self._searching.set()

    def fit(self, deep: Iterable[str], n_others: int) -> None:
        """Watch no more than the lines can keep fresh; `deep` chains stay wide the longest."""
        own = self._settings
        permanent = own.lines - own.reserve_lines - n_others - own.rotating_lines
        renewed = int(own.rotating_lines * clock.real_seconds(own.fresh_s) / own.rotate_s)
        wanted = frozenset(deep)
        boards = [board for board in self._boards.values() if board.classes]
        for board in boards:
            board.is_deep = board.underlying in wanted
        widths = [
            Width(b.size, own.narrowest_deep if b.is_deep else own.narrowest, b.is_deep)
            for b in boards
        ]
        found = reaches(widths, own.n_strikes, permanent + renewed)
        for board, reach in zip(boards, found, strict=True):
            board.reach = reach

    def on_connected(self) -> None:
        """Search again for what was not found."""
        self._not_found.clear()
        self._searching.set()

    def line(self, contract: OptionContract, con_id: int) -> Line:
        """The line of an option contract, made at first use."""
        return self._lines.setdefault(con_id, Line(contract.occ, con_id, contract))

    def allocate(
        self, held: Mapping[int, OptionContract], budget: int
    ) -> Iterable[tuple[OptionContract, int]]:
        """The option contracts that get lines this turn."""
        options = dict(held)
        wishes = [Wish(HELD, 0, con_id) for con_id in held]
        for board in self._boards.values():
            options |= {one.con_id: one.contract for _, _, one in board.watched()}
            wishes += board.wishes()
        rotating = self._settings.rotating_lines
        for con_id in allocate(wishes, budget, rotating, self._cursor):
            self.line(options[con_id], con_id)
            yield options[con_id], con_id

    async def run(self, want: Callable[[], None]) -> None:
        """Find, steer and tell the chains, for ever; `want` renews the subscriptions."""
        async with asyncio.TaskGroup() as group:
            for work in (self._search(want), self._steer(want), self._tell()):
                group.create_task(work)

    async def _search(self, want: Callable[[], None]) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.rotate_s):
                    await self._searching.wait()
            self._searching.clear()
            if not self._link.health.is_up:
                continue
            today = calendar.session_date(clock.now())
            now_s = asyncio.get_running_loop().time()
            for board in [b for b in self._boards.values() if b.listed_on != today]:
                if now_s < self._not_found.get(board.underlying, 0.0):
                    continue
                try:
                    await self._list(board)
                except TemporaryError as error:
                    log.info("chain of %s not found yet: %s", board.underlying, error)
                except QuantiCityError as error:
                    # A broken farm says the same as an underlying without options: nothing.
                    self._not_found[board.underlying] = now_s + _NOT_FOUND_S
                    log.error("no chain, asked again in %g s: %s", _NOT_FOUND_S, error)  # noqa: TRY400
                else:
                    board.listed_on = today
                    want()

    async def _list(self, board: Board) -> None:
        symbol = board.underlying
        series = await self._contracts.series(symbol)
        if not series:
            raise PermanentError(f"expected options on {symbol}, found none")
        own = self._settings
        classes = nearest(series, own.n_expiries, clock.now(), own.far_days)
        if not classes:
            raise PermanentError(f"expected an expiry of {symbol} to come, found none")
        listed = {
            (day, root): await self._contracts.listed(symbol, root, day) for day, root in classes
        }
        board.multiplier = next(s.multiplier for s in series if s.root == classes[0][1])
        board.european = (await self._contracts.underlying(symbol)).secType == "IND"
        board.listed = {one: found for one, found in listed.items() if found}
        board.classes = tuple(board.listed)
        board.centre = None

    async def _steer(self, want: Callable[[], None]) -> None:
        turn_s, is_settled = asyncio.get_running_loop().time(), False
        while True:
            await asyncio.sleep(self._settings.steer_s)
            moved = False
            for board in self._boards.values():
                spot = self._spot(board.underlying)
                if spot is not None:
                    board.see(clock.now(), spot)
                    moved = board.recentre(spot) or moved
            now_s = asyncio.get_running_loop().time()
            # Nobody loses a turn to a slow machine: the last one asked had time to answer.
            was_settled, is_settled = is_settled, self._is_settled()
            if was_settled and is_settled and now_s - turn_s >= self._settings.rotate_s:
                turn_s, is_settled = now_s, False
                self._cursor += self._settings.rotating_lines
                moved = True
            if moved:
                want()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(clock.real_seconds(self._settings.chain_s))
            for board in self._boards.values():
                spot = self._spot(board.underlying)
                chain = board.chain(self._lines, spot, clock.now(), self._live())
                if chain is not None and self._link.health.is_up:
                    self._link.listener.on_chain(chain)
                await asyncio.sleep(0)

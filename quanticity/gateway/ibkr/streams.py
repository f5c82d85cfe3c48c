"""Subscriptions as wanted against as sent: what is missing is asked for, what is over is ended.

One task works the difference off at the feed's share of the message rate, so a reconnect, a
restored link and a changed wish are the same thing: the difference is larger or smaller.
"""
# mypy: disable-error-code="no-untyped-call"

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ib_insync import Contract

from quanticity.domain import clock
from quanticity.domain.errors import NotConnected
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.pacing import HistoricalLimits
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ibkr.tap import TappedIB

log = logging.getLogger(__name__)
# Auction 225, RTVolume 233; option volume 100, option open interest 101, their prints 233.
_STOCK_TICKS = "225,233"
_INDEX_TICKS = ""
_OPTION_TICKS = "100,101,233"


class Stream(StrEnum):
    """What can be streamed of an instrument."""

    QUOTES = "quotes"
    PRINTS = "prints"
    BARS = "bars"
    DEPTH = "depth"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One subscription: of what kind, of which instrument."""

    stream: Stream
    con_id: int


class Streams:
    """Keeps the sent subscriptions equal to the wanted ones."""

    def __init__(self, link: Link, settings: Settings, history: HistoricalLimits) -> None:
        self._link = link
        self._settings = settings
        self._history = history
        self._wanted: dict[Wanted, Contract] = {}
        self._sent: dict[Wanted, int] = {}
        self._refused: set[Wanted] = set()
        self._by_request: dict[int, Wanted] = {}
        self._since: dict[int, datetime] = {}  # quotes, by con_id
        # Bars wait for the historical limits, perhaps for minutes; nothing else may wait for them.
        self._changed = {False: asyncio.Event(), True: asyncio.Event()}

    def want(self, wanted: Mapping[Wanted, Contract]) -> None:
        """Replace what is wanted, most urgent first."""
        self._wanted = dict(wanted)
        self._wake()

    def find(self, req_id: int) -> Wanted | None:
        """The subscription a message belongs to."""
        return self._by_request.get(req_id)

    def forget(self) -> None:
        """Every subscription is gone: the connection is another, or the data were lost."""
        self._sent.clear()
        self._by_request.clear()
        self._since.clear()
        self._refused.clear()
        self._wake()

    def renew(self, some: Iterable[Wanted] | None = None) -> None:
        """End these subscriptions (all by default) so that they are asked for again."""
        for wanted in list(self._sent) if some is None else some:
            if wanted in self._sent:
                self._end(wanted)
        self._refused.clear()
        self._wake()

    def retry(self, req_id: int, after_s: float) -> None:
        """Note an ended subscription; it is asked for again after so many seconds."""
        wanted = self.refuse(req_id)
        if wanted is not None:
            asyncio.get_running_loop().call_later(after_s, self._allow, wanted)

    def _allow(self, wanted: Wanted) -> None:
        self._refused.discard(wanted)
        self._wake()

    def refuse(self, req_id: int) -> Wanted | None:
        """Note a refused subscription; it is not asked for again on this connection."""
        wanted = self._by_request.pop(req_id, None)
        if wanted is not None:
            self._sent.pop(wanted, None)
            self._refused.add(wanted)
            self._end_quotes(wanted)
        return wanted

    def quoted_since(self) -> Mapping[int, datetime]:
        """Since when each contract's quotes stream."""
        return self._since

    def is_settled(self) -> bool:
        """Whether everything wanted was asked for, bars apart."""
        return self._next(bars=False) is None

    def sent(self) -> Collection[Wanted]:
        """The subscriptions that were sent on this connection."""
        return self._sent.keys()

    @property
    def n_lines(self) -> int:
        """Market data lines in use."""
        return sum(wanted.stream is Stream.QUOTES for wanted in self._sent)

    async def run(self) -> None:
        """Work the difference off, for ever."""
        async with asyncio.TaskGroup() as group:
            for bars in self._changed:
                group.create_task(self._keep(bars=bars))

    def _wake(self) -> None:
        for changed in self._changed.values():
            changed.set()

    async def _keep(self, *, bars: bool) -> None:
        while True:
            await self._changed[bars].wait()
            self._changed[bars].clear()
            try:
                await self._work(bars=bars)
            except NotConnected:
                # `forget` wakes us when the next connection is there.
                log.debug("subscriptions wait for a connection")

    async def _work(self, *, bars: bool) -> None:
        # A new wish begins the round anew, so that the most urgent one is always next.
        while (wanted := self._next(bars=bars)) is not None and not self._changed[bars].is_set():
            await self._link.slot()
            if wanted in self._sent:
                self._end(wanted)
            elif bars:
                await self._pace(self._wanted[wanted])
            if wanted in self._wanted and wanted not in self._sent:
                self._begin(wanted, self._wanted[wanted])
        self._link.data_lines = self.n_lines

    def _next(self, *, bars: bool) -> Wanted | None:
        for sent in self._sent:
            if sent not in self._wanted and (sent.stream is Stream.BARS) is bars:
                return sent
        for wanted in self._wanted:
            is_open = wanted in self._sent or wanted in self._refused
            if not is_open and (wanted.stream is Stream.BARS) is bars:
                return wanted
        return None

    async def _pace(self, contract: Contract) -> None:
        # Real-time bars count as historical requests (420).
        now_s = asyncio.get_running_loop().time()
        request = f"bars {contract.conId} {now_s}"
        wait_s = self._history.wait(now_s, contract.symbol, request)
        self._history.take(now_s + wait_s, contract.symbol, request)
        await asyncio.sleep(wait_s)

    def _begin(self, wanted: Wanted, contract: Contract) -> None:
        ib = self._link.require()
        req_id = ib.client.getReqId()
        self._sent[wanted] = req_id
        self._by_request[req_id] = wanted
        client = ib.client
        if wanted.stream is Stream.QUOTES:
            self._since[wanted.con_id] = clock.now()
            ticks = {"OPT": _OPTION_TICKS, "IND": _INDEX_TICKS}.get(contract.secType, _STOCK_TICKS)
            client.reqMktData(req_id, contract, ticks, False, False, [])
        elif wanted.stream is Stream.PRINTS:
            client.reqTickByTickData(req_id, contract, "AllLast", 0, False)
        elif wanted.stream is Stream.BARS:
            client.reqRealTimeBars(req_id, contract, 5, "TRADES", True, [])
        else:
            client.reqMktDepth(req_id, contract, self._settings.depth_rows, True, [])

    def _end(self, wanted: Wanted) -> None:
        ib = self._link.require()
        req_id = self._sent.pop(wanted)
        self._by_request.pop(req_id, None)
        self._end_quotes(wanted)
        self._cancel(ib, wanted.stream)(req_id)

    def _end_quotes(self, wanted: Wanted) -> None:
        if wanted.stream is Stream.QUOTES:
            self._since.pop(wanted.con_id, None)

    @staticmethod
    def _cancel(ib: TappedIB, stream: Stream) -> Callable[[int], None]:
        client = ib.client
        cancels: dict[Stream, Callable[[int], None]] = {
            Stream.QUOTES: client.cancelMktData,
            Stream.PRINTS: client.cancelTickByTickData,
            Stream.BARS: client.cancelRealTimeBars,
            Stream.DEPTH: lambda req_id: client.cancelMktDepth(req_id, True),
        }
        return cancels[stream]

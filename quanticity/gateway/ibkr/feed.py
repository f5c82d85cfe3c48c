"""Market data in (ports.MarketFeed): what is wanted, and messages to the lines they belong to.

Nothing here waits for the connection: wishes are noted, `streams` works them off whenever there
is one, and everything is asked for again on the next.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from ib_insync import Contract

from quanticity.domain import clock
from quanticity.domain.errors import QuantiCityError, TemporaryError
from quanticity.domain.instruments import OptionContract
from quanticity.domain.market import Bar, Level
from quanticity.gateway.ibkr import errors, translate
from quanticity.gateway.ibkr.chains import Chains
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.contracts import Contracts
from quanticity.gateway.ibkr.depth import Depth
from quanticity.gateway.ibkr.health import Remedy
from quanticity.gateway.ibkr.history import History
from quanticity.gateway.ibkr.line import RT_VOLUME, Line
from quanticity.gateway.ibkr.outlet import Outlet
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ibkr.streams import Stream, Streams, Wanted

log = logging.getLogger(__name__)
_MODEL_TICKS = frozenset({13, 83})
_SECOND = timedelta(milliseconds=999)
_NEVER = datetime.min.replace(tzinfo=UTC)


class IbkrFeed:
    """Subscriptions, and the sink of market data messages."""

    def __init__(self, link: Link, contracts: Contracts, settings: Settings) -> None:
        self._link = link
        self._contracts = contracts
        self._settings = settings
        self._history = History(link, contracts, settings)
        self._streams = Streams(link, settings, self._history.limits)
        self._outlet = Outlet(link.listener, settings)
        self._symbols: list[str] = []
        self._depth: list[str] = []
        self._held: tuple[OptionContract, ...] = ()
        self._missing: set[str] = set()
        self._underlyings: dict[str, Contract] = {}
        self._held_ids: dict[OptionContract, int] = {}
        self._lines: dict[int, Line] = {}
        self._books: dict[int, Depth] = {}
        self._with_venue: set[int] = set()  # con_ids whose prints come one by one
        self._chains = Chains(
            link,
            contracts,
            settings,
            self._lines,
            self.spot,
            self._streams.quoted_since,
            self._streams.is_settled,
        )
        self._changed = asyncio.Event()
        self._verifying: asyncio.Task[None] | None = None

    # Wishes.

    async def watch(self, symbols: Sequence[str], depth: Sequence[str]) -> None:
        """Stream quotes, prints, 5 s bars and auction ticks; depth for some."""
        self._symbols = list(dict.fromkeys((*self._symbols, *symbols)))
        self._depth = list(dict.fromkeys((*self._depth, *depth)))
        self._link.health.is_watching = bool(self._symbols)
        self._changed.set()

    async def watch_chain(self, symbol: str) -> None:
        """Keep the chain of this underlying fresh: nearest expiries around the money."""
        await self.watch([symbol], [])
        self._chains.add(symbol)

    async def hold(self, contracts: Sequence[OptionContract]) -> None:
        """Stream exactly these contracts before everything else; replaces the last set."""
        held = tuple(dict.fromkeys(contracts))
        if held != self._held:
            self._held = held
            self._changed.set()

    def pace_on(self, taken: Iterable[float], tell: Callable[[Sequence[float]], None]) -> None:
        """Go on counting historical requests where the process before left off."""
        self._history.limits.resume(taken, tell)

    async def history(self, symbol: str, bar: str, days: int) -> tuple[Bar, ...]:
        """Past regular-session bars, oldest first."""
        return await self._history.bars(symbol, bar, days)

    def spot(self, symbol: str) -> float | None:
        """Middle of a tight fresh quote, else a fresh last price, else None (DOMAIN 1.4)."""
        contract = self._underlyings.get(symbol)
        line = self._lines.get(contract.conId) if contract is not None else None
        return None if line is None else line.spot(clock.now())

    # Life.

    async def run(self) -> None:
        """Keep everything streaming, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._streams.run())
            group.create_task(self._chains.run(self._want))
            group.create_task(self._resolve())
            group.create_task(self._flush())

    def on_connected(self) -> None:
        """A new connection knows none of our subscriptions."""
        self._missing.clear()
        self._forget_books()
        self._streams.forget()
        self._changed.set()
        self._chains.on_connected()

    def on_remedy(self, remedy: Remedy) -> None:
        """Restore the streams as a connectivity message asks."""
        if remedy is Remedy.VERIFY:
            self._verifying = asyncio.get_running_loop().create_task(self._verify(clock.now()))
            return
        self._forget_books()
        if remedy is Remedy.RENEW:
            self._streams.renew()
        else:
            self._streams.forget()

    # What was told before the streams began anew says nothing of how they will come.
    def _forget_books(self) -> None:
        self._with_venue.clear()
        for depth in self._books.values():
            depth.clear()

    async def _verify(self, since_at: datetime) -> None:
        # After 1102 the streams are said to be kept; each must prove it by a fresh tick.
        await asyncio.sleep(self._settings.fresh_tick_s)
        stale = [
            wanted
            for wanted in self._streams.sent()
            if (line := self._lines.get(wanted.con_id)) is not None
            and (line.tick_at is None or line.tick_at < since_at)
        ]
        self._link.counters["streams_renewed"] += len(stale)
        if stale:
            self._forget_books()
            self._streams.renew(stale)

    async def _resolve(self) -> None:
        # Finds the contracts of new wishes; tries again later what could not be found now.
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._find_all()

    async def _find_all(self) -> None:
        is_complete = True
        for symbol in [s for s in self._symbols if s not in self._underlyings]:
            is_complete &= await self._found(symbol, self._find_underlying(symbol))
            self._want()
        for contract in [c for c in self._held if c not in self._held_ids]:
            is_complete &= await self._found(contract.occ, self._find_held(contract))
        self._want()
        if not is_complete:
            asyncio.get_running_loop().call_later(self._settings.probe_every_s, self._changed.set)

    async def _found(self, instrument: str, finding: Coroutine[None, None, None]) -> bool:
        # False when it is worth another try.
        if instrument in self._missing:
            finding.close()
            return True
        try:
            await finding
        except TemporaryError:
            return False
        except QuantiCityError as error:
            self._missing.add(instrument)
            self._link.counters["contracts_not_found"] += 1
            log.error("not streamed: %s", error)  # noqa: TRY400 - the sentence says it all
        return True

    async def _find_underlying(self, symbol: str) -> None:
        contract = await self._contracts.underlying(symbol)
        self._underlyings[symbol] = contract
        self._lines.setdefault(contract.conId, Line(symbol, contract.conId))

    async def _find_held(self, contract: OptionContract) -> None:
        con_id = await self._contracts.con_id(contract)
        self._held_ids[contract] = con_id
        self._chains.line(contract, con_id)

    def _want(self) -> None:
        wanted: dict[Wanted, Contract] = {}
        held = {self._held_ids[c]: c for c in self._held if c in self._held_ids}
        for con_id, option in held.items():
            wanted[Wanted(Stream.QUOTES, con_id)] = self._contracts.theirs(option, con_id)
        known = {s: self._underlyings[s] for s in self._symbols if s in self._underlyings}
        for stream, symbols in (
            (Stream.QUOTES, known),
            (Stream.PRINTS, self._tick_by_tick(known)),
            (Stream.DEPTH, [s for s in self._depth if s in known][: self._settings.depth_lines]),
        ):
            wanted |= {Wanted(stream, known[s].conId): known[s] for s in symbols}
        budget = self._settings.lines - self._settings.reserve_lines - len(known)
        self._chains.fit(self._depth, len(known))
        for option, con_id in self._chains.allocate(held, budget):
            wanted[Wanted(Stream.QUOTES, con_id)] = self._contracts.theirs(option, con_id)
        wanted |= {Wanted(Stream.BARS, c.conId): c for c in known.values()}
        self._streams.want(wanted)

    def _tick_by_tick(self, known: Iterable[str]) -> list[str]:
        chosen = [s for s in known if s in self._settings.tick_by_tick]
        return chosen[: self._settings.tick_by_tick_lines]

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(min(self._settings.quote_every_s, self._settings.book_every_s) / 2)
            self._outlet.flush(clock.now())

    # What the tap tells us.

    def on_price(self, req_id: int, tick: int, price: float, size: float) -> None:
        """A price tick with its size."""
        line = self._line(req_id)
        if line is not None:
            line.on_price(tick, price, size, self._link.packet_at)
            self._touched(line)

    def on_size(self, req_id: int, tick: int, size: float) -> None:
        """A size tick."""
        line = self._line(req_id)
        if line is not None:
            line.on_size(tick, size, self._link.packet_at)
            self._touched(line)

    def on_text(self, req_id: int, tick: int, text: str) -> None:
        """A text tick; RTVolume is the only one that matters."""
        line = self._line(req_id) if tick in RT_VOLUME else None
        if line is None:
            return
        is_option = line.contract is not None
        trade = line.on_print(text, self._link.packet_at, sampled=is_option)
        self._touched(line)
        if trade is not None and line.con_id not in self._with_venue:
            self._link.listener.on_trade(trade)

    def on_tick_by_tick(
        self, req_id: int, epoch_s: int, price: float, size: float, venue: str, conditions: str
    ) -> None:
        """A print with its venue; its time is cut to the second, so it is placed within it."""
        line = self._line(req_id)
        known_price, known_size = translate.price(price), translate.size(size)
        if line is None or known_price is None or not known_size:
            return
        at, second_at = self._link.packet_at, datetime.fromtimestamp(epoch_s, UTC)
        event_at = min(max(at, second_at), second_at + _SECOND)
        kinds = translate.conditions(conditions)
        trade = line.trade(known_price, known_size, event_at, at, venue=venue, conditions=kinds)
        self._touched(line)
        self._with_venue.add(line.con_id)
        self._link.listener.on_trade(trade)

    def on_data_type(self, req_id: int, kind: int) -> None:
        """Live, frozen or delayed."""
        line = self._line(req_id)
        if line is not None:
            line.on_data_type(kind)

    def on_model(self, req_id: int, tick: int, values: tuple[float, ...]) -> None:
        """The broker's own Greeks; the model's are kept as a cross-check."""
        line = self._line(req_id) if tick in _MODEL_TICKS else None
        if line is not None:
            line.on_model(*values)

    def on_bar(self, req_id: int, epoch_s: int, values: tuple[float, ...]) -> None:
        """A 5 s bar."""
        line = self._line(req_id)
        if line is not None:
            open_at = datetime.fromtimestamp(epoch_s, UTC)
            self._link.listener.on_bar(translate.real_time_bar(line.instrument, open_at, values))

    def on_depth(
        self, req_id: int, position: int, operation: int, side: int, row: tuple[float, float, str]
    ) -> None:
        """A row of a book."""
        line = self._line(req_id)
        if line is not None:
            depth = self._books.setdefault(
                line.con_id,
                Depth(line.instrument, self._settings.depth_row_age_s, self._settings.depth_rows),
            )
            depth.on_row(position, operation, side, Level(*row), self._link.packet_at)
            self._outlet.mark_book(depth)

    def on_packet_end(self) -> None:
        """Tell what is due."""
        self._outlet.flush(self._link.packet_at)

    def on_stream_error(self, req_id: int, code: int, text: str) -> None:
        """Something about a subscription: refused for good, or worth a note."""
        wanted = self._streams.find(req_id)
        if wanted is None:
            return
        self._link.counters[f"stream_code_{code}"] += 1
        if code == errors.DEPTH_RESET and wanted.con_id in self._books:
            self._books[wanted.con_id].clear()
        elif code in errors.STREAM_ENDED:
            self._streams.retry(req_id, self._settings.historical_repeat_s)
        elif code in errors.STREAM_REFUSED:
            self._streams.refuse(req_id)
            self._with_venue.discard(wanted.con_id)
            self._link.counters["lines_refused"] += 1
            log.warning("%s of %s refused: %s %s", wanted.stream, wanted.con_id, code, text)

    def _line(self, req_id: int) -> Line | None:
        wanted = self._streams.find(req_id)
        return None if wanted is None else self._lines.get(wanted.con_id)

    def _touched(self, line: Line) -> None:
        # A value repeated at a new subscription proves nothing; one that moved does.
        if line.contract is None and line.moved_at is not None:
            self._link.health.tick_at = max(line.moved_at, self._link.health.tick_at or _NEVER)
        self._outlet.mark(line)

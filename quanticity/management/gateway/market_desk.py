"""The market's side of the gateway process: facts to the store, to tapes and to the quarantine."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import date

from django.conf import settings

from analytics.ingestion.recorder import Recorder
from analytics.services import flow, quarantine, sources
from quanticity import workflows
from quanticity.config import timetable
from quanticity.config.loader import section
from quanticity.config.universe import universe
from quanticity.domain import calendar, clock
from quanticity.domain.errors import PermanentError, TemporaryError
from quanticity.gateway.ports import MarketFeed
from quanticity.gateway.tape_writer import Settings as TapeSettings
from quanticity.gateway.tape_writer import TapeWriter
from quanticity.gateway.tapes import Past
from quanticity.management.gateway.hands import Hands
from quanticity.management.gateway.paces import Paces

logger = logging.getLogger(__name__)

FLUSH_S = 0.1
GATHER_S = 0.002  # what comes so soon after another goes with it
REFUSALS_S = 1.0
SEED_S = 1.0
HISTORY_DAYS = {"1 min": 10, "1 day": 260}  # 250 daily returns, and room


class MarketDesk:
    """Writes down what the market said, and begins each symbol from its past."""

    def __init__(self, feed: str, hands: Hands) -> None:
        self._feed, self._hands = feed, hands
        self.recorder = Recorder(feed)
        self.tape = TapeWriter(
            settings.VAR / "tapes" / settings.TRADING_MODE, "gateway",
            section("gateway.tape", TapeSettings),
        )  # fmt: skip
        self._fresh = asyncio.Event()
        self.recorder.on_fresh = self._fresh.set
        self._paces = Paces()
        self.seeded: dict[str, date] = {}
        # What was to be written meanwhile is lost: bars begin anew from the broker's history.
        hands.on_store_back = self.seeded.clear

    async def record(self) -> None:
        """Flush the recorder whenever something came."""
        while True:
            fresh = await self._hands.try_store(self._hands.store, self.recorder.flush)
            now = clock.now()
            for symbol in fresh or ():
                if self._paces.is_due(symbol, now, timetable.exposures_s(symbol)):
                    self._hands.nudge(workflows.chain_arrived, symbol)
            await asyncio.sleep(GATHER_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_S):
                    await self._fresh.wait()
            self._fresh.clear()

    async def keep_refusals(self) -> None:
        """Write down what was refused, and what happened to sources."""
        while True:
            await asyncio.sleep(REFUSALS_S)
            if refusals := self.recorder.refusals():
                await self._hands.on(self._hands.sql, quarantine.keep, refusals, self._feed)
            if events := self.recorder.events():
                await self._hands.on(self._hands.sql, sources.note, events)

    async def keep_tape(self) -> None:
        """Append to the tape."""
        while True:
            await asyncio.sleep(section("gateway.tape", TapeSettings).flush_s)
            await self._hands.on(self._hands.disk, self.tape.flush)

    async def keep_seeded(self, feed: MarketFeed, is_connected: Callable[[], bool]) -> None:
        """Begin every symbol's bars from history, once per session."""
        while True:
            await asyncio.sleep(SEED_S)
            if is_connected():
                await self._seed(feed, universe().symbols)

    async def close(self) -> None:
        """Write what is still buffered."""
        await self._hands.on(self._hands.disk, self.tape.flush)
        await self._hands.try_store(self._hands.store, self.recorder.flush)

    async def _seed(self, feed: MarketFeed, symbols: Sequence[str]) -> None:
        # Once per session: yesterday becomes a day of history.
        today = calendar.session_date(clock.now())
        for symbol in symbols:
            if self.seeded.get(symbol) == today:
                continue
            try:
                minutes = await feed.history(symbol, "1 min", HISTORY_DAYS["1 min"])
                days = await feed.history(symbol, "1 day", HISTORY_DAYS["1 day"])
            except TemporaryError as error:
                logger.warning("no history of %s yet: %s", symbol, error)
                return
            except PermanentError as error:
                logger.warning("no history of %s: %s", symbol, error)
                self.seeded[symbol] = today
                continue
            self.tape.take(self._feed, "past", Past(symbol, tuple(minutes), tuple(days)))
            hands = self._hands
            await hands.try_store(hands.store, self.recorder.seed, symbol, minutes)
            await hands.try_store(hands.store, flow.seed_history, symbol, minutes, days)
            if not hands.is_store_down:
                self.seeded[symbol] = today

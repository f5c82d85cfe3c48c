"""Past bars, asked for no faster than the broker allows."""

import asyncio

from quanticity.domain.errors import PermanentError, TemporaryError
from quanticity.domain.market import Bar
from quanticity.gateway.ibkr import errors, translate
from quanticity.gateway.ibkr.connection import Link
from quanticity.gateway.ibkr.contracts import Contracts
from quanticity.gateway.ibkr.pacing import HistoricalLimits
from quanticity.gateway.ibkr.settings import Settings

_N5 = {"1 min": 12, "5 mins": 60, "1 day": 4680}
_MAX_DAYS = 365


class History:
    """Historical requests behind the pacing limits."""

    def __init__(self, link: Link, contracts: Contracts, settings: Settings) -> None:
        self._link = link
        self._contracts = contracts
        self._settings = settings
        self._open = asyncio.Semaphore(settings.historical_open)
        self.limits = HistoricalLimits(
            settings.historical_per_window,
            settings.historical_window_s,
            settings.historical_burst,
            settings.historical_burst_s,
            settings.historical_repeat_s,
        )

    async def bars(self, symbol: str, bar: str, days: int) -> tuple[Bar, ...]:
        """Past regular-session bars, oldest first; none is an answer too."""
        if bar not in _N5:
            raise PermanentError(f"expected a bar of {' / '.join(_N5)}, was {bar!r}")
        contract = await self._contracts.underlying(symbol)
        span = f"{days} D" if days <= _MAX_DAYS else f"{-(-days // _MAX_DAYS)} Y"
        async with self._open:
            await self._pace(symbol, f"{symbol} {bar} {span}")
            try:
                found = await self._link.ask(
                    f"history of {symbol}",
                    lambda ib: ib.reqHistoricalDataAsync(
                        contract, "", span, bar, "TRADES", True, 2, timeout=0
                    ),
                    self._settings.historical_s,
                )
            except TemporaryError as error:
                if str(error).startswith(str(errors.NO_HISTORY)) and "no data" in str(error):
                    return ()
                raise
        return tuple(
            translate.bar(symbol, one, _N5[bar]) for one in found if translate.has_session(one)
        )

    async def _pace(self, symbol: str, request: str) -> None:
        now_s = asyncio.get_running_loop().time()
        wait_s = self.limits.wait(now_s, symbol, request)
        self.limits.take(now_s + wait_s, symbol, request)
        await asyncio.sleep(wait_s)

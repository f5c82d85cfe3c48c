"""The option chains a replay shows: nearest expiries, strikes around the money (DOMAIN 1.9)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

import numpy as np

from quanticity.domain import calendar
from quanticity.domain.instruments import OptionContract, Right
from quanticity.domain.market import Quote, Trade
from quanticity.domain.options import Chain, Expiry
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.market import Market, OptionQuotes
from quanticity.gateway.simulated.panels import Panel


@dataclass(frozen=True, slots=True)
class Settings:
    """[replay]: how much of the market is shown, and how often."""

    chain_s: int
    n_expiries: int
    n_strikes: int
    daily_expiry_days: int
    weekly_expiry_days: int
    strike_width_frac: float
    history_minutes_days: int
    history_days: int
    reconcile_s: int
    after_close_s: int


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A chain, its contracts' quotes, and the prints since the chain before."""

    chain: Chain
    quotes: list[Quote]
    prints: list[Trade]


class Boards:
    """Every watched chain; remembers volumes, so that what was traded since is a print."""

    def __init__(self, market: Market, settings: Settings) -> None:
        self._market = market
        self._settings = settings
        self._volumes: dict[str, int] = {}

    def show(self, symbol: str, at: datetime) -> Shown | None:
        """The chain of a symbol at an instant; None where nothing is listed."""
        panel = self._panel(symbol, at)
        if panel is None:
            return None
        quotes = self._market.options(panel, at)
        occ = [_contract(int(con_id)).occ for con_id in panel.con_ids]
        chain = self._chain(symbol, panel, quotes, occ, at)
        return Shown(chain, _quotes(chain, at), self._prints(chain, at))

    def quotes(self, symbol: str, at: datetime) -> list[Quote]:
        """Every contract of a symbol's chain by itself, between two chains."""
        panel = self._panel(symbol, at)
        if panel is None:
            return []
        seen = self._market.options(panel, at)
        return [
            _quote(_contract(int(con_id)).occ, seen, row, at)
            for row, con_id in enumerate(panel.con_ids)
        ]

    def quote(self, contract: OptionContract, at: datetime) -> Quote | None:
        """One contract by itself: what is held is looked at every second."""
        con_id, symbol = listing.option_id(contract), listing.symbol_of_root(contract.root)
        if con_id is None or symbol is None:
            return None
        seen = self._market.options(Panel.of(symbol, [con_id]), at)
        return _quote(contract.occ, seen, 0, at)

    def _panel(self, symbol: str, at: datetime) -> Panel | None:
        listed, s = listing.SYMBOLS[symbol], self._settings
        today, spot = calendar.session_date(at), self._market.spot(symbol, at)
        near = listing.expiries(listed, today, s.daily_expiry_days, s.weekly_expiry_days)
        strikes = [float(k) for k in listing.strikes(listed, spot, s.strike_width_frac)]
        if not near or not strikes:
            return None
        centre = int(np.abs(np.array(strikes) - spot).argmin())
        lowest = strikes[max(centre - s.n_strikes, 0)]
        highest = strikes[min(centre + s.n_strikes, len(strikes) - 1)]
        step = float(listing.strike_step(listed, spot))
        return _made(symbol, near[: s.n_expiries], lowest, highest, step)

    def _chain(
        self, symbol: str, panel: Panel, seen: OptionQuotes, occ: list[str], at: datetime
    ) -> Chain:
        stamp = np.full(len(occ), int(at.timestamp() * 1000), dtype=np.int64)
        return Chain(
            underlying=symbol, spot=self._market.spot(symbol, at), as_of=at, feed="replay",
            delayed=False, multiplier=100, european=panel.symbol.european,
            expiries=tuple(_expiry(panel.symbol, day, at) for day in panel.expiries),
            occ=np.array(occ), right=panel.sign.astype(np.int64), strike=panel.strike,
            expiry_idx=panel.expiry, bid=np.where(seen.bid > 0, seen.bid, np.nan), ask=seen.ask,
            last=seen.last, bid_size=seen.bid_size, ask_size=seen.ask_size, volume=seen.volume,
            open_interest=self._market.open_interest(panel, at), quote_epoch_ms=stamp,
        )  # fmt: skip

    def _prints(self, chain: Chain, at: datetime) -> list[Trade]:
        found = []
        for row, occ in enumerate(chain.occ.tolist()):
            volume, before = int(chain.volume[row]), self._volumes.get(occ)
            self._volumes[occ] = volume
            if before is not None and volume > before:
                found.append(
                    Trade(
                        occ, float(chain.last[row]), float(volume - before), at,
                        bid=_known(chain.bid[row]), ask=_known(chain.ask[row]),
                        quote_age_s=0.0, sampled=True,
                    )
                )  # fmt: skip
        return found


@lru_cache(maxsize=256)
def _made(
    symbol: str, expiries: tuple[date, ...], lowest: float, highest: float, step: float
) -> Panel:
    listed = listing.SYMBOLS[symbol]
    strikes = np.arange(lowest, highest + step / 2, step)
    contracts = [
        listing.option_id(OptionContract(listed.root, day, right, _decimal(strike)))
        for day in expiries
        for strike in strikes
        for right in (Right.CALL, Right.PUT)
    ]
    return Panel.of(listed, [con_id for con_id in contracts if con_id is not None])


def _decimal(strike: float) -> Decimal:
    return Decimal(str(float(strike)))


def _contract(con_id: int) -> OptionContract:
    found = listing.option_of_id(con_id)
    assert found is not None
    return found


def _expiry(symbol: listing.Symbol, day: date, at: datetime) -> Expiry:
    settles = listing.settlement(symbol)
    settles_at = calendar.settlement_at(day, settles)
    return Expiry(
        day, symbol.root, settles, settles_at, calendar.seconds_to(at, settles_at),
        calendar.sessions_to(day, at), calendar.days_to(day, at),
    )  # fmt: skip


def _quotes(chain: Chain, at: datetime) -> list[Quote]:
    rows = zip(
        chain.occ.tolist(), chain.bid.tolist(), chain.ask.tolist(),
        chain.bid_size.tolist(), chain.ask_size.tolist(), chain.last.tolist(), strict=True,
    )  # fmt: skip
    return [
        Quote(occ, _known(bid), _known(ask), float(bids), float(asks), last, at, at)
        for occ, bid, ask, bids, asks, last in rows
    ]


def _quote(occ: str, seen: OptionQuotes, row: int, at: datetime) -> Quote:
    bid, ask = float(seen.bid[row]), float(seen.ask[row])
    sizes = float(seen.bid_size[row]), float(seen.ask_size[row])
    return Quote(occ, bid if bid > 0 else None, ask, *sizes, float(seen.last[row]), at, at)


def _known(price: float) -> float | None:
    return float(price) if price > 0 else None  # NaN is not above zero

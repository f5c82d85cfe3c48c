"""Seeded prices: one day's tape per symbol and session, second by second (pure).

A tape is a function of (seed, symbol, session) alone: the same at whatever instant a process
starts, so history, live quotes, prints and bars always agree. Daily levels revert to a central
price; within the session the path is a bridge from open to close with a U-shaped volatility.
Order flow alternates between balanced and one-sided stretches of some minutes, in which price
drifts, volume rises, the book leans and sweeps occur. VIX and its kin are read off the surface.
"""

import dataclasses
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from quanticity.domain import calendar
from quanticity.domain.calendar import Session
from quanticity.gateway.simulated.levels import Floats, Habit, Levels, generator, mix
from quanticity.gateway.simulated.noise import Counts
from quanticity.gateway.simulated.shapes import Ints, lots, smooth, variance_shape, volume_shape

TICK = 0.01
_KEPT_TAPES = 18  # one per symbol of today, and a few past ones


@dataclass(frozen=True, slots=True)
class Stock:
    """One symbol's habits."""

    price_usd: float
    daily_vol_frac: float
    market_share: float
    adv_shares: int
    spread_ticks: int
    book_shares: int
    prints_per_s: float
    dividend_yield: float


@dataclass(frozen=True, slots=True)
class Settings:
    """How the simulated market moves."""

    seed: int
    symbols: dict[str, Stock]
    index_multiple: float
    reversion_per_session: float
    overnight_variance_share: float
    realized_to_implied: float
    open_vol_boost: float
    close_vol_boost: float
    volume_u_shape: float
    volume_noise: float
    day_volume_noise: float
    calm_minutes: tuple[float, float]
    one_sided_minutes: tuple[float, float]
    one_sided_drift_sd: float
    one_sided_volume: float
    one_sided_buy_share: float
    one_sided_book: float
    calm_book_noise: float
    sweep_every_s: float
    calm_sweep_every_s: float
    closing_auction_share: float


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """One symbol's session by the second: arrays with one entry per second of the session.

    `bid` and `ask` in dollars; volumes in shares by aggressor; `sweep` counts the price levels a
    sweep ran through (+ upward, - downward, 0 none); `lean` is the book's imbalance in [-1, 1].
    """

    symbol: str
    session: Session
    previous_close: float
    bid: Floats
    ask: Floats
    bought: Ints
    sold: Ints
    sweep: NDArray[np.int8]
    lean: Floats
    flow: NDArray[np.int8]

    def second(self, at: datetime) -> int:
        """The tape's index for an instant, held within the session."""
        since = int((at - self.session.open_at).total_seconds())
        return min(max(since, 0), len(self.bid) - 1)

    def mid(self, second: int) -> float:
        """Halfway between bid and ask."""
        return float(self.bid[second] + self.ask[second]) / 2

    @property
    def high(self) -> Floats:
        """Highest print of each second."""
        return np.where(self.bought > 0, self.ask, self.bid) + TICK * np.maximum(self.sweep, 0)

    @property
    def low(self) -> Floats:
        """Lowest print of each second."""
        return np.where(self.sold > 0, self.bid, self.ask) + TICK * np.minimum(self.sweep, 0)


@dataclass(frozen=True, slots=True, eq=False)
class SoFar:
    """What a session had traded by each second: shares, highest and lowest print.

    `steady` is the share of its continuous volume, `pressed` the part of that traded in stretches
    pressed up less the part in stretches pressed down.
    """

    volume: NDArray[np.int64]
    high: Floats
    low: Floats
    steady: Floats
    pressed: Floats


class Tapes:
    """Makes tapes on demand and keeps the latest."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._kept: OrderedDict[tuple[str, date], Tape] = OrderedDict()
        self._common: OrderedDict[date, Floats] = OrderedDict()
        self._so_far: OrderedDict[tuple[str, date], SoFar] = OrderedDict()
        self._centrals: dict[tuple[str, date], float] = {}
        self._recorded: dict[tuple[str, date], Tape] = {}
        # Recorded chains: contract ids in order, their open interest and the session's volume.
        self.interest: dict[tuple[str, date], tuple[Counts, Counts, Counts]] = {}
        self._multiples: dict[date, float] = {}
        self.levels = Levels(
            settings.seed,
            settings.reversion_per_session,
            {
                name: Habit(
                    stock.price_usd,
                    stock.daily_vol_frac * settings.realized_to_implied,
                    stock.market_share,
                )
                for name, stock in settings.symbols.items()
            },
        )

    def at(self, symbol: str, at: datetime) -> Tape:
        """The tape in force: today's once the session has opened, the one before until then."""
        return self.of(symbol, session_in_force(at))

    def so_far(self, tape: Tape) -> SoFar:
        """Running volume, high and low of a tape."""
        key = (tape.symbol, tape.session.date)
        if key not in self._so_far:
            if len(self._so_far) > _KEPT_TAPES:
                self._so_far.popitem(last=False)
            self._so_far[key] = _add_up(tape)
        return self._so_far[key]

    def of(self, symbol: str, session: Session) -> Tape:
        """The tape of one session."""
        key = (symbol, session.date)
        if key in self._recorded:
            return self._recorded[key]
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        tape = self._kept[key] = self._make(symbol, session)
        if len(self._kept) > _KEPT_TAPES:
            self._kept.popitem(last=False)
        return tape

    def jump(self, symbol: str, at: datetime, frac: float) -> None:
        """Move a symbol's price by a fraction from an instant to the end of its session."""
        tape = self.at(symbol, at)
        times = np.where(np.arange(len(tape.bid)) > tape.second(at), 1 + frac, 1.0)
        bid = np.round(tape.bid * times, 2)
        moved = dataclasses.replace(tape, bid=bid, ask=np.round(bid + (tape.ask - tape.bid), 2))
        place = self._recorded if (symbol, tape.session.date) in self._recorded else self._kept
        place[symbol, tape.session.date] = moved
        self._so_far.pop((symbol, tape.session.date), None)

    def record(self, tape: Tape) -> None:
        """Take a recorded session in place of a seeded one."""
        self._recorded[tape.symbol, tape.session.date] = tape

    def is_recorded(self, symbol: str, day: date) -> bool:
        """Say whether a session was recorded."""
        return (symbol, day) in self._recorded

    def pass_through(self, symbol: str, points: Mapping[datetime, float]) -> None:
        """Scale a seeded session so that it is at these prices at these instants."""
        tape = self.at(symbol, min(points))
        seconds = [tape.second(at) for at in points]
        times = [price / tape.mid(n) for n, price in zip(seconds, points.values(), strict=True)]
        path = np.interp(np.arange(len(tape.bid)), seconds, times)
        bid = np.round(tape.bid * path, 2)
        moved = dataclasses.replace(tape, bid=bid, ask=np.round(bid + (tape.ask - tape.bid), 2))
        self._so_far.pop((symbol, tape.session.date), None)
        self.record(moved)

    def index_multiple(self, day: date) -> float:
        """SPX over SPY in a session."""
        return self._multiples.get(day, self.settings.index_multiple)

    def set_index_multiple(self, day: date, multiple: float) -> None:
        """Take a recorded ratio."""
        self._multiples[day] = multiple

    def stock(self, symbol: str) -> Stock:
        """One symbol's habits."""
        return self.settings.symbols[symbol]

    def close(self, symbol: str, day: date) -> float:
        """The session's official closing price."""
        return self.levels.close(symbol, day)

    def deviation(self, symbol: str, tape: Tape, second: int) -> float:
        """Log distance of a tape's price from the symbol's central price of the time."""
        return float(np.log(tape.mid(second) / self._central(symbol, tape.session.date)))

    def random(self, *key: object) -> np.random.Generator:
        """A generator of its own for one named purpose."""
        return generator(self.settings.seed, *key)

    def _central(self, symbol: str, day: date) -> float:
        if (symbol, day) not in self._centrals:
            self._centrals[symbol, day] = self.levels.central(symbol, day)
        return self._centrals[symbol, day]

    def _make(self, symbol: str, session: Session) -> Tape:
        stock, own = self.stock(symbol), self.random("tape", symbol, session.date)
        before = self.close(symbol, calendar.previous_session(session.date).date)
        flow = self._flow(symbol, session)
        path = self._path(stock, session, flow, own, before, self.close(symbol, session.date))
        spread = stock.spread_ticks + (own.random(len(path)) < 0.15).astype(np.float64)  # noqa: PLR2004 - one tick more at times
        bid = np.round(np.floor(path / TICK - spread / 2 + 0.5) * TICK, 2)
        sweep = self._sweeps(flow, own)
        bought, sold = self._volume(stock, session, flow, sweep, own)
        return Tape(
            symbol, session, before, bid, np.round(bid + spread * TICK, 2), bought, sold, sweep,
            self._lean(flow, own), flow,
        )  # fmt: skip

    # +1 while buyers press, -1 while sellers do, 0 in calm.
    def _flow(self, symbol: str, session: Session) -> NDArray[np.int8]:
        own, flow = self.random("flow", symbol, session.date), np.zeros(session.rth_s, np.int8)
        # Some sessions trend more than others, so that measures of flow differ between days.
        calm = own.uniform(0.5, 1.5)
        second = 60 * own.uniform(1, 6)
        while second < session.rth_s:
            until = second + 60 * own.uniform(*self.settings.one_sided_minutes)
            flow[int(second) : int(until)] = 1 if own.random() < 0.5 else -1  # noqa: PLR2004 - a coin
            second = until + 60 * calm * own.uniform(*self.settings.calm_minutes)
        return flow

    def _path(
        self,
        stock: Stock,
        session: Session,
        flow: NDArray[np.int8],
        own: np.random.Generator,
        before: float,
        close: float,
    ) -> Floats:
        settings, n = self.settings, session.rth_s
        shape = variance_shape(n, settings.open_vol_boost, settings.close_vol_boost)
        day_sd = stock.daily_vol_frac * settings.realized_to_implied
        sd = day_sd * np.sqrt((1 - settings.overnight_variance_share) * shape)
        steps = sd * mix(stock.market_share, self._market(session), own.standard_normal(n))
        # Drift of a stretch, in standard deviations of a five-minute move spread over it.
        steps += flow * sd * settings.one_sided_drift_sd / np.sqrt(300)
        gap = settings.overnight_variance_share * np.log(close / before)
        gap += 0.5 * day_sd * np.sqrt(settings.overnight_variance_share) * own.standard_normal()
        open_price = before * np.exp(gap)
        walk = np.cumsum(steps)
        walk += (np.log(close / open_price) - walk[-1]) * np.cumsum(shape)
        path: Floats = open_price * np.exp(walk)
        return path

    def _market(self, session: Session) -> Floats:
        if session.date not in self._common:
            own = self.random("market", session.date)
            self._common[session.date] = own.standard_normal(session.rth_s)
            if len(self._common) > 2:  # noqa: PLR2004 - today's and yesterday's
                self._common.popitem(last=False)
        return self._common[session.date]

    def _sweeps(self, flow: NDArray[np.int8], own: np.random.Generator) -> NDArray[np.int8]:
        settings, n = self.settings, len(flow)
        pressed = flow != 0
        rate = np.where(pressed, 1 / settings.sweep_every_s, 1 / settings.calm_sweep_every_s)
        happens = own.random(n) < rate
        side = np.where(pressed, flow, np.where(own.random(n) < 0.5, 1, -1))  # noqa: PLR2004 - a coin
        return np.where(happens, side * own.integers(3, 6, n), 0).astype(np.int8)

    def _volume(
        self,
        stock: Stock,
        session: Session,
        flow: NDArray[np.int8],
        sweep: NDArray[np.int8],
        own: np.random.Generator,
    ) -> tuple[Ints, Ints]:
        settings, n = self.settings, session.rth_s
        day = stock.adv_shares * np.exp(settings.day_volume_noise * own.standard_normal())
        shape = volume_shape(n, settings.volume_u_shape) * np.exp(
            settings.volume_noise * own.standard_normal(n)
        )
        shape *= np.where(flow != 0, settings.one_sided_volume, 1.0)
        shares = day * shape / shape.sum()
        calm_buys = 0.5 + 0.15 * own.standard_normal(n)
        press = settings.one_sided_buy_share - 0.5
        buys = np.where(flow != 0, 0.5 + flow * press + 0.05 * own.standard_normal(n), calm_buys)
        buys = np.clip(buys, 0.02, 0.98)
        swept = np.abs(sweep) * np.maximum(500.0, 0.0002 * stock.adv_shares * np.abs(sweep) / 4)
        bought = shares * buys + np.where(sweep > 0, swept, 0)
        sold = shares * (1 - buys) + np.where(sweep < 0, swept, 0)
        auction = settings.closing_auction_share * day / 2
        bought[-1] += auction
        sold[-1] += auction
        return lots(bought, own), lots(sold, own)

    def _lean(self, flow: NDArray[np.int8], own: np.random.Generator) -> Floats:
        noise = smooth(own.standard_normal(len(flow)), 8)
        target = smooth(flow.astype(np.float64), 6, normalise=False) * self.settings.one_sided_book
        amplitude = np.where(flow != 0, 0.08, self.settings.calm_book_noise)
        lean: Floats = np.clip(target + amplitude * noise, -0.95, 0.95)
        return lean


def _add_up(tape: Tape) -> SoFar:
    volume = tape.bought.astype(np.int64) + tape.sold
    continuous = volume.astype(np.float64)
    continuous[-1] = continuous[-2]  # without the closing auction
    share = continuous / max(continuous.sum(), 1.0)
    return SoFar(
        np.cumsum(volume),
        np.maximum.accumulate(tape.high),
        np.minimum.accumulate(tape.low),
        np.cumsum(share),
        np.cumsum(share * tape.flow),
    )


def session_in_force(at: datetime) -> Session:
    """The last session that has opened."""
    session = calendar.on_or_after(at.date())
    while session.open_at > at:
        session = calendar.previous_session(session.date)
    return session

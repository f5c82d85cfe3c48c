"""What the simulated market shows at an instant: tops, books, prints, option quotes (pure).

Outside regular hours everything stands still at the last second of the session before. Sizes
flicker by a hash of (instrument, time slot), so any process shows the same at the same instant.
"""

import dataclasses
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from quanticity.domain import calendar
from quanticity.gateway.simulated import auctions, indexes, interest, listing, prices, surface
from quanticity.gateway.simulated.customers import Customers
from quanticity.gateway.simulated.noise import Counts, Floats, name_key, uniform
from quanticity.gateway.simulated.panels import Panel
from quanticity.gateway.simulated.prices import Tape
from quanticity.gateway.simulated.prints import VENUES, Print, Prints
from quanticity.gateway.simulated.recorded_chain import RecordedChain, Snapshot, implied

_BOOK_ROWS = 10
_SHARED_PRICES = 3
_LOT = 100


@dataclass(frozen=True, slots=True)
class Top:
    """Best bid and ask of an underlying with its day so far; an index has no sides."""

    bid: float | None
    ask: float | None
    bid_size: int
    ask_size: int
    last: float
    open: float
    high: float
    low: float
    previous_close: float
    volume: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a depth book."""

    price: float
    size: int
    venue: str


@dataclass(frozen=True, slots=True, eq=False)
class OptionQuotes:
    """Quotes and model values of a panel at an instant, one entry per contract."""

    spot: float
    fair: surface.Valuation
    bid: Floats
    ask: Floats
    bid_size: Counts
    ask_size: Counts
    bought: Counts
    sold: Counts
    last: Floats

    @property
    def volume(self) -> Counts:
        """Contracts traded so far."""
        return self.bought + self.sold


@dataclass(frozen=True, slots=True)
class Halt:
    """A stock does not trade for a while; kind 1 regulatory, 2 for volatility (LULD)."""

    name: str
    begin: datetime
    until: datetime
    kind: int


class Market:
    """Everything that can be seen; nothing here knows of orders."""

    def __init__(self, paths: prices.Settings, options: surface.Settings) -> None:
        self.tapes = prices.Tapes(paths)
        self.surface = surface.Surface(options, paths)
        self.customers = Customers(self.tapes)
        self.chains: dict[object, Panel] = {}
        self.halts: list[Halt] = []
        self._recorded: dict[tuple[str, date], list[RecordedChain]] = {}
        self._prints = Prints(self.tapes)

    def effective(self, at: datetime) -> datetime:
        """The instant whose quotes are shown: now in regular hours, else the last second before."""
        session = prices.session_in_force(at)
        return min(at, session.close_at - timedelta(seconds=1))

    def is_open(self, at: datetime, con_id: int | None = None) -> bool:
        """Say whether the market trades; a contract by its own hours, halts apart."""
        if con_id is None:
            return calendar.current(at) is not None
        session = prices.session_in_force(at)
        return session.open_at <= at < listing.closes_at(con_id, session)

    def is_lit(self, at: datetime) -> bool:
        """Say whether any contract may trade: options of some underlyings do so for longer."""
        return at < prices.session_in_force(at).late_close_at

    def lit(self, at: datetime) -> datetime:
        """The instant whose sizes of such options are shown."""
        return min(at, prices.session_in_force(at).late_close_at - timedelta(seconds=1))

    def halt(self, name: str, at: datetime) -> Halt | None:
        """The halt of a stock in force, or None."""
        for halt in self.halts:
            if halt.name == name and halt.begin <= at < halt.until:
                return halt
        return None

    def trades(self, con_id: int, at: datetime) -> bool:
        """Say whether a contract trades: within its hours, and no halt of its underlying."""
        if not self.is_open(at, con_id):
            return False
        return not self.halts or self.halt(listing.underlying_of(con_id), at) is None

    def spot(self, name: str, at: datetime) -> float:
        """Mid of a stock, or level of an index."""
        at = self.effective(self._held(name, at))
        if listing.SYMBOLS[name].sec_type == "IND":
            return indexes.level(self.tapes, self.surface, name, at)
        tape = self.tapes.at(name, at)
        return tape.mid(tape.second(at))

    def official(self, name: str, day: date) -> float:
        """A session's official close: of a stock its auction's, of an index made of them."""
        close = self.tapes.close(indexes.parent(name), day)
        if listing.SYMBOLS[name].sec_type != "IND":
            return close
        return round(self.tapes.index_multiple(day) * close, 2)

    def top(self, name: str, at: datetime) -> Top:
        """Best bid and ask of an underlying, and its day so far."""
        if listing.SYMBOLS[name].sec_type == "IND":
            return self._index_top(name, at)
        at = self._held(name, at)
        tape = self.tapes.at(name, at)
        second, so_far = tape.second(at), self.tapes.so_far(tape)
        # What the running second trades is not yet told.
        told = second if at >= tape.session.close_at else second - 1
        bids, asks = self._sizes(tape, self.effective(at), 1)
        lift = tape.bought[second] >= tape.sold[second]
        return Top(
            bid=float(tape.bid[second]),
            ask=float(tape.ask[second]),
            bid_size=int(bids[0]),
            ask_size=int(asks[0]),
            last=float(tape.ask[second] if lift else tape.bid[second]),
            open=float(tape.ask[0]),
            high=round(float(so_far.high[second]), 2),
            low=round(float(so_far.low[second]), 2),
            previous_close=tape.previous_close,
            volume=int(so_far.volume[told]) if told >= 0 else 0,
        )

    def book(self, name: str, at: datetime) -> tuple[list[Row], list[Row]]:
        """Ten rows a side, best first: bids, asks."""
        at = self._held(name, at)
        tape, shown = self.tapes.at(name, at), self.effective(at)
        second = tape.second(shown)
        bids, asks = self._sizes(tape, shown, _BOOK_ROWS)
        bid, ask = float(tape.bid[second]), float(tape.ask[second])
        return _rows(bid, -prices.TICK, bids), _rows(ask, prices.TICK, asks)

    def prints(self, name: str, after: datetime, until: datetime) -> list[Print]:
        """Trades in (after, until]; none outside regular hours and none of an index."""
        if listing.SYMBOLS[name].sec_type == "IND":
            return []
        found = self._prints.between(name, after, until)
        if self.halts:
            found = [trade for trade in found if self.halt(name, trade.at) is None]
        return found

    def options(self, panel: Panel, at: datetime) -> OptionQuotes:
        """Quote a panel; an expired series is worth its exercise."""
        at = self._held(panel.symbol.name, at)
        lit = self.lit(at) if panel.symbol.has_late_options else self.effective(at)
        at = self.effective(at)
        spot = self.spot(panel.symbol.name, at)
        fair, settings = self._fair(panel, spot, at), self.surface.settings
        bid, ask = surface.quotes(fair, settings, penny=panel.symbol.penny_options)
        recorded = self.recorded_chain(panel.symbol.name, at)
        if recorded is not None:
            theirs = recorded.quotes(panel, fair, np.full(len(bid), prices.TICK))
            bid = np.where(theirs[2], theirs[0], bid)
            ask = np.where(theirs[2], theirs[1], ask)
        second = int(lit.timestamp())
        base = settings.size_contracts * np.exp(-3 * np.abs(np.abs(fair.delta) - 0.5)) + 2
        sizes = [base * (0.5 + uniform(ids, second)) for ids in (panel.con_ids, -panel.con_ids)]
        bought, sold = self.customers.traded(panel, at)
        buying = self.customers.buying(panel, at)
        return OptionQuotes(
            spot=spot,
            fair=fair,
            bid=bid,
            ask=ask,
            bid_size=np.maximum(sizes[0], 1).astype(np.int64),
            ask_size=np.maximum(sizes[1], 1).astype(np.int64),
            bought=bought,
            sold=sold,
            last=np.where(uniform(panel.con_ids, bought + sold) < buying, ask, bid),
        )

    def imbalance(self, name: str, at: datetime) -> auctions.Imbalance | None:
        """What is published of the closing auction of a stock."""
        if listing.SYMBOLS[name].sec_type == "IND":
            return None
        return auctions.published(self.tapes, name, at)

    def open_interest(self, panel: Panel, at: datetime) -> Counts:
        """Settled open interest of a panel."""
        day = self.tapes.at(indexes.parent(panel.symbol.name), at).session.date
        return interest.settled(self.tapes, panel, day)

    def volume(self, panel: Panel, at: datetime) -> Counts:
        """Contracts of a panel traded so far."""
        bought, sold = self.customers.traded(panel, self.effective(at))
        return bought + sold

    def daily_vol(self, name: str, at: datetime) -> float:
        """Implied volatility of one session."""
        return indexes.daily_vol(self.tapes, self.surface, name, self.effective(at))

    # A halted stock stands still where its halt began.
    def _held(self, name: str, at: datetime) -> datetime:
        halt = self.halt(name, at) if self.halts else None
        return halt.begin if halt is not None else at

    def recorded_chain(self, name: str, at: datetime) -> RecordedChain | None:
        """The snapshot in force at an instant: the session's last by then, else its first."""
        found = self._snapshots(name, at)
        if not found:
            return None
        place = bisect_right(found, at, key=lambda chain: chain.snapshot.at)
        return found[max(place - 1, 0)]

    def recorded_ids(self, name: str, at: datetime) -> list[int]:
        """Contracts of all snapshots of a session."""
        found = [chain.snapshot.con_ids for chain in self._snapshots(name, at)]
        return np.unique(np.concatenate(found)).tolist() if found else []

    def _snapshots(self, name: str, at: datetime) -> list[RecordedChain]:
        if not self._recorded:
            return []
        return self._recorded.get((name, prices.session_in_force(at).date), [])

    def record_prints(self, name: str, day: date, trades: list[Print]) -> None:
        """Take the recorded prints of a session in place of made ones."""
        self._prints.record(name, day, trades)

    def record_chain(self, snapshot: Snapshot) -> None:
        """Take a recorded chain in place of the model's for its session; oldest first."""
        symbol = listing.SYMBOLS[snapshot.name]
        panel = Panel.of(symbol, snapshot.con_ids.tolist())
        if snapshot.interest.any():
            columns = snapshot.con_ids, snapshot.interest, snapshot.volume
            self.tapes.interest[snapshot.name, snapshot.day] = columns
        series = self._series(panel, snapshot.at)
        iv, offset = implied(
            self.spot(snapshot.name, snapshot.at),
            series,
            (snapshot.bid + snapshot.ask) / 2,
            self.tapes.stock(indexes.parent(snapshot.name)).dividend_yield,
            self.surface.settings,
            european=symbol.european,
        )
        quoted = snapshot.ask > 0
        iv = np.where(quoted, iv, np.maximum(snapshot.iv, 0.02))
        spread = np.where(quoted, snapshot.ask - snapshot.bid, 0)
        offset = np.where(quoted, offset, 0)
        kept = self._recorded.setdefault((snapshot.name, snapshot.day), [])
        kept.append(RecordedChain(snapshot, iv, offset, spread))

    def _fair(self, panel: Panel, spot: float, at: datetime) -> surface.Valuation:
        series, settings = self._series(panel, at), self.surface.settings
        dividend = self.tapes.stock(indexes.parent(panel.symbol.name)).dividend_yield
        european = panel.symbol.european
        fair = surface.value(spot, series, dividend, settings, european=european)
        recorded = self.recorded_chain(panel.symbol.name, at)
        if recorded is None:
            return fair
        place, known = recorded.places(panel)
        iv = np.where(known, recorded.iv[place], fair.iv)
        series = dataclasses.replace(series, theta=iv**2 * np.maximum(series.years, 1e-9))
        settings = surface.flat(settings)
        return surface.value(spot, series, dividend, settings, european=european)

    def _series(self, panel: Panel, at: datetime) -> surface.Series:
        vol, settles = self.daily_vol(panel.symbol.name, at), listing.settlement(panel.symbol)
        years, thetas = [], []
        for day in panel.expiries:
            left = calendar.seconds_to(at, calendar.settlement_at(day, settles))
            sessions = max(calendar.sessions_to(day, at), 0)
            years.append(left / calendar.SECONDS_PER_YEAR)
            thetas.append(self.surface.theta(at, sessions, vol) if left else 0.0)
        return surface.Series(
            panel.strike, panel.sign, np.array(years)[panel.expiry], np.array(thetas)[panel.expiry]
        )

    # Displayed shares of the first rows, bids and asks; they lean with the tape's imbalance.
    def _sizes(self, tape: Tape, at: datetime, rows: int) -> tuple[Counts, Counts]:
        lean, rank = float(tape.lean[tape.second(at)]), np.arange(rows)
        # A row's size lives half a second to two seconds, each row with its own rhythm.
        slot = int(at.timestamp() * 4) // (2 + rank % 5)
        base = self.tapes.stock(tape.symbol).book_shares * (1 + 0.15 * rank)
        noise = [uniform(name_key(side, tape.symbol) + rank, slot) for side in ("b", "a")]
        bids = base * (1 + lean) * (0.75 + 0.5 * noise[0])
        asks = base * (1 - lean) * (0.75 + 0.5 * noise[1])
        return _lots(bids), _lots(asks)

    def _index_top(self, name: str, at: datetime) -> Top:
        session, shown = prices.session_in_force(at), self.effective(at)
        quarters = int((shown - session.open_at).total_seconds()) // 900
        seen = [
            self.spot(name, session.open_at + timedelta(minutes=15 * n))
            for n in range(quarters + 1)
        ]
        last = self.spot(name, at)
        before = self.spot(name, session.open_at - timedelta(hours=1))
        high, low = max(*seen, last), min(*seen, last)
        return Top(None, None, 0, 0, last, seen[0], high, low, before, 0)


# Rows by venue, as a smart book has them: near the touch two venues stand at one price.
def _rows(best: float, step: float, sizes: Counts) -> list[Row]:
    found = []
    for n, size in enumerate(sizes.tolist()):
        price = round(best + n * step, 2)
        venue = round(price * 100)
        second = size // 3 // _LOT * _LOT if n < _SHARED_PRICES else 0
        found.append(Row(price, size - second, VENUES[venue % len(VENUES)]))
        if second:
            found.append(Row(price, second, VENUES[(venue + 3) % len(VENUES)]))
    return found[:_BOOK_ROWS]


def _lots(shares: Floats) -> Counts:
    return np.maximum(np.round(shares / _LOT), 1).astype(np.int64) * _LOT

"""What a replay tells the recorder, second by second: quotes, prints, books, bars, chains."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from analytics.ingestion.recorder import Recorder
from analytics.services import flow
from quanticity.config.universe import Settings as Universe
from quanticity.domain import calendar
from quanticity.domain.instruments import OptionContract
from quanticity.domain.market import Bar, Book, Imbalance, Level, Quote, Trade
from quanticity.gateway.simulated import bars as exchange_bars
from quanticity.gateway.simulated.market import Market, Row
from quanticity.management.replay.boards import Boards, Settings

_MINUTE_S, _BAR_S = 60, 5
_SECOND = timedelta(seconds=1)


class MarketFeed:
    """Turns the simulated market of one second into facts for the recorder."""

    def __init__(
        self, market: Market, recorder: Recorder, universe: Universe, settings: Settings
    ) -> None:
        self._market = market
        self._recorder = recorder
        self._universe = universe
        self._settings = settings
        self._bars = exchange_bars.Bars(market)
        self._boards = Boards(market, settings)

    def seed(self, at: datetime) -> None:
        """Begin every symbol from its past minutes and days, as the gateway does at connect."""
        session = calendar.on_or_after(calendar.session_date(at))
        for symbol in self._universe.symbols:
            minutes = self._history(symbol, _MINUTE_S, session, at, self._minutes_days)
            days = self._days(symbol, session)
            self._recorder.seed(symbol, minutes)
            flow.seed_history(symbol, minutes, days)

    def tell(self, at: datetime, held: Iterable[OptionContract], *, before_scoring: bool) -> None:
        """Tell everything of the second that ends now; lines stream, so what may be bought too."""
        for symbol in self._universe.symbols:
            self._tell_symbol(symbol, at)
        for n, symbol in enumerate(self._universe.chains):
            # Staggered, as a gateway with so many symbols is.
            if (int(at.timestamp()) + n) % self._settings.chain_s == 0:
                self._tell_chain(symbol, at)
            elif before_scoring:
                for quote in self._boards.quotes(symbol, at):
                    self._recorder.take_contract_quote(quote)
        for contract in held:
            known = self._boards.quote(contract, at)
            if known is not None:
                self._recorder.take_contract_quote(known)

    @property
    def _minutes_days(self) -> int:
        return self._settings.history_minutes_days

    def _tell_symbol(self, symbol: str, at: datetime) -> None:
        market, recorder = self._market, self._recorder
        top = market.top(symbol, at)
        recorder.take_quote(
            Quote(
                symbol, top.bid, top.ask, float(top.bid_size), float(top.ask_size), top.last, at, at
            )
        )
        # The quote that prevailed at a print is its own second's, not the one that followed.
        before = market.top(symbol, at - _SECOND)
        for trade in market.prints(symbol, at - _SECOND, at):
            prevailing = before if trade.at < at else top
            recorder.take_trade(
                Trade(
                    symbol,
                    trade.price,
                    float(trade.size),
                    trade.at,
                    venue=trade.venue,
                    bid=prevailing.bid,
                    ask=prevailing.ask,
                    quote_age_s=0.0,
                )
            )
        if symbol in self._universe.depth:
            bids, asks = market.book(symbol, at)
            recorder.take_book(Book(symbol, _levels(bids), _levels(asks), at))
        if int(at.timestamp()) % _BAR_S == 0:
            for bar in self._bars.between(symbol, _BAR_S, at - timedelta(seconds=_BAR_S), at):
                recorder.take_bar(_bar(symbol, bar, 1))
        self._tell_auction(symbol, at)

    def _tell_auction(self, symbol: str, at: datetime) -> None:
        found = self._market.imbalance(symbol, at)
        if found is not None:
            self._recorder.take_imbalance(
                Imbalance(symbol, at, found.paired, found.imbalance, found.price, found.regulatory)
            )

    def _tell_chain(self, symbol: str, at: datetime) -> None:
        shown = self._boards.show(symbol, at)
        if shown is None:
            return
        self._recorder.take_chain(shown.chain)
        for quote in shown.quotes:
            self._recorder.take_contract_quote(quote)
        for trade in shown.prints:
            self._recorder.take_trade(trade)

    def _history(
        self, symbol: str, seconds: int, session: calendar.Session, at: datetime, days: int
    ) -> list[Bar]:
        first = session
        for _ in range(days):
            first = calendar.previous_session(first.date)
        return [
            _bar(symbol, bar, seconds // _BAR_S)
            for bar in self._bars.between(symbol, seconds, first.open_at, at)
        ]

    def _days(self, symbol: str, session: calendar.Session) -> list[Bar]:
        found: list[Bar] = []
        day = session
        for _ in range(self._settings.history_days):
            day = calendar.previous_session(day.date)
            bar = self._bars.daily(symbol, day, day.close_at)
            if bar is not None:
                found.append(_bar(symbol, bar, 1))
        return found[::-1]


def _bar(symbol: str, theirs: exchange_bars.Bar, n5: int) -> Bar:
    return Bar(
        symbol, theirs.at, theirs.open, theirs.high, theirs.low, theirs.close,
        float(theirs.volume), theirs.wap if theirs.volume else None, n5,
    )  # fmt: skip


def _levels(rows: Sequence[Row]) -> tuple[Level, ...]:
    return tuple(Level(row.price, float(row.size), row.venue) for row in rows)

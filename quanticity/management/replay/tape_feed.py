"""A captured tape in the place of the market: what the gateway was told, second by second.

Past bars are on it as the gateway asked for them. An older tape without them begins from the
simulated exchange's own past when it was captured there, else with what it says itself.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from analytics.ingestion.recorder import Recorder
from analytics.services import flow, retelling
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract
from quanticity.domain.market import Quote
from quanticity.gateway import tapes
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.matching import Touch
from quanticity.gateway.simulated.touches import Touches, cents

_NOTHING = Touch(None, None, 0, 0, Decimal(0), is_option=True)


def is_captured(path: Path) -> bool:
    """Say whether a file or folder is a tape that a gateway captured."""
    files = [path] if path.is_file() else sorted(path.iterdir())
    return any(file.name.endswith(tapes.SUFFIXES) for file in files)


class TapeFeed:
    """Hands a tape's facts to the recorder as their time comes."""

    def __init__(self, path: Path, recorder: Recorder) -> None:
        self._facts: Iterator[tapes.Fact] = tapes.facts(path)
        self._next: tapes.Fact | None = next(self._facts, None)
        if self._next is None:
            raise MalformedInput(f"expected facts on the tape {path}, found none")
        self.begins_at, self.feed = self._next.at, self._next.feed
        self.quotes: dict[str, Quote] = {}
        self._take: dict[str, Callable[[Any], None]] = {
            "quote": recorder.take_quote, "trade": recorder.take_trade,
            "book": recorder.take_book, "bar": recorder.take_bar,
            "imbalance": recorder.take_imbalance, "chain": recorder.take_chain,
            "contract_quote": recorder.take_contract_quote,
            "past": self._seed, **retelling.TELLERS,
        }  # fmt: skip
        self._recorder = recorder

    @property
    def is_over(self) -> bool:
        """Whether everything on the tape was told."""
        return self._next is None

    def tell(self, at: datetime, held: Iterable[OptionContract], *, before_scoring: bool) -> None:
        """Tell every fact until an instant; what the broker said then is another's trading."""
        del held, before_scoring  # a tape holds what it holds
        while self._next is not None and self._next.at <= at:
            self._tell(self._next.kind, self._next.value)
            self._next = next(self._facts, None)

    def _tell(self, kind: str, value: Any) -> None:
        if kind == "contract_quote":
            self.quotes[value.instrument] = value
        if kind in self._take:
            self._take[kind](value)

    def _seed(self, past: tapes.Past) -> None:
        self._recorder.seed(past.symbol, past.minutes)
        flow.seed_history(past.symbol, past.minutes, past.days)


class TapeTouches(Touches):
    """The market of option contracts as a tape quotes them."""

    def __init__(self, market: Market, quotes: dict[str, Quote]) -> None:
        super().__init__(market)
        self._quotes = quotes

    def of(self, con_ids: Iterable[int], at: datetime) -> dict[int, Touch]:
        """Touches of these contracts: their last quotes, nothing where there was none."""
        del at  # the tape has been told until then
        return {con_id: self._touch(con_id) for con_id in con_ids}

    def _touch(self, con_id: int) -> Touch:
        contract = listing.option_of_id(con_id)
        quote = None if contract is None else self._quotes.get(contract.occ)
        if quote is None:
            return _NOTHING
        bid, ask = _side(quote.bid), _side(quote.ask)
        last = quote.last or quote.mid or 0.0
        sizes = int(quote.bid_size or 0), int(quote.ask_size or 0)
        return Touch(bid, ask, *sizes, cents(last), is_option=True)


def _side(price: float | None) -> Decimal | None:
    return None if not price else cents(price)

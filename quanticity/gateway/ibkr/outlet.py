"""What is owed to the listener, at most so often: quotes, contract quotes, books, auction ticks."""

from datetime import datetime

from quanticity.domain import clock
from quanticity.gateway.ibkr.depth import Depth
from quanticity.gateway.ibkr.line import Line
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ports import Listener

_REPEAT = 4  # intervals after which an unchanged quote is told again


class Outlet:
    """Remembers what changed and tells it when its interval is over; the latest values win."""

    def __init__(self, listener: Listener, settings: Settings) -> None:
        self._listener = listener
        self._settings = settings
        self._lines: dict[Line, None] = {}
        self._books: dict[Depth, None] = {}

    def mark(self, line: Line) -> None:
        """Something changed on this line."""
        self._lines[line] = None

    def mark_book(self, depth: Depth) -> None:
        """Something changed in this book."""
        self._books[depth] = None

    def flush(self, at: datetime) -> None:
        """Tell everything that is due."""
        now_s = clock.boot_seconds()
        # Intervals are platform time: on fast time a real one is an age that nobody believes.
        quote_s = clock.real_seconds(self._settings.quote_every_s)
        contract_s = clock.real_seconds(self._settings.contract_quote_every_s)
        for line in list(self._lines):
            if self._is_due(line, now_s, quote_s if line.contract is None else contract_s):
                del self._lines[line]
                self._tell(line, at)
        book_s = clock.real_seconds(self._settings.book_every_s)
        for depth in list(self._books):
            if self._is_due(depth, now_s, book_s):
                del self._books[depth]
                self._listener.on_book(depth.book(at))

    @staticmethod
    def _is_due(what: Line | Depth, now_s: float, every_s: float) -> bool:
        if now_s - what.told_s < every_s:
            return False
        what.told_s = now_s
        return True

    def _tell(self, line: Line, at: datetime) -> None:
        if line.contract is not None:
            self._listener.on_contract_quote(line.contract_quote(at))
            return
        # An unchanged quote is told again while other ticks prove that it stands.
        told_at = line.quote_told_at
        old_s = _REPEAT * self._settings.quote_every_s
        is_old = told_at is None or (at - told_at).total_seconds() >= old_s
        if line.changed_quote or is_old:
            line.changed_quote, line.quote_told_at = False, at
            self._listener.on_quote(line.quote(at))
        if line.changed_auction:
            line.changed_auction = False
            self._listener.on_imbalance(line.imbalance(at))

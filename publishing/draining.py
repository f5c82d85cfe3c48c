"""Draining: what one route owes, one message after the other.

The end of one call and the beginning of the next are one commit, and so are the claim and the first
beginning: a commit that outlives a power cut costs milliseconds, and all routes write one file.
"""

from collections.abc import Callable, Sequence

from publishing import delivering, outbox, routes, turns
from publishing.models import Delivery
from quanticity.domain import clock

State = Delivery.State


def send(key: routes.Key, read: Sequence[Delivery]) -> int:
    """Claim these rows as they were read and send what is ours; return how many were tried."""
    return _Drain(key, read).run() if read else 0


class _Drain:
    """The rows of one route that are left, and the call whose end is not put down yet."""

    def __init__(self, key: routes.Key, read: Sequence[Delivery]) -> None:
        self._key, self._rows = key, list(read)
        self._is_claimed = False
        self._last: Delivery | None = None
        self._end: delivering.Ending | None = None

    def run(self) -> int:
        """All of them, until the route closes or slows; the rest is given back."""
        tried = 0
        try:
            while self._rows and (post := self._begin()) is not None:
                tried += 1
                self._end = post()
        finally:
            with turns.turn():
                self._put_down()
                outbox.give_back(self._rows if self._is_claimed else [])
        return tried

    def _begin(self) -> Callable[[], delivering.Ending | None] | None:
        """Write down that the next one begins; its call, or None when the route is to rest."""
        row = self._rows[0]
        step = delivering.prepare(row, clock.now())
        with turns.turn():
            self._put_down()
            if not self._is_claimed:
                self._rows = outbox.take(self._rows, clock.now())
                self._is_claimed = True
                if self._rows[:1] != [row]:  # somebody was faster with it
                    return _nothing
            if not self._goes_on():
                return None
            del self._rows[0]
            self._last = row
            return step.post if step.begin() else _nothing

    def _put_down(self) -> None:
        if self._end is not None:
            end, self._end = self._end, None
            end()

    def _goes_on(self) -> bool:
        # Only a failure closes a route, and only then is it worth asking.
        went_well = self._last is None or self._last.state in (State.SENT, State.EXPIRED)
        is_open = went_well or routes.is_usable(self._key, clock.now())
        return is_open and (self._last is None or routes.room(self._key, 1) > 0)


def _nothing() -> None:
    """There is no call to make."""

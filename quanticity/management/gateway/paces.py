"""How often something may be asked for, per symbol, in platform time."""

from datetime import datetime, timedelta

# Chains come by a clock of their own: one that is a little early is not left for the next.
_SLACK = 0.9


class Paces:
    """Remembers when each symbol was let through last."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}

    def is_due(self, symbol: str, now: datetime, every_s: float) -> bool:
        """Let a symbol through at most once per so many seconds; a clock set back begins anew."""
        last = self._last.get(symbol)
        if last is not None and timedelta(0) <= now - last < timedelta(seconds=_SLACK * every_s):
            return False
        self._last[symbol] = now
        return True

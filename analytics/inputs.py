"""Other readings as inputs of one: only what is there, valid and young enough (DOMAIN 0.4, 0.8)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from analytics.signals import features
from quanticity.config.loader import section
from quanticity.store import readings


class Inputs:
    """One symbol's readings at one instant; remembers the oldest of those that were used."""

    def __init__(self, envelopes: Mapping[str, Mapping[str, Any]], at: datetime) -> None:
        self._envelopes, self._at = envelopes, at
        self._settings = section("analytics.features", features.Settings)
        self._used: list[datetime] = []

    def value(self, family: str, path: str) -> Any:
        """A field of a family's data, None when it is missing, invalid or too old."""
        envelope = self._envelopes.get(family)
        if envelope is None or features.flaw(envelope, family, self._at, self._settings):
            return None
        found: Any = envelope["data"]
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            self._used.append(datetime.fromisoformat(envelope["as_of"]))
        return found

    def oldest(self, *others: datetime | None) -> datetime:
        """The instant of the oldest input, these others among them; now when there was none."""
        return min([at for at in (*self._used, *others) if at is not None], default=self._at)

    @property
    def used_n(self) -> int:
        """How many values were found."""
        return len(self._used)


def of(symbol: str, families: Sequence[str], at: datetime) -> Inputs:
    """A symbol's readings, in one round trip."""
    return Inputs(readings.read(symbol, families), at)


def of_all(symbols: Sequence[str], families: Sequence[str], at: datetime) -> dict[str, Inputs]:
    """Many symbols' readings, in one round trip."""
    found = readings.read_all(symbols, families)
    return {symbol: Inputs(found[symbol], at) for symbol in symbols}

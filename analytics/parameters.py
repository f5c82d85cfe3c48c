"""Parameters in force: what discovery has learned of a symbol and may be applied (DOMAIN 3.19).

Read from SQL at most once a minute of platform time per process.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from analytics.models import DiscoveredParameter
from quanticity.domain import clock

_FRESH = timedelta(seconds=60)
_known: dict[str, tuple[datetime, dict[str, Any]]] = {}


def number(symbol: str, name: str) -> float | None:
    """A learned number; None until there is one."""
    found = _of(symbol).get(name)
    return None if found is None else float(found)


def curve(symbol: str, name: str) -> tuple[float, ...] | None:
    """A learned curve; None until there is one."""
    found = _of(symbol).get(name)
    return None if found is None else tuple(found)


def forget() -> None:
    """Read everything anew at the next question."""
    _known.clear()


def _of(symbol: str) -> dict[str, Any]:
    now = clock.now()
    known = _known.get(symbol)
    if known is None or not timedelta(0) <= now - known[0] < _FRESH:
        rows = DiscoveredParameter.objects.filter(
            symbol=symbol, is_applied=True, valid_from__lte=now, source=settings.TRADING_MODE
        ).order_by("valid_from")
        # The latest of each name comes last and stays.
        _known[symbol] = known = (now, dict(rows.values_list("name", "value")))
    return known[1]

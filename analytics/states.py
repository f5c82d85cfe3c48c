"""States of incremental calculators: kept in the store, saved to SQL each minute."""

import json
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from pydantic import TypeAdapter

from analytics.models import CalculatorState
from quanticity.domain import clock
from quanticity.store import readings

S = TypeVar("S")
_SAVE_EVERY = timedelta(seconds=60)
# The state last read or written, with its bytes: the same bytes are not parsed again.
_parsed: dict[tuple[str, str], tuple[bytes, Any]] = {}
_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def load(symbol: str, name: str, cls: type[S]) -> S | None:
    """The state of one calculator: the store's, else the last one saved."""
    raw = readings.read_state(symbol, name)
    found: S
    if raw is not None:
        known = _parsed.get((symbol, name))
        if known is None or known[0] != raw:
            _parsed[symbol, name] = known = (raw, _adapter(cls).validate_json(raw))
        found = known[1]
        return found
    row = CalculatorState.objects.filter(
        symbol=symbol, name=name, source=settings.TRADING_MODE
    ).first()
    if row is None:
        return None
    found = _adapter(cls).validate_python(row.state, strict=False)
    return found


def save(symbol: str, name: str, state: Any) -> None:
    """Keep a state; the copy in SQL is at most a minute older."""
    raw = _adapter(type(state)).dump_json(state)
    readings.write_state(symbol, name, raw)
    _parsed[symbol, name] = (raw, state)
    now = clock.now()
    row = CalculatorState.objects.filter(
        symbol=symbol, name=name, source=settings.TRADING_MODE, saved_at__gt=now - _SAVE_EVERY
    )
    if not row.exists():
        CalculatorState.objects.update_or_create(
            symbol=symbol, name=name, source=settings.TRADING_MODE,
            defaults={"state": json.loads(raw), "saved_at": now},
        )  # fmt: skip


def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    if cls not in _adapters:
        _adapters[cls] = TypeAdapter(cls)
    return _adapters[cls]

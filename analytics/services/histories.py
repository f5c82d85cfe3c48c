"""Histories of metrics: samples in SQL, mirrored in the store, and the z-score against them."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from analytics.calculators import rolling
from analytics.models import MetricHistory
from quanticity.config.loader import section
from quanticity.store import readings


def place(symbol: str, metric: str, value: float | None) -> rolling.History:
    """Place a value in the metric's history, which it is not yet part of."""
    own = section("analytics.rolling", rolling.Settings)
    return rolling.compute(_history(symbol, metric, own.window), value, own)


def add(symbol: str, values: Mapping[str, float | None], as_of: datetime) -> None:
    """Append one sample of each metric that has a value; the same instant counts once."""
    own = section("analytics.rolling", rolling.Settings)
    for metric, value in values.items():
        # The row decides: whoever made it also tells the mirror.
        if value is not None and _is_new(symbol, metric, value, as_of):
            readings.add_history(symbol, metric, value, own.window)


def _is_new(symbol: str, metric: str, value: float, as_of: datetime) -> bool:
    _, made = MetricHistory.objects.get_or_create(
        symbol=symbol, metric=metric, as_of=as_of, source=settings.TRADING_MODE,
        defaults={"value": value},
    )  # fmt: skip
    return made


def _history(symbol: str, metric: str, window: int) -> list[float]:
    found = readings.history(symbol, metric)
    if found:
        return found
    rows = MetricHistory.objects.filter(
        symbol=symbol, metric=metric, source=settings.TRADING_MODE
    ).order_by("-as_of")
    values = list(rows.values_list("value", flat=True)[:window])[::-1]
    for value in values:
        readings.add_history(symbol, metric, value, window)
    return values

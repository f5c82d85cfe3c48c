"""Refreshing technical indicators from 5 min bars."""

from datetime import timedelta

from analytics.calculators import technicals
from analytics.services import heard
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.store import market, readings

_BAR = timedelta(minutes=5)


def refresh_technicals(symbol: str) -> None:
    """Read the indicators as of the last closed bar."""
    bars = market.bars(symbol, "5min")
    settings = section("analytics.technicals", technicals.Settings)
    readings.write(
        symbol, "technicals", technicals.compute(bars, settings),
        as_of=bars[-1].open_at + _BAR if bars else clock.now(), feed=heard.FEED,
        section="analytics.technicals", inputs=heard.bars_input(symbol, "5min", bars),
    )  # fmt: skip

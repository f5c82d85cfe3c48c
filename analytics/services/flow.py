"""Refreshing what prints and bars say: VPIN, sweeps, toxicity."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics import states
from analytics.calculators import (
    flow_bursts,
    flow_clusters,
    sweeps,
    toxicity,
    trade_signing,
    vpin,
)
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.market import Bar, Quote, Trade
from quanticity.domain.readings import Unavailable
from quanticity.store import market, readings

FEED = "ibkr"
_BAR_LATE = timedelta(seconds=75)  # a minute, its grace, and the recorder's beat
_LARGE_PRINTS_N = 500
_LARGE_RANK = 0.99


def refresh_vpin(symbol: str) -> None:
    """Fold new minute bars into VPIN and publish it."""
    settings = section("analytics.vpin", vpin.Settings)
    bars = market.bars(symbol, "1min")
    state = states.load(symbol, "vpin", vpin.State)
    if state is None or not bars:
        _missing(symbol, "vpin", "NO_DATA")
        return
    fresh = [bar for bar in bars if state.cursor is None or bar.open_at > state.cursor]
    if fresh:
        state = vpin.update(state, fresh, settings)
        states.save(symbol, "vpin", state)
    readings.write(
        symbol, "vpin", vpin.compute(state, settings),
        as_of=_complete_until(bars[-1]), feed=FEED, section="analytics.vpin",
    )  # fmt: skip


def refresh_sweep(symbol: str) -> None:
    """Find sweeps among the latest prints."""
    settings = section("analytics.sweeps", sweeps.Settings)
    now = clock.now()
    prints = signed(_recent(symbol, now, settings.net_window_s))
    readings.write(
        symbol, "sweep", sweeps.compute(prints, now, settings),
        as_of=now, feed=FEED, section="analytics.sweeps",
    )  # fmt: skip


def refresh_toxicity(symbol: str) -> None:
    """Measure what it cost to trade against the last minutes' flow."""
    settings = section("analytics.toxicity", toxicity.Settings)
    now = clock.now()
    trades = market.trades(symbol)
    prints = signed([t for t in trades if _age_s(t, now) <= settings.markout_window_s])
    rank = readings.read(symbol, ["vpin"]).get("vpin", {}).get("data") or {}
    context = toxicity.Context(rank.get("vpin_cdf"), _large_print_usd(trades))
    result = toxicity.compute(prints, _quotes(trades), context, now, settings)
    readings.write(symbol, "toxicity", result, as_of=now, feed=FEED, section="analytics.toxicity")


def refresh_flow_clusters(symbol: str) -> None:
    """Describe how the prints of the last quarter of an hour arrived."""
    settings = section("analytics.flow_clusters", flow_clusters.Settings)
    now = clock.now()
    trades = market.trades(symbol)
    prints = signed([t for t in trades if _age_s(t, now) <= settings.window_s])
    bursts = flow_bursts.find(prints, settings.gap_ms, settings.sweep_levels)
    before = states.load(symbol, "flow_clusters", flow_clusters.Model)
    model = flow_clusters.fit(bursts, before, settings)
    if model is not None and model != before:
        states.save(symbol, "flow_clusters", model)
    references = flow_clusters.References(large_print_usd=_large_print_usd(trades))
    readings.write(
        symbol, "flow_clusters", flow_clusters.compute(bursts, model, references, settings),
        as_of=now, feed=FEED, section="analytics.flow_clusters",
    )  # fmt: skip


def seed_history(symbol: str, minutes: Sequence[Bar], days: Sequence[Bar]) -> None:
    """Begin VPIN from past minutes when there is no state that knows more, and keep the days."""
    market.replace_bars(symbol, "1day", days)
    settings = section("analytics.vpin", vpin.Settings)
    size = vpin.bucket_shares([bar.volume for bar in days], settings)
    state = states.load(symbol, "vpin", vpin.State)
    if size is None or not minutes:
        return
    if state is None or state.cursor is None or state.cursor < minutes[0].open_at:
        state = vpin.State(bucket_shares=size)
    states.save(symbol, "vpin", vpin.update(state, minutes, settings, bucket_shares=size))


def signed(trades: Sequence[Trade]) -> list[trade_signing.SignedTrade]:
    """Prints with the side they imply."""
    settings = section("analytics.trade_signing", trade_signing.Settings)
    return list(trade_signing.sign(trades, settings))


def _recent(symbol: str, now: datetime, seconds: float) -> list[Trade]:
    return [trade for trade in market.trades(symbol) if _age_s(trade, now) <= seconds]


def _age_s(trade: Trade, now: datetime) -> float:
    return (now - trade.event_at).total_seconds()


def _quotes(trades: Sequence[Trade]) -> list[Quote]:
    """The quotes that prevailed at the prints: enough to mark them out half a minute later."""
    return [
        Quote(t.instrument, t.bid, t.ask, None, None, t.price, t.event_at, t.event_at)
        for t in trades
        if t.bid is not None and t.ask is not None
    ]


def _large_print_usd(trades: Sequence[Trade]) -> float | None:
    """The 99th percentile of print notional in dollars; None before there are enough prints."""
    sizes = sorted(trade.price * trade.size for trade in trades)
    return sizes[int(_LARGE_RANK * len(sizes))] if len(sizes) >= _LARGE_PRINTS_N else None


def _complete_until(last: Bar) -> datetime:
    """Until when the bars are complete: now, unless one that should be there is missing."""
    now = clock.now()
    ended = last.open_at + timedelta(minutes=1)
    return now if now - ended <= _BAR_LATE else ended


def _missing(symbol: str, family: str, reason: str) -> None:
    readings.write(symbol, family, Unavailable(family, reason), as_of=clock.now(), feed=FEED)

"""Every plot of one symbol at one instant."""

from datetime import datetime

from analytics import selectors as analytics
from quanticity.domain import calendar, clock
from reporting.dashboard.plots import dealers, flow, volatility
from reporting.dashboard.plots.plot import Plot, World

FAMILIES = (
    "gex", "vanna", "charm", "hedging", "forced_flow", "skew", "vpin", "flow_clusters",
    "volatility",
)  # fmt: skip
SIDES = (
    (dealers.gamma, dealers.vanna, dealers.charm, dealers.hedging),
    (dealers.profile, flow.vpin, volatility.skew, volatility.regime, flow.clusters),
)
METRICS = ("vpin", "vpin_cdf", *(f"{name}_share" for name in flow.MIX))
REGIME_METRICS = ("vol_x", "vol_regime_rank")
REGIME_SYMBOL = "SPY"  # the volatility regime is the market's, measured on this symbol


def look(symbol: str) -> list[list[Plot]]:
    """Draw everything, in two columns; raises StoreDown while the store is silent."""
    world = _world(symbol, clock.now())
    return [[plot(world) for plot in side] for side in SIDES]


def _world(symbol: str, now: datetime) -> World:
    since = _session_start(now)
    return World(
        symbol=symbol,
        now=now,
        envelopes=analytics.latest_readings((symbol,), FAMILIES)[symbol],
        past=analytics.metric_history(symbol, METRICS, since),
        regimes=analytics.metric_history(REGIME_SYMBOL, REGIME_METRICS, since),
        grid=analytics.exposure_table(symbol),
        smile=analytics.smile(symbol),
        profile=analytics.gamma_profile(symbol),
        alarms=analytics.vpin_alarms(),
    )


def _session_start(now: datetime) -> datetime:
    """The open of the session that is running, else of the last one that ran."""
    day = calendar.session(calendar.session_date(now))
    return day.open_at if day.open_at <= now else calendar.previous_session(day.date).open_at

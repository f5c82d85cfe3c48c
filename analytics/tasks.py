"""Celery's entry to the analytics stage."""

from analytics import discovery
from analytics.services import (
    closing,
    exposures,
    fetching,
    flow,
    hidden,
    options,
    overviews,
    regime,
    relations,
    slots,
    technicals,
)
from quanticity.tasking import task


@task("analytics.refresh_vpin", queue="market", expires=5)
@slots.once("vpin_s")
def refresh_vpin(symbol: str) -> None:
    """Fold new minute bars of one symbol into VPIN."""
    flow.refresh_vpin(symbol)


@task("analytics.refresh_sweep", queue="market", expires=5)
@slots.once("sweep_s")
def refresh_sweep(symbol: str) -> None:
    """Find sweeps among the latest prints of one symbol."""
    flow.refresh_sweep(symbol)


@task("analytics.refresh_toxicity", queue="market", expires=10)
@slots.once("toxicity_s")
def refresh_toxicity(symbol: str) -> None:
    """Measure the toxicity of one symbol's last minutes of flow."""
    flow.refresh_toxicity(symbol)


@task("analytics.refresh_flow_clusters", queue="market", expires=30)
@slots.once("clusters_s")
def refresh_flow_clusters(symbol: str) -> None:
    """Describe how one symbol's prints arrive, in three clusters of bursts."""
    flow.refresh_flow_clusters(symbol)


@task("analytics.refresh_exposures", queue="market", expires=10)
def refresh_exposures(symbol: str) -> bool:
    """Recompute GEX, DEX, vanna, charm, hedging and skew of one chain; say whether it was due."""
    return exposures.refresh_exposures(symbol)


@task("analytics.refresh_forced_flow", queue="market", expires=30)
@slots.once("forced_flow_s")
def refresh_forced_flow(symbol: str) -> None:
    """Recompute what dealers must trade in 42 scenarios of one chain."""
    exposures.refresh_forced_flow(symbol)


@task("analytics.refresh_hidden", queue="market", expires=10)
@slots.once("hidden_s")
def refresh_hidden(symbol: str) -> None:
    """Look for hidden and iceberg orders behind one symbol's latest prints."""
    hidden.refresh_hidden(symbol)


@task("analytics.refresh_unusual", queue="market", expires=30)
@slots.once("unusual_s")
def refresh_unusual(symbol: str) -> None:
    """Judge the session's option prints of one symbol against its chain."""
    options.refresh_unusual(symbol)


@task("analytics.refresh_moc", queue="market", expires=30)
@slots.once("moc_s")
def refresh_moc(symbol: str) -> None:
    """Estimate one symbol's closing imbalance in the last two hours."""
    closing.refresh_moc(symbol)


@task("analytics.refresh_technicals", queue="market", expires=30)
@slots.once("technicals_s")
def refresh_technicals(symbol: str) -> None:
    """Recompute one symbol's technical indicators from its 5 min bars."""
    technicals.refresh_technicals(symbol)


@task("analytics.refresh_snapshot", queue="market", expires=15)
@slots.once("snapshot_s")
def refresh_snapshot(symbol: str) -> None:
    """Put every family's last valid data of one symbol side by side."""
    overviews.refresh_snapshot(symbol)


@task("analytics.refresh_sector", queue="market", expires=15)
@slots.once("sector_s")
def refresh_sector(sector: str) -> None:
    """Roll one sector's symbols up."""
    overviews.refresh_sector(sector)


@task("analytics.refresh_summary", queue="market", expires=15)
@slots.once("summary_s")
def refresh_summary() -> None:
    """Roll the whole universe up."""
    overviews.refresh_summary()


@task("analytics.refresh_correlation", queue="market", expires=60)
@slots.once("correlation_s")
def refresh_correlation() -> None:
    """Fold new minutes into the correlation matrix, and read the daily one."""
    relations.refresh_correlation()


@task("analytics.discover", queue="reporting", expires=60, time_limit=600)
@slots.once("discovery_s")
def discover(symbol: str) -> None:
    """Learn what is due of one symbol's parameters, by quarter of an hour and by night."""
    discovery.discover(symbol)


@task("analytics.refresh_volatility", queue="market", expires=30)
@slots.once("volatility_s")
def refresh_volatility() -> None:
    """Take one sample of the volatility regime."""
    regime.refresh_volatility()


@task("analytics.fetch_chain", queue="reporting", expires=10)
def fetch_chain(feed: str, symbol: str) -> str | None:
    """Fetch one chain from a source over HTTP; name the symbol when it now stands."""
    return symbol if fetching.fetch_chain(feed, symbol) else None


@task("analytics.fetch_sentiment", queue="reporting", expires=60)
def fetch_sentiment(symbol: str) -> None:
    """Fetch and score one company's news."""
    fetching.fetch_sentiment(symbol)


@task("analytics.fetch_vix1d", queue="reporting", expires=60)
def fetch_vix1d() -> None:
    """Fetch what is due of VIX1D: its daily closes, and its value while the broker is silent."""
    fetching.fetch_vix1d()

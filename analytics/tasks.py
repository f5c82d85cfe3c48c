"""Celery's entry to the analytics stage."""

from analytics.services import exposures, flow, regime, scoring
from quanticity.config import overrides
from quanticity.domain.signals import Strategy
from quanticity.tasking import task


@task("analytics.refresh_vpin", queue="market", expires=5)
def refresh_vpin(symbol: str) -> None:
    """Fold new minute bars of one symbol into VPIN."""
    flow.refresh_vpin(symbol)


@task("analytics.refresh_sweep", queue="market", expires=5)
def refresh_sweep(symbol: str) -> None:
    """Find sweeps among the latest prints of one symbol."""
    flow.refresh_sweep(symbol)


@task("analytics.refresh_toxicity", queue="market", expires=10)
def refresh_toxicity(symbol: str) -> None:
    """Measure the toxicity of one symbol's last minutes of flow."""
    flow.refresh_toxicity(symbol)


@task("analytics.refresh_flow_clusters", queue="market", expires=30)
def refresh_flow_clusters(symbol: str) -> None:
    """Describe how one symbol's prints arrive, in three clusters of bursts."""
    flow.refresh_flow_clusters(symbol)


@task("analytics.refresh_exposures", queue="market", expires=10)
def refresh_exposures(symbol: str) -> None:
    """Recompute GEX, DEX, vanna, charm, hedging and skew of one chain."""
    exposures.refresh_exposures(symbol)


@task("analytics.refresh_forced_flow", queue="market", expires=30)
def refresh_forced_flow(symbol: str) -> None:
    """Recompute what dealers must trade in 42 scenarios of one chain."""
    exposures.refresh_forced_flow(symbol)


@task("analytics.refresh_volatility", queue="market", expires=30)
def refresh_volatility() -> None:
    """Take one sample of the volatility regime."""
    regime.refresh_volatility()


@task("analytics.score", queue="market", expires=5)
def score(strategy: str, symbol: str) -> list[str]:
    """Judge one symbol by one playbook; return the ids of admitted signals."""
    overrides.refresh()
    found = scoring.score(Strategy(strategy), symbol)
    return [] if found is None else [found]

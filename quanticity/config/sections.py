"""Which dataclass types each section of defaults.toml; named here, imported only when asked."""

from importlib import import_module
from typing import Any

from quanticity.config import loader
from quanticity.domain.errors import ConfigError

SECTIONS: dict[str, str] = {
    "universe": "quanticity.config.universe:Settings",
    "timetable": "quanticity.config.timetable:Settings",
    "replay": "quanticity.management.replay.boards:Settings",
    "gateway.ibkr": "quanticity.gateway.ibkr.settings:Settings",
    "gateway.freshness": "quanticity.management.gateway.freshness:Settings",
    "gateway.tape": "quanticity.gateway.tape_writer:Settings",
    "gateway.commands": "quanticity.gateway.commands:Settings",
    "gateway.simulated.prices": "quanticity.gateway.simulated.prices:Settings",
    "gateway.simulated.surface": "quanticity.gateway.simulated.surface:Settings",
    "gateway.simulated.account": "quanticity.gateway.simulated.account:Settings",
    "gateway.simulated.matching": "quanticity.gateway.simulated.matching:Settings",
    "gateway.simulated.floor": "quanticity.gateway.simulated.floor:Settings",
    "analytics.admission": "analytics.ingestion.admission:Settings",
    "analytics.feeds.door": "analytics.feeds.door:Settings",
    "analytics.feeds.breaker": "analytics.feeds.breaker:Settings",
    "analytics.feeds.yahoo_breaker": "analytics.feeds.breaker:Settings",
    "analytics.feeds.arbiter": "analytics.feeds.arbiter:Settings",
    "analytics.feeds.vix1d": "analytics.feeds.vix1d:Settings",
    "analytics.feeds.alphavantage_chain": "analytics.feeds.alphavantage:Settings",
    "analytics.feeds.alphavantage": "analytics.feeds.source:Settings",
    "analytics.feeds.alphavantage_news": "analytics.feeds.source:Settings",
    "analytics.feeds.cboe_delayed": "analytics.feeds.source:Settings",
    "analytics.feeds.cboe_vix1d": "analytics.feeds.source:Settings",
    "analytics.feeds.yahoo_vix1d": "analytics.feeds.source:Settings",
    "analytics.sentiment": "analytics.calculators.sentiment:Settings",
    "analytics.quarantine": "analytics.services.quarantine:Settings",
    "analytics.bars": "analytics.ingestion.bars:Settings",
    "analytics.backfill": "analytics.services.backfilling:Settings",
    "analytics.chainfiles": "analytics.chainfiles.reader:Settings",
    "analytics.features": "analytics.signals.features:Settings",
    "analytics.signals": "analytics.signals.dedup:Settings",
    "analytics.forward": "analytics.calculators.forward:Settings",
    "analytics.inventory": "analytics.calculators.inventory:Settings",
    "analytics.flip": "analytics.calculators.flip:Settings",
    "analytics.levels": "analytics.calculators.levels:Settings",
    "analytics.uncertainty": "analytics.calculators.uncertainty:Settings",
    "analytics.exposure": "analytics.calculators.exposure:Settings",
    "analytics.forced_flow": "analytics.calculators.forced_flow:Settings",
    "analytics.hedging": "analytics.calculators.hedging:Settings",
    "analytics.skew": "analytics.calculators.smile_fit:Settings",
    "analytics.variance": "analytics.calculators.variance:Settings",
    "analytics.american": "analytics.calculators.american:Settings",
    "analytics.trade_signing": "analytics.calculators.trade_signing:Settings",
    "analytics.rolling": "analytics.calculators.rolling:Settings",
    "analytics.vpin": "analytics.calculators.vpin:Settings",
    "analytics.order_book": "analytics.calculators.order_book:Settings",
    "analytics.sweeps": "analytics.calculators.sweeps:Settings",
    "analytics.toxicity": "analytics.calculators.toxicity:Settings",
    "analytics.volatility": "analytics.calculators.volatility:Settings",
    "analytics.hidden_orders": "analytics.calculators.hidden_orders:Settings",
    "analytics.unusual": "analytics.calculators.unusual:Settings",
    "analytics.option_flow": "analytics.calculators.option_flow:Settings",
    "analytics.signed_flow": "analytics.calculators.signed_flow:Settings",
    "analytics.gradings": "analytics.calculators.gradings:Settings",
    "analytics.unusual_rules": "analytics.calculators.unusual_rules:Settings",
    "analytics.moc": "analytics.calculators.moc:Settings",
    "analytics.technicals": "analytics.calculators.technicals:Settings",
    "analytics.correlation": "analytics.calculators.correlation:Settings",
    "analytics.flow_clusters": "analytics.calculators.flow_clusters:Settings",
    "analytics.volume_curve": "analytics.calculators.volume_curve:Settings",
    "analytics.discovery": "analytics.calculators.discovery:Settings",
    "analytics.print_sizes": "analytics.calculators.print_sizes:Settings",
    "analytics.option_sweeps": "analytics.calculators.sweeps:Settings",
    "analytics.correlation_daily": "analytics.calculators.correlation:Settings",
    "analytics.strategies.zero_dte": "analytics.strategies.zero_dte:Settings",
    "analytics.strategies.one_dte": "analytics.strategies.one_dte:Settings",
    "analytics.strategies.fourteen_dte": "analytics.strategies.fourteen_dte:Settings",
    "analytics.strategies.moc": "analytics.strategies.moc:Settings",
    "execution.desk": "execution.services.facts:Settings",
    "execution.exits": "execution.orders.exits:Settings",
    "execution.sizing": "execution.orders.sizing:Settings",
    "execution.pricing": "execution.orders.pricing:Settings",
    "execution.shadows": "execution.orders.shadows:Settings",
    "execution.stops": "execution.orders.stops:Settings",
    "execution.protection": "execution.orders.protection:Settings",
    "execution.lifecycle": "execution.orders.lifecycle:Settings",
    "execution.quality": "execution.ledger.quality:Settings",
    "execution.risk": "execution.risk.facts:Settings",
    "execution.breakers": "execution.risk.breakers:Settings",
    "execution.stress": "execution.risk.stress:Settings",
    "execution.watching": "execution.services.breaker_facts:Settings",
    "execution.approvals": "execution.services.approving:Settings",
    "execution.flex": "execution.flex_service:Settings",
    "execution.capital": "execution.ledger.capital:Settings",
    "execution.commissions": "execution.ledger.commissions:Settings",
    "execution.reconciliation": "execution.ledger.reconciliation:Settings",
    "execution.alarms": "execution.services.alarms:Settings",
    "execution.drills": "execution.services.drills:Settings",
    "execution.breaks": "execution.ledger.breaks:Settings",
    "publishing.tiers": "publishing.tiers:Settings",
    "publishing.bot": "publishing.bot.settings:Settings",
    "publishing.outbox": "publishing.outbox:Settings",
    "publishing.discord": "publishing.channels.discord:Settings",
    "publishing.telegram": "publishing.channels.telegram:Settings",
    "publishing.twitter": "publishing.channels.twitter:Settings",
    "publishing.webhook": "publishing.channels.webhook:Settings",
    "publishing.routes": "publishing.routes:Settings",
    "publishing.posts": "publishing.posts.slots:Settings",
    "publishing.receipts": "publishing.track_record:Settings",
    "publishing.engagement": "publishing.engagement:Settings",
    "publishing.subscriptions.plans": "publishing.subscriptions.plans:Settings",
    "publishing.subscriptions.throttle": "publishing.subscriptions.throttle:Settings",
    "reporting.performance": "reporting.measures.performance:Settings",
}


def settings_class(path: str) -> Any:
    """The Settings dataclass of a section; ConfigError when there is no such section."""
    if path not in SECTIONS:
        raise ConfigError(f"[{path}] is not a section of this platform")
    module, _, name = SECTIONS[path].partition(":")
    return getattr(import_module(module), name)


def validate_all() -> None:
    """Build every section as it is in force; refuse sections and variables nobody knows."""
    for path in sorted(_declared(loader.defaults())):
        loader.build(path, settings_class(path), loader.values(path))
    for name in SECTIONS:
        loader.values(name)
    for key, _ in loader.environment():
        loader.split(key)


def _declared(tree: dict[str, Any], prefix: str = "") -> set[str]:
    """Paths of all sections in the file: known ones, and tables that are nobody's value."""
    found: set[str] = set()
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if not isinstance(value, dict):
            continue
        if path in SECTIONS:
            found.add(path)
            found |= {p for p in _declared(value, path + ".") if p in SECTIONS}
        elif any(name.startswith(path + ".") for name in SECTIONS):
            found |= _declared(value, path + ".")
        else:
            found.add(path)
    return found

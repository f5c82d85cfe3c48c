"""The whole dashboard at one instant, as values that the page and the socket share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from analytics import selectors as analytics
from execution import selectors as execution
from publishing import selectors as publishing
from quanticity import halt_file
from quanticity.config.universe import universe
from quanticity.domain import calendar, clock
from quanticity.domain.errors import NotConnected
from quanticity.domain.market import Quote
from quanticity.runtime.processes import POOLS
from quanticity.store import client as store
from quanticity.store import market
from reporting import selectors
from reporting.dashboard import formats, readiness, risk_tables, tables, tiles

RECENT = 12
_A_DAY = timedelta(days=1)
QUEUES = tuple(pool.queue for pool in POOLS)


@dataclass(frozen=True, slots=True)
class Panel:
    """One symbol: its latest price, how old that is, and its tiles."""

    symbol: str
    price: str
    price_age: str
    tiles: list[tiles.Tile]


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be sent in one scope, when that is not everything."""

    scope: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything on the page except what stays the same."""

    at: datetime
    time: str
    session: str
    scopes: list[Scope]
    panels: list[Panel]
    tables: list[tables.Table]


@dataclass(frozen=True, slots=True)
class Health:
    """How the machine is; looked at less often than the market."""

    ready: bool
    checks: list[readiness.Check]
    queues: dict[str, int | None]


def take() -> Snapshot:
    """Look at everything once."""
    now, risk = clock.now(), execution.book_risk()
    return Snapshot(
        at=now,
        time=formats.time_of_day(now),
        session=session(now),
        scopes=scopes(),
        panels=panels(now),
        tables=[
            risk_tables.attention(
                execution.held_breakers(),
                execution.waiting_approvals(),
                execution.open_quarantines(),
                analytics.feed_alarms(now),
                publishing.troubles(now),
            ),
            tables.positions(execution.open_positions()),
            risk_tables.gauges(risk),
            risk_tables.stress(risk),
            tables.signals(analytics.recent_signals(RECENT)),
            tables.denials(execution.denials(now - _A_DAY)),
            tables.loads(selectors.loads(now)),
            tables.decisions(analytics.recent_decisions(RECENT)),
            tables.deliveries(selectors.recent_deliveries(RECENT)),
        ],
    )


def panels(now: datetime) -> list[Panel]:
    """Tiles of every symbol whose chain we keep; none when the store is silent."""
    symbols = universe().chains
    try:
        found = analytics.latest_readings(symbols)
        prices = {symbol: market.quote(symbol) for symbol in symbols}
    except store.StoreDown:
        return []
    # The volatility regime is the market's, written under the symbol that it is measured on.
    regimes = [envelopes["volatility"] for envelopes in found.values() if "volatility" in envelopes]
    shared = {"volatility": regimes[0]} if regimes else {}
    return [
        Panel(
            symbol,
            formats.price(None if (quote := prices[symbol]) is None else quote.mid),
            "not heard" if quote is None else f"{_age_s(quote, now):.0f} s old",
            tiles.tiles({**found[symbol], **shared}, now),
        )
        for symbol in symbols
    ]


def _age_s(quote: Quote, now: datetime) -> float:
    return max(0.0, (now - quote.event_at).total_seconds())


def health() -> Health:
    """Look at every part of the machine."""
    checks = readiness.checks()
    ready = all(check.status is not readiness.Status.FAIL for check in checks)
    return Health(ready, checks, queues())


def queues() -> dict[str, int | None]:
    """Messages waiting per queue; None where the broker does not say."""
    try:
        return dict(store.queue_depths(settings.BROKER_URL, QUEUES))
    except (NotConnected, ValueError):  # ValueError: a broker that is not Redis
        return dict.fromkeys(QUEUES)


def session(now: datetime) -> str:
    """Where we are in the trading day."""
    current = calendar.current(now)
    if current is not None:
        half = "half day, " if current.is_half_day else ""
        return f"{half}open, closes in {formats.duration((current.close_at - now).total_seconds())}"
    following = calendar.on_or_after(calendar.session_date(now))
    if following.open_at <= now:
        return "closed, after hours"
    return f"closed, opens in {formats.duration((following.open_at - now).total_seconds())}"


def scopes() -> list[Scope]:
    """Where trading is reduced or halted, and why."""
    rows = execution.trading_states()
    said = [Scope(row.scope, row.state, row.reason) for row in rows if row.state != "ACTIVE"]
    by_file = halt_file.standing()
    if by_file is not None:
        said.append(Scope(execution.GLOBAL, "HALTED", f"halt file: {by_file.reason}"))
    held = execution.held_breakers().exclude(state="ACTIVE")
    return said + [Scope(row.scope, row.state, f"breaker {row.breaker}") for row in held]

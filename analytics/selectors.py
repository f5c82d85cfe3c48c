"""Reads of the analytics stage: its only entrance for the stages after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Generic, TypeVar

import numpy as np
from django.conf import settings
from django.db.models import QuerySet

from analytics import chains, revaluation
from analytics.calculators import (
    exposure_grid,
    flip,
    inventory,
    skew,
    smile_fit,
    smile_points,
    vpin,
)
from analytics.calculators.exposure_grid import ExposureGrid
from analytics.calculators.smile_points import SmilePoints
from analytics.feeds import arbiter
from analytics.models import Decision, FeedEvent, MetricHistory, Signal
from analytics.signals import dedup, events, explain, features
from analytics.signals.dedup import Settings as AdmissionSettings
from analytics.strategies import base, fourteen_dte, moc, one_dte, zero_dte
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, signals
from quanticity.domain.instruments import OptionContract, Right, parse_occ
from quanticity.domain.options import Flag
from quanticity.domain.readings import Unavailable
from quanticity.store import market, readings

T = TypeVar("T")
Samples = list[tuple[datetime, float]]
_PLAYBOOKS: Mapping[signals.Strategy, tuple[str, Any]] = {
    signals.Strategy.ZERO_DTE: ("analytics.strategies.zero_dte", zero_dte.Settings),
    signals.Strategy.ONE_DTE: ("analytics.strategies.one_dte", one_dte.Settings),
    signals.Strategy.FOURTEEN_DTE: ("analytics.strategies.fourteen_dte", fourteen_dte.Settings),
    signals.Strategy.MOC: ("analytics.strategies.moc", moc.Settings),
}
SHOWN_FAMILIES = (*features.FAMILIES, "volatility")
_NOT_STOPPED = (
    signals.Outcome.EMITTED, signals.Outcome.UPDATED, signals.Outcome.THIN_UPDATE,
    signals.Outcome.DUPLICATE,
)  # fmt: skip
_GRID_STRIKES = 24
_A_DAY = timedelta(days=1)
_PROFILE_SPAN, _PROFILE_POINTS = 0.05, 61  # fraction of spot to either side, and how finely


@dataclass(frozen=True, slots=True)
class SignalOrder:
    """A signal with what its admission says about executing it."""

    signal: signals.Signal
    live: bool
    probe: bool
    contracts_wanted: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What the latest chain says of one contract; None is unknown."""

    matches_n: int | None
    multiplier: int | None
    settles_s: float | None
    flags: frozenset[str] | None
    open_interest: int | None
    ask_size: int | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """What would have been bought had one gate not stopped it; alone, or among others."""

    decision_id: int
    signal_id: str | None
    gate: str
    is_sole: bool
    strategy: str
    symbol: str
    direction: int
    occ: str
    multiplier: int
    source: str


@dataclass(frozen=True, slots=True)
class Regime:
    """The volatility regime and since when it holds."""

    name: str
    since_at: datetime


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """Something read from the chain of an instant."""

    value: T
    as_of: datetime
    feed: str


@dataclass(frozen=True, slots=True)
class GammaProfile:
    """Dollars of dealer delta per +1 % at each spot, ascending."""

    spot_price: float
    points: tuple[tuple[float, float], ...]


def signal_order(signal_id: str) -> SignalOrder:
    """One admitted signal as a value."""
    row = Signal.objects.get(pk=signal_id)
    strategy = signals.Strategy(row.strategy)
    admission = section("analytics.signals", AdmissionSettings)
    mode = admission.mode_of(strategy, settings.TRADING_MODE)
    value = signals.Signal(
        signal_id=row.signal_id, strategy=strategy, symbol=row.symbol, direction=row.direction,
        confidence=row.confidence, created_at=row.created_at, valid_until=row.valid_until,
        session_date=row.session_date, contract=parse_occ(row.occ), multiplier=row.multiplier,
        reference_mid=Decimal(row.reference["mid"]), source=row.source,
    )  # fmt: skip
    # Live when it was made and live still: an operator who turns it off is obeyed at once.
    sent = row.mode == mode == Signal.Mode.LIVE
    return SignalOrder(value, sent or row.probe, row.probe, row.contracts_wanted)


def unanswered_signals(older_than_s: float) -> list[str]:
    """Live signals that execution has not answered; their hint may have been lost."""
    rows = dedup.ours().filter(state=Signal.State.LIVE, acknowledgement="")
    now = clock.now()
    return [
        row.pk
        for row in rows.order_by("created_at")
        if (now - row.created_at).total_seconds() > older_than_s
    ]


def live_signal_ids(mode: str = Signal.Mode.LIVE) -> list[str]:
    """Signals that were taken up and await their end, oldest first."""
    rows = dedup.ours().filter(state=Signal.State.LIVE, mode=mode).exclude(acknowledgement="")
    return list(rows.order_by("created_at").values_list("pk", flat=True))


def stopped_decisions(since: datetime) -> list[Stopped]:
    """Decisions kept since then that knew what to buy and were stopped by a gate."""
    rows = Decision.objects.filter(
        at__gte=since, direction__in=(1, -1), source=settings.TRADING_MODE
    ).exclude(outcome__in=_NOT_STOPPED)
    return [found for row in rows.order_by("at", "pk") if (found := _stopped(row)) is not None]


def _stopped(row: Decision) -> Stopped | None:
    contract = row.explanation.get("contract")
    failed = [gate["code"] for gate in row.explanation["gates"] if not gate["passed"]]
    if not contract or not failed:
        return None
    series = contract["contract"]
    occ = OptionContract(
        series["root"], date.fromisoformat(series["expiry"]), Right(series["right"]),
        Decimal(series["strike"]),
    ).occ  # fmt: skip
    return Stopped(
        row.pk, None, failed[0], len(failed) == 1, row.strategy, row.symbol, row.direction, occ,
        contract["multiplier"], row.source,
    )  # fmt: skip


def contract_touch(symbol: str, occ: str) -> tuple[float, float, datetime] | None:
    """Bid, ask and instant of one row of the latest chain; NaN is no quote."""
    found = chains.priced_chain(symbol)
    if found is None:
        return None
    rows = np.flatnonzero(found.chain.occ == occ)
    if not len(rows):
        return None
    row = int(rows[0])
    return float(found.chain.bid[row]), float(found.chain.ask[row]), found.chain.as_of


def has_live_signals() -> bool:
    """Say whether a signal awaits its end."""
    return dedup.ours().filter(state=Signal.State.LIVE).exists()


def n_signals() -> int:
    """How many signals there ever were."""
    return Signal.objects.count()


def listing(symbol: str, occ: str) -> Listing:
    """What the latest chain says of one contract."""
    found = chains.priced_chain(symbol)
    if found is None:
        return Listing(None, None, None, None, None, None)
    chain = found.chain
    rows = np.flatnonzero(chain.occ == occ)
    if not len(rows):
        return Listing(0, None, None, None, None, None)
    row = int(rows[0])
    expiry = chain.expiries[int(chain.expiry_idx[row])]
    flags, interest = Flag(int(found.flags[row])), int(chain.open_interest[row])
    return Listing(
        matches_n=len(rows), multiplier=chain.multiplier,
        settles_s=calendar.seconds_to(clock.now(), expiry.settlement_at),
        flags=frozenset(flag.name or "" for flag in Flag if flag in flags),
        open_interest=interest if interest >= 0 else None, ask_size=int(chain.ask_size[row]),
    )  # fmt: skip


def contract_greeks(
    contract: OptionContract, symbol: str
) -> tuple[float, float, float, float] | None:
    """Per option share in dollars: delta, gamma per 1 %, vega per point, theta per day."""
    found = chains.priced_chain(symbol)
    if found is None:
        return None
    rows = np.flatnonzero(found.chain.occ == contract.occ)
    if not len(rows) or not np.isfinite(found.priced.sigma[rows[0]]):
        return None
    row, greeks, spot = int(rows[0]), found.priced.greeks, found.priced.spot
    return (
        float(greeks.delta[row]) * spot, float(greeks.gamma[row]) * spot * spot * 0.01,
        float(greeks.vega_per_volpt[row]), float(greeks.theta_per_day[row]),
    )  # fmt: skip


def contract_volatility(contract: OptionContract, symbol: str) -> float | None:
    """Implied volatility of one contract in its symbol's chain, annual; None when not solved."""
    found = chains.priced_chain(symbol)
    if found is None:
        return None
    rows = np.flatnonzero(found.chain.occ == contract.occ)
    sigma = float(found.priced.sigma[rows[0]]) if len(rows) else float("nan")
    return sigma if np.isfinite(sigma) else None


def revalued(
    contract: OptionContract, symbol: str, shocks: Sequence[tuple[float, float]]
) -> list[float] | None:
    """Dollars per option share gained by each (spot fraction, volatility points) move at once."""
    return revaluation.changes(contract, symbol, shocks)


def daily_returns(symbol: str, sessions: int) -> dict[date, float]:
    """Simple returns of the last full sessions, by session."""
    bars = market.bars(symbol, "1day")[-sessions - 1 :]
    return {
        bar.open_at.astimezone(clock.NEW_YORK).date(): bar.close / before.close - 1
        for before, bar in pairwise(bars)
        if before.close > 0
    }


def five_minute_moves(symbol: str, count: int) -> list[float]:
    """The latest returns of 5 min bars within sessions, oldest first."""
    bars = market.bars(symbol, "5min")[-count:]
    return [bar.close / bar.open - 1 for bar in bars if bar.open > 0]


def official_close(symbol: str, day: date) -> Decimal | None:
    """The close of a session: its daily bar, else its last minute; None while neither is there."""
    session = calendar.session(day)
    days = (bar for bar in market.bars(symbol, "1day") if bar.open_at == session.open_at)
    last = session.close_at - timedelta(minutes=1)
    minutes = (bar for bar in market.bars(symbol, "1min") if bar.open_at == last)
    found = next(days, None) or next(minutes, None)
    return None if found is None else Decimal(str(round(found.close, 2)))


def vol_regime() -> Regime | None:
    """The regime in force, None when it is not known."""
    data = (readings.read("SPY", ["volatility"]).get("volatility") or {}).get("data")
    if data is None:
        return None
    return Regime(data["regime"], datetime.fromisoformat(data["since_at"]))


def is_in_window(strategy: signals.Strategy, at: datetime) -> bool | None:
    """Say whether a strategy may enter now; None outside sessions."""
    session = calendar.current(at)
    if session is None:
        return None
    path, cls = _PLAYBOOKS[strategy]
    start, end = base.window(section(path, cls), session)
    return start <= at < end


def is_release_near(strategy: signals.Strategy, at: datetime) -> bool:
    """Say whether a release for the whole market keeps a strategy from entering."""
    own = section("analytics.signals", AdmissionSettings)
    return strategy in own.event_strategies and events.release_near(at, own) is not None


def daily_correlations() -> Mapping[frozenset[str], float] | None:
    """60-day correlations by pair of symbols; None while there is no such reading."""
    data = (readings.read("portfolio", ["correlation"]).get("correlation") or {}).get("data")
    daily = None if data is None else data.get("daily60")
    if not daily:
        return None
    names, matrix = daily["symbols"], daily["matrix"]
    return {
        frozenset((a, b)): matrix[i][j]
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i < j and matrix[i][j] is not None
    }


def latest_readings(
    symbols: Sequence[str], families: Sequence[str] = SHOWN_FAMILIES
) -> dict[str, dict[str, Any]]:
    """Envelopes by symbol and family, of every family that the dashboard shows or of some."""
    return readings.read_all(symbols, families)


def exposure_table(symbol: str) -> Seen[ExposureGrid] | None:
    """Vanna and charm by expiry and strike of the latest chain, None without one."""
    found = chains.priced_chain(symbol)
    if found is None:
        return None
    held = inventory.compute(found.priced, section("analytics.inventory", inventory.Settings))
    grid = exposure_grid.compute(held, _GRID_STRIKES)
    return None if grid is None else Seen(grid, found.chain.as_of, found.chain.feed)


def smile(symbol: str) -> Seen[SmilePoints] | None:
    """The quotes that the skew of the latest chain was read from, None without one."""
    own = section("analytics.skew", smile_fit.Settings)
    found = chains.priced_chain(symbol)
    quoted = None if found is None else skew.nearest(found, own)
    if found is None or quoted is None:
        return None
    shape = skew.compute(quoted, own)
    if isinstance(shape, Unavailable):
        return None
    points = smile_points.compute(quoted, shape, own.delta)
    return Seen(points, found.chain.as_of, found.chain.feed)


def gamma_profile(symbol: str) -> Seen[GammaProfile] | None:
    """Modelled dealer gamma of the latest chain, repriced at spots around its own."""
    found = chains.priced_chain(symbol)
    if found is None:
        return None
    held = inventory.compute(found.priced, section("analytics.inventory", inventory.Settings))
    spot = found.priced.spot
    grid = spot * np.linspace(1 - _PROFILE_SPAN, 1 + _PROFILE_SPAN, _PROFILE_POINTS)
    profile = flip.gamma_exposure(held, grid)
    points = tuple(zip(grid.tolist(), profile.tolist(), strict=True))
    return Seen(GammaProfile(spot, points), found.chain.as_of, found.chain.feed)


def vpin_alarms() -> tuple[float, ...]:
    """Ranks of VPIN from which it alarms, ascending."""
    return tuple(sorted(section("analytics.vpin", vpin.Settings).alarms))


def metric_history(symbol: str, metrics: Sequence[str], since: datetime) -> dict[str, Samples]:
    """Samples of metrics since an instant, oldest first."""
    rows = MetricHistory.objects.filter(
        symbol=symbol, metric__in=metrics, as_of__gte=since, source=settings.TRADING_MODE
    ).order_by("as_of")
    found: dict[str, Samples] = {metric: [] for metric in metrics}
    for metric, as_of, value in rows.values_list("metric", "as_of", "value"):
        found[metric].append((as_of, value))
    return found


def decision_at(symbol: str, strategy: str, at: datetime) -> Decision | None:
    """The decision that stood at an instant: the last one kept until then, in this world."""
    rows = Decision.objects.filter(
        symbol=symbol, strategy=strategy, at__lte=at, source=settings.TRADING_MODE
    )
    return rows.first()


def decision_after(decision: Decision) -> Decision | None:
    """The next one kept of the same strategy and symbol; until then this one stood."""
    rows = Decision.objects.filter(
        symbol=decision.symbol, strategy=decision.strategy, at__gt=decision.at,
        source=decision.source,
    )  # fmt: skip
    return rows.order_by("at", "pk").first()


def decisions_between(
    symbol: str, strategy: str, since: datetime, until: datetime
) -> QuerySet[Decision]:
    """Decisions kept in a span of time, oldest first."""
    rows = Decision.objects.filter(
        symbol=symbol, strategy=strategy, at__gte=since, at__lte=until,
        source=settings.TRADING_MODE,
    )  # fmt: skip
    return rows.order_by("at", "pk")


def explained(decision: Decision) -> explain.Explained:
    """A decision in an order that people can read."""
    return explain.explain(decision.explanation)


def feed_alarms(now: datetime) -> list[FeedEvent]:
    """Sources that contradict each other, and those suspended for long; the latest first."""
    own = section("analytics.feeds.arbiter", arbiter.Settings)
    told = FeedEvent.objects.filter(source=settings.TRADING_MODE, at__gt=now - _A_DAY, at__lte=now)
    contradicted_at = now - timedelta(seconds=own.contradiction_stands_s)
    suspended_at = now - timedelta(seconds=own.suspended_long_s)
    last: dict[tuple[str, str, bool], FeedEvent] = {}
    for event in told.exclude(kind=FeedEvent.Kind.SWITCHED).order_by("at", "pk"):
        last[event.feed, event.symbol, event.kind == FeedEvent.Kind.DISAGREE] = event
    return sorted(
        (
            event
            for event in last.values()
            if (event.kind == FeedEvent.Kind.DISAGREE and event.at > contradicted_at)
            or (event.kind == FeedEvent.Kind.SUSPENDED and event.at <= suspended_at)
        ),
        key=lambda event: event.at,
        reverse=True,
    )


def recent_decisions(count: int) -> QuerySet[Decision]:
    """The latest evaluations that were kept."""
    return Decision.objects.all()[:count]


def recent_signals(count: int) -> QuerySet[Signal]:
    """The latest signals."""
    return Signal.objects.all()[:count]

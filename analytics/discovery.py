"""Learning parameters: nightly after the close, some every quarter of an hour (DOMAIN 3.19).

Whether tonight's have been learned is read from their rows, so a missed run is made up by the
next one and a repeated run adds nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings

from analytics import inputs, parameters, states, tapes
from analytics.calculators import discovery, hedging, print_sizes, vpin
from analytics.calculators.discovery import Finding
from analytics.models import DiscoveredParameter, MetricHistory
from analytics.services import gradings
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.store import market

NIGHTLY_AFTER = timedelta(minutes=30)
# Sampled once per session, the last one before the close wins: metric -> family and field.
_DAILY = {"atm_iv_day": ("skew", "atm_iv"), "elasticity_day": ("hedging", "elasticity_total")}


@dataclass(frozen=True, slots=True)
class Volumes:
    """Volume per 5 min of the last sessions."""

    sessions: dict[date, tuple[float, ...]] = field(default_factory=dict)


def discover(symbol: str) -> None:
    """Learn what is due of one symbol."""
    now = clock.now()
    session = calendar.current(now)
    if session is not None:
        _sample(symbol, session, now)
        _keep(symbol, _intraday(symbol), now)
        return
    last = _last_ended(now)
    if now - last.close_at >= NIGHTLY_AFTER and not _is_learned(symbol, last.close_at):
        gradings.grade_close(symbol, last)
        _keep(symbol, _nightly(symbol), last.close_at + NIGHTLY_AFTER)
        parameters.forget()


def _intraday(symbol: str) -> list[Finding | None]:
    own = section("analytics.discovery", discovery.Settings)
    fives = [bar for bar in market.bars(symbol, "5min") if calendar.current(bar.open_at)]
    return [
        discovery.realised_regime(fives, own),
        discovery.lookback_bars(fives, own),
        discovery.venue_markouts(tapes.of(symbol).all(), own),
    ]


def _nightly(symbol: str) -> list[Finding | None]:
    own = section("analytics.discovery", discovery.Settings)
    days = {_day(bar.open_at): bar for bar in market.bars(symbol, "1day")}
    shares = [bar.volume for day, bar in days.items() if not calendar.session(day).is_half_day]
    sizes = states.load(symbol, "print_sizes", print_sizes.State) or print_sizes.State()
    return [
        discovery.bucket_shares(shares, own, section("analytics.vpin", vpin.Settings)),
        discovery.large_print(sizes, section("analytics.print_sizes", print_sizes.Settings)),
        *discovery.curves(_volumes(symbol, own), own),
        discovery.vol_beta(
            {day: bar.close for day, bar in days.items()}, _daily(symbol, "atm_iv_day"),
            section("analytics.hedging", hedging.Settings),
        ),
        discovery.elasticity_veto(list(_daily(symbol, "elasticity_day").values()), own),
    ]  # fmt: skip


def _volumes(symbol: str, own: discovery.Settings) -> dict[date, tuple[float, ...]]:
    """Sessions remembered and those the bars still cover, the last ones of both."""
    before = states.load(symbol, "volumes", Volumes) or Volumes()
    sessions = before.sessions | discovery.session_volumes(market.bars(symbol, "5min"), own)
    last = {day: sessions[day] for day in sorted(sessions)[-own.curve_sessions :]}
    if last != before.sessions:
        states.save(symbol, "volumes", Volumes(last))
    return last


def _sample(symbol: str, session: calendar.Session, now: datetime) -> None:
    found = inputs.of(symbol, tuple({family for family, _ in _DAILY.values()}), now)
    for metric, (family, path) in _DAILY.items():
        value = found.value(family, path)
        if value is not None:
            MetricHistory.objects.update_or_create(
                symbol=symbol, metric=metric, as_of=session.close_at,
                source=settings.TRADING_MODE, defaults={"value": value},
            )  # fmt: skip


def _daily(symbol: str, metric: str) -> dict[date, float]:
    rows = MetricHistory.objects.filter(
        symbol=symbol, metric=metric, source=settings.TRADING_MODE
    ).order_by("as_of")
    return {_day(at): value for at, value in rows.values_list("as_of", "value")}


def _keep(symbol: str, findings: Iterable[Finding | None], valid_from: datetime) -> None:
    rows = [
        DiscoveredParameter(
            symbol=symbol, name=found.label, value=found.value, unit=found.unit, n=found.n,
            method=found.method, is_applied=found.is_applied, valid_from=valid_from,
            source=settings.TRADING_MODE,
        )
        for found in findings
        if found is not None
    ]  # fmt: skip
    DiscoveredParameter.objects.bulk_create(rows, ignore_conflicts=True)


def _is_learned(symbol: str, closed_at: datetime) -> bool:
    return DiscoveredParameter.objects.filter(
        symbol=symbol, is_applied=True, valid_from__gt=closed_at, source=settings.TRADING_MODE
    ).exists()


def _last_ended(now: datetime) -> calendar.Session:
    session = calendar.session(calendar.session_date(now))
    return session if session.close_at <= now else calendar.previous_session(session.date)


def _day(at: datetime) -> date:
    return at.astimezone(clock.NEW_YORK).date()

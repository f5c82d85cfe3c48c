"""Refreshing unusual options activity: the session's option prints against the chain."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from django.conf import settings

from analytics import chains, states, tapes
from analytics.calculators import option_flow, rolling, sweeps, unusual, unusual_rules
from analytics.calculators.trade_signing import SignedTrade
from analytics.models import MetricHistory
from analytics.services import daily, gradings, sides
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.options import Chain
from quanticity.domain.readings import Unavailable, plain
from quanticity.store import market, readings

METRIC = "option_premium_30m"
_HALF_HOUR = timedelta(minutes=30)
_SESSIONS = 20


def refresh_unusual(symbol: str) -> None:
    """Fold new option prints into the session's sums, and judge them against the chain."""
    own = section("analytics.unusual", unusual.Settings)
    now = clock.now()
    chain = market.chain(symbol)
    session = calendar.current(now)
    if chain is None or session is None:
        reason = "NO_DATA" if chain is None else "SESSION_CLOSED"
        readings.write(symbol, "unusual", Unavailable("unusual", reason), as_of=now, feed="none")
        return
    state = _fold(symbol, chain, session)
    readings.write(
        symbol, "unusual",
        unusual.compute(
            chain, option_flow.flow(state, chain), _norms(symbol, session, now), own
        ),
        as_of=chain.as_of, feed=chain.feed, section="analytics.unusual",
        coverage=_quoted(chain), inputs=(chains.input_of(chain),),
        extra={
            "hits": plain(state.hits), "live_interest": _live_interest(state),
            "graded": gradings.latest_morning(symbol),
        },
    )  # fmt: skip


def _fold(symbol: str, chain: Chain, session: calendar.Session) -> option_flow.State:
    before = states.load(symbol, "option_flow", option_flow.State) or option_flow.State()
    if before.session not in {None, session.date}:
        # The chain has the interest that was settled overnight: yesterday can be judged.
        gradings.grade_morning(symbol, before, chain)
        sides.close_session(symbol, before)
    tape = tapes.of_options(symbol).all()
    state, fresh = option_flow.update(
        before, tape, session.date, chain.multiplier, chain.settled_interest,
        section("analytics.option_flow", option_flow.Settings),
    )  # fmt: skip
    if fresh:
        state = option_flow.remember(state, _hits(tape, fresh, chain))
    if state != before:
        states.save(symbol, "option_flow", state)
        _keep_half_hour(symbol, state, session)
    return state


def _live_interest(state: option_flow.State) -> dict[str, Any]:
    """Open interest of the contracts that traded, estimated: never mixed with the settled one."""
    known = [one for _, one in state.sums if one.settled is not None]
    return {
        "oi_basis": "live_estimate",
        "contracts_n": len(known),
        "settled_contracts": sum(one.settled or 0.0 for one in known),
        "live_contracts": sum(one.live_interest or 0.0 for one in known),
    }


def _hits(
    tape: Sequence[SignedTrade], fresh: Sequence[SignedTrade], chain: Chain
) -> tuple[unusual_rules.Hit, ...]:
    """Rules over the new prints and the minute before them, which they may complete."""
    rules = section("analytics.unusual_rules", unusual_rules.Settings)
    since = fresh[0].trade.event_at - timedelta(seconds=rules.cluster_window_s)
    window = [each for each in tape if each.trade.event_at >= since]
    interest = chain.settled_interest
    by_contract: dict[str, list[SignedTrade]] = defaultdict(list)
    for each in window:
        by_contract[each.trade.instrument].append(each)
    limits = section("analytics.option_sweeps", sweeps.Settings)
    swept = [
        sweep
        for prints in by_contract.values()
        for sweep in sweeps.find(prints, limits, multiplier=chain.multiplier)
    ]
    return unusual_rules.compute(
        [each.trade for each in window], interest, sorted(swept, key=lambda each: each.at),
        chain.multiplier, rules,
    )  # fmt: skip


def _norms(symbol: str, session: calendar.Session, now: datetime) -> unusual.Norms:
    past = _half_hours(symbol, session)
    days = sorted({calendar.session_date(at - _HALF_HOUR) for at, _ in past})[-_SESSIONS:]
    past = [(at, value) for at, value in past if calendar.session_date(at - _HALF_HOUR) in days]
    per_day: dict[date, float] = defaultdict(float)
    for at, value in past:
        per_day[calendar.session_date(at - _HALF_HOUR)] += value
    return unusual.Norms(
        day_share=daily.share_of_day_done(symbol) or 0.0,
        average_premium_usd=fmean(per_day.values()) if len(per_day) >= _SESSIONS else None,
        premium_tod_z=_placed(symbol, past, session, now),
    )


def _placed(
    symbol: str, past: Sequence[tuple[datetime, float]], session: calendar.Session, now: datetime
) -> float | None:
    """The z of the last whole half hour among the same half hour of earlier sessions."""
    ended_at = _bucket(session, now)
    value = dict(_today(symbol, session)).get(ended_at)
    if value is None:
        return None
    clock_time = ended_at.astimezone(clock.NEW_YORK).time()
    same = [each for at, each in past if at.astimezone(clock.NEW_YORK).time() == clock_time]
    return rolling.compute_tod(same, value, section("analytics.rolling", rolling.Settings)).z


def _keep_half_hour(symbol: str, state: option_flow.State, session: calendar.Session) -> None:
    """Write the premium of the running half hour; its last value stays."""
    ends_at = _bucket(session, clock.now()) + _HALF_HOUR
    earlier = sum(value for at, value in _today(symbol, session) if at < ends_at)
    MetricHistory.objects.update_or_create(
        symbol=symbol, metric=METRIC, as_of=ends_at, source=settings.TRADING_MODE,
        defaults={"value": state.premium_usd - earlier},
    )  # fmt: skip


def _today(symbol: str, session: calendar.Session) -> list[tuple[datetime, float]]:
    return _rows(symbol, session.open_at, session.close_at + _HALF_HOUR)


def _half_hours(symbol: str, session: calendar.Session) -> list[tuple[datetime, float]]:
    """Half hours of the last sessions before this one."""
    return _rows(symbol, session.open_at - timedelta(days=2 * _SESSIONS), session.open_at)


def _rows(symbol: str, after: datetime, until: datetime) -> list[tuple[datetime, float]]:
    rows = MetricHistory.objects.filter(
        symbol=symbol, metric=METRIC, source=settings.TRADING_MODE,
        as_of__gt=after, as_of__lte=until,
    )  # fmt: skip
    return list(rows.order_by("as_of").values_list("as_of", "value"))


def _bucket(session: calendar.Session, now: datetime) -> datetime:
    """The start of the half hour an instant is in, counted from the open."""
    return now - (now - session.open_at) % _HALF_HOUR


def _quoted(chain: Chain) -> float | None:
    """Share of contracts that have a bid and an ask."""
    return float(((chain.bid > 0) & (chain.ask > 0)).mean()) if len(chain) else None

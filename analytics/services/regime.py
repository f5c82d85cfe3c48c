"""Refreshing the volatility regime from the strip of options that expire today and next."""

from datetime import datetime, timedelta

import numpy as np
from django.conf import settings as django

from analytics import chains, states
from analytics.calculators import inventory, variance, volatility
from analytics.calculators.pricing import PricedChain
from analytics.feeds import vix1d
from analytics.services import histories
from analytics.signals import features
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.calendar import Settlement
from quanticity.domain.options import Flag
from quanticity.domain.readings import Unavailable
from quanticity.store import readings

SYMBOL = "SPY"  # the fallback of SPXW, which needs an index data subscription
INDEX = "SPX"
Split = variance.DaySplit | Unavailable
_DEBIASED, _RAW = "r_day", "vix1d"
_NO_STRIP = Unavailable("variance", "NO_DATA", "no chain")
_SAMPLE_EVERY = timedelta(seconds=45)  # at least: a minute's chain may be some seconds early
_NO_QUOTE = Flag.Q_CROSSED | Flag.Q_STALE | Flag.Q_SENTINEL | Flag.Q_OPENING


def refresh_volatility() -> None:
    """Take one sample of the day's variance into the regime and publish it."""
    now = clock.now()
    session = calendar.current(now)
    known = vix1d.known(now, django.TRADING_MODE)
    found, split = (None, _NO_STRIP) if session is None else _strip(now, session)
    if session is None or (found is None and not known.values):
        reason = "SESSION_CLOSED" if session is None else "NO_DATA"
        readings.write(
            SYMBOL, "volatility", Unavailable("volatility", reason), as_of=now, feed="model"
        )
        return
    state = _sampled(found, split, known, now, session)
    is_raw = state.kind == _RAW
    result = volatility.compute(state, _sources(split, known), now, _settings())
    readings.write(
        SYMBOL, "volatility", result, as_of=_as_of(found, known, now, is_raw=is_raw),
        feed=next(iter(known.values), "model") if is_raw else "model",
        section="analytics.volatility", status="DEGRADED" if is_raw else "OK",
        inputs=() if found is None or is_raw else (chains.input_of(found.chain),),
    )  # fmt: skip


def _sampled(
    found: PricedChain | None,
    split: Split,
    known: vix1d.Known,
    now: datetime,
    session: calendar.Session,
) -> volatility.State:
    """The state with this minute's sample in it; the same chain gives no second one."""
    state = states.load(SYMBOL, "volatility", volatility.State) or volatility.State()
    is_strip = found is not None and isinstance(split, variance.DaySplit)
    at = found.chain.as_of if found is not None and is_strip else now
    if state.at is not None and at - state.at < _SAMPLE_EVERY:
        return state
    x, kind = _x(split, known, state, now, session)
    after = volatility.update(state, volatility.Sample(at, session.date, x, kind), _settings())
    if after is not state:
        states.save(SYMBOL, "volatility", after)
        _remember(after, at)
    return after


def _strip(now: datetime, session: calendar.Session) -> tuple[PricedChain | None, Split]:
    """The index's own strip, else the fund's; without either the last reason, and its chain."""
    last: PricedChain | None = None
    split: Split = _NO_STRIP
    for symbol in (INDEX, SYMBOL):
        found = chains.priced_chain(symbol)
        if found is None:
            continue
        last, split = found, _flaw(found, now) or _split(found, session)
        if isinstance(split, variance.DaySplit):
            break
    return last, split


def _flaw(found: PricedChain, now: datetime) -> Unavailable | None:
    """Why a chain says nothing of the market as it is now."""
    age_s = (now - found.chain.as_of).total_seconds()
    if age_s > section("analytics.features", features.Settings).chain_s:
        return Unavailable("variance", "STALE", f"the chain is {age_s:.0f} s old")
    coverage = inventory.coverage(found.priced, section("analytics.inventory", inventory.Settings))
    if chains.quality(found, coverage) == "INVALID":
        return Unavailable("variance", "ARBITRAGE", "the chain is not believable")
    return None


def _sources(split: Split, known: vix1d.Known) -> volatility.Sources:
    r_day, r_next = (
        (split.r_day, split.r_next) if isinstance(split, variance.DaySplit) else (None, None)
    )
    return volatility.Sources(
        r_day=r_day, r_next=r_next,
        vix1d=known.values, vix1d_prev_close=known.prev_close, ages_s=known.ages_s,
        daily_closes=known.closes,
    )  # fmt: skip


def _as_of(
    found: PricedChain | None, known: vix1d.Known, now: datetime, *, is_raw: bool
) -> datetime:
    if found is not None and not is_raw:
        return found.chain.as_of
    return now - timedelta(seconds=next(iter(known.ages_s.values()), 0.0))


def _remember(state: volatility.State, at: datetime) -> None:
    if state.regime is not None:
        rank = float(tuple(volatility.VolRegime).index(state.regime))
        histories.add(SYMBOL, {"vol_x": state.samples[-1], "vol_regime_rank": rank}, at)


def _x(
    split: Split,
    known: vix1d.Known,
    state: volatility.State,
    now: datetime,
    session: calendar.Session,
) -> tuple[float | None, str]:
    """The sample and its kind; None near open and close, where the regime holds its state."""
    if volatility.is_held(now, session.open_at, session.close_at):
        return None, state.kind or _DEBIASED
    if isinstance(split, variance.DaySplit):
        return split.r_day, _DEBIASED
    # Raw VIX1D stands in once the strip has been missing for long.
    since = max(state.at or session.open_at, session.open_at)
    long = (now - since).total_seconds() > _settings().strip_missing_s
    if known.values and (long or state.kind == _RAW):
        return next(iter(known.values.values())), _RAW
    return None, state.kind or _DEBIASED


def _split(found: PricedChain, session: calendar.Session) -> Split:
    """Variance and the time it is for are both the chain's, not those of now."""
    terms: list[variance.TermVariance] = []
    for wanted in (0, 1):
        term = _term(found, wanted)
        if isinstance(term, Unavailable):
            return term
        terms.append(term)
    return variance.day_split(
        terms[0], terms[1], rth_left_s=(session.close_at - found.chain.as_of).total_seconds(),
        next_rth_s=calendar.next_session(session.date).rth_s,
    )  # fmt: skip


def _term(found: PricedChain, dte_sess: int) -> variance.TermVariance | Unavailable:
    chain = found.chain
    # An index lists two series for one day: the one that is settled at the close counts.
    at = next(
        (
            i
            for i, e in enumerate(chain.expiries)
            if e.dte_sess == dte_sess and e.settlement is not Settlement.AM_CASH
        ),
        None,
    )
    if at is None:
        return Unavailable("variance", "NO_DATA", f"no expiry {dte_sess} sessions away")
    # What is crossed, stale or a sentinel is no quote; wide quotes are what wings are made of.
    sound = ((found.flags & int(_NO_QUOTE)) == 0) & np.isfinite(chain.strike)
    rate = float(found.forwards.r[at])
    strip = variance.strip(chain, found.partner, at, rate, sound)
    return variance.compute(strip, section("analytics.variance", variance.Settings))


def _settings() -> volatility.Settings:
    own: volatility.Settings = section("analytics.volatility", volatility.Settings)
    return own

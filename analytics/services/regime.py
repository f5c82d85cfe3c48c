"""Refreshing the volatility regime from the strip of options that expire today and next."""

from datetime import datetime, timedelta

import numpy as np
from django.conf import settings as django

from analytics import chains, states
from analytics.calculators import variance, volatility
from analytics.calculators.pricing import PricedChain
from analytics.feeds import vix1d
from analytics.services import histories
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.calendar import Settlement
from quanticity.domain.readings import Unavailable
from quanticity.store import readings

SYMBOL = "SPY"  # the fallback of SPXW, which needs an index data subscription
INDEX = "SPX"
Split = variance.DaySplit | Unavailable
_DEBIASED, _RAW = "r_day", "vix1d"
_NO_STRIP = Unavailable("variance", "NO_DATA", "no chain")
_SAMPLE_EVERY = timedelta(seconds=60)


def refresh_volatility() -> None:
    """Take one sample of the day's variance into the regime and publish it."""
    now = clock.now()
    session = calendar.current(now)
    found, known = _strip_chain(), vix1d.known(now, django.TRADING_MODE)
    if session is None or (found is None and not known.values):
        reason = "SESSION_CLOSED" if session is None else "NO_DATA"
        readings.write(
            SYMBOL, "volatility", Unavailable("volatility", reason), as_of=now, feed="model"
        )
        return
    split = _NO_STRIP if found is None else _split(found, now, session)
    state = _sampled(split, known, now, session)
    is_raw = state.kind == _RAW
    result = volatility.compute(state, _sources(split, known), now, _settings())
    readings.write(
        SYMBOL, "volatility", result, as_of=_as_of(found, known, now, is_raw=is_raw),
        feed=next(iter(known.values), "model") if is_raw else "model",
        section="analytics.volatility", status="DEGRADED" if is_raw else "OK",
        inputs=() if found is None or is_raw else (chains.input_of(found.chain),),
    )  # fmt: skip


def _sampled(
    split: Split, known: vix1d.Known, now: datetime, session: calendar.Session
) -> volatility.State:
    """The state with this minute's sample in it."""
    state = states.load(SYMBOL, "volatility", volatility.State) or volatility.State()
    if state.at is not None and now - state.at < _SAMPLE_EVERY:
        return state
    x, kind = _x(split, known, state, now, session)
    state = volatility.update(state, volatility.Sample(now, session.date, x, kind), _settings())
    states.save(SYMBOL, "volatility", state)
    _remember(state, now)
    return state


def _strip_chain() -> PricedChain | None:
    """The index's own chain, else the fund's."""
    found = (chains.priced_chain(symbol) for symbol in (INDEX, SYMBOL))
    return next((chain for chain in found if chain is not None), None)


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


def _remember(state: volatility.State, now: datetime) -> None:
    # The state holds still near open and close: then there is no sample to keep.
    if state.at == now and state.regime is not None:
        rank = float(tuple(volatility.VolRegime).index(state.regime))
        histories.add(SYMBOL, {"vol_x": state.samples[-1], "vol_regime_rank": rank}, now)


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


def _split(found: PricedChain, now: datetime, session: calendar.Session) -> Split:
    terms: list[variance.TermVariance] = []
    for wanted in (0, 1):
        term = _term(found, wanted)
        if isinstance(term, Unavailable):
            return term
        terms.append(term)
    return variance.day_split(
        terms[0], terms[1], rth_left_s=(session.close_at - now).total_seconds(),
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
    rows = chain.expiry_idx == at
    strikes = np.unique(chain.strike[rows])
    columns = {
        (right, side): _by_strike(
            strikes, chain.strike[rows & (chain.right == right)],
            getattr(chain, side)[rows & (chain.right == right)],
        )
        for right in (1, -1)
        for side in ("bid", "ask")
    }  # fmt: skip
    strip = variance.Strip(
        chain.expiries[at].t_s, float(found.forwards.r[at]), strikes, columns[1, "bid"],
        columns[1, "ask"], columns[-1, "bid"], columns[-1, "ask"],
    )  # fmt: skip
    return variance.compute(strip, section("analytics.variance", variance.Settings))


def _by_strike(
    strikes: variance.Floats, own: variance.Floats, values: variance.Floats
) -> variance.Floats:
    """Values on a common grid of strikes; a missing quote is a zero bid."""
    column = np.zeros(len(strikes))
    column[np.searchsorted(strikes, own)] = np.nan_to_num(values)
    return column


def _settings() -> volatility.Settings:
    own: volatility.Settings = section("analytics.volatility", volatility.Settings)
    return own

"""Refreshing what a chain says: one Greeks pass for GEX, DEX, vanna, charm, hedging and skew."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics import chains
from analytics.calculators import (
    dealer_flow,
    exposure,
    flip,
    forced_flow,
    hedging,
    inventory,
    levels,
    rolling,
    skew,
    smile_fit,
    uncertainty,
)
from analytics.calculators.pricing import PricedChain
from analytics.services import atm, histories
from quanticity.config.loader import section
from quanticity.config.universe import universe
from quanticity.domain import calendar, clock
from quanticity.domain.readings import Reading, Unavailable, plain
from quanticity.store import market, readings

FAMILIES = ("gex", "dex", "vanna", "charm", "hedging", "skew")
_HISTORY_EVERY = timedelta(seconds=30)
_sampled_at: dict[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class _Context:
    """What the families of one chain share."""

    symbol: str
    found: PricedChain
    adv_usd: float | None
    quality: str


def refresh_exposures(symbol: str) -> None:
    """Publish every family of one chain, or why there is none."""
    found = chains.priced_chain(symbol)
    if found is None:
        for family in FAMILIES:
            readings.write(
                symbol, family, Unavailable(family, "NO_DATA"), as_of=clock.now(), feed="none"
            )
        return
    shape = _skew(found)
    rr25 = None if isinstance(shape, Unavailable) else shape.rr25_volpts
    parts = _parts()
    adv = adv_usd(symbol)
    gex = exposure.compute(
        found.priced, parts, seed=uncertainty.seed(symbol, found.chain.as_of),
        is_single_name=symbol not in universe().depth, adv_usd=adv, rr25_volpts=rr25,
    )  # fmt: skip
    coverage = inventory.coverage(found.priced, parts.inventory)
    context = _Context(symbol, found, adv, chains.quality(found, coverage))
    if context.quality == "INVALID":
        gex = Unavailable("gex", "LOW_COVERAGE", "the chain is not believable")
    answers: dict[str, Reading | Unavailable] = {"gex": gex, "skew": shape}
    answers["dex"] = exposure.compute_delta(found.priced, parts)
    answers |= _flows(context, parts.inventory)
    _publish(context, answers, coverage)


def refresh_forced_flow(symbol: str) -> None:
    """Publish what dealers must trade in 42 scenarios."""
    found = chains.priced_chain(symbol)
    if found is None:
        return
    result = forced_flow.compute(
        found.priced, section("analytics.forced_flow", forced_flow.Settings),
        section("analytics.inventory", inventory.Settings),
        t_close_s=seconds_to_close(found.chain.as_of)[0], adv_usd=adv_usd(symbol),
    )  # fmt: skip
    readings.write(
        symbol, "forced_flow", result, as_of=found.chain.as_of, feed=found.chain.feed,
        section="analytics.forced_flow",
    )  # fmt: skip


def adv_usd(symbol: str) -> float | None:
    """Average daily dollar volume of the last full sessions."""
    settings = section("analytics.hedging", hedging.Settings)
    days = [
        bar.volume * (bar.wap or bar.close)
        for bar in market.bars(symbol, "1day")
        if not calendar.session(bar.open_at.astimezone(clock.NEW_YORK).date()).is_half_day
    ]
    return hedging.average_daily_usd(days, settings)


def seconds_to_close(at: datetime) -> tuple[float, bool]:
    """Seconds to today's close, or to the next one (True) outside regular hours."""
    session = calendar.current(at)
    if session is not None:
        return (session.close_at - at).total_seconds(), False
    upcoming = calendar.session(calendar.session_date(at))
    if upcoming.close_at <= at:
        upcoming = calendar.next_session(upcoming.date)
    return (upcoming.close_at - at).total_seconds(), True


def _flows(context: _Context, own: inventory.Settings) -> dict[str, Reading | Unavailable]:
    priced, at = context.found.priced, context.found.chain.as_of
    t_close_s, to_next = seconds_to_close(at)
    change = atm.change_30m(context.symbol, context.found)
    beta = section("analytics.hedging", hedging.Settings).beta_default
    return {
        "vanna": dealer_flow.compute_vanna(
            priced, own, adv_usd=context.adv_usd, atm_iv_chg_30m_volpts=change
        ),
        "charm": dealer_flow.compute_charm(
            priced, own, t_close_s=t_close_s, to_next_close=to_next, adv_usd=context.adv_usd
        ),
        "hedging": hedging.compute(priced, own, beta_volpts_per_1pct=beta, adv_usd=context.adv_usd),
    }


def _publish(
    context: _Context, answers: dict[str, Reading | Unavailable], coverage: float | None
) -> None:
    chain = context.found.chain
    metrics = {name: _metric(answers, *path) for name, path in _METRICS.items()}
    places = {name: histories.place(context.symbol, name, v) for name, v in metrics.items()}
    for family, answer in answers.items():
        readings.write(
            context.symbol, family, answer, as_of=chain.as_of, feed=chain.feed,
            coverage=coverage, section="analytics.inventory", status=context.quality,
            extra={
                _Z_FIELD[name]: _place(places[name])
                for name in metrics
                if _METRICS[name][0] == family
            },
        )  # fmt: skip
    last = _sampled_at.get(context.symbol)
    if calendar.current(chain.as_of) and (last is None or chain.as_of - last >= _HISTORY_EVERY):
        _sampled_at[context.symbol] = chain.as_of
        histories.add(context.symbol, metrics, chain.as_of)


# Metric name -> the family and field it is taken from; the field its place is published under.
_METRICS = {
    "gex": ("gex", "gex_usd_per_1pct"),
    "net_oi_delta": ("dex", "net_oi_delta_usd"),
    "vanna_flow": ("vanna", "vanna_flow_frac"),
    "vanna_level": ("vanna", "vex_usd_per_volpt"),
    "charm_flow": ("charm", "charm_flow_frac"),
    "rr25": ("skew", "rr25_volpts"),
}
_Z_FIELD = {
    "gex": "z",
    "net_oi_delta": "net_oi_delta_z",
    "vanna_flow": "z",
    "vanna_level": "level_z",
    "charm_flow": "z",
    "rr25": "rr25_z",
}


def _metric(answers: dict[str, Reading | Unavailable], family: str, name: str) -> float | None:
    answer = answers[family]
    found: float | None = getattr(answer, name, None)
    return found


def _place(history: rolling.History) -> dict[str, Any]:
    return dict(plain(history))


def _parts() -> exposure.Parts:
    return exposure.Parts(
        section("analytics.exposure", exposure.Settings),
        section("analytics.inventory", inventory.Settings),
        section("analytics.flip", flip.Settings),
        section("analytics.levels", levels.Settings),
        section("analytics.uncertainty", uncertainty.Settings),
    )


def _skew(found: PricedChain) -> skew.Skew | Unavailable:
    """The first expiry with enough out-of-the-money quotes on both sides."""
    settings = section("analytics.skew", smile_fit.Settings)
    smile = skew.nearest(found, settings)
    if smile is None:
        return Unavailable("skew", "INSUFFICIENT_SAMPLES", "too few quotes on both sides")
    return skew.compute(smile, settings)

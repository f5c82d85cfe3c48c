"""Refreshing what a chain says: one Greeks pass for GEX, DEX, vanna, charm, hedging and skew."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics import chains, parameters
from analytics.calculators import (
    dealer_flow,
    exposure,
    flip,
    forced_flow,
    hedging,
    inventory,
    levels,
    rolling,
    signed_flow,
    skew,
    smile_fit,
    uncertainty,
)
from analytics.calculators.pricing import PricedChain
from analytics.services import atm, daily, histories, quarantine, sides
from quanticity.config import timetable
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.readings import Reading, Unavailable, instant, plain
from quanticity.store import readings

FAMILIES = ("gex", "dex", "vanna", "charm", "hedging", "skew")
_HISTORY_EVERY = timedelta(seconds=30)
# A little less than a cadence, so that two hints of one beat are not both late.
_SLACK = 0.9
_sampled_at: dict[str, datetime] = {}
_SKIPPED = 3  # samples after a switch of feeds
_fed: dict[str, tuple[str, int]] = {}


@dataclass(frozen=True, slots=True)
class _Context:
    """What the families of one chain share."""

    symbol: str
    found: PricedChain
    adv_usd: float | None
    quality: str


def refresh_exposures(symbol: str) -> None:
    """Publish every family of a new chain, at most once a cadence, or why there is none."""
    found = chains.priced_chain(symbol)
    if found is not None and not _is_due(symbol, found.chain.as_of):
        return
    if found is None:
        for family in FAMILIES:
            readings.write(
                symbol, family, Unavailable(family, "NO_DATA"), as_of=clock.now(), feed="none"
            )
        return
    quarantine.keep_chain_rows(found)
    shape = _skew(found)
    rr25 = None if isinstance(shape, Unavailable) else shape.rr25_volpts
    parts = _parts()
    adv = daily.adv_usd(symbol)
    gex = exposure.compute(
        found.priced, parts, seed=uncertainty.seed(symbol, found.chain.as_of),
        is_single_name=parts.uncertainty.is_single_name(symbol), adv_usd=adv, rr25_volpts=rr25,
        flow_book=sides.book(found.chain),
    )  # fmt: skip
    coverage = inventory.coverage(found.priced, parts.inventory)
    context = _Context(symbol, found, adv, chains.quality(found, coverage))
    answers: dict[str, Reading | Unavailable] = {"gex": gex}
    answers["dex"] = exposure.compute_delta(found.priced, parts)
    answers |= _flows(context, parts.inventory)
    if context.quality == "INVALID":
        answers = {family: _unbelievable(family) for family in answers}
    answers["skew"] = shape
    _publish(context, answers, coverage)


def _unbelievable(family: str) -> Unavailable:
    return Unavailable(family, "LOW_COVERAGE", "the chain is not believable")


def _is_due(symbol: str, as_of: datetime) -> bool:
    """Whether this chain has no answer yet, and the last answer was long enough ago."""
    last = readings.read(symbol, ("gex",)).get("gex")
    if last is None or last["data"] is None:
        return True
    since_s = (clock.now() - datetime.fromisoformat(last["computed_at"])).total_seconds()
    soon = 0 <= since_s < _SLACK * timetable.exposures_s(symbol)
    return last["as_of"] != instant(as_of) and not soon


def refresh_forced_flow(symbol: str) -> None:
    """Publish what dealers must trade in 42 scenarios, or why it is not known."""
    found = chains.priced_chain(symbol)
    if found is None:
        none = Unavailable("forced_flow", "NO_DATA")
        readings.write(symbol, "forced_flow", none, as_of=clock.now(), feed="none")
        return
    coverage = inventory.coverage(found.priced, section("analytics.inventory", inventory.Settings))
    status = chains.quality(found, coverage)
    result = _unbelievable("forced_flow") if status == "INVALID" else forced_flow.compute(
        found.priced, section("analytics.forced_flow", forced_flow.Settings),
        section("analytics.inventory", inventory.Settings),
        t_close_s=seconds_to_close(found.chain.as_of)[0], adv_usd=daily.adv_usd(symbol),
    )  # fmt: skip
    readings.write(
        symbol, "forced_flow", result, as_of=found.chain.as_of, feed=found.chain.feed,
        section="analytics.forced_flow", coverage=coverage, status=status,
        inputs=(chains.input_of(found.chain),),
    )  # fmt: skip


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
    learned = parameters.number(context.symbol, "vol_beta")
    default = section("analytics.hedging", hedging.Settings).beta_default
    beta = default if learned is None else learned
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
    inputs = (chains.input_of(chain),)
    settled_on = calendar.previous_session(calendar.session_date(chain.as_of)).date
    about = {
        "gex": {
            "admission": chains.refused(context.found), "oi_as_of_date": settled_on.isoformat(),
        }
    }  # fmt: skip
    with readings.together():
        for family, answer in answers.items():
            readings.write(
                context.symbol, family, answer, as_of=chain.as_of, feed=chain.feed,
                coverage=coverage, section="analytics.inventory", status=context.quality,
                inputs=inputs,
                extra=about.get(family, {})
                | {
                    _Z_FIELD[name]: _place(places[name])
                    for name in metrics
                    if _METRICS[name][0] == family
                },
            )  # fmt: skip
    last = _sampled_at.get(context.symbol)
    if calendar.current(chain.as_of) and (last is None or chain.as_of - last >= _HISTORY_EVERY):
        _sampled_at[context.symbol] = chain.as_of
        if _is_settled(context.symbol, chain.feed):
            histories.add(context.symbol, metrics, chain.as_of)


def _is_settled(symbol: str, feed: str) -> bool:
    """Whether this feed has supplied the chain for a while.

    Its first samples after a switch are no part of the history (DOMAIN 1.9).
    """
    before, skips = _fed.get(symbol, (feed, 0))
    if before != feed:
        skips = _SKIPPED
    _fed[symbol] = (feed, max(skips - 1, 0))
    return skips == 0


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
        section("analytics.signed_flow", signed_flow.Settings),
    )


def _skew(found: PricedChain) -> skew.Skew | Unavailable:
    """The first expiry with enough out-of-the-money quotes on both sides."""
    settings = section("analytics.skew", smile_fit.Settings)
    smile = skew.nearest(found, settings)
    if smile is None:
        return Unavailable("skew", "INSUFFICIENT_SAMPLES", "too few quotes on both sides")
    return skew.compute(smile, settings)

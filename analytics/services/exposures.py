"""Refreshing what a chain says: one Greeks pass for GEX, DEX, vanna, charm, hedging and skew."""

from collections.abc import Mapping
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
    vendor_greeks,
)
from analytics.calculators.pricing import PricedChain
from analytics.ingestion.desk import Event
from analytics.services import atm, daily, histories, quarantine, sides, sources
from quanticity.config import timetable
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.readings import Reading, Unavailable, instant, plain
from quanticity.store import readings

FAMILIES = ("gex", "dex", "vanna", "charm", "hedging", "skew")
HISTORY_EVERY = timedelta(seconds=30)
# A little less than a cadence, so that two hints of one beat are not both late.
_SLACK = 0.9
_sampled_at: dict[str, datetime] = {}
_SKIPPED = 3  # samples after a switch of feeds
_fed: dict[str, tuple[str, int]] = {}


@dataclass(frozen=True, slots=True)
class Beside:
    """What a chain does not say of itself; None is unknown."""

    adv_usd: float | None = None
    atm_iv_chg_30m_volpts: float | None = None
    vol_beta: float | None = None
    flow_book: signed_flow.Book | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Every family of one chain, and how far to believe it."""

    found: PricedChain
    answers: dict[str, Reading | Unavailable]
    coverage: float | None
    quality: str


def refresh_exposures(symbol: str) -> bool:
    """Publish every family of a new chain, at most once a cadence, or why there is none."""
    found = chains.priced_chain(symbol)
    if found is not None and not _is_due(symbol, found.chain.as_of):
        return False
    if found is None:
        for family in FAMILIES:
            readings.write(
                symbol, family, Unavailable(family, "NO_DATA"), as_of=clock.now(), feed="none"
            )
        return False
    quarantine.keep_chain_rows(found)
    _note_disagreement(found)
    beside = Beside(
        daily.adv_usd(symbol), atm.change_30m(symbol, found),
        parameters.number(symbol, "vol_beta"), sides.book(found.chain),
    )  # fmt: skip
    _publish(symbol, judge(found, beside))
    return True


def _note_disagreement(found: PricedChain) -> None:
    """Tell operators, once a session, that the feed's own deltas are far from ours."""
    chain, session = found.chain, calendar.current(found.chain.as_of)
    share = vendor_greeks.share_apart(chain, found.priced)
    if session is None or share is None or share <= vendor_greeks.SHARE:
        return
    detail = f"GREEKS_DISAGREE: {share:.0%} of deltas differ by more than {vendor_greeks.DELTA_GAP}"
    event = Event("GREEKS", chain.feed, chain.underlying, detail, clock.now())
    sources.note_once(event, session.open_at)


def judge(found: PricedChain, beside: Beside) -> Judged:
    """Compute every family of one chain; what is not believable has no answer."""
    symbol, shape, parts = found.chain.underlying, _skew(found), _parts()
    rr25 = None if isinstance(shape, Unavailable) else shape.rr25_volpts
    gex = exposure.compute(
        found.priced, parts, seed=uncertainty.seed(symbol, found.chain.as_of),
        is_single_name=parts.uncertainty.is_single_name(symbol), adv_usd=beside.adv_usd,
        rr25_volpts=rr25, flow_book=beside.flow_book,
    )  # fmt: skip
    coverage = inventory.coverage(found.priced, parts.inventory)
    quality = chains.quality(found, coverage)
    answers: dict[str, Reading | Unavailable] = {"gex": gex}
    answers["dex"] = exposure.compute_delta(found.priced, parts)
    answers |= _flows(found, beside, parts.inventory)
    if quality == "INVALID":
        answers = {family: _unbelievable(family) for family in answers}
    answers["skew"] = shape
    return Judged(found, answers, coverage, quality)


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
    readings.write(
        symbol, "forced_flow", judge_forced_flow(found, status, daily.adv_usd(symbol)),
        as_of=found.chain.as_of, feed=found.chain.feed, section="analytics.forced_flow",
        coverage=coverage, status=status, inputs=(chains.input_of(found.chain),),
    )  # fmt: skip


def judge_forced_flow(
    found: PricedChain, quality: str, adv_usd: float | None
) -> Reading | Unavailable:
    """What dealers must trade in 42 scenarios of one chain, unless it is not believable."""
    if quality == "INVALID":
        return _unbelievable("forced_flow")
    return forced_flow.compute(
        found.priced, section("analytics.forced_flow", forced_flow.Settings),
        section("analytics.inventory", inventory.Settings),
        t_close_s=seconds_to_close(found.chain.as_of)[0], adv_usd=adv_usd,
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


def _flows(
    found: PricedChain, beside: Beside, own: inventory.Settings
) -> dict[str, Reading | Unavailable]:
    priced, adv = found.priced, beside.adv_usd
    t_close_s, to_next = seconds_to_close(found.chain.as_of)
    default = section("analytics.hedging", hedging.Settings).beta_default
    beta = default if beside.vol_beta is None else beside.vol_beta
    return {
        "vanna": dealer_flow.compute_vanna(
            priced, own, adv_usd=adv, atm_iv_chg_30m_volpts=beside.atm_iv_chg_30m_volpts
        ),
        "charm": dealer_flow.compute_charm(
            priced, own, t_close_s=t_close_s, to_next_close=to_next, adv_usd=adv
        ),
        "hedging": hedging.compute(priced, own, beta_volpts_per_1pct=beta, adv_usd=adv),
    }


def _publish(symbol: str, judged: Judged) -> None:
    chain = judged.found.chain
    measured = metrics(judged.answers)
    placed = {name: histories.place(symbol, name, value) for name, value in measured.items()}
    shown = fields_of(placed)
    inputs = (chains.input_of(chain),)
    settled_on = calendar.previous_session(calendar.session_date(chain.as_of)).date
    shown["gex"] |= {
        "admission": chains.refused(judged.found), "oi_as_of_date": settled_on.isoformat(),
        "delayed": chain.delayed,
    }  # fmt: skip
    with readings.together():
        for family, answer in judged.answers.items():
            readings.write(
                symbol, family, answer, as_of=chain.as_of, feed=chain.feed,
                coverage=judged.coverage, section="analytics.inventory", status=judged.quality,
                inputs=inputs, extra=shown.get(family, {}),
            )  # fmt: skip
    last = _sampled_at.get(symbol)
    if calendar.current(chain.as_of) and (last is None or chain.as_of - last >= HISTORY_EVERY):
        _sampled_at[symbol] = chain.as_of
        if _is_settled(symbol, chain.feed):
            histories.add(symbol, measured, chain.as_of)


def metrics(answers: Mapping[str, Reading | Unavailable]) -> dict[str, float | None]:
    """The numbers that are placed in their own history; None where there is none."""
    return {name: getattr(answers[family], f, None) for name, (family, f) in _METRICS.items()}


def fields_of(placed: Mapping[str, rolling.History]) -> dict[str, dict[str, Any]]:
    """Each metric's place in its history, under its family and the field it is published in."""
    found: dict[str, dict[str, Any]] = {}
    for name, place in placed.items():
        found.setdefault(_METRICS[name][0], {})[_Z_FIELD[name]] = dict(plain(place))
    return found


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

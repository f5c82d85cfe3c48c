"""0DTE: ride dealers' hedging of options that expire today (DOMAIN 5.4).

Pressure in the book and one-sided volume say that somebody is pushing; short dealer gamma, vanna
and charm flows say that hedging will push along. Everything must be fresh, dealers must not be
damping, and two independent confirmations must agree with the vote.
"""

from dataclasses import dataclass

from analytics.strategies import base, contracts, scoring
from analytics.strategies.base import sign, sign_from
from analytics.strategies.scoring import component
from quanticity.domain.signals import Component, Decision, Features, Gate, Strategy

REQUIRED = ("price", "obi_l5", "vpin_cdf", "gex_usd_per_1pct", "toxicity")


@dataclass(frozen=True, slots=True)
class Vetoes:
    """When not to trade at all."""

    damping_elasticity: float
    low_toxicity: float
    pressure_obi: float
    calm_vpin_from: float
    calm_vpin_to: float
    shock_age_s: float


@dataclass(frozen=True, slots=True)
class Votes:
    """Thresholds and sizes of the votes."""

    lead: int
    obi_strong: float
    obi_strong_votes: int
    obi_weak: float
    vwap_at_pct: float
    vwap_stretched_pct: float
    vwap_votes: int
    turn_pct: float
    turn_back_pct: float
    trend_pct: float
    toxicity: float
    dealer_flow: float
    skew_z: float
    momentum_share: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of the components."""

    vpin: float
    obi: float
    gamma: float
    sweep: float
    dealer_flow: float
    skew: float
    flow: float


@dataclass(frozen=True, slots=True)
class Strengths:
    """How a feature becomes a strength in [0, 1]."""

    vpin_from: float
    vpin_span: float
    vpin_base: float
    obi_from: float
    gex_full_frac: float
    pin_at_pct: float
    pin_close: float
    pin_close_pct: float
    pin_near: float
    pin_far_factor: float
    sweep_many: int
    sweep_one_sided: float
    sweep_some: float
    vanna_unit_frac: float
    charm_unit_frac: float
    flow_units_max: float
    vanna_share: float
    charm_share: float
    skew_z_from: float
    skew_z_full: float
    momentum_from: float


@dataclass(frozen=True, slots=True)
class Adjusters:
    """Factors on the points, and when they apply."""

    damping_elasticity: float
    damping: float
    shock: float
    elevated: float
    pin_proximity: float
    pin_with: float
    pin_against: float


@dataclass(frozen=True, slots=True)
class Confirmations:
    """What counts as agreement."""

    sweep: float
    vanna: float
    charm: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Every number of the playbook."""

    symbols: tuple[str, ...]
    window: base.Window
    freshness: base.Freshness
    scoring: scoring.Settings
    contract: contracts.Settings
    vetoes: Vetoes
    votes: Votes
    weights: Weights
    strengths: Strengths
    adjusters: Adjusters
    confirmations: Confirmations


def evaluate(features: Features, settings: Settings) -> Decision:
    """Judge one symbol at one instant."""
    gates = base.common_gates(features, REQUIRED, settings.freshness)
    if base.has_required(gates):
        gates += _vetoes(features, settings.vetoes)
    votes = _votes(features, settings)
    direction = sign_from(sum(votes.values()), settings.votes.lead)
    components = _components(features, settings)
    evidence = scoring.Evidence(
        gates=gates,
        votes=votes,
        direction=direction,
        components=components,
        adjusters=_adjusters(features, direction, settings.adjusters),
        confirmations=_confirmations(features, direction, components, settings),
    )
    return scoring.conclude(Strategy.ZERO_DTE, features, evidence, settings.scoring)


def _vetoes(f: Features, limit: Vetoes) -> tuple[Gate, ...]:
    elasticity, obi, vpin = f["elasticity_total"], f["obi_l5"], f["vpin_cdf"]
    undamped = elasticity is None or elasticity > limit.damping_elasticity
    calm = limit.calm_vpin_from < vpin < limit.calm_vpin_to
    age_s = f["vol_regime_age_s"]
    shocked = f["vol_regime"] == "SHOCK" and (age_s is None or age_s < limit.shock_age_s)
    pressed = abs(obi) >= limit.pressure_obi or not calm
    return (
        Gate("DEALER_DAMPING", elasticity, limit.damping_elasticity, undamped),
        base.at_least("LOW_TOXICITY", f["toxicity"], limit.low_toxicity),
        Gate("NO_PRESSURE", (obi, vpin), limit.pressure_obi, pressed),
        Gate("VOL_SHOCK", (f["vol_regime"], age_s), limit.shock_age_s, not shocked),
    )


def _votes(f: Features, settings: Settings) -> dict[str, int]:
    limit = settings.votes
    toxic = f["toxicity"] is not None and f["toxicity"] > limit.toxicity
    share = f["flow_momentum_share"]
    moving = share is not None and share > limit.momentum_share
    rising = f["vol_regime"] == "SHOCK" and sign(f["vol_d5m_volpts"]) > 0
    return {
        "obi": _obi_vote(f["obi_l5"], limit),
        "vwap": _vwap_vote(base.distance_pct(f["price"], f["vwap"]), limit),
        "bars": _bars_vote(f["ret_5b_pct"], f["ret_2b_pct"], limit),
        "toxicity": sign(f["obi_l5"]) if toxic else 0,
        "dealer_flow": sign_from(_dealer_flow(f, settings.strengths), limit.dealer_flow),
        "skew": sign_from(f["rr25_z"], limit.skew_z),
        "momentum": sign(f["flow_momentum_dir"]) if moving else 0,
        "vol_shock": -1 if rising else 0,
    }


def _obi_vote(obi: float | None, limit: Votes) -> int:
    strong = sign_from(obi, limit.obi_strong)
    return limit.obi_strong_votes * strong or sign_from(obi, limit.obi_weak)


def _vwap_vote(distance_pct: float | None, limit: Votes) -> int:
    way = sign_from(distance_pct, limit.vwap_at_pct)
    stretched = distance_pct is not None and abs(distance_pct) > limit.vwap_stretched_pct
    return -way if stretched else limit.vwap_votes * way


def _bars_vote(long_pct: float | None, short_pct: float | None, limit: Votes) -> int:
    if long_pct is None or short_pct is None:
        return 0
    turned = sign(short_pct) == -sign(long_pct) and abs(short_pct) > limit.turn_back_pct
    if abs(long_pct) > limit.turn_pct and turned:
        return -sign(long_pct)
    trending = abs(long_pct) > limit.trend_pct and base.same_way(long_pct, short_pct)
    return sign(long_pct) if trending else 0


def _components(f: Features, settings: Settings) -> tuple[Component, ...]:
    weights, how = settings.weights, settings.strengths
    flow, skew, way = _dealer_flow(f, how), f["rr25_z"], f["flow_momentum_dir"]
    momentum = scoring.momentum(f["flow_momentum_share"], way, how.momentum_from)
    return (
        component("vpin", weights.vpin, _vpin(f["vpin_cdf"], how)),
        component(
            "obi", weights.obi, scoring.from_least(f["obi_l5"], how.obi_from), sign(f["obi_l5"])
        ),
        _gamma(f, weights.gamma, how),
        component("sweep", weights.sweep, _sweep(f, how), sign(f["sweep_net"])),
        component("dealer_flow", weights.dealer_flow, scoring.from_least(flow, 0), sign(flow)),
        component(
            "skew",
            weights.skew,
            scoring.share_of(skew, how.skew_z_from, how.skew_z_full),
            sign(skew),
        ),
        component("flow", weights.flow, momentum, sign(way)),
    )


def _vpin(rank: float | None, how: Strengths) -> float | None:
    if rank is None:
        return None
    if rank < how.vpin_from:
        return 0.0
    return how.vpin_base + (1 - how.vpin_base) * min((rank - how.vpin_from) / how.vpin_span, 1.0)


def _gamma(f: Features, weight: float, how: Strengths) -> Component:
    gex, frac = f["gex_usd_per_1pct"], f["gex_frac"]
    if gex is None or f["gex_sign_agree"] is False:
        return component("gamma", weight, None)
    if gex < 0:
        s = None if frac is None else min(abs(frac) / how.gex_full_frac, 1.0)
        return component("gamma", weight, s)
    return component("gamma", weight, _pin(f, how), f["pin_pull"] or 0)


def _pin(f: Features, how: Strengths) -> float | None:
    distance_pct, proximity = f["pin_dist_pct"], f["pin_proximity"]
    if distance_pct is None or proximity is None or f["pin_pull"] is None:
        return None
    if abs(distance_pct) < how.pin_at_pct:
        return 0.0
    if proximity > how.pin_close and abs(distance_pct) <= how.pin_close_pct:
        return 1.0
    return float(proximity if proximity > how.pin_near else how.pin_far_factor * proximity)


def _sweep(f: Features, how: Strengths) -> float | None:
    count, net = f["sweep_n_60s"], f["sweep_net"]
    if count is None or net is None:
        return None
    if count < 1 or not net:
        return 0.0
    many = count >= how.sweep_many and abs(net) >= how.sweep_one_sided
    return 1.0 if many else how.sweep_some


def _dealer_flow(f: Features, how: Strengths) -> float | None:
    vanna, charm = _vanna(f, how), _charm(f, how)
    if vanna is None or charm is None:
        return None
    return how.vanna_share * vanna + how.charm_share * charm


def _vanna(f: Features, how: Strengths) -> float | None:
    return scoring.units(f["vanna_flow_frac"], how.vanna_unit_frac, how.flow_units_max)


def _charm(f: Features, how: Strengths) -> float | None:
    return scoring.units(f["charm_flow_frac"], how.charm_unit_frac, how.flow_units_max)


def _adjusters(f: Features, direction: int, how: Adjusters) -> dict[str, float]:
    found: dict[str, float] = {}
    elasticity, proximity = f["elasticity_total"], f["pin_proximity"]
    if elasticity is not None and elasticity <= how.damping_elasticity:
        found["hedge_damping"] = how.damping
    if f["vol_regime"] in ("SHOCK", "ELEVATED"):
        found["vol_regime"] = how.shock if f["vol_regime"] == "SHOCK" else how.elevated
    pinned = sign(f["gex_usd_per_1pct"]) > 0 and (proximity or 0) > how.pin_proximity
    if pinned and f["pin_pull"] and direction:
        found["pin"] = how.pin_with if f["pin_pull"] == direction else how.pin_against
    return found


def _confirmations(
    f: Features, direction: int, components: tuple[Component, ...], settings: Settings
) -> tuple[str, ...]:
    least = settings.confirmations
    part = {each.name: each for each in components}
    sweep = part["sweep"].g if (part["sweep"].s or 0) >= least.sweep else 0
    found = {
        "sweep": sweep,
        "vanna": sign_from(_vanna(f, settings.strengths), least.vanna),
        "charm": sign_from(_charm(f, settings.strengths), least.charm),
        "flow": part["flow"].g,
    }
    return tuple(sorted(name for name, way in found.items() if direction and way == direction))

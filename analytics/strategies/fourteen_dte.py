"""14DTE: follow unusual option activity in single names for about two weeks (DOMAIN 5.6).

Options that trade far above their open interest say that somebody has taken a side; sweeps, hidden
orders, open interest and dealer flows say whether the stock agrees. With two confirmations or more
a lead of two votes is enough, with fewer it takes three.
"""

from dataclasses import dataclass

from analytics.strategies import base, contracts, scoring
from analytics.strategies.base import sign, sign_from
from analytics.strategies.scoring import component
from quanticity.domain.signals import Component, Decision, Features, Strategy

REQUIRED = ("price", "unusual_score")


@dataclass(frozen=True, slots=True)
class Votes:
    """Thresholds and sizes of the votes, and the lead they need."""

    lead_confirmed: int
    lead_alone: int
    confirmations: int
    oi_strong_z: float
    oi_strong_votes: int
    oi_weak_z: float
    oi_weak_votes: int
    otm_ratio: float
    otm_votes: int
    trend_pct: float
    trend_votes: int
    sweep_move_pct: float
    hidden_score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of the components."""

    unusual: float
    sweep: float
    hidden: float
    oi_delta: float
    vanna: float
    charm: float
    toxicity: float
    block: float
    flow: float


@dataclass(frozen=True, slots=True)
class Strengths:
    """How a feature becomes a strength in [0, 1]."""

    unusual_from: float
    unusual_base: float
    unusual_slope: float
    spike_high: float
    spike_raised: float
    sweep_raised: float
    sweep_one_sided_net: float
    sweep_one_sided: float
    sweep_mixed: float
    hidden_from: float
    hidden_high: float
    hidden_raised: float
    hidden_raised_s: float
    hidden_base_s: float
    oi_z_from: float
    oi_z_full: float
    vanna_from_frac: float
    charm_from_frac: float
    flow_z_full: float
    toxic: float
    toxic_calm_vpin: float
    very_toxic: float
    very_toxic_s: float
    block_from: float
    momentum_from: float


@dataclass(frozen=True, slots=True)
class Adjusters:
    """Factors on the points, and when they apply."""

    first_min: float
    first_confirmations: int
    first_hour: float
    last_min: float
    last_hour: float
    breadth_confirmations: int
    breadth: float


@dataclass(frozen=True, slots=True)
class Confirmations:
    """Strengths that count as agreement."""

    oi_delta: float
    vanna: float
    charm: float
    block: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Every number of the playbook."""

    symbols: tuple[str, ...]
    window: base.Window
    freshness: base.Freshness
    scoring: scoring.Settings
    contract: contracts.Settings
    votes: Votes
    weights: Weights
    strengths: Strengths
    adjusters: Adjusters
    confirmations: Confirmations


def evaluate(features: Features, settings: Settings) -> Decision:
    """Judge one symbol at one instant."""
    limit = settings.votes
    votes = _votes(features, limit)
    components = _components(features, settings)
    confirmations = _confirmations(sum(votes.values()), components, settings.confirmations)
    confirmed = len(confirmations) >= limit.confirmations
    lead = limit.lead_confirmed if confirmed else limit.lead_alone
    evidence = scoring.Evidence(
        gates=base.common_gates(features, REQUIRED, settings.freshness),
        votes=votes,
        direction=sign_from(sum(votes.values()), lead),
        components=components,
        adjusters=_adjusters(features, confirmations, settings.adjusters),
        confirmations=confirmations,
    )
    return scoring.conclude(Strategy.FOURTEEN_DTE, features, evidence, settings.scoring)


def _votes(f: Features, limit: Votes) -> dict[str, int]:
    trend = sign_from(f["ret_20b_pct"], limit.trend_pct)
    trending = base.same_way(f["ret_20b_pct"], f["ret_5b_pct"])
    return {
        "oi_delta": _oi_vote(f["net_oi_delta_z"], limit),
        "otm_premium": _otm_vote(f["otm_premium_ratio"], limit),
        "trend": limit.trend_votes * trend if trending else 0,
        "range_break": f["range_break"] or 0,
        "sweep": _sweep_vote(f, limit),
        "hidden": _hidden_vote(f, limit),
    }


def _oi_vote(z: float | None, limit: Votes) -> int:
    strong, weak = sign_from(z, limit.oi_strong_z), sign_from(z, limit.oi_weak_z)
    return limit.oi_strong_votes * strong or limit.oi_weak_votes * weak


def _otm_vote(ratio: float | None, limit: Votes) -> int:
    if ratio is None:
        return 0
    return limit.otm_votes * ((ratio >= limit.otm_ratio) - (ratio <= 1 / limit.otm_ratio))


def _sweep_vote(f: Features, limit: Votes) -> int:
    move = sign_from(f["ret_2b_pct"], limit.sweep_move_pct)
    swept = base.is_at_least(f["sweep_n_60s"], 1)
    return sign(f["sweep_net"]) if swept and move == sign(f["sweep_net"]) else 0


def _hidden_vote(f: Features, limit: Votes) -> int:
    return (f["hidden_side"] or 0) if base.is_at_least(f["hidden_score"], limit.hidden_score) else 0


def _components(f: Features, settings: Settings) -> tuple[Component, ...]:
    w, how = settings.weights, settings.strengths
    interest, way = f["net_oi_delta_z"], f["flow_momentum_dir"]
    vanna = _dealer(f["vanna_flow_frac"], f["vanna_flow_z"], how.vanna_from_frac, how)
    charm = _dealer(f["charm_flow_frac"], f["charm_flow_z"], how.charm_from_frac, how)
    block = scoring.from_least(f["block_share"], how.block_from)
    momentum = scoring.momentum(f["flow_momentum_share"], way, how.momentum_from)
    open_interest = scoring.share_of(interest, how.oi_z_from, how.oi_z_full)
    return (
        component("unusual", w.unusual, _unusual(f, how), f["unusual_dir"] or 0),
        component("sweep", w.sweep, _sweep(f, how), sign(f["sweep_net"])),
        component("hidden", w.hidden, _hidden(f, how), f["hidden_side"] or 0),
        component("oi_delta", w.oi_delta, open_interest, sign(interest)),
        component("vanna", w.vanna, vanna, sign(f["vanna_flow_frac"])),
        component("charm", w.charm, charm, sign(f["charm_flow_frac"])),
        component("toxicity", w.toxicity, _toxicity(f, how)),
        component("block", w.block, block),
        component("flow", w.flow, momentum, sign(way)),
    )


def _unusual(f: Features, how: Strengths) -> float | None:
    score, way = f["unusual_score"], f["unusual_dir"]
    if score is None or way is None:  # without a print heard the score is but its least
        return None
    if score < how.unusual_from or way == 0:
        return 0.0
    strength: float = min(how.unusual_base + how.unusual_slope * score, 1.0)
    return strength


def _sweep(f: Features, how: Strengths) -> float | None:
    count, net, spike = f["sweep_n_60s"], f["sweep_net"], f["vol_spike_ratio"]
    if count is None or net is None:
        return None
    if count < 1 or not net:
        return 0.0
    if spike is not None and spike > how.spike_raised:
        return 1.0 if spike > how.spike_high else how.sweep_raised
    return how.sweep_one_sided if abs(net) >= how.sweep_one_sided_net else how.sweep_mixed


def _hidden(f: Features, how: Strengths) -> float | None:
    score, side = f["hidden_score"], f["hidden_side"]
    if score is None:
        return None
    if score < how.hidden_from or side == 0:
        return 0.0
    if side is None:
        return None
    if score > how.hidden_raised:
        return 1.0 if score > how.hidden_high else how.hidden_raised_s
    return how.hidden_base_s


def _dealer(frac: float | None, z: float | None, least_frac: float, how: Strengths) -> float | None:
    # A missing z is missing: it is not "maximum intensity".
    if frac is None or z is None:
        return None
    return 0.0 if abs(frac) < least_frac else scoring.share_of(z, 0, how.flow_z_full)


def _toxicity(f: Features, how: Strengths) -> float | None:
    toxicity, rank = f["toxicity"], f["vpin_cdf"]
    if toxicity is None or rank is None:
        return None
    if toxicity > how.toxic and rank < how.toxic_calm_vpin:
        return 1.0
    return how.very_toxic_s if toxicity > how.very_toxic else 0.0


def _confirmations(
    vote_sum: int, components: tuple[Component, ...], least: Confirmations
) -> tuple[str, ...]:
    enough = {
        "oi_delta": least.oi_delta,
        "vanna": least.vanna,
        "charm": least.charm,
        "block": least.block,
    }
    asked = ("unusual", "sweep", "hidden", *enough)
    way = sign(vote_sum)
    return tuple(
        sorted(
            part.name
            for part in components
            if part.name in asked
            and part.s
            and part.s >= enough.get(part.name, 0)
            and part.g in (0, way)
            and way
        )
    )


def _adjusters(f: Features, confirmations: tuple[str, ...], how: Adjusters) -> dict[str, float]:
    found: dict[str, float] = {}
    early = base.is_at_most(f["minutes_since_open"], how.first_min)
    late = base.is_at_most(f["minutes_to_close"], how.last_min)
    if early and len(confirmations) >= how.first_confirmations:
        found["first_hour"] = how.first_hour
    if late and not {"sweep", "hidden"}.isdisjoint(confirmations):
        found["last_hour"] = how.last_hour
    if len(confirmations) >= how.breadth_confirmations:
        found["breadth"] = how.breadth
    return found

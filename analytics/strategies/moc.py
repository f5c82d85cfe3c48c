"""MOC: lean with the estimated closing imbalance in the last twenty minutes (DOMAIN 5.7).

The direction is the imbalance's own unless the tape speaks clearly against it. The option bought
expires in the next session: one with minutes to live would be almost all decay.
"""

from dataclasses import dataclass

from analytics.strategies import base, contracts, scoring
from analytics.strategies.base import sign, sign_from
from analytics.strategies.scoring import component
from quanticity.domain.signals import Component, Decision, Features, Gate, Strategy

REQUIRED = ("price", "moc_imbalance_frac", "moc_ratio", "obi_l5")


@dataclass(frozen=True, slots=True)
class Vetoes:
    """When not to trade at all."""

    small_imbalance_frac: float
    low_ratio: float


@dataclass(frozen=True, slots=True)
class Votes:
    """Thresholds and sizes of the votes; `lead_against` is how much opposition is still borne."""

    lead_against: int
    indicative_bps: float
    obi: float
    bars_pct: float
    bars_votes: int


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of the components."""

    imbalance: float
    gamma: float
    indicative: float
    time: float
    volume: float
    obi: float
    calendar: float


@dataclass(frozen=True, slots=True)
class Strengths:
    """How a feature becomes a strength in [0, 1]."""

    imbalance_share: float
    imbalance_full_frac: float
    ratio_share: float
    ratio_from: float
    ratio_span: float
    ratio_high: float
    ratio_high_factor: float
    pin_from_pct: float
    pin_to_pct: float
    gamma_full_conc: float
    indicative_against_factor: float
    late_gamma_min: float
    late_gamma_frac: float
    late_gamma_bonus: float
    indicative_span_bps: float
    best_from_min: float
    best_to_min: float
    good_to_min: float
    good_time: float
    volume_spike: float
    friday: float


@dataclass(frozen=True, slots=True)
class Adjusters:
    """Factors on the points, and when they apply."""

    time_base: float
    late_pin_min: float
    late_pin_proximity: float
    late_pin: float


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


def evaluate(features: Features, settings: Settings) -> Decision:
    """Judge one symbol at one instant."""
    gates = base.common_gates(features, REQUIRED, settings.freshness)
    if base.has_required(gates):
        gates += _vetoes(features, settings.vetoes)
    votes = _votes(features, settings.votes)
    components = _components(features, settings)
    evidence = scoring.Evidence(
        gates=gates,
        votes=votes,
        direction=_direction(votes, settings.votes.lead_against),
        components=components,
        adjusters=_adjusters(features, components, settings.adjusters),
    )
    return scoring.conclude(Strategy.MOC, features, evidence, settings.scoring)


def _vetoes(f: Features, limit: Vetoes) -> tuple[Gate, ...]:
    size = abs(f["moc_imbalance_frac"])
    return (
        base.at_least("SMALL_IMBALANCE", size, limit.small_imbalance_frac),
        base.at_least("LOW_RATIO", f["moc_ratio"], limit.low_ratio),
    )


def _votes(f: Features, limit: Votes) -> dict[str, int]:
    return {
        "imbalance": sign(f["moc_imbalance_frac"]),
        "pin": f["pin_pull"] or 0,
        "indicative": sign_from(f["indicative_offset_bps"], limit.indicative_bps),
        "obi": sign_from(f["obi_l5"], limit.obi),
        "bars": limit.bars_votes * sign_from(f["ret_5b_pct"], limit.bars_pct),
    }


def _direction(votes: dict[str, int], lead_against: int) -> int:
    # The imbalance is what the others speak for or against, not a voice of its own.
    way = votes["imbalance"]
    others = sum(vote for name, vote in votes.items() if name != "imbalance")
    return 0 if -way * others > lead_against else way


def _components(f: Features, settings: Settings) -> tuple[Component, ...]:
    w, how = settings.weights, settings.strengths
    offset, obi = f["indicative_offset_bps"], f["obi_l5"]
    indicative = sign_from(offset, settings.votes.indicative_bps)
    pull = f["pin_pull"] or 0
    return (
        component("imbalance", w.imbalance, _imbalance(f, how), sign(f["moc_imbalance_frac"])),
        component("gamma", w.gamma, _gamma(f, indicative, how), pull),
        component("indicative", w.indicative, _indicative(offset, settings), sign(offset)),
        component("time", w.time, _time(f["minutes_to_close"], how)),
        component("volume", w.volume, _volume(f["vol_spike_ratio"], how)),
        component("obi", w.obi, scoring.from_least(obi, settings.votes.obi), sign(obi)),
        component("calendar", w.calendar, _calendar(f, how)),
    )


def _imbalance(f: Features, how: Strengths) -> float | None:
    frac, ratio = f["moc_imbalance_frac"], f["moc_ratio"]
    if frac is None or ratio is None:
        return None
    size = min(abs(float(frac)) / how.imbalance_full_frac, 1.0)
    excess = min((float(ratio) - how.ratio_from) / how.ratio_span, 1.0)
    s = how.imbalance_share * size + how.ratio_share * excess
    factor = how.ratio_high_factor if ratio > how.ratio_high else 1
    return max(0.0, min(1.0, s * factor))


def _gamma(f: Features, indicative: int, how: Strengths) -> float | None:
    distance_pct, pull, share = f["pin_dist_pct"], f["pin_pull"], f["gex_conc_1pct"]
    if distance_pct is None or pull is None:
        return None
    if not pull or not how.pin_from_pct <= abs(distance_pct) <= how.pin_to_pct:
        return 0.0
    if share is None:
        return None
    s = min(float(share) / how.gamma_full_conc, 1.0)
    if indicative == -pull:
        s *= how.indicative_against_factor
    late = base.is_at_most(f["minutes_to_close"], how.late_gamma_min)
    if late and f["gex_frac"] is not None and abs(f["gex_frac"]) > how.late_gamma_frac:
        s += how.late_gamma_bonus
    return min(s, 1.0)


def _indicative(offset_bps: float | None, settings: Settings) -> float | None:
    least = settings.votes.indicative_bps
    if offset_bps is None:
        return None
    if abs(offset_bps) < least:
        return 0.0
    return min((abs(offset_bps) - least) / settings.strengths.indicative_span_bps, 1.0)


def _time(minutes: float | None, how: Strengths) -> float | None:
    if minutes is None:
        return None
    if how.best_from_min <= minutes <= how.best_to_min:
        return 1.0
    return how.good_time if minutes <= how.good_to_min else 0.0


def _volume(spike: float | None, how: Strengths) -> float | None:
    return None if spike is None else float(spike > how.volume_spike)


def _calendar(f: Features, how: Strengths) -> float | None:
    if f["is_rebalance_day"] is None:
        return None
    if f["is_rebalance_day"]:
        return 1.0
    return how.friday if f["weekday"] == base.Weekday.FRIDAY else 0.0


def _adjusters(f: Features, components: tuple[Component, ...], how: Adjusters) -> dict[str, float]:
    found: dict[str, float] = {}
    timing = next(part.s for part in components if part.name == "time")
    if timing is not None:
        found["time"] = how.time_base + (1 - how.time_base) * timing
    late = base.is_at_most(f["minutes_to_close"], how.late_pin_min)
    if late and f["pin_proximity"] is not None and f["pin_proximity"] > how.late_pin_proximity:
        found["late_pin"] = how.late_pin
    return found

"""1DTE: carry the afternoon's trend into tomorrow's session (DOMAIN 5.5).

A trend that is still going in the last two hours, in a regime that lets it go on, with pressure in
the book behind it. Positions are held overnight, so there is no dealer veto, but the chain must
have an expiry in the next session.
"""

from dataclasses import dataclass

from analytics.strategies import base, contracts, scoring
from analytics.strategies.base import sign, sign_from
from analytics.strategies.scoring import component
from quanticity.domain.signals import Component, Decision, Features, Strategy

REQUIRED = ("price", "obi_l5", "vpin_cdf", "ret_10b_pct")


@dataclass(frozen=True, slots=True)
class Votes:
    """Thresholds and sizes of the votes; `late_min` is minutes to the close."""

    lead: int
    trend_pct: float
    trend_votes: int
    trend_still_votes: int
    range_edge_pct: float
    range_edge_votes: int
    pressure_obi: float
    pressure_vpin: float
    pressure_votes: int
    late_min: float
    late_obi_votes: int
    oi_delta_z: float
    late_toxicity: float
    late_toxicity_votes: int


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of the components."""

    vol_regime: float
    realised: float
    obi: float
    gex: float
    vpin: float
    momentum: float


@dataclass(frozen=True, slots=True)
class Strengths:
    """How a feature becomes a strength in [0, 1]."""

    shock: float
    elevated: float
    high_expanding: float
    high: float
    low: float
    expansion: float
    closing_min: float
    obi_from: float
    gex_z_from: float
    gex_z_full: float
    gex_long_factor: float
    vpin_from: float
    vpin_span: float
    late_min: float
    vpin_late_factor: float
    speed_share: float
    speed_bars: float
    size_share: float
    size_pct: float


@dataclass(frozen=True, slots=True)
class Adjusters:
    """Factors on the points, and when they apply."""

    damping_elasticity: float
    damping: float
    monday: float
    friday: float
    friday_below_points: float


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


def evaluate(features: Features, settings: Settings) -> Decision:
    """Judge one symbol at one instant."""
    votes = _votes(features, settings.votes)
    direction = sign_from(sum(votes.values()), settings.votes.lead)
    components = _components(features, settings)
    points = scoring.net_points(components, direction) if direction else None
    evidence = scoring.Evidence(
        gates=base.common_gates(features, REQUIRED, settings.freshness),
        votes=votes,
        direction=direction,
        components=components,
        adjusters=_adjusters(features, points, settings.adjusters),
    )
    return scoring.conclude(Strategy.ONE_DTE, features, evidence, settings.scoring)


def _votes(f: Features, limit: Votes) -> dict[str, int]:
    late = base.is_at_most(f["minutes_to_close"], limit.late_min)
    toxic = f["toxicity"] is not None and f["toxicity"] > limit.late_toxicity
    pressure = sign_from(f["obi_l5"], limit.pressure_obi)
    one_sided = f["vpin_cdf"] is not None and f["vpin_cdf"] > limit.pressure_vpin
    return {
        "trend": _trend(f, limit),
        "range_edge": _range_edge(f, limit),
        "pressure": pressure * (limit.pressure_votes if one_sided else 1),
        "late_obi": limit.late_obi_votes * pressure if late else 0,
        "oi_delta": sign_from(f["net_oi_delta_z"], limit.oi_delta_z),
        "late_toxicity": (
            limit.late_toxicity_votes * sign(f["toxicity_lean"]) if late and toxic else 0
        ),
    }


def _trend(f: Features, limit: Votes) -> int:
    way = sign_from(f["ret_10b_pct"], limit.trend_pct)
    still = base.same_way(f["ret_2b_pct"], f["ret_10b_pct"])
    return way * (limit.trend_votes + (limit.trend_still_votes if still else 0))


def _range_edge(f: Features, limit: Votes) -> int:
    # At both edges at once the range is too small to have one.
    high = base.is_at_most(f["dist_to_14b_high_pct"], limit.range_edge_pct)
    low = base.is_at_most(f["dist_to_14b_low_pct"], limit.range_edge_pct)
    return limit.range_edge_votes * (high - low)


def _components(f: Features, settings: Settings) -> tuple[Component, ...]:
    weights, how = settings.weights, settings.strengths
    return (
        component("vol_regime", weights.vol_regime, _vol_regime(f["vol_regime"], how)),
        component("realised", weights.realised, _realised(f, how)),
        component("obi", weights.obi, _obi(f, how), sign(f["obi_l5"])),
        component("gex", weights.gex, _gex(f, how)),
        component("vpin", weights.vpin, _vpin(f, how)),
        component("momentum", weights.momentum, _momentum(f, how), sign(f["ret_14b_pct"])),
    )


def _vol_regime(regime: str | None, how: Strengths) -> float | None:
    if regime is None:
        return None
    return {"SHOCK": how.shock, "ELEVATED": how.elevated}.get(regime, 0.0)


def _realised(f: Features, how: Strengths) -> float | None:
    regime, expansion = f["realised_regime"], f["range_expansion"]
    if regime is None or (regime == "HIGH" and expansion is None):
        return None
    if regime == "HIGH":
        return how.high_expanding if expansion > how.expansion else how.high
    return how.low if regime == "LOW" else 0.0


def _obi(f: Features, how: Strengths) -> float | None:
    if f["minutes_to_close"] is None:
        return None
    closing = f["minutes_to_close"] <= how.closing_min
    return scoring.from_least(f["obi_l5"], how.obi_from) if closing else 0.0


def _gex(f: Features, how: Strengths) -> float | None:
    s, gex = scoring.share_of(f["gex_z"], how.gex_z_from, how.gex_z_full), f["gex_usd_per_1pct"]
    if s is None or gex is None:
        return None
    return s * how.gex_long_factor if gex > 0 else s


def _vpin(f: Features, how: Strengths) -> float | None:
    rank = f["vpin_cdf"]
    if rank is None:
        return None
    if rank < how.vpin_from:
        return 0.0
    s = min((float(rank) - how.vpin_from) / how.vpin_span, 1.0)
    late = base.is_at_most(f["minutes_to_close"], how.late_min)
    return min(s * how.vpin_late_factor, 1.0) if late else s


def _momentum(f: Features, how: Strengths) -> float | None:
    minutes, short_pct, long_pct = f["minutes_to_close"], f["ret_2b_pct"], f["ret_14b_pct"]
    if minutes is None or short_pct is None or long_pct is None:
        return None
    if minutes > how.closing_min:
        return 0.0
    faster = abs(short_pct) * how.speed_bars > abs(long_pct)
    speed = how.speed_share if faster and base.same_way(short_pct, long_pct) else 0
    size = how.size_share if abs(long_pct) > how.size_pct else 0
    return (speed + size) / (how.speed_share + how.size_share)


def _adjusters(f: Features, points: float | None, how: Adjusters) -> dict[str, float]:
    found: dict[str, float] = {}
    if base.is_at_most(f["elasticity_total"], how.damping_elasticity):
        found["hedge_damping"] = how.damping
    if f["weekday"] == base.Weekday.MONDAY:
        found["monday"] = how.monday
    weak = points is not None and points < how.friday_below_points
    if f["weekday"] == base.Weekday.FRIDAY and weak:
        found["friday"] = how.friday
    return found

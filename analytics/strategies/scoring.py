"""From evidence to an outcome: points, coverage, confidence, threshold (DOMAIN 5.2, 5.3).

Each available component earns weight x strength points for the decision's direction, or loses
them when it supports the other one; a missing component earns nothing and is never re-weighted.
confidence = clip(clip(points, 0, 100) x A, 0, 100) with A the clipped product of the adjusters, at
most 100 x coverage where coverage is short. It is a bounded rank, not a probability. Every test
is kept as a gate, so that `recompute` needs the stored decision and nothing else.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from quanticity.domain.signals import Component, Decision, Features, Gate, Outcome, Strategy

_FULL = 100.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits between evidence and outcome; votes, confirmations and confidence of one strategy."""

    min_confidence: float
    min_confirmations: int
    coverage_min: float
    coverage_full: float
    adjuster_min: float
    adjuster_max: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a strategy found: its veto gates, votes, direction, parts, adjusters, confirmations."""

    gates: tuple[Gate, ...]
    votes: dict[str, int]
    direction: int
    components: tuple[Component, ...]
    adjusters: dict[str, float] = field(default_factory=dict)
    confirmations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """Points and confidence of one direction; confidence is None when coverage is too low."""

    net_points: float
    coverage: float
    adjuster: float
    confidence: float | None


def component(name: str, weight: float, s: float | None, g: int = 0) -> Component:
    """A part of the score; one without strength supports no direction."""
    return Component(name, weight, s, g if s else 0)


def from_least(value: float | None, least: float) -> float | None:
    """The magnitude of a value that reaches `least`, else 0."""
    return None if value is None else float(abs(value)) * (abs(value) >= least)


def share_of(value: float | None, least: float, full: float) -> float | None:
    """The magnitude as a share of `full`, at most 1, and 0 below `least`."""
    if value is None:
        return None
    return 0.0 if abs(value) < least else min(abs(value), full) / full


def units(value: float | None, unit: float, most: float) -> float | None:
    """A signed value counted in `unit`, clipped to `most` units, in [-1, 1]."""
    return None if value is None else max(-most, min(most, value / unit)) / most


def momentum(share: float | None, way: float | None, least: float) -> float | None:
    """Strength of the momentum share above `least`; None when it has no known direction."""
    if share is None:
        return None
    if share < least:
        return 0.0
    return None if way is None else (share - least) / (1 - least)


def score(
    components: Iterable[Component], direction: int, adjusters: Iterable[float], settings: Settings
) -> Score:
    """Score components for a direction."""
    parts = tuple(components)
    total = sum(part.weight for part in parts)
    known = sum(part.weight for part in parts if part.s is not None)
    return _bounded(
        points=net_points(parts, direction),
        coverage=known / total,
        product=math.prod(adjusters),
        bounds=(settings.adjuster_min, settings.adjuster_max),
        coverage_limits=(settings.coverage_min, settings.coverage_full),
    )


def net_points(components: Iterable[Component], direction: int) -> float:
    """Points for a direction less points against it."""
    return sum(_contribution(part, direction) for part in components)


def conclude(
    strategy: Strategy, features: Features, evidence: Evidence, settings: Settings
) -> Decision:
    """Walk the evidence in the order of DOMAIN 5.2 and record every step.

    The first step to fail names the outcome.
    """
    found = None
    if evidence.direction:
        found = score(
            evidence.components, evidence.direction, evidence.adjusters.values(), settings
        )
    steps = _steps(evidence, found, settings)
    vetoes = tuple(sorted(gate.code for gate in evidence.gates if not gate.passed))
    failed = next((Outcome(gate.code) for gate in steps if not gate.passed), Outcome.CANDIDATE)
    outcome = Outcome.VETO if vetoes else failed
    return Decision(
        strategy=strategy,
        symbol=features.symbol,
        at=features.at,
        outcome=outcome,
        direction=evidence.direction,
        confidence=None if found is None else found.confidence,
        gates=(*evidence.gates, *steps, *_limits(found, settings)),
        vetoes=vetoes,
        votes=evidence.votes,
        vote_sum=sum(evidence.votes.values()),
        components=tuple(
            replace(part, contribution=_contribution(part, evidence.direction))
            for part in evidence.components
        ),
        adjusters=evidence.adjusters,
        confirmations=evidence.confirmations,
        net_points=None if found is None else found.net_points,
        coverage=None if found is None else found.coverage,
        reasons=_reasons(outcome, vetoes, evidence),
    )


def recompute(payload: Mapping[str, Any]) -> float | None:
    """Confidence of a stored decision (`readings.plain(decision)`) from what it stores itself."""
    if not payload["direction"]:
        return None
    parts = [
        Component(part["name"], part["weight"], part["s"], part["g"])
        for part in payload["components"]
    ]
    limits = {gate["code"]: gate["threshold"] for gate in payload["gates"]}
    again = _bounded(
        points=net_points(parts, payload["direction"]),
        coverage=sum(p.weight for p in parts if p.s is not None) / sum(p.weight for p in parts),
        product=math.prod(payload["adjusters"].values()),
        bounds=limits["ADJUSTERS"],
        coverage_limits=(limits["COVERAGE"], limits["COVERAGE_FULL"]),
    )
    return again.confidence


def _bounded(
    *,
    points: float,
    coverage: float,
    product: float,
    bounds: tuple[float, float],
    coverage_limits: tuple[float, float],
) -> Score:
    adjuster = min(max(product, bounds[0]), bounds[1])
    least, full = coverage_limits
    raw = _clip(_clip(points) * adjuster)
    capped = raw if coverage >= full else min(raw, _FULL * coverage)
    return Score(points, coverage, adjuster, None if coverage < least else capped)


def _clip(points: float) -> float:
    return min(max(points, 0.0), _FULL)


def _contribution(part: Component, direction: int) -> float:
    if part.s is None or not direction:
        return 0.0
    agrees = part.g in (0, direction)
    return part.weight * part.s * (1 if agrees else -1)


def _steps(evidence: Evidence, found: Score | None, settings: Settings) -> tuple[Gate, ...]:
    coverage = None if found is None else found.coverage
    confidence = None if found is None else found.confidence
    agreeing = len(evidence.confirmations)
    return (
        Gate("NO_DIRECTION", sum(evidence.votes.values()), None, evidence.direction != 0),
        Gate("COVERAGE", coverage, settings.coverage_min, confidence is not None),
        Gate(
            "NO_CONFIRMATION",
            agreeing,
            settings.min_confirmations,
            agreeing >= settings.min_confirmations,
        ),
        Gate(
            "BELOW_THRESHOLD",
            confidence,
            settings.min_confidence,
            confidence is not None and confidence >= settings.min_confidence,
        ),
    )


def _limits(found: Score | None, settings: Settings) -> tuple[Gate, ...]:
    # Not tests but limits in force: recorded so that a stored decision explains itself.
    coverage = None if found is None else found.coverage
    adjuster = None if found is None else found.adjuster
    return (
        Gate("COVERAGE_FULL", coverage, settings.coverage_full, passed=True),
        Gate("ADJUSTERS", adjuster, (settings.adjuster_min, settings.adjuster_max), passed=True),
    )


def _reasons(outcome: Outcome, vetoes: tuple[str, ...], evidence: Evidence) -> tuple[str, ...]:
    if outcome is Outcome.VETO:
        return vetoes
    if outcome is not Outcome.CANDIDATE:
        return (str(outcome),)
    with_us = (
        part.name for part in evidence.components if part.s and part.g in (0, evidence.direction)
    )
    return tuple(name.upper() for name in (*evidence.confirmations, *with_us))

"""Emission: a candidate decision becomes a signal in one transaction, or does not (DOMAIN 5.9)."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from django.conf import settings as django_settings
from django.db import IntegrityError, transaction
from django.db.models import F

from analytics import models
from analytics.signals import dedup
from analytics.signals.dedup import Settings, Triple
from analytics.signals.version import code_version
from quanticity.config.loader import config_hash
from quanticity.domain import calendar
from quanticity.domain.readings import plain
from quanticity.domain.signals import Candidate, Decision, Features, Outcome, Strategy

# The last outcome of each strategy on one symbol, where it was kept a moment ago.
Kept = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A decision with the features it was made on and the contract it would buy."""

    decision: Decision
    features: Features
    candidate: Candidate | None
    reference: dict[str, Any]
    section: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What an operator's rehearsal asks for."""

    contracts: int
    exit_after_s: float


def emit(
    proposed: Proposed, settings: Settings, *, rehearsal: Rehearsal | None = None
) -> str | None:
    """Write the decision, and the signal when it is admitted; return the signal's id."""
    decision = proposed.decision
    before = kept(decision.symbol, decision.at, settings)
    found = emit_all([proposed], settings, before, rehearsal=rehearsal)
    return found[0] if found else None


def emit_all(
    all_proposed: Sequence[Proposed],
    settings: Settings,
    before: Kept,
    *,
    rehearsal: Rehearsal | None = None,
) -> list[str]:
    """Write one symbol's decisions, and the signals that are admitted; return the signals' ids."""
    admitted, rows = [], []
    if not all_proposed:
        return []
    # Asked by the first abstention that wants to know what admission would have said.
    counted = cache(partial(dedup.count, all_proposed[0].decision.symbol))
    for proposed in all_proposed:
        if proposed.decision.outcome is Outcome.CANDIDATE and proposed.candidate is not None:
            admitted += _enter(proposed, settings, before, rehearsal)
        elif not is_repetition(proposed.decision, before):
            rows.append(_row(_counted(proposed, settings, counted)))
    models.Decision.objects.bulk_create(rows)
    return admitted


def kept(symbol: str, at: datetime, settings: Settings) -> Kept:
    """The outcome that each strategy's last decision on a symbol had, if it was a moment ago."""
    since = at - timedelta(seconds=settings.decision_every_s)
    rows = models.Decision.objects.filter(
        strategy__in=[*Strategy],
        symbol=symbol,
        at__gt=since,
        source=django_settings.TRADING_MODE,
    ).order_by("at", "pk")
    return dict(rows.values_list("strategy", "outcome"))


def is_repetition(decision: Decision, before: Kept) -> bool:
    """Say whether the same outcome of the same strategy and symbol was kept a moment ago."""
    return before.get(decision.strategy) == decision.outcome


def _counted(
    proposed: Proposed, settings: Settings, counted: Callable[[], dedup.Counted]
) -> Proposed:
    # An abstention tells as well what admission would have said; with a direction, it can.
    decision = proposed.decision
    if not decision.direction:
        return proposed
    triple = Triple(decision.strategy, decision.symbol, decision.direction)
    mode = _mode(decision, settings)
    seen = dedup.gates(triple, decision.at, settings, counted(), mode=mode)
    return _changed(proposed, decision.outcome, seen)


def _enter(
    proposed: Proposed, settings: Settings, before: Kept, rehearsal: Rehearsal | None
) -> list[str]:
    try:
        with transaction.atomic():
            dedup.take_turn()
            found = _admit(proposed, settings, before, rehearsal)
    except IntegrityError:
        # Another worker admitted the same episode between our count and our insert.
        _record(_changed(proposed, Outcome.DUPLICATE, ()), before)
        return []
    return [] if found is None else [found]


def _record(proposed: Proposed, before: Kept) -> None:
    # A decision is kept when its outcome is new, else once in a while.
    if not is_repetition(proposed.decision, before):
        _row(proposed).save()


def _admit(
    proposed: Proposed, settings: Settings, before: Kept, rehearsal: Rehearsal | None
) -> str | None:
    decision, candidate = proposed.decision, proposed.candidate
    assert candidate is not None
    triple = Triple(decision.strategy, decision.symbol, decision.direction)
    if rehearsal is None:
        counted, mode = dedup.count(decision.symbol), _mode(decision, settings)
        seen = dedup.gates(triple, decision.at, settings, counted, mode=mode)
        failed = [gate for gate in seen if not gate.passed]
        if failed:
            _record(_changed(proposed, _blocked(triple, decision, failed, settings), seen), before)
            return None
        proposed = _changed(proposed, Outcome.EMITTED, seen)
    day = calendar.session_date(decision.at)
    episode = dedup.next_episode(triple, day, probe=rehearsal is not None)
    world = django_settings.TRADING_MODE
    occ = candidate.contract.occ
    kept_row = _row(proposed)
    kept_row.save()
    signal = models.Signal.objects.create(
        signal_id=dedup.signal_id(
            triple, occ, day, episode, world if rehearsal is None else f"{world}-probe"
        ),
        strategy=triple.strategy, symbol=triple.symbol, direction=triple.direction,
        confidence=round(decision.confidence or 0.0, 2), occ=occ,
        multiplier=candidate.multiplier, reference=plain(proposed.reference),
        session_date=day, episode_seq=episode, created_at=decision.at,
        valid_until=decision.at + timedelta(seconds=settings.valid_s),
        decision=kept_row, probe=rehearsal is not None,
        last_confidence=decision.confidence, code_version=code_version(),
        config_hash=config_hash(proposed.section),
        mode="live" if rehearsal is not None else _mode(decision, settings),
        contracts_wanted=None if rehearsal is None else rehearsal.contracts,
        exit_after_s=None if rehearsal is None else rehearsal.exit_after_s, source=world,
    )  # fmt: skip
    return signal.signal_id


def _blocked(triple: Triple, decision: Decision, failed: Any, settings: Settings) -> Outcome:
    if failed[0].code != "LIVE_LOCK":
        return Outcome.CONTEXT_BLOCKED
    live = dedup.live_signal(triple)
    if live is None:
        return Outcome.DUPLICATE
    before, now = live.last_confidence or live.confidence, decision.confidence or 0.0
    if dedup.is_thin(before, now, settings):
        return Outcome.THIN_UPDATE
    models.Signal.objects.filter(pk=live.pk).update(
        last_confidence=now, updates_n=F("updates_n") + 1
    )
    return Outcome.UPDATED


def _mode(decision: Decision, settings: Settings) -> str:
    return settings.mode_of(decision.strategy, django_settings.TRADING_MODE)


def _changed(proposed: Proposed, outcome: Outcome, seen: Any) -> Proposed:
    decision = dataclasses.replace(
        proposed.decision, outcome=outcome, gates=(*proposed.decision.gates, *seen)
    )
    return dataclasses.replace(proposed, decision=decision)


def _row(proposed: Proposed) -> models.Decision:
    decision, features = proposed.decision, proposed.features
    return models.Decision(
        strategy=decision.strategy, symbol=decision.symbol, at=decision.at,
        outcome=decision.outcome, direction=decision.direction, confidence=decision.confidence,
        explanation={
            **plain(decision),
            "features": plain(features.values),
            "missing": features.reasons,
            "as_of": plain(features.as_of),
            "contract": plain(proposed.candidate),
        },
        config_hash=config_hash(proposed.section), code_version=code_version(),
        source=django_settings.TRADING_MODE,
    )  # fmt: skip

"""Scoring: features in, a decision recorded, at most one signal out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings as django_settings

from analytics import chains
from analytics.models import Signal
from analytics.signals import dedup, emit, events, features
from analytics.signals.dedup import Settings as AdmissionSettings
from analytics.strategies import base, contracts, fourteen_dte, moc, one_dte, zero_dte
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import (
    Acknowledgement,
    Candidate,
    Decision,
    Features,
    Gate,
    Outcome,
    Strategy,
)
from quanticity.store import market

PLAYBOOKS: dict[Strategy, Any] = {
    Strategy.ZERO_DTE: zero_dte,
    Strategy.ONE_DTE: one_dte,
    Strategy.FOURTEEN_DTE: fourteen_dte,
    Strategy.MOC: moc,
}
SECTIONS = {
    Strategy.ZERO_DTE: "analytics.strategies.zero_dte",
    Strategy.ONE_DTE: "analytics.strategies.one_dte",
    Strategy.FOURTEEN_DTE: "analytics.strategies.fourteen_dte",
    Strategy.MOC: "analytics.strategies.moc",
}
_SHOWN = 3
_REHEARSAL_CONFIDENCE = 95.0
_REHEARSED = ("PROBE",)


def playbook_settings(strategy: Strategy) -> Any:
    """The settings in force of one strategy."""
    return section(SECTIONS[strategy], PLAYBOOKS[strategy].Settings)


def score(strategy: Strategy, symbol: str, *, trading_state: str = "ACTIVE") -> str | None:
    """Judge one symbol by one playbook now; return the id of the signal that was admitted."""
    found = score_all(symbol, {strategy: trading_state})
    return found[0] if found else None


def score_all(symbol: str, trading_states: Mapping[Strategy, str]) -> list[str]:
    """Judge one symbol by these playbooks on one look; return the ids of admitted signals."""
    admission = section("analytics.signals", AdmissionSettings)
    look = _Look(symbol, admission)
    proposed = [look.propose(strategy, state) for strategy, state in trading_states.items()]
    return emit.emit_all(proposed, admission, look.kept)


class _Look:
    # What all playbooks share of one instant; read when the first of them asks.
    def __init__(self, symbol: str, admission: AdmissionSettings) -> None:
        self._symbol, self._at, self._admission = symbol, clock.now(), admission
        self.kept = emit.kept(symbol, self._at, admission)

    def propose(self, strategy: Strategy, trading_state: str) -> emit.Proposed:
        own, at, symbol = playbook_settings(strategy), self._at, self._symbol
        mode = self._admission.mode_of(strategy, django_settings.TRADING_MODE)
        context = (
            Gate("MODULE", mode, "off", mode != "off"),
            Gate("TRADING_STATE", trading_state, "ACTIVE", trading_state == "ACTIVE"),
            *base.context_gates(own, symbol, at),
            events.release_gate(strategy, self._release, self._admission),
        )
        if mode == "off":
            return _silent(strategy, symbol, at, context)
        read = features.aged(self._features, PLAYBOOKS[strategy].REQUIRED)
        decision = PLAYBOOKS[strategy].evaluate(read, own)
        decision = replace(decision, gates=(*context, *decision.gates))
        if not all(gate.passed for gate in context):
            decision = replace(decision, outcome=Outcome.CONTEXT_BLOCKED, reasons=_failed(context))
        return _propose(decision, read, own, self._admission, self.kept)

    @cached_property
    def _features(self) -> Features:
        return features.read(self._symbol, section("analytics.features", features.Settings))

    @cached_property
    def _release(self) -> str | None:
        return events.release_near(self._at, self._admission)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A signal made by hand, and when each step to it was done."""

    signal_id: str
    begun_at: datetime
    read_at: datetime
    chosen_at: datetime
    committed_at: datetime


def rehearse(symbol: str, rehearsal: emit.Rehearsal) -> Rehearsed:
    """Make a signal by hand for an operator's rehearsal; MalformedInput says why it cannot be."""
    strategy, begun_at = Strategy.ZERO_DTE, clock.now()
    own = playbook_settings(strategy)
    read = features.read(symbol, section("analytics.features", features.Settings))
    read_at = clock.now()
    decision = Decision(
        strategy=strategy, symbol=symbol, at=clock.now(), outcome=Outcome.CANDIDATE, direction=1,
        confidence=_REHEARSAL_CONFIDENCE, reasons=_REHEARSED,
    )  # fmt: skip
    admission = section("analytics.signals", AdmissionSettings)
    proposed = _propose(decision, read, own, admission, {})
    if proposed.candidate is None:
        why = ", ".join(proposed.decision.reasons) or "no chain"
        raise MalformedInput(f"expected a contract of {symbol} to rehearse with, was none: {why}")
    chosen_at = clock.now()
    found = emit.emit(proposed, admission, rehearsal=rehearsal)
    if found is None:
        raise MalformedInput(f"expected to admit a rehearsal of {symbol}, was refused")
    return Rehearsed(found, begun_at, read_at, chosen_at, clock.now())


def acknowledge(
    signal_id: str, acknowledgement: Acknowledgement, code: str, *, ended: bool
) -> None:
    """Take execution's answer; an ended one frees the live lock.

    A signal in shadow was never sent: it lives as long as it is followed (`end_shadow`).
    """
    changes: dict[str, Any] = {"acknowledgement": acknowledgement, "acknowledged_by": code}
    if ended and acknowledgement is not Acknowledgement.SHADOW:
        changes |= {"state": Signal.State.ENDED, "ended_at": clock.now()}
    Signal.objects.filter(pk=signal_id, state=Signal.State.LIVE).update(**changes)


def acknowledge_within_s() -> float:
    """Seconds within which a signal is to be answered."""
    own: AdmissionSettings = section("analytics.signals", AdmissionSettings)
    return own.acknowledge_s


def end_shadow(signal_id: str, reason: str) -> None:
    """Free the live lock of a signal that is no longer followed in shadow."""
    Signal.objects.filter(pk=signal_id, state=Signal.State.LIVE, mode=Signal.Mode.SHADOW).update(
        state=Signal.State.ENDED, ended_at=clock.now(), acknowledged_by=reason,
        acknowledgement=Acknowledgement.SHADOW,
    )  # fmt: skip


def _silent(
    strategy: Strategy, symbol: str, at: datetime, context: tuple[Gate, ...]
) -> emit.Proposed:
    """What is kept of a strategy that is off: that it is."""
    decision = Decision(
        strategy, symbol, at, Outcome.CONTEXT_BLOCKED, 0, None, gates=context,
        reasons=_failed(context),
    )  # fmt: skip
    return emit.Proposed(decision, Features(symbol, at, {}), None, {}, SECTIONS[strategy])


def _failed(gates: tuple[Gate, ...]) -> tuple[str, ...]:
    return tuple(gate.code for gate in gates if not gate.passed)


def _propose(
    decision: Decision, read: Features, own: Any, admission: AdmissionSettings, kept: emit.Kept
) -> emit.Proposed:
    place = SECTIONS[decision.strategy]
    if decision.outcome is not Outcome.CANDIDATE:
        candidate = _would_have_bought(decision, own, admission, kept)
        return emit.Proposed(decision, read, candidate, {}, place)
    found = _select(decision, own)
    if isinstance(found, Candidate):
        reports = events.earnings_gate(
            decision.strategy, decision.symbol, found.contract.expiry, decision.at, admission
        )
        decision = replace(decision, gates=(*decision.gates, reports))
        if not reports.passed and decision.reasons != _REHEARSED:
            blocked = replace(decision, outcome=Outcome.CONTEXT_BLOCKED, reasons=(reports.code,))
            return emit.Proposed(blocked, read, found, {}, place)
        return emit.Proposed(decision, read, found, _reference(decision, found, read), place)
    reasons = found.reasons if found is not None else ("CHAIN_MISSING",)
    decision = replace(
        decision, outcome=Outcome.NO_CONTRACT, reasons=reasons,
        gates=(*decision.gates, *(found.checks if found is not None else ())),
    )  # fmt: skip
    return emit.Proposed(decision, read, None, {}, place)


def _would_have_bought(
    decision: Decision, own: Any, admission: AdmissionSettings, kept: emit.Kept
) -> Candidate | None:
    """The contract of an abstention that is worth following in shadow: a gate has a price."""
    confident = (decision.confidence or 0.0) >= admission.shadow_from_confidence
    if not decision.direction or not confident or emit.is_repetition(decision, kept):
        return None
    found = _select(decision, own)
    return found if isinstance(found, Candidate) else None


def _select(decision: Decision, own: Any) -> Candidate | contracts.NoContract | None:
    found = chains.priced_chain(decision.symbol)
    if found is None:
        return None
    listing = contracts.Listing(
        found.chain, found.priced.greeks.delta, found.priced.sigma, found.priced.admitted
    )
    # A chain is as old as its slowest row; what may be bought is streamed by itself.
    near = contracts.candidates(listing, decision.direction, own.contract, decision.at)
    listing = contracts.quoted(listing, market.contract_quotes(near))
    return contracts.select(
        listing, decision.direction, own.contract, _previous(decision), decision.at
    )


def _previous(decision: Decision) -> contracts.Choice | None:
    """The contract of the last signal of the same kind, for hysteresis; rehearsals are none."""
    row = dedup.last_signal(dedup.Triple(decision.strategy, decision.symbol, decision.direction))
    return None if row is None else contracts.Choice(parse_occ(row.occ), row.created_at)


def _reference(decision: Decision, found: Candidate, read: Features) -> dict[str, Any]:
    """What later stages may say about the signal: quote, drivers, dealer context."""
    best = sorted(decision.components, key=lambda part: -part.contribution)[:_SHOWN]
    return {
        "bid": str(found.bid), "ask": str(found.ask), "mid": str(found.mid),
        "delta": found.delta, "iv": found.iv, "spot": read["price"],
        "components": [
            {"name": part.name, "value": round(part.contribution, 1)}
            for part in best
            if part.contribution > 0
        ],
        "tags": [*decision.confirmations, *decision.reasons],
        "dealer_context": {
            "regime": read["gex_regime"], "flip": read["gex_flip"],
            "call_wall": read["gex_call_wall"], "put_wall": read["gex_put_wall"],
            "vol_regime": read["vol_regime"],
        },
    }  # fmt: skip

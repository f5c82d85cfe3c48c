"""Dealer flow of past chains: every family of 3.1 to 3.7, placed in a history of its own.

The chain is priced from nothing each time: volatilities that began from the chain before would
depend on where a run was interrupted.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from analytics import chains
from analytics.backfill import lean
from analytics.backfill.jobs.base import Job, Row, Step
from analytics.backfill.records import CHAIN, PLACE, Record, Refused, refused
from analytics.calculators import forward, pricing, rolling
from analytics.calculators.pricing import PricedChain
from analytics.chainfiles import reader
from analytics.ingestion import admission
from analytics.services import atm, exposures
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.domain.options import Chain
from quanticity.domain.readings import Reading, Unavailable, plain
from quanticity.gateway import tapes


@dataclass(frozen=True, slots=True)
class State:
    """Each metric's samples, oldest first; the marks of half an hour; when a sample was taken."""

    histories: dict[str, tuple[float, ...]] = field(default_factory=dict)
    marks: atm.Marks = field(default_factory=atm.Marks)
    sampled_at: datetime | None = None


def step(state: State, record: Record) -> Step:
    """Judge one chain at its own instant."""
    try:
        chain, rows = _chain(record)
    except (MalformedInput, KeyError, TypeError, ValueError, OSError) as error:
        return Step(state, refused=(refused("UNREADABLE", record.symbol, f"{error}"),))
    found = _priced(chain)
    if isinstance(found, Unavailable):
        why = f"{found.detail or found.name} at {chain.as_of}"
        return Step(state, refused=(*rows, refused(found.reason, record.symbol, why)))
    marks, change = atm.advance(state.marks, found)
    judged = exposures.judge(found, exposures.Beside(atm_iv_chg_30m_volpts=change))
    measured = exposures.metrics(judged.answers)
    own = section("analytics.rolling", rolling.Settings)
    placed = {
        name: rolling.compute(state.histories.get(name, ()), value, own)
        for name, value in measured.items()
    }
    forced = exposures.judge_forced_flow(found, judged.quality, None)
    data = _said(judged, judged.answers | {"forced_flow": forced}, exposures.fields_of(placed))
    state = replace(state, marks=marks)
    return Step(_sampled(state, measured, chain.as_of, own), (Row(chain.as_of, data),), rows)


def _chain(record: Record) -> tuple[Chain, tuple[Refused, ...]]:
    """The chain of a record, and the rows of it that are no contracts."""
    body, own = record.body, section("analytics.chainfiles", reader.Settings)
    if "captured" in body:
        return tapes.value_of("chain", body["captured"]), ()
    if "content" in body:
        loaded = reader.load(Path(body[PLACE]), own)
        return loaded.chain, _unread(loaded)
    feed = "lean" if "minute" in body else str(body.get("feed", "file"))
    if "minute" in body:
        body = lean.contracts(Path(body[PLACE]), body["minute"])
    document = {"data": [_named(row) for row in body["chain"]]}
    loaded = reader.parse_document(
        document, own, symbol=record.symbol, as_of=record.at, spot=_spot(body.get("quote"))
    )
    return replace(loaded.chain, feed=feed), _unread(loaded)


def _named(row: dict[str, Any]) -> dict[str, Any]:
    code = row.get("contractID") or row.get("occ") or row.get("option")
    return {**row, "contractID": code}


def _spot(quote: Any) -> float | None:
    """The underlying's mid, else its last price; None has it implied by parity."""
    if isinstance(quote, int | float):
        return float(quote)
    said = quote or {}
    bid, ask, last = (said.get(name) for name in ("bid", "ask", "last"))
    return (bid + ask) / 2 if bid and ask else last


def _unread(loaded: reader.Loaded) -> tuple[Refused, ...]:
    chain = loaded.chain
    return tuple(
        refused(reason, chain.underlying, f"one of {loaded.contracts} rows at {chain.as_of}")
        for reason, count in sorted(loaded.rejected.items())
        for _ in range(count)
    )


def _priced(chain: Chain) -> PricedChain | Unavailable:
    session = calendar.current(chain.as_of)
    since_open_s = None if session is None else (chain.as_of - session.open_at).total_seconds()
    parts = pricing.Settings(
        section("analytics.admission", admission.Settings),
        section("analytics.forward", forward.Settings),
    )
    return pricing.compute(chain, parts, since_open_s=since_open_s)


def _said(
    judged: exposures.Judged,
    answers: dict[str, Reading | Unavailable],
    places: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    return {
        "feed": judged.found.chain.feed,
        "status": judged.quality,
        "coverage": judged.coverage,
        "contracts": len(judged.found.chain),
        "admission": chains.refused(judged.found),
        "families": {
            family: {"data": None, "reason": answer.reason}
            if isinstance(answer, Unavailable)
            else {"data": plain(answer) | places.get(family, {}), "reason": None}
            for family, answer in answers.items()
        },
    }


def _sampled(
    state: State, measured: dict[str, float | None], as_of: datetime, own: rolling.Settings
) -> State:
    """The state with one more sample of each metric, in regular hours and at its cadence."""
    last = state.sampled_at
    is_young = last is not None and as_of - last < exposures.HISTORY_EVERY
    if is_young or calendar.current(as_of) is None:
        return state
    added = {
        name: rolling.append(state.histories.get(name, ()), value, own)
        for name, value in measured.items()
        if value is not None
    }
    return replace(state, histories=state.histories | added, sampled_at=as_of)


JOB = Job(
    "dealer-flow", CHAIN, State, step,
    (
        "analytics.admission", "analytics.forward", "analytics.exposure", "analytics.inventory",
        "analytics.flip", "analytics.levels", "analytics.uncertainty", "analytics.signed_flow",
        "analytics.hedging", "analytics.skew", "analytics.forced_flow", "analytics.rolling",
        "analytics.chainfiles",
    ),
)  # fmt: skip

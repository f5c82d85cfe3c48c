"""A stored decision in an order that people can read: why it happened, or why nothing did (pure).

Everything comes from the stored record and the table of codes; nothing is computed again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.signals.codes import CODES, OUTCOMES, Code, Step
from quanticity.domain import clock

_UNKNOWN = Code(Step.LIMIT, "", "", "")
_WAYS = {1: "bullish", -1: "bearish"}
_DIGITS = 5
_NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Line:
    """One gate as it was seen."""

    step: str
    code: str
    what: str
    value: str
    op: str
    threshold: str
    passed: bool

    @property
    def needs(self) -> str:
        """What would have passed; the words alone where no number belongs to them."""
        return " ".join(word for word in (self.op, self.threshold) if word not in ("", _NOTHING))


@dataclass(frozen=True, slots=True)
class Part:
    """One component: strength in [0, 1] or unknown, the way it points, points earned or lost."""

    name: str
    weight: float
    strength: float | None
    way: str
    points: float


@dataclass(frozen=True, slots=True)
class Input:
    """One feature: its value or why it is missing, and how old it was, in seconds."""

    name: str
    value: str
    missing: str
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision, ready to be shown."""

    headline: str
    gates: tuple[Line, ...]
    votes: tuple[tuple[str, int], ...]
    vote_sum: int
    parts: tuple[Part, ...]
    adjusters: tuple[tuple[str, float], ...]
    confirmations: tuple[str, ...]
    net_points: float | None
    coverage: float | None
    confidence: float | None
    contract: tuple[tuple[str, str], ...]
    inputs: tuple[Input, ...]


def explain(record: Mapping[str, Any]) -> Explained:
    """Put a stored explanation into order."""
    gates = tuple(_line(gate) for gate in record["gates"])
    return Explained(
        headline=_headline(record, gates),
        gates=gates,
        votes=tuple((name, vote) for name, vote in record["votes"].items()),
        vote_sum=record["vote_sum"],
        parts=tuple(_part(part) for part in record["components"]),
        adjusters=tuple(record["adjusters"].items()),
        confirmations=tuple(record["confirmations"]),
        net_points=record["net_points"],
        coverage=record["coverage"],
        confidence=record["confidence"],
        contract=_contract(record.get("contract")),
        inputs=tuple(_inputs(record)),
    )


def in_short(gate: Mapping[str, Any]) -> str:
    """One stored gate in a few words: its code, what it was, what it needs."""
    line = _line(gate)
    if gate["value"] is None:
        return line.code
    said = f"{line.code} {line.value}"
    brief = isinstance(gate["value"], list) or not line.needs
    return said if brief else f"{said}, needs {line.needs}"


def text(value: Any) -> str:
    """A stored value as people write it."""
    if value is None or value == []:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}" if abs(value) < 10**_DIGITS else f"{value:,.0f}"
    if isinstance(value, list):
        return " · ".join(text(each) for each in value)
    if isinstance(value, str) and _is_instant(value):
        return f"{clock.eastern(datetime.fromisoformat(value)):%H:%M:%S}"
    return str(value)


def _line(gate: Mapping[str, Any]) -> Line:
    code = CODES.get(gate["code"], _UNKNOWN)
    return Line(
        code.step, gate["code"], code.what, text(gate["value"]), code.op,
        text(gate["threshold"]), gate["passed"],
    )  # fmt: skip


def _headline(record: Mapping[str, Any], gates: Iterable[Line]) -> str:
    outcome, way = record["outcome"], _WAYS.get(record["direction"])
    said = OUTCOMES.get(outcome, outcome)
    deciding = set(record["vetoes"]) | set(record["reasons"])
    failed = [line for line in gates if not line.passed and line.code in deciding]
    if outcome in ("EMITTED", "UPDATED", "THIN_UPDATE", "CANDIDATE"):
        return f"{said}: {way}, confidence {text(record['confidence'])}."
    leaning = f" It leaned {way}." if way else ""
    if not failed:
        codes = "; ".join(map(_meaning, record["vetoes"] or record["reasons"])) or outcome
        return f"{said}: {codes}.{leaning}"
    return f"{said}: {'; '.join(map(_because, failed))}.{leaning}"


def _because(line: Line) -> str:
    return f"{line.code}, {line.what}: {line.value}, needs {line.needs}"


def _meaning(code: str) -> str:
    known = CODES.get(code)
    return code if known is None else f"{code}, {known.what}"


def _part(part: Mapping[str, Any]) -> Part:
    way = _WAYS.get(part["g"], "either way" if part["s"] else "")
    return Part(part["name"], part["weight"], part["s"], way, part["contribution"])


def _contract(stored: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    if not stored:
        return ()
    series = stored["contract"]
    name = f"{series['root']} {series['expiry']} {text(series['strike'])} {series['right']}"
    shown = {"contract": name} | {
        key: text(stored[key])
        for key in ("bid", "ask", "delta", "iv", "open_interest", "ask_size", "dte_sess")
    }
    return tuple(shown.items())


def _inputs(record: Mapping[str, Any]) -> Iterable[Input]:
    at, as_of = datetime.fromisoformat(record["at"]), record.get("as_of", {})
    for name, value in sorted(record.get("features", {}).items()):
        then = as_of.get(name)
        age_s = None if then is None else (at - datetime.fromisoformat(then)).total_seconds()
        yield Input(name, text(value), record.get("missing", {}).get(name, ""), age_s)


def _is_instant(value: str) -> bool:
    return len(value) > len("2025-11-21T") and value[10:11] == "T" and value[:4].isdigit()

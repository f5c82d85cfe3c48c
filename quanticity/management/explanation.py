"""Decisions on a terminal: the headline first, then every gate, vote, component and input."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analytics.signals.explain import Explained
from quanticity.domain import clock


def print_decision(console: Console, document: dict[str, Any], found: Explained) -> None:
    """One decision."""
    at = datetime.fromisoformat(document["at"])
    until = document["stood_until"]
    stood = "" if until is None else f", until {_time(until)}"
    console.print(
        f"[bold]{document['strategy']} {document['symbol']}[/] at {clock.display(at)}{stood}"
        f" · source {document['source']} · config {document['config_hash']}"
        f" · code {document['code_version']}"
    )
    console.print(escape(found.headline), style="bold yellow", highlight=False)
    if "signal" in document:
        _print_signal(console, document["signal"])
    console.print(_gates(found))
    console.print(_points(found))
    _print_rest(console, found)


def print_span(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Every decision kept in a span of time."""
    table = Table("New York", "outcome", "confidence", "why", title=f"{len(rows)} kept")
    for row in rows:
        confidence = row["confidence"]
        shown = "—" if confidence is None else f"{confidence:.1f}"
        table.add_row(_time(row["at"]), row["outcome"], shown, escape(row["headline"]))
    console.print(table)


def _print_signal(console: Console, signal: dict[str, Any]) -> None:
    said = signal["acknowledgement"] or "not answered yet"
    by = f" by {signal['acknowledged_by']}" if signal["acknowledged_by"] else ""
    console.print(
        f"{signal['signal_id']} · {signal['mode']} · {signal['occ']} · {signal['state']}"
        f" · {said}{by}"
    )
    for name, value in (signal["trade"] or {}).items():
        console.print(f"  {name}: {value}", highlight=False)


def _gates(found: Explained) -> Table:
    table = Table("", "step", "gate", "what", "value", "needs", title="Gates")
    for line in found.gates:
        mark, style = ("✓", "dim") if line.passed else ("✗", "bold red")
        table.add_row(
            mark, line.step, line.code, line.what, escape(line.value),
            escape(line.needs), style=style,
        )  # fmt: skip
    return table


def _points(found: Explained) -> Table:
    table = Table("component", "weight", "strength", "points to", "points", title="Confidence")
    for part in found.parts:
        strength = "unknown" if part.strength is None else f"{part.strength:.2f}"
        table.add_row(part.name, f"{part.weight:g}", strength, part.way, f"{part.points:+.1f}")
    return table


def _print_rest(console: Console, found: Explained) -> None:
    votes = ", ".join(f"{name} {vote:+d}" for name, vote in found.votes if vote) or "none"
    console.print(f"votes: {votes} = {found.vote_sum:+d}", highlight=False)
    factors = ", ".join(f"{name} x {factor:g}" for name, factor in found.adjusters) or "none"
    console.print(f"adjusters: {factors}", highlight=False)
    console.print(f"confirmations: {', '.join(found.confirmations) or 'none'}")
    console.print(
        f"points {_number(found.net_points)}, coverage {_number(found.coverage)}, "
        f"confidence {_number(found.confidence)}",
        highlight=False,
    )
    for name, value in found.contract:
        console.print(f"{name}: {value}", highlight=False)
    missing = [f"{one.name} ({one.missing})" for one in found.inputs if one.missing]
    console.print(f"missing: {', '.join(missing) or 'nothing'}", highlight=False)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _time(at: str) -> str:
    return f"{clock.eastern(datetime.fromisoformat(at)):%H:%M:%S}"

"""The dashboard's tables: rows of the pipeline as cells that a page or a script can draw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from analytics.models import Decision, Signal
from analytics.signals.explain import in_short
from execution import selectors as execution
from execution.models import Position
from publishing.models import Delivery
from quanticity.domain.instruments import parse_occ
from quanticity.domain.readings import instant
from reporting.dashboard import formats
from reporting.selectors import Load

UP, DOWN, WARN = "up", "down", "warn"
MOST_REASONS = 3
LONGEST_NAKED_MS = 2_000  # a position without a working stop for longer pages the operator


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: its text, whether it is a number, its tone, its instant, where it leads."""

    text: str
    number: bool = False
    tone: str = ""
    at: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, set as its cells are."""

    label: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `empty` is said when there are none."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    empty: str

    def labelled(self) -> list[list[tuple[Column, Cell]]]:
        """Every cell with its column, for narrow screens."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def positions(rows: Iterable[Position]) -> Table:
    """What we hold, and what protects it."""
    columns = _columns("Trade", "Contract", "Direction", "State", "Do") + _columns(
        "Held", "Entry $", "Mark $", "Stop $", "Target $", "Unprotected", number=True
    )
    return Table(
        "positions", "Open positions", columns, [_position(row) for row in rows],
        "No open positions. The next admitted signal that risk allows opens one.",
    )  # fmt: skip


def denials(rows: Iterable[tuple[str, int]]) -> Table:
    """How often each risk rule said no in the last day."""
    columns = _columns("Rule") + _columns("Denied", number=True)
    return Table(
        "denials", "Denials in 24 h", columns,
        [[Cell(code), Cell(formats.count(n), number=True)] for code, n in rows],
        "No entry was denied.",
    )  # fmt: skip


def signals(rows: Iterable[Signal]) -> Table:
    """What strategies proposed and what execution answered."""
    columns = _columns("At", "Strategy", "Symbol", "Direction", "Contract", "Answer")
    columns += _columns("Confidence", number=True)
    return Table(
        "signals", "Recent signals", columns, [_signal(row) for row in rows],
        "No signals yet. The decisions below say why.",
    )  # fmt: skip


def decisions(rows: Iterable[Decision]) -> Table:
    """Every evaluation with its outcome: why something happened, or nothing."""
    columns = _columns("At", "Strategy", "Symbol", "Outcome", "Why", "Direction")
    columns += _columns("Confidence", number=True)
    return Table(
        "decisions", "Recent decisions", columns, [_decision(row) for row in rows],
        "No evaluations yet. Beat scores each strategy while the session is open.",
    )  # fmt: skip


def loads(rows: Iterable[Load]) -> Table:
    """What each tier is owed."""
    columns = _columns("Tier") + _columns("Waiting", "Late", "Sent", "Failed", number=True)
    return Table("loads", "Deliveries of this session", columns, [_load(row) for row in rows], "")


def deliveries(rows: Iterable[Delivery]) -> Table:
    """The latest messages, each with its release time and when it went out."""
    columns = _columns("Due", "Message", "Tier", "Channel", "State", "Receipt")
    columns += _columns("Late by", number=True)
    return Table(
        "deliveries", "Recent deliveries", columns, [_delivery(row) for row in rows],
        "Nothing was announced yet. Only executed trades are.",
    )  # fmt: skip


def _columns(*labels: str, number: bool = False) -> tuple[Column, ...]:
    return tuple(Column(label, number) for label in labels)


def _position(row: Position) -> list[Cell]:
    naked = WARN if row.naked_since_at else DOWN if row.naked_ms > LONGEST_NAKED_MS else ""
    exposed = f"{row.naked_ms + execution.naked_now_ms(row):,} ms"
    return [
        Cell(row.trade_id, href=_admin("execution_position", row.pk)),
        Cell(contract(row.occ)),
        _direction(row.direction),
        Cell(formats.word(row.state)),
        Cell("Close…", href=f"{reverse('operate', args=('close',))}?subject={row.pk}"),
        Cell(f"{row.quantity_open} of {row.quantity_total}", number=True),
        Cell(formats.price(row.entry_price), number=True),
        Cell(formats.price(row.mark_price), number=True),
        Cell(formats.price(row.stop_price), number=True, tone="" if row.stop_price else WARN),
        Cell(formats.price(row.intent.target_price), number=True),
        Cell(f"{exposed}, still" if row.naked_since_at else exposed, number=True, tone=naked),
    ]


def _signal(row: Signal) -> list[Cell]:
    answer = formats.word(row.acknowledgement) if row.acknowledgement else "waiting"
    denied = f"{answer}: {row.acknowledged_by}" if row.acknowledged_by else answer
    return [
        _time(row.created_at),
        Cell(row.strategy + (" PROBE" if row.probe else "")),
        Cell(row.symbol),
        _direction(row.direction),
        Cell(contract(row.occ), href=_admin("analytics_signal", row.pk)),
        Cell(denied, tone=UP if row.acknowledgement == "FILLED" else ""),
        Cell(f"{row.confidence:.1f}", number=True),
    ]


def _decision(row: Decision) -> list[Cell]:
    confidence = formats.DASH if row.confidence is None else f"{row.confidence:.1f}"
    return [
        _time(row.at),
        Cell(row.strategy),
        Cell(row.symbol),
        Cell(formats.word(row.outcome), href=_admin("analytics_decision", row.pk)),
        Cell(why(row.explanation)),
        _direction(row.direction),
        Cell(confidence, number=True),
    ]


def why(explanation: Mapping[str, Any]) -> str:
    """What stood in the way, in one line: the vetoes, else the gates that failed."""
    gates = {gate["code"]: gate for gate in explanation.get("gates", ())}
    failed = [code for code, gate in gates.items() if not gate["passed"]]
    codes = explanation.get("vetoes") or failed or explanation.get("reasons") or [formats.DASH]
    return "; ".join(
        in_short(gates[code]) if code in gates else code for code in codes[:MOST_REASONS]
    )


def contract(occ: str) -> str:
    """An option as people say it."""
    return str(parse_occ(occ))


def _load(row: Load) -> list[Cell]:
    return [
        Cell(row.tier.value),
        Cell(formats.count(row.waiting), number=True),
        Cell(formats.count(row.late), number=True, tone=WARN if row.late else ""),
        Cell(formats.count(row.sent), number=True),
        Cell(formats.count(row.unwell), number=True, tone=DOWN if row.unwell else ""),
    ]


def _delivery(row: Delivery) -> list[Cell]:
    told = row.announcement
    late_s = None if row.sent_at is None else (row.sent_at - row.due_at).total_seconds()
    bad = row.state in (Delivery.State.DEAD, Delivery.State.AMBIGUOUS)
    return [
        _time(row.due_at),
        Cell(f"{told.kind} {told.trade_id}-{told.seq}", href=_admin("publishing_delivery", row.pk)),
        Cell(row.tier),
        Cell(row.channel),
        Cell(formats.word(row.state), tone=DOWN if bad else UP if row.sent_at else ""),
        Cell(row.receipt or row.error or formats.DASH),
        Cell(formats.DASH if late_s is None else f"{late_s:.1f} s", number=True),
    ]


def _direction(value: int) -> Cell:
    return Cell(formats.direction(value), tone={1: UP, -1: DOWN}.get(value, ""))


def _time(at: datetime) -> Cell:
    return Cell(formats.time_of_day(at), at=instant(at))


def _admin(view: str, pk: object) -> str:
    return reverse(f"admin:{view}_change", args=(pk,))

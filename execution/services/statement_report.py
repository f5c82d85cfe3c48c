"""The report of a comparison with a statement, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quanticity.domain import clock

if TYPE_CHECKING:
    from decimal import Decimal

    from execution.services.statement_check import Comparison


def write(made: Comparison, zero_break_days: int) -> None:
    """Write it beside the others."""
    made.report.parent.mkdir(parents=True, exist_ok=True)
    made.report.write_text("\n".join(lines(made, zero_break_days)) + "\n")


def lines(made: Comparison, zero_break_days: int) -> list[str]:
    """What was compared, then every break with its candidate causes."""
    row, accounts = made.check, ", ".join(made.accounts) or "none named"
    counted = f"{made.theirs_n} in the statement, {made.ours_n} in our book"
    found = [
        f"Statement {row.name} (SHA-256 {row.digest[:16]}), compared {clock.now():%F %H:%M} UTC",
        f"Accounts {accounts}; {row.from_date} to {row.to_date}",
        f"Option executions: {counted}; {made.left_out_n} of other assets left out",
        f"{len(made.found)} breaks; statements without a break in a row: {zero_break_days}",
    ]
    for one in made.found:
        found.append("")
        found.append(
            f"{one.field} {one.subject}: ours {_text(one.ours)}, theirs {_text(one.theirs)}"
        )
        found += [f"  may be: {cause}" for cause in one.causes]
    return found


def _text(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:f}"

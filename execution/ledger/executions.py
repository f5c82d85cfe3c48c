"""Executions in force: of every execution the highest correction, each counted once.

An execution id ends in a correction number after its last dot; `.02` replaces `.01`, a repeated
or lower one is ignored. Whatever order facts arrive in, and however often, the result is the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from quanticity.domain.orders import Fill


@dataclass(frozen=True, slots=True)
class CommissionReport:
    """Net cost of one execution in dollars (a rebate is negative); it may come before the fill."""

    exec_id: str
    net_usd: Decimal


def in_force(fills: Iterable[Fill], reports: Iterable[CommissionReport] = ()) -> tuple[Fill, ...]:
    """The fills that count, oldest first; a correction keeps the place of what it corrects.

    A correction to no contracts is a bust: nothing is left of that execution.
    """
    return tuple(fill for fill in latest(fills, reports) if fill.quantity)


def latest(fills: Iterable[Fill], reports: Iterable[CommissionReport] = ()) -> tuple[Fill, ...]:
    """The highest revision of every execution, busts included, oldest first."""
    costs = {report.exec_id: report.net_usd for report in sorted(reports, key=_rank_report)}
    best: dict[tuple[str, str], Fill] = {}
    first_at: dict[tuple[str, str], datetime] = {}
    for fill in fills:
        known = fill if fill.commission is not None else _with_cost(fill, costs)
        key = (fill.account, fill.base_exec_id)
        first_at[key] = min(first_at.get(key, fill.executed_at), fill.executed_at)
        best[key] = max(best.get(key, known), known, key=_rank)
    return tuple(best[key] for key in sorted(best, key=lambda k: (first_at[k], k)))


def _with_cost(fill: Fill, costs: dict[str, Decimal]) -> Fill:
    return replace(fill, commission=costs.get(fill.exec_id))


# Among repetitions of one revision the one that knows its commission wins.
def _rank(fill: Fill) -> tuple[int, bool, Decimal, Decimal, int]:
    cost = fill.commission
    return (
        fill.revision,
        cost is not None,
        Decimal(0) if cost is None else cost,
        fill.price,
        fill.quantity,
    )


def _rank_report(report: CommissionReport) -> tuple[str, Decimal]:
    return report.exec_id, report.net_usd

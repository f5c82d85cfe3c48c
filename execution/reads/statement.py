"""Our whole book in one answer (INTERFACES 4), and how long the broker's statements agreed."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from execution.models import (
    Commission,
    Fill,
    Order,
    Position,
    StatementCheck,
)
from execution.reads.positions import open_positions
from execution.reads.sells import protected_quantity
from execution.reads.standing import account_values
from quanticity.domain import calendar


def books() -> dict[str, Any]:
    """What we believe: orders, fills, positions, cash, P&L (INTERFACES 4)."""
    closed = Position.objects.filter(realised_net_usd__isnull=False)
    account = account_values()
    costs = Commission.objects.filter(status=Commission.Status.OK)
    total = costs.aggregate(c=Sum("commission_usd"), r=Sum("rebate_usd"))
    by_exec = {c.pk: c.commission_usd for c in Commission.objects.all()}
    return {
        "orders": [_order_line(row) for row in Order.objects.order_by("recorded_at")],
        "fills": [
            {
                "exec_id": row.exec_id, "order_ref": row.order_ref, "con_id": row.con_id,
                "quantity": row.quantity, "price": float(row.price),
                "commission": _number(by_exec.get(row.exec_id)),
                "executed_at": row.executed_at,
            }
            for row in Fill.objects.order_by("executed_at", "exec_id")
        ],
        "positions": [
            {
                "con_id": row.con_id, "symbol": row.symbol, "quantity": row.quantity_open,
                "protected_quantity": protected_quantity(row),
            }
            for row in open_positions()
            if row.quantity_open
        ],
        "cash": _number(None if account is None else account.cash_usd),
        "realized_pnl": _number(closed.aggregate(x=Sum("realised_net_usd"))["x"] or Decimal(0)),
        "commissions": _number((total["c"] or Decimal(0)) - (total["r"] or Decimal(0))),
    }  # fmt: skip


def zero_break_days() -> int:
    """Statements in a row, latest first, without a break; of each the last comparison counts.

    A session that no statement speaks of ends the row.
    """
    latest: dict[date, StatementCheck] = {}
    for row in StatementCheck.objects.order_by("-at", "-pk"):
        # A table that names no days is as old as its comparison.
        latest.setdefault(row.to_date or calendar.previous_session(row.at.date()).date, row)
    days = sorted(latest, reverse=True)
    for n, day in enumerate(days):
        row, newer = latest[day], latest[days[n - 1]] if n else None
        first = None if newer is None else newer.from_date
        if row.breaks or (first is not None and calendar.next_session(day).date < first):
            return n
    return len(days)


def _order_line(row: Order) -> dict[str, Any]:
    return {
        "perm_id": row.perm_id, "order_ref": row.order_ref, "con_id": row.con_id,
        "side": row.side, "quantity": row.quantity, "filled": row.filled, "status": row.state,
    }  # fmt: skip


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)

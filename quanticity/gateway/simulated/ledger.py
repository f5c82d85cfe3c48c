"""The books as JSON and back: for others to read, and for a restart (pure)."""

import json
from dataclasses import MISSING, asdict, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints

from quanticity.gateway.simulated import account, listing
from quanticity.gateway.simulated.account import Account, Position
from quanticity.gateway.simulated.books import Books
from quanticity.gateway.simulated.orders import Execution, Order, Status

T = TypeVar("T")


def opened(settings: account.Settings) -> Books:
    """Books of a new account."""
    cash = Decimal(str(settings.start_cash_usd))
    return Books(Account(settings, cash, equity_at_close=cash), {}, [])


class Writer:
    """Writes books as JSON; what can no longer change is turned into text only once."""

    def __init__(self) -> None:
        self._orders: dict[int, str] = {}
        self._fills: dict[str, str] = {}

    def text(self, books: Books, now: datetime | None) -> str:
        """The books: orders, fills, positions, cash, and the counters."""
        held = books.account
        charged = {k: [str(units), str(cost)] for k, (units, cost) in held.charged.items()}
        head = {
            "as_of": None if now is None else now.isoformat(),
            "account": held.settings.account,
            "cash": str(held.cash),
            "realized_pnl": str(held.realized),
            "commissions": str(held.commissions),
            "equity_at_close": _text(held.equity_at_close),
            "next_perm": books.next_perm,
            "next_exec": books.next_exec,
            "positions": [_position(position) for position in held.positions.values()],
            "charged": charged,
        }
        orders = ",\n".join(self._order(order) for order in books.orders.values())
        fills = ",\n".join(self._fill(execution) for execution in books.executions)
        return f'{json.dumps(head)[:-1]},\n"orders": [{orders}],\n"fills": [{fills}]}}\n'

    def _order(self, order: Order) -> str:
        if order.perm_id in self._orders:
            return self._orders[order.perm_id]
        text = json.dumps(_order(order))
        if order.status.is_done:
            self._orders[order.perm_id] = text
        return text

    def _fill(self, execution: Execution) -> str:
        if execution.exec_id not in self._fills:
            self._fills[execution.exec_id] = json.dumps(_fill(execution))
        return self._fills[execution.exec_id]


def read(content: dict[str, Any], settings: account.Settings) -> tuple[Books, datetime | None]:
    """Books from a ledger file, and the instant they were written at."""
    held = Account(settings, Decimal(content["cash"]), Decimal(content["realized_pnl"]))
    held.commissions = Decimal(content["commissions"])
    if content["equity_at_close"] is not None:
        held.equity_at_close = Decimal(content["equity_at_close"])
    held.positions = {p["con_id"]: _plain(Position, p) for p in content["positions"]}
    held.charged = {
        int(k): (Decimal(units), Decimal(cost)) for k, (units, cost) in content["charged"].items()
    }
    books = Books(
        held,
        {row["perm_id"]: _plain(Order, row) for row in content["orders"]},
        [_plain(Execution, row["execution"]) for row in content["fills"]],
        content["next_perm"],
        content["next_exec"],
    )
    as_of = content["as_of"]
    return books, None if as_of is None else datetime.fromisoformat(as_of)


def _order(order: Order) -> dict[str, Any]:
    return {key: _text(value) for key, value in asdict(order).items()} | {"side": order.action}


def _fill(execution: Execution) -> dict[str, Any]:
    signed = execution.quantity if execution.action == "BUY" else -execution.quantity
    return {
        "exec_id": execution.exec_id,
        "perm_id": execution.perm_id,
        "order_ref": execution.order_ref,
        "con_id": execution.con_id,
        "quantity": int(signed),
        "price": str(execution.price),
        "commission": str(execution.commission),
        "executed_at": execution.at.isoformat(),
        "execution": {key: _text(value) for key, value in asdict(execution).items()},
    }


def _position(held: Position) -> dict[str, Any]:
    option = listing.option_of_id(held.con_id)
    symbol = listing.symbol_of_id(held.con_id)
    name = option.occ if option else (symbol.name if symbol else "")
    return {key: _text(value) for key, value in asdict(held).items()} | {
        "symbol": name,
        "quantity": int(held.quantity),
    }


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value


# A dataclass from its plain values, by the types of its fields.
def _plain(cls: type[T], row: dict[str, Any]) -> T:
    hints = get_type_hints(cls)
    made = {}
    for spec in fields(cls):  # type: ignore[arg-type]
        if spec.name not in row and spec.default is not MISSING:
            continue  # a file from before the field
        value, hint = row[spec.name], str(hints[spec.name])
        if value is not None and "Decimal" in hint:
            value = Decimal(value)
        elif value is not None and "datetime" in hint:
            value = datetime.fromisoformat(value)
        elif "Status" in hint:
            value = Status(value)
        made[spec.name] = value
    return cls(**made)

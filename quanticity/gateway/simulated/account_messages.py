"""Account messages: values, summary, positions, portfolio, profit (pure)."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from quanticity.domain.clock import eastern
from quanticity.gateway.simulated import account, contracts
from quanticity.gateway.simulated.account import Account, Marks, Position
from quanticity.gateway.simulated.orders import ZERO
from quanticity.gateway.simulated.wire import frame

_CENT = Decimal("0.01")


def values(books: Account, marks: Marks) -> dict[str, tuple[str, str]]:
    """Account values by tag: (value, currency), spelled as the broker does."""
    equity, margin, available = books.equity(marks), books.margin(marks), books.available(marks)
    options = sum(
        (
            p.quantity * marks(p.con_id) * 100
            for p in books.positions.values()
            if account.multiplier(p.con_id) > 1
        ),
        ZERO,
    )
    shares = books.market_value(marks) - options
    power = available * Decimal(str(books.settings.buying_power_multiple))
    dollars = {
        "NetLiquidation": equity,
        "TotalCashValue": books.cash,
        "SettledCash": books.cash,
        "CashBalance": books.cash,
        "TotalCashBalance": books.cash,
        "AvailableFunds": available,
        "BuyingPower": power,
        "ExcessLiquidity": available,
        "EquityWithLoanValue": books.cash + shares,
        "GrossPositionValue": abs(options) + abs(shares),
        "OptionMarketValue": options,
        "StockMarketValue": shares,
        "InitMarginReq": margin,
        "MaintMarginReq": margin,
        "FullAvailableFunds": available,
        "FullInitMarginReq": margin,
        "FullMaintMarginReq": margin,
        "FullExcessLiquidity": available,
        "UnrealizedPnL": books.unrealized(marks),
        "RealizedPnL": books.realized,
    }
    plain = {
        "AccountType": "INDIVIDUAL",
        "AccountReady": "true",
        "Currency": "USD",
        "Cushion": "1" if equity <= 0 else f"{available / equity:.4f}",
        "DayTradesRemaining": "-1",
        "ExchangeRate": "1.00",
        "Leverage": "0" if equity <= 0 else f"{abs(options + shares) / equity:.2f}",
    }
    found = {tag: (f"{value.quantize(_CENT)}", "USD") for tag, value in dollars.items()}
    return found | {tag: (text, "") for tag, text in plain.items()}


def account_value(tag: str, value: str, currency: str, name: str) -> bytes:
    """One value of an account update."""
    return frame(6, 2, tag, value, currency, name)


def account_time(at: datetime) -> bytes:
    """The minute of an account update."""
    return frame(8, 1, f"{eastern(at):%H:%M}")


def download_end(name: str) -> bytes:
    """End of the first account update."""
    return frame(54, 1, name)


def portfolio(held: Position, mark: Decimal, name: str) -> bytes:
    """One position of an account update."""
    worth = held.quantity * mark * account.multiplier(held.con_id)
    profit = worth - held.quantity * held.average_cost
    described = list(contracts.terms(held.con_id, ""))
    # This message carries the primary exchange where others carry the exchange.
    return frame(
        7, 8, *described, held.quantity, mark, worth, held.average_cost, profit, held.realized, name
    )


def position(held: Position, name: str) -> bytes:
    """One position; its exchange is empty, as the broker's is."""
    described = contracts.terms(held.con_id, "")
    return frame(61, 3, name, *described, held.quantity, held.average_cost)


def position_end() -> bytes:
    """End of the positions."""
    return frame(62, 1)


def position_multi(request_id: int, held: Position, name: str) -> bytes:
    """One position of a positions-multi request."""
    described = contracts.terms(held.con_id, "")
    return frame(71, 1, request_id, name, *described, held.quantity, held.average_cost, "")


def summary(request_id: int, name: str, tag: str, value: str, currency: str) -> bytes:
    """One value of an account summary."""
    return frame(63, 1, request_id, name, tag, value, currency)


def update_multi(request_id: int, name: str, tag: str, value: str, currency: str) -> bytes:
    """One value of an account-updates-multi request."""
    return frame(73, 1, request_id, name, "", tag, value, currency)


def ended(message: int, request_id: int) -> bytes:
    """An end message: 64 summary, 72 positions multi, 74 updates multi, 55 executions, ..."""
    return frame(message, 1, request_id)


def pnl(request_id: int, books: Account, marks: Marks) -> bytes:
    """Daily, unrealised and realised profit of the account."""
    start = books.equity_at_close
    daily = books.equity(marks) - (start if start is not None else books.equity(marks))
    return frame(94, request_id, daily, books.unrealized(marks), books.realized)


def pnl_single(request_id: int, con_id: int, books: Account, marks: Marks) -> bytes:
    """Profit of one position."""
    held = books.positions.get(con_id, Position(con_id))
    worth = held.quantity * marks(con_id) * account.multiplier(con_id)
    profit = worth - held.quantity * held.average_cost
    return frame(95, request_id, held.quantity, profit, profit, held.realized, worth)


def all_values(books: Account, marks: Marks, name: str) -> Iterator[bytes]:
    """A whole account update: values, portfolio, time."""
    for tag, (value, currency) in values(books, marks).items():
        yield account_value(tag, value, currency, name)
    for held in books.positions.values():
        yield portfolio(held, marks(held.con_id), name)

"""Steps that scenarios share: buy, wait for a cut, look into the exchange's books."""

import asyncio
from typing import Any

from client_library import LimitOrder, MarketOrder, Option, Stock, StopOrder
from simulated_world import World


def call(strike: int = 680) -> Any:
    """A SPY call that expires today."""
    return Option("SPY", "20251121", strike, "C", "SMART")


def spy() -> Any:
    """The stock."""
    return Stock("SPY", "SMART", "USD")


async def qualified(ib: Any, contract: Any) -> Any:
    """The contract with its id."""
    (found,) = await ib.qualifyContractsAsync(contract)
    return found


async def buy(world: World, ib: Any, quantity: int = 2) -> Any:
    """Send a market order and let everything arrive."""
    contract = await qualified(ib, call())
    trade = ib.placeOrder(contract, MarketOrder("BUY", quantity, tif="DAY", orderRef="QC:1"))
    await world.settle()
    return trade


async def rest(world: World, ib: Any, price: float = 0.05, quantity: int = 1) -> Any:
    """Send a bid that will not fill."""
    contract = await qualified(ib, call())
    order = LimitOrder("BUY", quantity, price, tif="GTC", orderRef="QC:2")
    trade = ib.placeOrder(contract, order)
    await world.settle()
    return trade


async def bracket(ib: Any, quantity: int, limit: float, target: float, stop: float) -> list[Any]:
    """A transmit chain of entry, target and stop."""
    contract = await qualified(ib, call())
    first, second, third = (ib.client.getReqId() for _ in range(3))
    child = {"parentId": first, "tif": "GTC"}
    orders = [
        LimitOrder(
            "BUY", quantity, limit, orderId=first, tif="DAY", transmit=False, orderRef="QC:E"
        ),
        LimitOrder(
            "SELL", quantity, target, orderId=second, transmit=False, orderRef="QC:T", **child
        ),
        StopOrder("SELL", quantity, stop, orderId=third, orderRef="QC:S", **child),
    ]
    return [ib.placeOrder(contract, order) for order in orders]


async def gone(ib: Any) -> None:
    """Wait until the client has noticed that it is cut off."""
    left = asyncio.Event()
    ib.disconnectedEvent += left.set
    if ib.isConnected():
        await asyncio.wait_for(left.wait(), 5)


def held(world: World) -> list[int]:
    """Quantities of the exchange's positions."""
    return [int(p.quantity) for p in world.exchange.books.account.positions.values()]


def working(world: World) -> list[Any]:
    """Orders that work at the exchange."""
    return world.exchange.books.working()


def codes(ib: Any) -> list[int]:
    """Error codes told so far."""
    return [code for _, code in ib.errors]


def statuses(trades: list[Any]) -> list[str]:
    """Their states as the library has them."""
    return [trade.orderStatus.status for trade in trades]


def commissions(trade: Any) -> list[float]:
    """Commissions of a trade's fills."""
    return [fill.commissionReport.commission for fill in trade.fills]

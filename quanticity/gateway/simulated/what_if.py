"""What an order would do to margin and equity with loan value (pure)."""

from decimal import Decimal

from quanticity.gateway.simulated import account
from quanticity.gateway.simulated.account import Account, Marks
from quanticity.gateway.simulated.matching import Touch
from quanticity.gateway.simulated.orders import ZERO, Order, WhatIf


def answer(order: Order, books: Account, touch: Touch, marks: Marks, bound_usd: Decimal) -> WhatIf:
    """Options lend nothing: what is paid for them is gone from the equity with loan value.

    `bound_usd` is held by purchases on their way and is gone before.
    """
    times = account.multiplier(order.con_id)
    is_stock = times == 1
    worth = (order.limit or touch.ask or touch.last) * order.quantity * times
    cost = books.quote_commission(order.con_id, order.quantity)
    before = books.margin(marks)
    equity = books.available(marks) - bound_usd + before
    spent = ZERO if is_stock else (worth if order.is_buy else -worth)
    return WhatIf(
        order=order,
        initial_before=before,
        initial_after=before + (worth / 4 if is_stock else ZERO),
        equity_before=equity,
        equity_after=equity - spent - cost,
        commission=cost,
    )

"""Trades and sessions as rows: one that is held, one that is over, a day as it ended."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from execution.models import (
    AccountValues,
    Commission,
    Fill,
    Order,
    Position,
    Quarantine,
    SessionResult,
)
from execution.services import broker
from quanticity.domain import calendar, clock
from quanticity.domain.orders import Margin, Ticket
from tests import factories

COST = Decimal("0.65")


def enough(ticket: Ticket) -> Margin:
    """A broker whose what-if always finds plenty of margin."""
    return Margin(Decimal(0), Decimal(1_000_000), COST * ticket.quantity, clock.now())


def held(n: int = 1, quantity: int = 3, *, price: str = "2.00", **changes: Any) -> Position:
    """A trade that holds contracts bought at `price`, marked there just now, its stop working."""
    position = _trade(n, quantity, price, **{"state": "OPEN", "quantity_open": quantity} | changes)
    Order.objects.filter(intent=position.intent).exclude(role="E").update(
        state="WORKING", sent_at=clock.now()
    )
    return position


def closed(n: int = 1, *, net: str, **changes: Any) -> Position:
    """A trade that is over and came to so many dollars, closed `n` seconds ago at the latest."""
    values: dict[str, Any] = {
        "state": "CLOSED", "quantity_open": 0, "realised_net_usd": Decimal(net),
        "commission_usd": COST * 6, "closed_at": clock.now() + timedelta(milliseconds=n),
        "exit_reason": "STOP",
    }  # fmt: skip
    return _trade(n, 3, "2.00", **values | changes)


def session_result(days_ago: int, pnl: str | None) -> SessionResult:
    """The session so many calendar days before today, just written."""
    day = calendar.session_date(clock.now()) - timedelta(days=days_ago)
    return SessionResult.objects.create(
        account=factories.ACCOUNT, session_date=day, source="sim", end_usd=Decimal(1_000_000),
        day_pnl_usd=None if pnl is None else Decimal(pnl), at=clock.now(),
    )  # fmt: skip


def account_now() -> None:
    """The broker says the account's values again."""
    AccountValues.objects.update(at=clock.now())


def quarantine(symbol: str = "SPY", **changes: Any) -> Quarantine:
    """An unresolved break in a symbol."""
    now = clock.now()
    values: dict[str, Any] = {
        "account": factories.ACCOUNT, "con_id": factories.CON_ID, "symbol": symbol,
        "kind": "QUANTITY_ABOVE", "detail": "broker 5, fills 3", "opened_at": now, "seen_at": now,
    }  # fmt: skip
    return Quarantine.objects.create(**values | changes)


def _trade(n: int, quantity: int, price: str, **changes: Any) -> Position:
    over = {"state": "ended"}  # so that several trades may stand side by side
    intent = factories.intent(n, quantity, state="FILLED", signal_changes=over)
    Order.objects.filter(intent=intent).update(state="FILLED", con_id=factories.CON_ID)
    Order.objects.filter(intent=intent, role="E").update(filled=quantity, sent_at=clock.now())
    now, day = clock.now(), calendar.session_date(clock.now())
    values: dict[str, Any] = {
        "trade_id": f"T-{day:%Y%m%d}-{n:03}", "intent": intent, "account": factories.ACCOUNT,
        "con_id": factories.CON_ID, "occ": intent.occ, "multiplier": 100,
        "symbol": intent.symbol, "strategy": intent.strategy, "direction": intent.direction,
        "quantity_total": quantity, "entry_price": Decimal(price), "stop_price": Decimal("1.00"),
        "mark_price": Decimal(price), "marked_at": now, "opened_at": now, "session_date": day,
        "source": "sim",
    }  # fmt: skip
    position = Position.objects.create(**values | changes)
    bought = factories.fill(
        factories.ref(intent, "E"), quantity, price, exec_id=f"e{n}.01", executed_at=now
    )
    broker.record_fill(bought)
    Fill.objects.filter(pk=bought.exec_id).update(position=position, booked=True)
    Commission.objects.create(
        exec_id=bought.exec_id, raw="1.95", currency="USD", commission_usd=COST * quantity,
        rebate_usd=0, status="OK", at=now,
    )  # fmt: skip
    return position

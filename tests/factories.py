"""Rows and values with one plain default each; a test names only what it is about."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from analytics.models import Signal
from execution.models import AccountValues, Order, OrderIntent, Reconciliation
from execution.orders.references import intent_id, order_ref
from quanticity.domain import clock, orders
from quanticity.domain.instruments import parse_occ
from quanticity.domain.market import Quote, Side
from quanticity.domain.options import Chain
from quanticity.store import health, keys, market
from quanticity.store.client import client
from tests.analytics import toy_chains

NOON = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
TODAY = date(2025, 11, 21)
OCC = "SPY251121C00600000"
CON_ID = 77
ACCOUNT = "DU1"
ROLES = {orders.Role.ENTRY: "BUY", orders.Role.TARGET: "SELL", orders.Role.STOP: "SELL"}


def signal(n: int = 1, **changes: Any) -> Signal:
    """A bullish 0DTE signal on SPY, just admitted."""
    now = clock.now()
    values: dict[str, Any] = {
        "signal_id": f"SG-{n:026}", "strategy": "0DTE", "symbol": "SPY", "direction": 1,
        "confidence": 92.5, "occ": OCC, "multiplier": 100, "reference": {"mid": "2.00"},
        "session_date": TODAY, "episode_seq": n, "created_at": now,
        "valid_until": now + timedelta(seconds=300), "source": "sim",
    }  # fmt: skip
    return Signal.objects.create(**values | changes)


def intent(n: int = 1, quantity: int = 3, **changes: Any) -> OrderIntent:
    """An intent committed with its three unsent orders: entry 2.00, target 3.50, stop 1.00."""
    of = changes.pop("signal", None) or signal(n, **changes.pop("signal_changes", {}))
    now = clock.now()
    values: dict[str, Any] = {
        "intent_id": intent_id(of.signal_id, orders.Role.ENTRY), "signal": of, "role": "E",
        "state": "SUBMITTING", "strategy": of.strategy, "symbol": of.symbol,
        "direction": of.direction, "occ": of.occ, "multiplier": 100, "quantity": quantity,
        "limit_price": Decimal("2.00"), "stop_price": Decimal("1.00"),
        "target_price": Decimal("3.50"), "notional_usd": Decimal(200 * quantity),
        "arrival_mid": Decimal("2.00"), "arrival_spread": Decimal("0.02"), "created_at": now,
        "recorded_at": now, "source": "sim",
    }  # fmt: skip
    row = OrderIntent.objects.create(**values | changes)
    for role, side in ROLES.items():
        order(row, role, side)
    return row


def order(of: OrderIntent, role: orders.Role, side: str, n: int = 1, **changes: Any) -> Order:
    """One unsent order of an intent; sells hang on the entry."""
    is_stop, is_entry = role is orders.Role.STOP, role is orders.Role.ENTRY
    limit = {orders.Role.ENTRY: of.limit_price, orders.Role.TARGET: of.target_price}.get(role)
    values: dict[str, Any] = {
        "order_ref": ref(of, role, n), "intent": of,
        "parent_ref": "" if is_entry else ref(of, orders.Role.ENTRY), "role": role,
        "occ": of.occ, "side": side, "quantity": of.quantity,
        "order_type": "STP" if is_stop else "LMT", "time_in_force": "DAY" if is_entry else "GTC",
        "limit_price": limit, "stop_price": of.stop_price if is_stop else None,
        "recorded_at": clock.now(),
    }  # fmt: skip
    return Order.objects.create(**values | changes)


def ref(of: OrderIntent, role: orders.Role | str, n: int = 1) -> str:
    """The reference of one order of an intent."""
    return order_ref("sim", of.pk, orders.Role(role), n)


def fill(
    order_ref: str, quantity: int, price: str, second: float = 0, **changes: Any
) -> orders.Fill:
    """An execution so many seconds after noon; + bought."""
    values: dict[str, Any] = {
        "exec_id": f"{order_ref[-2:]}{int(second * 10):06}.01", "order_ref": order_ref, "perm_id": 0,
        "contract": parse_occ(OCC), "con_id": CON_ID, "quantity": quantity,
        "price": Decimal(price), "executed_at": NOON + timedelta(seconds=second),
        "account": ACCOUNT,
    }  # fmt: skip
    return orders.Fill(**values | changes)


def update(order_ref: str, status: str, second: float = 0, **changes: Any) -> orders.OrderUpdate:
    """What the broker says of one order so many seconds after noon."""
    values: dict[str, Any] = {
        "order_ref": order_ref, "order_id": 1, "perm_id": 900, "con_id": CON_ID, "side": Side.BUY,
        "quantity": 3, "filled": 0, "status": orders.OrderStatus(status), "limit_price": None,
        "stop_price": None, "at": NOON + timedelta(seconds=second),
    }  # fmt: skip
    return orders.OrderUpdate(**values | changes)


def quote(instrument: str = OCC, bid: float | None = 1.99, ask: float | None = 2.01) -> Quote:
    """A two-sided quote of this moment."""
    now = clock.now()
    return Quote(instrument, bid, ask, 50.0, 50.0, None, now, now)


def chain(price: float = 600.0, **changes: Any) -> Chain:
    """Today's SPY chain at Black-Scholes prices, liquid in every strike; as of 11:00 New York."""
    made = toy_chains.chain(
        tuple(np.arange(price - 10, price + 11, 1.0)), days=(TODAY,), spot=price,
        interest=lambda _strike, _right: 20_000,
    )  # fmt: skip
    many = np.full(len(made), 500, dtype=np.int64)
    return replace(made, **{"volume": many, "bid_size": many, "ask_size": many} | changes)


def link(**changes: Any) -> None:
    """Say that the gateway is connected, reconciled and sees."""
    health.write_connection(
        {"state": "CONNECTED", "reconciled": True, "blind_300s_s": 0.0} | changes
    )


def reading(
    family: str, data: dict[str, Any] | None, *, symbol: str = "SPY", **changes: Any
) -> None:
    """Put one calculator's answer into the store as of now."""
    status = changes.get("status", "OK")
    as_of = changes.get("as_of", clock.now())
    envelope = {
        "as_of": as_of.isoformat(), "feed": changes.get("feed", "test"), "data": data,
        "computed_at": as_of.isoformat(), "source": "sim",
        "valid_until": (as_of + timedelta(hours=1)).isoformat(),
        "quality": {"status": status, "reasons": changes.get("reasons", {})},
    }  # fmt: skip
    client().set(keys.reading(symbol, family).name, json.dumps(envelope))


def account(**changes: Any) -> AccountValues:
    """A million dollars in a simulated account, said just now."""
    million = Decimal(1_000_000)
    values: dict[str, Any] = {
        "account": ACCOUNT, "equity_usd": million, "buying_power_usd": million,
        "available_usd": million, "cash_usd": million, "start_of_day_usd": million,
        "high_water_usd": million, "session_date": TODAY, "at": clock.now(),
    }  # fmt: skip
    return AccountValues.objects.create(**values | changes)


def reconciled(*, is_clean: bool = True) -> Reconciliation:
    """A comparison with the broker, of this moment."""
    return Reconciliation.objects.create(at=clock.now(), is_clean=is_clean, findings=[])


def quiet_world() -> None:
    """Everything the gate wants to see: a link, an account, a chain, a quote, a calm regime."""
    link()
    account()
    reconciled()
    found = chain()
    market.write_chain(found)
    row = int(np.flatnonzero(found.occ == OCC)[0])
    market.write_contract_quotes([quote(OCC, float(found.bid[row]), float(found.ask[row]))])
    calm = (clock.now() - timedelta(hours=1)).isoformat()
    reading("volatility", {"regime": "NORMAL", "since_at": calm})


@cache
def mid() -> Decimal:
    """Mid of the default contract in `quiet_world`."""
    found = chain()
    row = int(np.flatnonzero(found.occ == OCC)[0])
    return Decimal(str(round(float(found.bid[row] + found.ask[row]) / 2, 4)))

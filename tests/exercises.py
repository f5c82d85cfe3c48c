"""Contracts that became shares over a weekend, and the Monday morning after it."""

from decimal import Decimal
from typing import Any

from execution.models import Position
from execution.services import reconciling, settling
from quanticity.domain import calendar, clock
from quanticity.domain.market import Bar
from quanticity.domain.orders import Fill, Holding, OrderUpdate
from quanticity.gateway.ports import BrokerFacts
from quanticity.store import market
from tests import desks, factories

CON_ID = 4_711  # the broker's number of the underlying
BID, ASK = 612.00, 612.02
CLOSES = {"C": 612.5, "P": 587.5}  # of Friday, by the option's right: 12.50 in the money


def exercise(world: Any, right: str) -> int:
    """Three contracts exercised on Friday; Monday morning the broker shows their shares."""
    position = desks.held()
    Position.objects.filter(pk=position.pk).update(occ=f"SPY251121{right}00600000")
    session = calendar.session(factories.TODAY)
    close = CLOSES[right]
    market.replace_bars(
        "SPY", "1day", [Bar("SPY", session.open_at, close, close, close, close, 1.0, close)]
    )
    world.at = session.close_at + settling._ROLL
    settling.settle_due()
    world.at = calendar.next_session(factories.TODAY).open_at
    world.advance(60)
    shares = {"C": 300, "P": -300}[right]
    morning(shares)
    return shares


def morning(shares: int) -> None:
    """The books are compared, the market is quoted, the link is up."""
    reconciling.reconcile(snapshot(shares))
    market.write_quote(factories.quote("SPY", BID, ASK))
    factories.link()


def snapshot(shares: int, *updates: OrderUpdate, fills: tuple[Fill, ...] = ()) -> BrokerFacts:
    """What the broker says when it holds so many shares and nothing else."""
    holding = Holding(factories.ACCOUNT, CON_ID, "SPY", shares, Decimal(600))
    return BrokerFacts(
        at=clock.now(), holdings=(holding,) if shares else (), open_orders=updates,
        completed_orders=(), fills=(), account=None, share_fills=fills,
    )  # fmt: skip

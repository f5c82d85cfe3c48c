"""The gateway process killed at each step of closing shares of an exercise: sent once or never.

Real processes: SIGKILL, ib_insync over the simulated exchange's socket, rows in a database file.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from execution.models import (
    Commission,
    Fill,
    Order,
    Position,
    Settlement,
    ShareFill,
    ShareOrder,
)  # fmt: skip
from execution.orders.references import share_ref
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.gateway.simulated import account, ledger, listing
from tests import desks
from tests.process.desks import Desk, desk
from tests.process.lives import live_and_die
from tests.process.places import Place, Server, until

pytestmark = [
    pytest.mark.process, pytest.mark.enable_socket, pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]  # fmt: skip
SHARES = 300
# Each step, the symbol it is tried with, and whether its order is at the exchange afterwards.
STEPS = {
    "before the claim of shares": ("SPY", True),
    "after the claim of shares": ("QQQ", False),
    "before the order in shares": ("IWM", False),
    "after the order in shares": ("AAPL", True),
    "before the word on shares is kept": ("TSLA", True),
    "after the word on shares is kept": ("NVDA", True),
}


@pytest.fixture
def opened(
    place: Place, server: Server, settings: Any, tmp_path: Path, transactional_db: None
) -> Iterator[Desk]:
    """An exchange whose account holds shares that our exercises account for."""
    books = ledger.opened(section("gateway.simulated.account", account.Settings))
    for symbol, _ in STEPS.values():
        listed = listing.SYMBOLS[symbol]
        books.account.book(listed.con_id, Decimal(SHARES), Decimal(100), Decimal(0))
    (place.var / "exchange.json").write_text(ledger.Writer().text(books, None))
    with desk(place, server, settings, tmp_path) as made:
        for n, (symbol, _) in enumerate(STEPS.values(), 1):
            exercised(n, symbol, books.account.settings.account)
        made.open_exchange()
        yield made


def exercised(n: int, symbol: str, owner: str) -> None:
    """Three calls that became shares; how they were bought is long ago."""
    over = {"state": "SETTLED", "quantity_open": 0, "closed_at": clock.now()}
    position = desks.held(n, symbol=symbol, account=owner, **over)
    Settlement.objects.create(
        position=position, quantity=SHARES // 100, price=Decimal(1), underlying=Decimal(100),
        exercised=True, settled_at=clock.now(), recorded_at=clock.now(),
    )  # fmt: skip
    Order.objects.filter(intent=position.intent).update(state="CANCELLED")
    Fill.objects.filter(position=position).delete()
    Commission.objects.all().delete()
    Position.objects.filter(pk=position.pk).update(account=owner)


def closing(symbol: str) -> str:
    """An operator's confirmed order for all of them, fresh for as long as a busy machine needs."""
    row = ShareOrder.objects.create(
        order_ref=share_ref("sim", symbol, calendar.session_date(clock.now()), 1),
        account=section("gateway.simulated.account", account.Settings).account, symbol=symbol,
        con_id=listing.SYMBOLS[symbol].con_id, side="SELL", quantity=SHARES,
        limit_price=Decimal("1.00"), actor="ada", reason="exercised",
        recorded_at=clock.now() + timedelta(minutes=10), source="sim",
    )  # fmt: skip
    return row.pk


def test_shares_are_closed_once_or_never_wherever_the_process_dies(opened: Desk) -> None:
    refs = {
        step: live_and_die(opened, n, step, partial(closing, symbol))
        for n, (step, (symbol, _)) in enumerate(STEPS.items())
    }

    opened.gateway = opened.start_gateway("survivor")
    over = ("FILLED", "EXPIRED")
    until(lambda: not ShareOrder.objects.exclude(state__in=over).exists(), 90, "every order's end")

    sold = {one["order_ref"]: -one["quantity"] for one in opened.books()["fills"]}
    leaves = {refs[step]: went for step, (_, went) in STEPS.items()}
    assert sold == {ref: SHARES for ref, went in leaves.items() if went}
    assert dict(ShareOrder.objects.values_list("pk", "filled")) == {
        ref: SHARES * went for ref, went in leaves.items()
    }
    booked = {row.order_ref: -row.quantity for row in ShareFill.objects.all()}
    assert booked == sold
    assert opened.held() == {
        listing.SYMBOLS[symbol].con_id: SHARES for symbol, went in STEPS.values() if not went
    }

"""The gateway process among real processes: one alone, halted without a database, ended in time."""

import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from execution.models import Order, OrderIntent, Position, TradingScope
from quanticity import halt_file
from quanticity.domain import calendar, clock
from quanticity.models import AuditEntry
from tests import factories
from tests.process.desks import MORNING, Desk, desk
from tests.process.places import Place, Server, until

pytestmark = [
    pytest.mark.process, pytest.mark.enable_socket, pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]  # fmt: skip


@pytest.fixture
def closed(
    place: Place, server: Server, settings: Any, tmp_path: Path, transactional_db: None
) -> Iterator[Desk]:
    with desk(place, server, settings, tmp_path) as made:
        yield made


@pytest.fixture
def opened(closed: Desk) -> Desk:
    closed.open()
    return closed


def entry(n: int = 1) -> Order:
    """An entry far below the market: it works, nobody sells at it, and it is not walked upward."""
    prices = {"limit_price": Decimal("0.05"), "stop_price": Decimal("0.02")}
    arrival = {"arrival_mid": Decimal("0.05"), "arrival_spread": Decimal("0.01")}
    changes = {"state": "active" if n == 1 else "ended", "strategy": "1DTE"}
    intent = factories.intent(
        n, 3, **prices, **arrival, target_price=Decimal("0.50"), signal_changes=changes
    )
    return Order.objects.get(order_ref=factories.ref(intent, "E"))


def state_of(order: Order) -> str:
    order.refresh_from_db()
    return order.state


def works_at_the_exchange(desk: Desk, order: Order) -> bool:
    return order.order_ref in desk.working()


def test_a_second_gateway_process_ends_at_once_and_leaves_the_first_alone(opened: Desk) -> None:
    order = entry()
    until(lambda: state_of(order) == "WORKING", what="a working entry")

    second = opened.start_gateway("second")

    assert second.wait(60) == 2
    assert "holds it" in opened.place.log("second").strip().splitlines()[-1]
    assert (state_of(order), opened.gateway.poll()) == ("WORKING", None)  # type: ignore[union-attr]


def test_trading_halts_while_the_database_takes_no_writes(opened: Desk) -> None:
    order = entry()
    until(lambda: works_at_the_exchange(opened, order), what="a working entry")
    name = str(connection.settings_dict["NAME"])
    with sqlite3.connect(name, isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")

        opened.place.python("halt", "manage.py", "halt", "--reason", "a drill")

        until(lambda: not works_at_the_exchange(opened, order), what="the entry's end")
        said = opened.place.log("halt")
        lock.execute("ROLLBACK")
    until(lambda: TradingScope.objects.filter(pk="global", state="HALTED").exists())
    until(lambda: state_of(order) == "CANCELLED")
    assert "HALTED by" in said
    assert AuditEntry.objects.filter(action="set trading state", reason="a drill").exists()


@pytest.mark.parametrize(
    "how", [pytest.param("signal", id="SIGUSR1"), pytest.param("file", id="file")]
)
def test_nothing_is_bought_after_a_halt_by_signal_or_file_until_it_is_cleared(
    opened: Desk, how: str
) -> None:
    order = entry()
    until(lambda: works_at_the_exchange(opened, order), what="a working entry")

    {"signal": opened.signal_halt, "file": halt_file.path().touch}[how]()
    until(lambda: not works_at_the_exchange(opened, order), what="the entry's end")
    until(lambda: TradingScope.objects.filter(pk="global", state="HALTED").exists())
    during = entry(2)
    until(lambda: state_of(during) == "EXPIRED", what="an end of what was recorded meanwhile")

    cleared = opened.place.manage("halt", "--clear", "--reason", "over")

    assert (cleared.returncode, halt_file.standing()) == (0, None), cleared.stderr
    after = entry(3)
    until(lambda: works_at_the_exchange(opened, after), what="an entry after it")
    assert (state_of(during), during.order_id) == ("EXPIRED", None)


def test_sigterm_ends_a_gateway_process_whose_broker_refuses(closed: Desk) -> None:
    gateway = closed.start_gateway()
    until(lambda: "broker connection down" in closed.place.log("gateway"), what="a refusal")

    os.kill(gateway.pid, signal.SIGTERM)

    assert gateway.wait(10) == 0


def test_sigterm_ends_a_gateway_process_whose_broker_is_mute(closed: Desk) -> None:
    with socket.create_server(("127.0.0.1", closed.port)) as listener:
        listener.settimeout(60)
        gateway = closed.start_gateway()
        link, _ = listener.accept()

        with link:
            os.kill(gateway.pid, signal.SIGTERM)

            assert gateway.wait(10) == 0


@pytest.fixture
def held(opened: Desk) -> Position:
    """Three contracts of today, bought at the market, protected."""
    return buy(opened, MORNING.date())


def buy(opened: Desk, expiry: date) -> Position:
    """Three contracts bought at the market, protected."""
    occ = until(lambda: opened.at_the_money(expiry), what="a quote")
    prices = {"limit_price": Decimal("8.00"), "stop_price": Decimal("0.05")}
    target = {"target_price": Decimal("50.00")}
    factories.intent(1, 3, occ=occ, **prices, **target, signal_changes={"occ": occ})
    until(lambda: Position.objects.filter(quantity_open=3).exists(), what="a position")
    until(lambda: Order.objects.filter(role="S", state="WORKING").exists(), what="a stop")
    return Position.objects.get()


def test_flatten_sells_with_redis_frozen_and_no_worker(opened: Desk, held: Position) -> None:
    opened.server.freeze()

    opened.place.python("flatten", "manage.py", "flatten", "--reason", "a drill", "--wait", "40")

    until(lambda: is_flat(held), what="a sale")
    until(lambda: "Flat" in opened.place.log("flatten"), what="the command's word")
    opened.server.thaw()
    assert opened.held() == {}
    assert opened.working() == set()


def test_a_timed_exit_leaves_without_a_worker(opened: Desk, held: Position) -> None:
    Position.objects.update(exit_due_at=clock.now())

    until(lambda: is_flat(held), what="a sale")

    assert Position.objects.get().exit_reason == "TIME"


def test_what_trades_past_the_close_is_sold_past_the_close(
    place: Place, server: Server, settings: Any, tmp_path: Path, transactional_db: None
) -> None:
    today = calendar.session(MORNING.date())
    after = today.close_at + timedelta(minutes=1)
    with desk(place, server, settings, tmp_path, after) as late:
        late.open()
        held = buy(late, calendar.next_session(today.date).date)

        Position.objects.update(exit_due_at=clock.now())

        until(lambda: is_flat(held), what="a sale")
        assert OrderIntent.objects.get().trades_until_at == today.late_close_at


def is_flat(position: Position) -> bool:
    position.refresh_from_db()
    return position.quantity_open == 0

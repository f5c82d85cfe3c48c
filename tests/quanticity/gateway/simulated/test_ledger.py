"""The ledger file: what others read in it, and what a restart takes from it."""

import json
from datetime import timedelta

from simulated_world import MORNING, Desk, new_exchange

from quanticity.gateway.simulated import ledger
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.orders import Status


def reopened(exchange: Exchange) -> Exchange:
    content = json.loads(ledger.Writer().text(exchange.books, exchange.now))
    books, now = ledger.read(content, exchange.books.account.settings)
    return Exchange(exchange.market, exchange.settings, books, now)


def test_a_restart_keeps_the_books(desk: Desk) -> None:
    desk.bracket(3, desk.ask(), "9.00", "0.05")

    assert reopened(desk.exchange).books == desk.exchange.books
    assert reopened(desk.exchange).at == desk.exchange.at


def test_a_restart_goes_on_as_if_nothing_had_happened(market: Market) -> None:
    one, two = (Desk(new_exchange(market, MORNING)) for _ in range(2))
    one.bracket(3, one.ask(), "2.60", "2.20")
    two.bracket(3, two.ask(), "2.60", "2.20")
    two.exchange = reopened(two.exchange)
    later = MORNING + timedelta(minutes=30)

    one.exchange.step(later)
    two.exchange.step(later)

    assert one.exchange.books == two.exchange.books
    assert len(one.exchange.books.executions) > 1


def test_ids_go_on_after_a_restart(desk: Desk) -> None:
    entry, _, stop = desk.bracket(1, desk.ask(), "9.00", "0.05")

    again = reopened(desk.exchange)

    assert again.books.next_order_id(1) == stop.order_id + 1
    assert again.books.order(1, entry.order_id) == entry


def test_what_is_done_is_written_as_it_ended(desk: Desk) -> None:
    writer = ledger.Writer()
    desk.bracket(1, desk.ask(), "9.00", "5.00")
    writer.text(desk.exchange.books, MORNING)
    desk.wait(5)

    once, anew = (w.text(desk.exchange.books, MORNING) for w in (writer, ledger.Writer()))

    assert once == anew
    assert len(json.loads(once)["fills"]) == 2


def test_it_says_what_the_platforms_books_say(desk: Desk) -> None:
    desk.send("BUY", 2, "MKT", order_ref="QC:x:E0")
    content = json.loads(ledger.Writer().text(desk.exchange.books, desk.exchange.now))

    (order,), (fill,), (position,) = content["orders"], content["fills"], content["positions"]

    assert (order["order_ref"], order["status"], order["side"]) == ("QC:x:E0", Status.FILLED, "BUY")
    assert (fill["quantity"], fill["con_id"]) == (2, desk.con_id)
    assert (position["symbol"], position["quantity"]) == ("SPY251121C00680000", 2)

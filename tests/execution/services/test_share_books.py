"""Shares of exercises count in the day, in cash and in the statement, to the cent (DOMAIN 6.12)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.ledger import breaks, statements
from execution.models import AccountValues, CashMove, ShareFill
from execution.services import broker, cash, costs, reconciling, results, share_books
from execution.services.statement_check import our_side
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.instruments import Share
from quanticity.domain.market import Bar
from quanticity.domain.orders import Account, Fill
from quanticity.store import market
from quanticity.store.client import client
from tests import exercises, factories
from tests.exercises import ASK, BID, CON_ID

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
MID = Decimal(str((BID + ASK) / 2))


@pytest.fixture(params=["C", "P"], ids=["long shares", "short shares"])
def held(request: pytest.FixtureRequest, world: Any) -> int:
    return exercises.exercise(world, request.param)


def close_of(held: int) -> Decimal:
    """Friday's close, at which the option was settled."""
    return Decimal(str(exercises.CLOSES["C" if held > 0 else "P"]))


def execution(quantity: int, price: str, exec_id: str = "s1.01", **changes: Any) -> Fill:
    values = {"account": factories.ACCOUNT} | changes
    return Fill(
        exec_id, "", 0, Share("SPY"), CON_ID, quantity, Decimal(price), clock.now(), **values
    )


def today() -> Decimal | None:
    return results.day_pnl(list(selectors.open_positions()))


def test_shares_are_worth_what_they_moved_since_the_close_of_their_option(held: int) -> None:
    assert today() == (MID - close_of(held)) * held


def test_what_was_sold_counts_as_it_was_sold_less_its_cost(held: int) -> None:
    broker.record_fill(execution(-held, "611.90"))
    costs.record_commission("s1.01", Decimal("1.50"), "USD")
    reconciling.reconcile(exercises.snapshot(0))

    assert today() == (Decimal("611.90") - close_of(held)) * held - Decimal("1.50")


def test_a_part_that_is_left_is_marked(held: int) -> None:
    third = held // 3
    broker.record_fill(execution(-third, "611.90"))
    reconciling.reconcile(exercises.snapshot(held - third))

    sold = (Decimal("611.90") - close_of(held)) * third
    assert today() == sold + (MID - close_of(held)) * (held - third)


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_without_a_quote_of_this_minute_the_day_is_unknown(world: Any, held: int) -> None:
    world.advance(61)

    assert today() is None


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_without_any_quote_the_day_is_unknown(held: int) -> None:
    client().flushall()

    assert today() is None


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_shares_that_the_broker_does_not_show_are_worth_nothing_here(held: int) -> None:
    reconciling.reconcile(exercises.snapshot(0))

    assert today() == 0


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_an_execution_is_kept_once_and_a_correction_replaces_it(held: int) -> None:
    first = [broker.record_fill(execution(-300, "611.90")) for _ in range(2)]
    broker.record_fill(execution(-300, "611.80", "s1.02"))
    reconciling.reconcile(exercises.snapshot(0))

    assert first == [True, False]
    assert today() == (Decimal("611.80") - close_of(held)) * 300


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_one_that_was_not_heard_is_adopted_from_the_brokers_list(held: int) -> None:
    missed = execution(-300, "611.90")

    reconciling.reconcile(exercises.snapshot(0, fills=(missed,)))

    assert list(ShareFill.objects.values_list("pk", "quantity")) == [("s1.01", -300)]


@pytest.mark.parametrize("held", ["C"], indirect=True)
@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"account": "DU9"}, id="another account"),
        pytest.param({"contract": Share("XOM")}, id="another symbol"),
    ],
)
def test_shares_that_somebody_trades_beside_us_are_no_business_of_ours(
    held: int, other: dict[str, Any]
) -> None:
    values = {"contract": Share("SPY"), "account": factories.ACCOUNT} | other
    foreign = Fill(
        "f.01", "", 0, con_id=1, quantity=-9, price=MID, executed_at=clock.now(), **values
    )

    assert not broker.record_fill(foreign)
    assert not ShareFill.objects.exists()


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_the_cash_of_a_sale_is_no_deposit(world: Any, held: int) -> None:
    def report(cash_usd: Decimal) -> None:
        cash.record_account(
            Account(
                factories.ACCOUNT, Decimal(1_000_000), Decimal(4_000_000), cash_usd, cash_usd,
                clock.now(),
            )
        )  # fmt: skip

    AccountValues.objects.all().delete()
    report(Decimal(500_000))
    world.advance(400)
    report(Decimal(500_000))
    world.advance(1)
    broker.record_fill(execution(-300, "611.90"))
    costs.record_commission("s1.01", Decimal("1.50"), "USD")
    world.advance(400)
    report(Decimal(500_000) + 300 * Decimal("611.90") - Decimal("1.50"))

    assert not CashMove.objects.exists()
    assert AccountValues.objects.get().quiet_cash_usd == Decimal("683568.50")


STATEMENT = """\
"ClientAccountID","AssetClass","Symbol","Conid","Quantity","TradePrice","IBCommission",\
"FifoPnlRealized","IBExecID","DateTime","TransactionType","LevelOfDetail","Multiplier"
"{account}","STK","SPY","4711","-300","{price}","-1.5","4321","s1.01","{at:%Y%m%d;%H%M%S}",\
"ExchTrade","EXECUTION","1"
"""


@pytest.mark.parametrize("held", ["C"], indirect=True)
@pytest.mark.parametrize(
    ("price", "found"),
    [
        pytest.param("611.90", [], id="the same"),
        pytest.param("611.80", [("PRICE", "s1.01")], id="another price"),
    ],
)
def test_a_statement_is_held_against_them(
    held: int, price: str, found: list[tuple[str, str]]
) -> None:
    broker.record_fill(execution(-300, "611.90"))
    costs.record_commission("s1.01", Decimal("1.50"), "USD")
    zone = clock.NEW_YORK
    text = STATEMENT.format(account=factories.ACCOUNT, price=price, at=clock.eastern(clock.now()))
    statement = statements.read(text, zone, costs._settings())

    compared = breaks.match(
        statement, our_side(statement), section("execution.breaks", breaks.Settings)
    )

    assert [(one.field, one.subject) for one in compared] == found


@pytest.mark.parametrize(
    ("sold", "shown", "found"),
    [
        pytest.param(0, 300, [], id="all of them"),
        pytest.param(-100, 200, [], id="what is left of them"),
        pytest.param(-300, 0, [], id="none"),
        pytest.param(0, 310, ["POSITION"], id="more than we know of"),
        pytest.param(-100, 300, ["POSITION"], id="sold here, not there"),
    ],
)
@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_shares_at_the_end_of_a_statement(
    held: int, sold: int, shown: int, found: list[str]
) -> None:
    rows = []
    if sold:
        broker.record_fill(execution(sold, "611.90"))
        costs.record_commission("s1.01", Decimal("1.50"), "USD")
        at = clock.eastern(clock.now())
        row = STATEMENT.format(account=factories.ACCOUNT, price="611.90", at=at)
        rows = row.replace("-300", str(sold)).splitlines()
    ends = ["ClientAccountID,Conid,Position,ToDate", f"DU1,{CON_ID},{shown},{clock.now():%Y%m%d}"]
    statement = statements.read("\n".join([*rows, *ends]), clock.NEW_YORK, costs._settings())
    today = clock.now().date()

    compared = breaks.match(
        statement, our_side(statement, today), section("execution.breaks", breaks.Settings)
    )

    assert [one.field for one in compared if one.subject == str(CON_ID)] == found


@pytest.mark.parametrize(
    ("asset", "found"),
    [pytest.param("STK", [], id="shares"), pytest.param("OPT", ["POSITION"], id="an option")],
)
def test_shares_that_somebody_holds_beside_us_are_no_break(asset: str, found: list[str]) -> None:
    text = f"ClientAccountID,Conid,AssetClass,Position\nDU1,99,{asset},50"
    statement = statements.read(text, clock.NEW_YORK, costs._settings())

    compared = breaks.match(
        statement, our_side(statement, clock.now().date()),
        section("execution.breaks", breaks.Settings),
    )  # fmt: skip

    assert [one.field for one in compared] == found


@pytest.mark.parametrize("held", ["C"], indirect=True)
def test_shares_over_a_second_night_count_from_the_last_close(world: Any, held: int) -> None:
    tuesday = clock.now().date() + timedelta(days=1)
    lives = timedelta(days=2)
    before = share_books.day_pnl(tuesday, mark_lives=lives)
    monday = calendar.session(clock.now().date())
    market.replace_bars("SPY", "1day", [Bar("SPY", monday.open_at, 610, 610, 610, 610, 1.0, 610.0)])

    assert before is None  # Monday's close is not known yet
    assert share_books.day_pnl(tuesday, mark_lives=lives) == (MID - 610) * 300

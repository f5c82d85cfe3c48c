"""Our book against a statement made of the same fills, then spoiled (DOMAIN 6.17)."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.ledger import breaks, commissions, pnl, statements
from execution.ledger.breaks import OurSide, match
from quanticity.config.loader import section
from quanticity.domain.orders import Fill

SETTINGS = section("execution.breaks", breaks.Settings)
COSTS = section("execution.commissions", commissions.Settings)
NEW_YORK = ZoneInfo("America/New_York")
HEAD = "ClientAccountID,AssetClass,Symbol,Conid,Multiplier,DateTime,TransactionType,Quantity,TradePrice,IBCommission,FifoPnlRealized,IBExecID"
Make = Callable[..., Fill]


# What the broker would print of these fills, realized by its own FIFO.
def printed(fills: list[Fill]) -> statements.Statement:
    realized = {c.exec_id: c.net_usd for c in pnl.apply(fills, 100).closes}
    rows = [
        f"U1,OPT,{f.contract.occ21},1,100,20251121;120000,ExchTrade,{f.quantity},{f.price},{-f.commission},{realized.get(f.exec_id, 0)},{f.exec_id}"
        for f in fills
    ]
    held = sum(f.quantity for f in fills)
    tail = ["ClientAccountID,Conid,Position", f"U1,1,{held}"]
    return statements.read("\n".join([HEAD, *rows, *tail]), NEW_YORK, COSTS)


def booked(fills: list[Fill], **changes: Any) -> OurSide:
    ledger = pnl.apply(fills, 100)
    bases = {f.exec_id: f.base_exec_id for f in fills}
    realized = {bases[c.exec_id]: c.net_usd for c in ledger.closes}
    return OurSide(
        **{"fills": tuple(fills), "realized": realized, "positions": {1: ledger.open_quantity}}
        | changes
    )


@pytest.fixture(scope="session")
def day(fill: Make) -> list[Fill]:
    """Three bought, one sold, two sold."""
    return [fill(3, "2.00", 0), fill(-1, "2.60", 1), fill(-2, "3.10", 2)]


def fields(found: tuple[breaks.Break, ...]) -> list[str]:
    return [b.field for b in found]


def test_the_same_book_has_no_breaks(day: list[Fill]) -> None:
    assert match(printed(day), booked(day), SETTINGS) == ()


@given(data=st.data())
def test_any_book_agrees_with_its_own_statement(fill: Make, data: st.DataObject) -> None:
    prices = st.integers(1, 999).map(lambda n: str(Decimal(n) / 100))
    fills = [fill(5, data.draw(prices), n) for n in range(data.draw(st.integers(1, 4)))]
    fills += [fill(-2, data.draw(prices), 10 + n) for n in range(data.draw(st.integers(0, 4)))]

    held = [f for n, f in enumerate(fills) if sum(x.quantity for x in fills[: n + 1]) >= 0]
    assert match(printed(held), booked(held), SETTINGS) == ()


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        pytest.param(
            {"price": Decimal("2.61")}, ["PRICE", "REALIZED", "TOTAL"], id="another price"
        ),
        pytest.param(
            {"commission": Decimal("0.75")}, ["COMMISSION", "REALIZED", "TOTAL"], id="another cost"
        ),
        pytest.param(
            {"commission": None}, ["COMMISSION", "REALIZED", "TOTAL"], id="a cost that never came"
        ),
        pytest.param({"commission": Decimal("0.655")}, [], id="half a cent is rounding"),
    ],
)
def test_a_fill_that_differs(day: list[Fill], changes: dict[str, Any], broken: list[str]) -> None:
    ours = [day[0], replace(day[1], **changes), day[2]]

    assert sorted(fields(match(printed(day), booked(ours), SETTINGS))) == broken


def test_a_fill_we_never_saw(day: list[Fill]) -> None:
    found = match(printed(day), booked(day[:2]), SETTINGS)

    assert sorted(fields(found)) == ["MISSING_HERE", "POSITION", "TOTAL"]
    assert "filled while we were away" in found[-3].causes + found[0].causes + found[1].causes


def test_a_fill_the_statement_lacks(day: list[Fill]) -> None:
    assert "MISSING_THERE" in fields(match(printed(day[:2]), booked(day), SETTINGS))


def test_the_wrong_sign_is_recognized(day: list[Fill]) -> None:
    ours = [replace(f, commission=-f.commission) for f in day]

    causes = {
        c
        for b in match(printed(day), booked(ours), SETTINGS)
        for c in b.causes
        if b.field == "COMMISSION"
    }
    assert causes == {"the sign of the gateway's reports"}


def test_cash_is_compared_when_both_know_it(day: list[Fill]) -> None:
    said = replace(printed(day), ending_cash=Decimal("1000.00"))

    assert fields(match(said, booked(day, cash=Decimal("1000.06")), SETTINGS)) == ["CASH"]
    assert match(said, booked(day, cash=Decimal("1000.05")), SETTINGS) == ()
    assert match(said, booked(day), SETTINGS) == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "broken"),
    [
        ("100", "104.99", False),
        ("100", "105.01", True),
        ("-9000", "-9008.99", False),
        ("-9000", "-9010", True),
    ],
)
def test_a_day_may_differ_by_rounding(ours: str, theirs: str, broken: bool) -> None:
    assert breaks.is_daily_break(Decimal(ours), Decimal(theirs), SETTINGS) is broken


@pytest.mark.parametrize(
    ("after", "material"), [("-1", False), ("-1.01", True), ("3", False), ("3.01", True)]
)
def test_half_a_percent_of_the_trade_is_material(after: str, material: bool) -> None:
    assert breaks.is_material(Decimal(1), Decimal(after), Decimal(400), SETTINGS) is material

"""Real Flex statements, and what a broker's file may do to a reader (DOMAIN 6.17)."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from execution.ledger import commissions, statements
from execution.ledger.flex import moment
from execution.ledger.statements import Statement, read
from quanticity.config.loader import section
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ

SETTINGS = section("execution.commissions", commissions.Settings)
NEW_YORK = ZoneInfo("America/New_York")
HEAD = "ClientAccountID,CurrencyPrimary,AssetClass,Symbol,Conid,Multiplier,TradeID,DateTime,TransactionType,Quantity,TradePrice,IBCommission,FifoPnlRealized,IBExecID,Buy/Sell,LevelOfDetail"
ROW = "U1,USD,OPT,SPY   251121C00600000,1,100,9,20251121;120000,ExchTrade,3,2.10,-1.95,0,a.b.01,BUY,EXECUTION"


def opened(shared: Path, name: str) -> Statement:
    return read((shared / "data/ib/flex" / name).read_text(), NEW_YORK, SETTINGS)


@pytest.mark.parametrize(
    ("name", "assets", "cancelled"),
    [
        ("testIBFlexStatementFile01.xml", {"STK": 13, "OPT": 1}, 0),
        ("testIBFlexStatementFile05.xml", {"STK": 2}, 0),
        ("testIBFlexStatementFile09.xml", {}, 1),
        ("testIBFlexStatementFile10.xml", {"STK": 1, "CASH": 1}, 0),
        ("testIBFlexStatementFile28.xml", {"CASH": 1}, 1),
        ("ibflex_elements.xml", {"OPT": 1, "CASH": 1}, 0),
    ],
)
def test_a_real_statement_is_read(
    shared: Path, name: str, assets: dict[str, int], cancelled: int
) -> None:
    found = opened(shared, name)

    assert Counter(t.asset for t in found.trades) == assets
    assert len(found.cancelled) == cancelled


def test_a_real_option_trade(shared: Path) -> None:
    (trade,) = [
        t for t in opened(shared, "testIBFlexStatementFile01.xml").trades if t.asset == "OPT"
    ]

    assert trade.contract == parse_occ("FB180921C00200000")
    assert (trade.quantity, trade.price, trade.exec_id) == (
        2,
        Decimal("6.95"),
        "00014980.5af58682.01.01",
    )
    assert (trade.commission.commission_usd, trade.commission.rebate_usd) == (Decimal("0.8956"), 0)
    assert trade.executed_at == datetime(2018, 5, 11, 15, 42, 12, tzinfo=UTC)


def test_a_cancelled_trade_gives_way_to_its_correction(shared: Path) -> None:
    (trade,) = opened(shared, "testIBFlexStatementFile28.xml").trades

    assert (trade.exec_id, trade.price) == ("CUSTHSFX.012f041f.01.02", Decimal("30.2374637"))


def test_the_days_of_a_statement(shared: Path) -> None:
    found = opened(shared, "testIBFlexStatementFile28.xml")

    assert (found.from_date, found.to_date, found.accounts) == (
        date(2025, 9, 1), date(2025, 9, 30), frozenset({"U1234567"}),
    )  # fmt: skip


def test_positions_come_from_lots_where_no_summary_is(shared: Path) -> None:
    assert opened(shared, "ibflex_elements.xml").positions == {80789235: Decimal(-100)}


def test_a_csv_says_the_same_as_its_xml() -> None:
    xml = (
        '<FlexQueryResponse><FlexStatements><FlexStatement accountId="U1" fromDate="20251121" toDate="20251121"><Trades>'
        '<Trade accountId="U1" currency="USD" assetCategory="OPT" symbol="SPY   251121C00600000" conid="1" multiplier="100" '
        'tradeID="9" dateTime="20251121;120000" transactionType="ExchTrade" quantity="3" tradePrice="2.10" ibCommission="-1.95" '
        'fifoPnlRealized="0" ibExecID="a.b.01" buySell="BUY" levelOfDetail="EXECUTION"/>'
        "</Trades></FlexStatement></FlexStatements></FlexQueryResponse>"
    )

    assert (
        read(f"{HEAD}\n{ROW}\n", NEW_YORK, SETTINGS).trades == read(xml, NEW_YORK, SETTINGS).trades
    )


def test_a_csv_has_a_section_per_header() -> None:
    text = f'{HEAD}\n{ROW}\nClientAccountID,Conid,Position\nU1,1,3\nClientAccountID,CurrencyPrimary,EndingCash\nU1,BASE_SUMMARY,"99,367.05"\n'
    found = read(text, NEW_YORK, SETTINGS)

    assert (len(found.trades), found.positions, found.ending_cash) == (
        1,
        {1: 3},
        Decimal("99367.05"),
    )


def test_an_unsigned_sell_is_still_a_sell() -> None:
    text = f"{HEAD}\n{ROW.replace('BUY', 'SELL')}\n"

    assert read(text, NEW_YORK, SETTINGS).trades[0].quantity == -3


def test_rows_above_execution_level_are_skipped() -> None:
    text = f"{HEAD}\n{ROW}\n{ROW.replace('EXECUTION', 'ORDER')}\n"

    assert len(read(text, NEW_YORK, SETTINGS).trades) == 1


def test_the_highest_revision_counts() -> None:
    text = f"{HEAD}\n{ROW.replace('a.b.01', 'a.b.02').replace('2.10', '2.05')}\n{ROW}\n"

    (trade,) = read(text, NEW_YORK, SETTINGS).trades
    assert trade.price == Decimal("2.05")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        pytest.param("20251121;120000", "2025-11-21T17:00:00+00:00", id="the account's zone"),
        pytest.param("2021-02-03 10:01:50", "2021-02-03T15:01:50+00:00", id="with dashes"),
        pytest.param("2021-07-03, 10:01:50", "2021-07-03T14:01:50+00:00", id="summer"),
        pytest.param("20251121;120000 UTC", "2025-11-21T12:00:00+00:00", id="suffixed"),
        pytest.param("20251121;120000 EST", "2025-11-21T17:00:00+00:00", id="an abbreviation"),
        pytest.param("20251121;120000 US/Pacific", "2025-11-21T20:00:00+00:00", id="a legacy name"),
    ],
)
def test_a_time_is_read_in_its_zone(text: str, utc: str) -> None:
    assert moment(text, NEW_YORK).isoformat() == utc


@pytest.mark.parametrize("text", ["", "yesterday", "20251321;120000", "20251121;120000 Mars/Base"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput, match="statement time"):
        moment(text, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "header", id="empty"),
        pytest.param("a,b\n1,2\n", "header", id="another CSV"),
        pytest.param("<Flex", "Flex XML", id="truncated"),
        pytest.param("<html></html>", "Flex statement", id="another XML"),
        pytest.param(
            '<!DOCTYPE x [<!ENTITY a "b">]><FlexStatement/>', "document type", id="an entity bomb"
        ),
        pytest.param(
            f"{HEAD}\n{ROW.replace('2.10', 'two')}\n", "tradeprice", id="a price in words"
        ),
        pytest.param(
            f"{HEAD}\n{ROW.replace('SPY   251121C00600000', 'SPY')}\n",
            "OCC",
            id="an option without a code",
        ),
    ],
)
def test_a_file_that_is_no_statement_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedInput, match=why):
        read(text, NEW_YORK, SETTINGS)


def test_a_missing_commission_is_pending_not_free() -> None:
    (trade,) = read(f"{HEAD}\n{ROW.replace('-1.95', '')}\n", NEW_YORK, SETTINGS).trades

    assert trade.commission.status is commissions.Status.PENDING


def test_every_trade_of_a_real_file_has_a_moment(shared: Path) -> None:
    trades: tuple[statements.Trade, ...] = opened(shared, "testIBFlexStatementFile01.xml").trades

    assert all(t.executed_at is not None and t.executed_at.tzinfo is UTC for t in trades)

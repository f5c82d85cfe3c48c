"""Foreign objects to ours and back, with the broker's own spellings."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_insync import Contract, ContractDetails, Execution, Order, Position

from quanticity.domain.calendar import Settlement
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, Right
from quanticity.domain.market import Side
from quanticity.domain.orders import OrderStatus, OrderType, Role, Ticket, TimeInForce
from quanticity.gateway.ibkr import translate

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
UNSET = 1.7976931348623157e308
CALL = OptionContract("SPY", date(2025, 11, 21), Right.CALL, Decimal(600))
THEIRS = Contract(
    secType="OPT", conId=42, symbol="SPY", lastTradeDateOrContractMonth="20251121", strike=600.0,
    right="C", multiplier="100", localSymbol="SPY   251121C00600000", tradingClass="SPY",
)  # fmt: skip
LIMIT = Ticket(
    "QC:a:E1", Role.ENTRY, CALL, Side.BUY, 3, OrderType.LIMIT, TimeInForce.DAY, Decimal("1.25")
)
STOP = Ticket(
    "QC:a:S1", Role.STOP, CALL, Side.SELL, 3, OrderType.STOP, TimeInForce.GTC,
    stop_price=Decimal("0.85"), oca_group="g", oca_type=3,
)  # fmt: skip


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param(THEIRS, id="by OCC code"),
        pytest.param(
            Contract(
                symbol="SPY",
                lastTradeDateOrContractMonth="20251121 16:00 US/Eastern",
                strike=600.0,
                right="CALL",
                tradingClass="SPY",
            ),
            id="by fields, with a time",
        ),
    ],
)
def test_an_option_contract_is_read(theirs: Contract) -> None:
    assert translate.option_contract(theirs) == CALL


def test_the_code_knows_better_than_the_last_trading_day() -> None:
    settled_at_the_open = Contract(
        symbol="SPX", lastTradeDateOrContractMonth="20251120", strike=6000.0, right="C",
        localSymbol="SPX   251121C06000000", tradingClass="SPX",
    )  # fmt: skip

    assert translate.option_contract(settled_at_the_open).expiry == date(2025, 11, 21)


def test_what_is_no_option_is_refused() -> None:
    with pytest.raises(MalformedInput):
        translate.option_contract(Contract(secType="STK", symbol="SPY"))


def test_a_contract_survives_the_way_there_and_back() -> None:
    assert translate.option_contract(translate.their_option(CALL, 42, "SPY")) == CALL


@pytest.mark.parametrize(
    ("under", "root", "expected"),
    [
        pytest.param("STK", "SPY", Settlement.PM_PHYSICAL, id="ETF"),
        pytest.param("IND", "SPX", Settlement.AM_CASH, id="index at the open"),
        pytest.param("IND", "SPXW", Settlement.PM_CASH, id="index at the close"),
    ],
)
def test_settlement_follows_the_underlying_and_the_root(
    under: str, root: str, expected: Settlement
) -> None:
    theirs = ContractDetails(contract=Contract(tradingClass=root), underSecType=under)

    assert translate.settlement(theirs, ("SPX",)) is expected


def test_the_price_rule_is_that_of_the_smart_exchange() -> None:
    theirs = ContractDetails(validExchanges="AMEX,SMART,CBOE", marketRuleIds="109,32,109")

    assert translate.rule_of(theirs, "SMART") == 32
    assert translate.rule_of(theirs, "BOX") is None


@pytest.mark.parametrize("text", ["", "0", "1e2", "-100"])
def test_a_multiplier_is_never_guessed(text: str) -> None:
    with pytest.raises(MalformedInput):
        translate.multiplier(text)


def test_a_limit_order_says_everything_explicitly() -> None:
    order = translate.their_order(LIMIT, 7, "DU1", parent_id=0, transmit=False)

    assert (order.orderId, order.orderType, order.lmtPrice) == (7, "LMT", 1.25)
    assert (order.tif, order.orderRef, order.account) == ("DAY", "QC:a:E1", "DU1")
    assert (order.action, order.totalQuantity, order.transmit) == ("BUY", 3, False)


def test_a_stop_order_has_its_price_where_the_broker_looks() -> None:
    order = translate.their_order(STOP, 9, "DU1", parent_id=7)

    assert (order.orderType, order.auxPrice, order.tif) == ("STP", 0.85, "GTC")
    assert (order.parentId, order.ocaGroup, order.ocaType) == (7, "g", 3)


def test_an_order_without_its_price_is_refused() -> None:
    priceless = Ticket("r", Role.EXIT, CALL, Side.SELL, 1, OrderType.LIMIT, TimeInForce.DAY)

    with pytest.raises(MalformedInput, match="price"):
        translate.their_order(priceless, 1, "DU1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PendingSubmit", OrderStatus.PENDING),
        ("ApiPending", OrderStatus.PENDING),
        ("PreSubmitted", OrderStatus.WORKING),
        ("Submitted", OrderStatus.WORKING),
        ("PendingCancel", OrderStatus.WORKING),
        ("Filled", OrderStatus.FILLED),
        ("Cancelled", OrderStatus.CANCELLED),
        ("ApiCancelled", OrderStatus.CANCELLED),
        ("Inactive", OrderStatus.UNKNOWN),
        ("SomethingNew", OrderStatus.UNKNOWN),
    ],
)
def test_a_status_is_one_of_our_words(text: str, expected: OrderStatus) -> None:
    assert translate.status(text) is expected


def test_a_recorded_order_is_read(messages, decode) -> None:
    seen = []
    wrapper = SimpleNamespace(openOrder=lambda *facts: seen.append(facts))
    decode(wrapper, messages("5")[0])
    _, contract, order, state = seen[0]

    told = translate.order_update(order, contract.conId, translate.status(state.status), 0.0, AT)

    assert (told.order_id, told.perm_id, told.con_id) == (13, 1376327563, 76792991)
    assert (told.side, told.quantity, told.status) == (Side.BUY, 100, OrderStatus.WORKING)
    assert (told.limit_price, told.stop_price) == (None, None)


def test_a_completed_order_that_is_inactive_was_refused() -> None:
    order = Order(action="BUY", totalQuantity=1, orderRef="r", permId=5, filledQuantity=UNSET)

    told = translate.completed(order, 42, "Inactive", AT)

    assert (told.status, told.filled, told.order_id) == (OrderStatus.REJECTED, 0, 0)


@pytest.mark.parametrize(("side", "quantity"), [("BOT", 2), ("SLD", -2)])
def test_a_fill_is_signed_by_its_side(side: str, quantity: int) -> None:
    execution = Execution(
        execId="0001.01", side=side, shares=2.0, price=1.23, permId=5, orderRef="QC:a:E1",
        time=AT, acctNumber="DU1",
    )  # fmt: skip

    fill = translate.fill(THEIRS, execution)

    assert (fill.quantity, fill.price, fill.contract) == (quantity, Decimal("1.23"), CALL)
    assert (fill.base_exec_id, fill.revision, fill.commission) == ("0001", 1, None)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(1.3, Decimal("1.3"), id="a cost is positive"),
        pytest.param(-0.25, Decimal("-0.25"), id="a rebate keeps its sign"),
        pytest.param(0.0, Decimal("0.0"), id="free"),
        pytest.param(UNSET, None, id="unset"),
        pytest.param("1.7976931348623157E308", None, id="unset as text"),
        pytest.param(float("nan"), None, id="nan"),
        pytest.param("", None, id="empty"),
    ],
)
def test_money_is_decimal_or_missing(raw: float | str, expected: Decimal | None) -> None:
    assert translate.money(raw) == expected


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_sentinel_gets_through(value: float) -> None:
    known = [translate.number(value), translate.price(value), translate.size(value)]

    assert all(one is None or abs(one) < 1e300 for one in known)
    assert translate.price(value) is None or translate.price(value) > 0


def test_a_holding_keeps_the_brokers_average_cost() -> None:
    held = translate.holding(Position("DU1", THEIRS, 2.0, 187.65))

    assert (held.occ, held.quantity) == ("SPY251121C00600000", 2)
    assert held.average_cost == Decimal("187.65")


def test_a_holding_of_shares_has_its_symbol() -> None:
    shares = Contract(secType="STK", symbol="SPY", conId=1)

    assert translate.holding(Position("DU1", shares, -100.0, 600.0)).occ == "SPY"


def test_an_option_that_cannot_be_named_is_held_under_the_brokers_name() -> None:
    odd = Contract(secType="OPT", symbol="XYZ", conId=1, localSymbol="WHAT IS THIS")

    assert translate.holding(Position("DU1", odd, 1.0, 1.0)).occ == "WHAT IS THIS"
    assert not translate.is_ours(odd)


def test_an_account_prefers_dollars() -> None:
    tags = ("NetLiquidation", "BuyingPower", "AvailableFunds", "TotalCashValue")
    values = {(tag, "BASE"): "1" for tag in tags} | {(tag, "USD"): "2.50" for tag in tags}

    account = translate.account("DU1", values, Decimal("-7.5"), AT)

    assert account is not None
    assert account.equity_usd == account.cash_usd == Decimal("2.50")
    assert account.day_pnl_usd == Decimal("-7.5")


def test_an_account_with_a_figure_missing_is_no_account() -> None:
    assert translate.account("DU1", {("NetLiquidation", "USD"): "1"}, None, AT) is None


@pytest.mark.parametrize(
    ("when", "open_at"),
    [
        pytest.param(AT, AT, id="an instant"),
        pytest.param(date(2025, 11, 21), AT.replace(hour=14, minute=30), id="a session"),
    ],
)
def test_a_bar_begins_at_an_instant(when: date, open_at: datetime) -> None:
    theirs = SimpleNamespace(
        date=when, open=1.0, high=2.0, low=0.5, close=1.5, volume=-1, average=-1.0
    )

    bar = translate.bar("SPY", theirs, 12)

    assert (bar.open_at, bar.volume, bar.wap) == (open_at, 0.0, None)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        pytest.param(AT, True, id="an instant"),
        pytest.param(date(2025, 11, 21), True, id="a session"),
        pytest.param(date(2025, 9, 1), False, id="a holiday"),
        pytest.param(date(2025, 11, 22), False, id="a Saturday"),
    ],
)
def test_a_daily_bar_of_a_day_without_a_session_cannot_be_placed(
    when: date, expected: bool
) -> None:
    assert translate.has_session(SimpleNamespace(date=when)) is expected


def test_a_five_second_bar_without_volume_has_no_average() -> None:
    bar = translate.real_time_bar("SPY", AT, (600.0, 600.1, 599.9, 600.0, 0.0, 600.0, 0))

    assert (bar.close, bar.wap, bar.n5) == (600.0, None, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", (), id="none"),
        pytest.param("@", (), id="regular"),
        pytest.param("6", ("AUCTION",), id="the closing print"),
        pytest.param("@ O J", ("AUCTION", "J"), id="an opening print, and a letter of no word"),
        pytest.param("TZ", ("T", "OUT_OF_SEQUENCE"), id="letters without a space"),
        pytest.param("Z U", ("OUT_OF_SEQUENCE",), id="one word for two letters"),
        pytest.param("LATE", ("LATE",), id="a word already"),
    ],
)
def test_sale_conditions_are_told_in_our_words(text: str, expected: tuple[str, ...]) -> None:
    assert translate.conditions(text) == expected

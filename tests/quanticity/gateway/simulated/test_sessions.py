"""What the clock does: open, close, roll."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from simulated_world import TODAY, Desk, new_exchange, option

from quanticity.domain import calendar
from quanticity.domain.instruments import OptionContract, Right
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.orders import Refused, Status

SESSION = calendar.session(TODAY)
STOCK = listing.SYMBOLS["SPY"].con_id


@pytest.fixture
def early(market: Market) -> Desk:
    return Desk(new_exchange(market, SESSION.open_at - timedelta(minutes=5)))


@pytest.fixture
def late(market: Market) -> Desk:
    return Desk(new_exchange(market, SESSION.close_at - timedelta(minutes=30)))


def test_before_the_open_an_order_waits_with_a_warning(early: Desk) -> None:
    order, news = early.send("BUY", 1, "MKT")

    assert order.status is Status.PRE_SUBMITTED
    assert [item.code for item in news if isinstance(item, Refused)] == [399]


def test_at_the_open_it_fills(early: Desk) -> None:
    order, _ = early.send("BUY", 1, "MKT")
    early.wait(301)

    assert order.status is Status.FILLED
    assert early.exchange.books.executions[0].at >= SESSION.open_at


@pytest.mark.parametrize(
    ("tif", "status"), [("DAY", Status.CANCELLED), ("GTC", Status.PRE_SUBMITTED)]
)
def test_at_the_close_day_orders_end(late: Desk, tif: str, status: Status) -> None:
    order, _ = late.send(
        "BUY", 1, limit="0.01", tif=tif, con_id=option(700, expiry=TODAY + timedelta(days=7))
    )
    late.wait(31 * 60)
    late.exchange.step(SESSION.close_at + timedelta(hours=1))
    late.exchange.place(late.order("BUY", 1, limit="0.01"))

    assert (Status.PRE_SUBMITTED if order.is_working else order.status) == status


LATE = SESSION.close_at + timedelta(minutes=5)
LATE_OPTION = option(660, expiry=TODAY + timedelta(days=7))


@pytest.mark.parametrize(
    ("con_id", "status"),
    [
        pytest.param(LATE_OPTION, Status.FILLED, id="a fund's option"),
        pytest.param(option(660), Status.INACTIVE, id="on its last day"),
        pytest.param(STOCK, Status.PRE_SUBMITTED, id="shares"),
    ],
)
def test_some_options_trade_a_quarter_of_an_hour_longer(
    late: Desk, con_id: int, status: Status
) -> None:
    late.exchange.step(LATE)

    order, _ = late.send("BUY", 1, "MKT", con_id=con_id)

    assert order.status is status


def test_their_day_orders_end_with_their_own_hours(late: Desk) -> None:
    order, _ = late.send("BUY", 1, limit="0.01", con_id=LATE_OPTION)
    late.exchange.step(LATE)
    then = order.is_working
    late.exchange.step(SESSION.late_close_at)

    assert (then, order.status) == (True, Status.CANCELLED)


def test_shares_ordered_after_the_close_live_past_the_end_of_late_options(late: Desk) -> None:
    late.exchange.step(LATE)
    order, _ = late.send("BUY", 1, limit="1.00", con_id=STOCK)
    late.exchange.step(SESSION.late_close_at + timedelta(minutes=1))

    assert order.is_working


@pytest.mark.parametrize(
    ("kind", "limit", "status"),
    [
        ("MOC", None, Status.FILLED),
        ("LOC", "900.00", Status.FILLED),
        ("LOC", "1.00", Status.CANCELLED),
    ],
)
def test_orders_on_close_get_the_official_price(
    late: Desk, market: Market, kind: str, limit: str | None, status: Status
) -> None:
    terms = {} if limit is None else {"limit": limit}
    order, _ = late.send("BUY", 100, kind, con_id=STOCK, **terms)
    late.wait(31 * 60)

    assert order.status is status
    assert order.average in {Decimal(0), Decimal(str(market.tapes.close("SPY", TODAY)))}


def test_after_the_cut_off_orders_on_close_are_refused(late: Desk) -> None:
    late.wait(21 * 60)

    order, _ = late.send("BUY", 100, "MOC", con_id=STOCK)

    assert order.status is Status.INACTIVE


@pytest.mark.parametrize(("right", "shares"), [(Right.CALL, 100), (Right.PUT, 0)])
def test_what_is_in_the_money_is_exercised(late: Desk, right: Right, shares: int) -> None:
    late.con_id = option(650, right)
    late.buy(1)

    late.exchange.step(SESSION.close_at + timedelta(hours=5))

    assert late.exchange.books.account.quantity(late.con_id) == 0
    assert late.exchange.books.account.quantity(STOCK) == shares


def test_an_exercise_costs_the_strike(late: Desk) -> None:
    late.con_id = option(650)
    late.buy(1)
    cash = late.exchange.books.account.cash

    late.exchange.step(SESSION.close_at + timedelta(hours=5))

    assert cash - late.exchange.books.account.cash == 65_000


def test_a_later_expiry_stays(late: Desk) -> None:
    late.con_id = option(expiry=TODAY + timedelta(days=3))
    late.buy(1)

    late.exchange.step(SESSION.close_at + timedelta(hours=5))

    assert late.exchange.books.account.quantity(late.con_id) == 1


def test_days_profit_counts_from_the_close_before(late: Desk) -> None:
    late.exchange.step(SESSION.close_at + timedelta(hours=5))

    books = late.exchange.books.account
    assert books.equity_at_close == books.equity(late.exchange.mark)


@pytest.mark.parametrize(
    ("until", "works"), [("20251121 23:59:59 US/Eastern", False), ("20251124", True)]
)
def test_an_order_is_good_until_its_date(late: Desk, until: str, *, works: bool) -> None:
    order, _ = late.send("BUY", 1, limit="0.01", tif="GTD", good_till=until, con_id=LATE_OPTION)

    late.exchange.step(SESSION.late_close_at)

    assert order.is_working == works


@pytest.mark.parametrize(
    ("limit", "status"), [("900.00", Status.FILLED), ("1.00", Status.CANCELLED)]
)
def test_an_order_for_the_open_fills_at_the_first_price_or_ends(
    early: Desk, market: Market, limit: str, status: Status
) -> None:
    order, _ = early.send("BUY", 100, limit=limit, tif="OPG", con_id=STOCK)
    early.wait(301)

    opening = Decimal(str(market.top("SPY", SESSION.open_at).open))
    assert order.status is status
    assert order.average in {Decimal(0), opening}


@pytest.mark.parametrize(("beyond", "status"), [(0, Status.FILLED), (1, Status.CANCELLED)])
def test_all_or_nothing_fills_whole_or_ends(desk: Desk, beyond: int, status: Status) -> None:
    shown = desk.exchange.touch(desk.con_id).ask_size
    order, _ = desk.send("BUY", shown + beyond, limit=desk.ask(), tif="FOK")

    assert order.status is status


def test_orders_for_an_expired_series_end(late: Desk) -> None:
    late.con_id = option(650)
    late.buy(1)
    stop, _ = late.send("SELL", 1, "STP", aux="0.05", tif="GTC")

    late.exchange.step(SESSION.close_at + timedelta(hours=5))

    assert stop.status is Status.CANCELLED


def test_an_index_option_settles_in_cash_at_the_official_close(late: Desk, market: Market) -> None:
    close = market.official("SPX", TODAY)
    strike = Decimal(int(close) // 5 * 5 - 50)
    found = listing.option_id(OptionContract("SPXW", TODAY, Right.CALL, strike))
    assert found is not None
    late.con_id = found
    late.buy(1)
    cash = late.exchange.books.account.cash

    late.exchange.step(SESSION.close_at + timedelta(hours=5))

    paid = late.exchange.books.account.cash - cash
    assert paid == (Decimal(str(close)) - strike) * 100
    assert late.exchange.books.account.positions == {}


class TestOnAHalfDay:
    """The Friday after Thanksgiving closes at 13:00."""

    day = calendar.session(date(2025, 11, 28))

    @pytest.fixture
    def noon(self, market: Market) -> Desk:
        return Desk(new_exchange(market, self.day.close_at - timedelta(minutes=30)))

    def test_the_auction_is_at_one(self, noon: Desk, market: Market) -> None:
        order, _ = noon.send("BUY", 100, "MOC", con_id=STOCK)
        noon.wait(30 * 60)

        assert self.day.is_half_day
        assert order.average == Decimal(str(market.tapes.close("SPY", self.day.date)))

    def test_the_cut_off_is_ten_minutes_before(self, noon: Desk) -> None:
        noon.wait(20 * 60)
        order, _ = noon.send("BUY", 100, "MOC", con_id=STOCK)

        assert order.status is Status.INACTIVE

    def test_series_expire_that_day(self, noon: Desk) -> None:
        noon.con_id = option(640, expiry=self.day.date)
        noon.buy(1)
        noon.exchange.step(self.day.close_at + timedelta(hours=5))

        assert noon.exchange.books.account.quantity(STOCK) == 100


@pytest.mark.parametrize("seconds", [481, 1_801, 7_213])
def test_a_long_step_never_misses_the_close(market: Market, seconds: int) -> None:
    desk = Desk(new_exchange(market, SESSION.close_at - timedelta(seconds=seconds)))
    order, _ = desk.send("BUY", 1, limit="1.00", con_id=STOCK)
    desk.exchange.step(SESSION.close_at)

    assert order.status is Status.CANCELLED

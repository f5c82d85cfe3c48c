"""Known truth: on the simulator's dealer book, readings say what is so within their error bars.

The simulated market knows whom its customers trade with; analytics only sees quotes, open
interest and prints. Graded here: the arithmetic on the true book, the whole way from quotes, the
sides of prints, and the inventory that signed prints add up to.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from analytics.calculators import (
    dealer_flow,
    exposure,
    inventory,
    option_flow,
    pricing,
    signed_flow,
    tally,
    trade_signing,
)
from analytics.calculators.inventory import Inventory, SignModel
from analytics.calculators.pricing import Priced, PricedChain
from analytics.calculators.signed_flow import Book
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.instruments import parse_occ
from quanticity.domain.market import Side, Trade
from quanticity.domain.options import Chain, Expiry
from quanticity.gateway.simulated import contracts, listing, prices, surface, truth
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.panels import Panel
from quanticity.gateway.simulated.truth import Truth
from tests.analytics.toy_chains import INVENTORY, PARTS, PRICING

AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
TODAY = date(2025, 11, 21)
MARKET = Market(
    section("gateway.simulated.prices", prices.Settings),
    section("gateway.simulated.surface", surface.Settings),
)
RATE = section("gateway.simulated.surface", surface.Settings).rate
SIGNING = section("analytics.trade_signing", trade_signing.Settings)
FLOW = section("analytics.option_flow", option_flow.Settings)
NAMES = ["SPY", "QQQ", "TSLA", "NVDA"]
TOTALS = ["gex_usd_per_1pct", "dex_usd", "vex_usd_per_volpt", "charm_to_close_usd"]


@cache
def panel(name: str, at: datetime = AT) -> Panel:
    return contracts.chain(listing.SYMBOLS[name], MARKET, at, contracts.Range(14, 60, 0.12))


def expiries(of: Panel, at: datetime) -> tuple[Expiry, ...]:
    settles = listing.settlement(of.symbol)
    found = []
    for day in of.expiries:
        settlement_at = calendar.settlement_at(day, settles)
        left = (calendar.seconds_to(at, settlement_at), calendar.sessions_to(day, at))
        found.append(
            Expiry(day, of.symbol.name, settles, settlement_at, *left, calendar.days_to(day, at))
        )
    return tuple(found)


@cache
def at_true_volatilities(name: str) -> Priced:
    found, n = truth.of(MARKET, panel(name), AT), len(panel(name).strike)
    return pricing.from_columns(
        spot=found.spot, multiplier=100, expiries=expiries(panel(name), AT),
        right=panel(name).sign.astype(float), strike=panel(name).strike,
        open_interest=found.settled_interest.astype(float), expiry_idx=panel(name).expiry,
        sigma=found.fair.iv, r=np.full(n, RATE),
        q=np.full(n, MARKET.tapes.stock(name).dividend_yield),
    )  # fmt: skip


@cache
def as_quoted(name: str) -> PricedChain:
    of, quoted = panel(name), MARKET.options(panel(name), AT)
    codes = np.array([listing.occ_of_id(int(one)).replace(" ", "") for one in of.con_ids])
    chain = Chain(
        underlying=name, spot=quoted.spot, as_of=AT, feed="sim", delayed=False, multiplier=100,
        european=False, expiries=expiries(of, AT), occ=codes, right=of.sign.astype(np.int64),
        strike=of.strike, expiry_idx=of.expiry, bid=quoted.bid, ask=quoted.ask, last=quoted.last,
        bid_size=quoted.bid_size, ask_size=quoted.ask_size, volume=quoted.volume,
        open_interest=MARKET.open_interest(of, AT), quote_epoch_ms=np.full(len(codes), -1),
    )  # fmt: skip
    found = pricing.compute(chain, PRICING)
    assert isinstance(found, PricedChain)
    return found


def dealers_of(found: Truth, priced: Priced) -> Inventory:
    return inventory.compute(
        priced, INVENTORY, model=SignModel.SIGNED_FLOW,
        dealer_contracts=found.dealers.astype(float),
    )  # fmt: skip


def ours(held: Inventory) -> dict[str, float]:
    sums, left = tally.compute(held), (calendar.session(TODAY).close_at - AT).total_seconds()
    return dict(
        zip(
            TOTALS,
            (*map(sums.total, (tally.GEX, tally.DEX, tally.VEX)), dealer_flow.charm_to_close_usd(held, left)),
            strict=True,
        )
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("total", TOTALS)
def test_on_the_true_book_the_arithmetic_is_the_truths(name: str, total: str) -> None:
    found = truth.of(MARKET, panel(name), AT)
    theirs = getattr(truth.totals(MARKET, found), total)

    # Vanna is a difference over one point there, and the close a third second away.
    assert ours(dealers_of(found, at_true_volatilities(name)))[total] == pytest.approx(
        theirs, rel=2e-3
    )


@pytest.mark.parametrize("name", NAMES)
def test_from_quotes_the_true_book_is_recovered_within_the_volatility_bar(name: str) -> None:
    found, chain = truth.of(MARKET, panel(name), AT), as_quoted(name)
    theirs = truth.totals(MARKET, found).gex_usd_per_1pct
    book = Book(found.dealers.astype(float), np.zeros(len(panel(name).strike)), 5)
    said = exposure.compute(chain.priced, PARTS, seed=1, is_single_name=False, flow_book=book)
    assert isinstance(said, exposure.Exposure)

    parts = said.error_parts
    bar = parts.volatility + (parts.missing_strikes or 0.0)
    assert abs(said.alt_models["signed_flow"] - theirs) <= max(bar, 0.01 * abs(theirs))


@pytest.mark.parametrize("name", NAMES)
def test_where_the_naive_sign_is_wrong_the_regime_is_not_claimed(name: str) -> None:
    found, chain = truth.of(MARKET, panel(name), AT), as_quoted(name)
    theirs = truth.totals(MARKET, found).gex_usd_per_1pct
    book = Book(found.dealers.astype(float), np.zeros(len(panel(name).strike)), 5)
    said = exposure.compute(chain.priced, PARTS, seed=1, is_single_name=False, flow_book=book)
    assert isinstance(said, exposure.Exposure)

    claimed = {"POSITIVE": 1, "NEGATIVE": -1, "UNCLEAR": 0}[said.regime]
    assert claimed in {0, np.sign(theirs)}
    assert said.gex_sign_agree is bool(said.gex_usd_per_1pct * theirs > 0)


def session_prints(of: Panel, session: calendar.Session, pieces: int = 4) -> list[Trade]:
    """What customers traded in a session, in a few prints per contract and side, at the touch."""
    found, before = [], None
    length = (session.close_at - session.open_at - timedelta(seconds=1)) / pieces
    codes = [listing.occ_of_id(int(one)).replace(" ", "") for one in of.con_ids]
    for piece in range(pieces + 1):
        at = session.open_at + piece * length
        now = MARKET.customers.traded(of, at)
        quoted = MARKET.options(of, at)
        for side, price in ((0, quoted.ask), (1, quoted.bid)):
            moved = now[side] - (before[side] if before else 0)
            found += [
                Trade(codes[n], float(price[n]), float(moved[n]), at, "", (), float(quoted.bid[n]), float(quoted.ask[n]), 0.0)
                for n in np.flatnonzero((moved > 0) & (quoted.bid > 0))
            ]  # fmt: skip
        before = now
    return found


@cache
def after_sessions(name: str, count: int) -> tuple[signed_flow.State, np.ndarray, datetime]:
    """The inventory from signed prints of some sessions, and what dealers truly took on."""
    session, state = calendar.session(TODAY), signed_flow.State()
    of = panel(name, session.open_at + timedelta(hours=1))
    start = MARKET.customers.dealers(of, session.open_at)
    for _ in range(count):
        signed = list(trade_signing.sign(session_prints(of, session), SIGNING, option=True))
        day, _ = option_flow.update(option_flow.State(), signed, session.date, 100, {}, FLOW)
        state = signed_flow.close(state, session.date, dict(day.sums))
        end, session = session.close_at - timedelta(seconds=1), calendar.next_session(session.date)
    return state, MARKET.customers.dealers(of, end) - start, end


@pytest.mark.parametrize("name", ["TSLA", "IWM"])
def test_signed_prints_add_up_to_what_dealers_took_on(name: str) -> None:
    state, true, end = after_sessions(name, 5)
    of = panel(name, calendar.session(TODAY).open_at + timedelta(hours=1))
    estimated = {occ: -net for occ, net, _ in state.contracts}
    # What has no bid when it is sold is told by no quote.
    worth = MARKET.options(of, end).bid > 0.05
    codes = [listing.occ_of_id(int(one)).replace(" ", "") for one in of.con_ids]
    alive = [
        n
        for n, occ in enumerate(codes)
        if parse_occ(occ).expiry > end.date() and occ in estimated and worth[n]
    ]
    mine = np.array([estimated[codes[n]] for n in alive])

    assert len(alive) > 50
    # A print at bid or ask is 90 % sure: its size counts four fifths.
    assert mine / 0.8 == pytest.approx(true[alive], rel=0.02, abs=2.0)


@pytest.mark.parametrize("name", ["TSLA", "IWM"])
def test_their_gamma_lies_within_the_stated_bars(name: str) -> None:
    state, true, end = after_sessions(name, 5)
    of = panel(name, calendar.session(TODAY).open_at + timedelta(hours=1))
    found, n = truth.of(MARKET, of, end), len(of.strike)
    priced = pricing.from_columns(
        spot=found.spot, multiplier=100, expiries=expiries(of, end), right=of.sign.astype(float),
        strike=of.strike, open_interest=found.settled_interest.astype(float),
        expiry_idx=of.expiry, sigma=found.fair.iv, r=np.full(n, RATE), q=np.zeros(n),
    )  # fmt: skip
    held = {occ: (net, noise) for occ, net, noise in state.contracts}
    codes = [listing.occ_of_id(int(one)).replace(" ", "") for one in of.con_ids]
    rows = np.array([held.get(occ, (0.0, 0.0)) for occ in codes])
    counted = inventory.compute(priced, INVENTORY).counted & np.array(
        [occ in held for occ in codes]
    )
    low, high = signed_flow.gex_ci90(
        Book(-rows[:, 0], rows[:, 1], 5), priced, counted, PARTS.signed_flow
    )
    gamma = priced.greeks.gamma * priced.spot**2 * 0.01 * 100

    assert low <= float((true * gamma)[counted].sum()) <= high


@pytest.mark.parametrize("name", ["SPY", "TSLA"])
def test_the_sides_of_prints_are_told_from_the_quotes(name: str) -> None:
    prints = MARKET.prints(name, AT, AT + timedelta(minutes=10))
    trades = []
    for one in prints:
        top = MARKET.top(name, one.at)
        trades.append(
            Trade(name, one.price, float(one.size), one.at, one.venue, (), top.bid, top.ask, 0.0)
        )
    signed = list(trade_signing.sign(trades, SIGNING))
    told = np.array([{Side.BUY: 1, Side.SELL: -1}.get(s.signing.side, 0) for s in signed])
    true = np.array([one.side for one in prints])
    sizes = np.array([one.size for one in prints])

    assert len(prints) > 500
    assert (told == true).mean() > 0.9
    # The net flow of ten minutes, by probability, is four fifths of the true one at least.
    net = sum(s.signing.share * s.trade.size for s in signed)
    assert net == pytest.approx(float((true * sizes).sum()), abs=0.25 * sizes.sum())

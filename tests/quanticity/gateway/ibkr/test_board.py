"""The watched part of a chain: nearest expiries, strikes around the money, columns."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from quanticity.domain.calendar import Settlement
from quanticity.domain.instruments import OptionContract, Right
from quanticity.gateway.ibkr.board import Board, nearest
from quanticity.gateway.ibkr.contracts import Listed, Series
from quanticity.gateway.ibkr.line import Line
from quanticity.gateway.ibkr.settings import Settings

AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
TODAY, MONDAY = date(2025, 11, 21), date(2025, 11, 24)


def listed(day: date, first_id: int) -> tuple[Listed, ...]:
    return tuple(
        Listed(
            OptionContract("SPY", day, right, Decimal(strike)),
            first_id + 2 * strike + (right is Right.PUT),
            Settlement.PM_PHYSICAL,
        )
        for strike in range(560, 641)
        for right in Right
    )


@pytest.fixture
def board(settings_of) -> Board:
    board = Board("SPY", settings_of("gateway.ibkr", Settings))
    board.classes = ((TODAY, "SPY"), (MONDAY, "SPY"))
    board.listed = {one: listed(one[0], 10_000 * n) for n, one in enumerate(board.classes)}
    return board


def lines(board: Board) -> dict[int, Line]:
    found = {}
    for _, _, one in board.watched():
        line = found[one.con_id] = Line(one.contract.occ, one.con_id, one.contract)
        line.on_price(1, 1.0, 10, AT)
        line.on_price(2, 1.1, 20, AT)
    return found


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(AT, TODAY, id="today while it trades"),
        pytest.param(AT + timedelta(hours=6), MONDAY, id="the next one after the close"),
    ],
)
def test_the_nearest_expiry_still_trades(at: datetime, expected: date) -> None:
    series = (Series("SPY", 100, (MONDAY, TODAY, date(2025, 12, 19))),)

    assert nearest(series, 1, at, 14)[:1] == [(expected, "SPY")]


def test_a_chain_whose_quotes_are_silent_is_as_old_as_they_are(board: Board) -> None:
    board.recentre(600.0)
    quotes = lines(board)
    live = dict.fromkeys(quotes, AT - timedelta(seconds=1))

    frozen = board.chain(quotes, 600.0, AT + timedelta(seconds=40), live)
    next(iter(quotes.values())).on_price(1, 1.01, 10, AT + timedelta(seconds=50))
    awake = board.chain(quotes, 600.0, AT + timedelta(seconds=52), live)

    assert frozen is not None
    assert awake is not None
    assert frozen.as_of == AT
    assert awake.as_of == AT + timedelta(seconds=50)
    assert frozen.expiries[0].t_s - awake.expiries[0].t_s == 50


def test_turns_of_far_contracts_do_not_make_the_chain_older(board: Board) -> None:
    board.recentre(600.0)
    quotes = lines(board)
    later = AT + timedelta(seconds=30)
    near = {one.con_id for rank, away, one in board.watched() if rank < 2 and away <= 3}
    for con_id in near:
        quotes[con_id].on_price(1, 1.02, 10, later)

    found = board.chain(quotes, 600.0, later, {})

    assert found is not None
    assert found.as_of == later


def test_two_roots_of_one_date_are_two_expiries() -> None:
    series = (Series("SPX", 100, (MONDAY,)), Series("SPXW", 100, (TODAY, MONDAY)))

    assert nearest(series, 3, AT, 14) == [(TODAY, "SPXW"), (MONDAY, "SPX"), (MONDAY, "SPXW")]


def test_an_expiry_on_a_day_without_a_session_is_not_watched() -> None:
    holiday = date(2025, 11, 27)
    series = (Series("SPY", 100, (TODAY, TODAY + timedelta(days=1), holiday)),)

    assert nearest(series, 3, AT, 14) == [(TODAY, "SPY")]


def test_strikes_within_reach_are_watched_on_both_rights(board: Board) -> None:
    board.recentre(600.2)
    n = board.settings.n_strikes

    strikes = [float(one.contract.strike) for _, _, one in board.watched()]

    assert (min(strikes), max(strikes)) == (600 - n, 600 + n)
    assert len(strikes) == 2 * 2 * (2 * n + 1)


@pytest.mark.parametrize(
    ("spot", "moves"),
    [
        pytest.param(601.5, False, id="a strike and a half is still near"),
        pytest.param(601.51, True, id="a little more is not"),
        pytest.param(598.49, True, id="below likewise"),
    ],
)
def test_the_centre_follows_with_hysteresis(board: Board, spot: float, *, moves: bool) -> None:
    board.recentre(600.0)

    assert board.recentre(spot) is moves


def test_the_money_comes_first_in_every_expiry(board: Board) -> None:
    board.recentre(600.0)
    first = sorted(board.wishes())[:2]

    assert {(wish.tier, wish.distance) for wish in first} == {(2, 0)}


def test_the_money_of_a_deep_chain_comes_before_all_others(board: Board) -> None:
    board.recentre(600.0)
    board.is_deep = True
    wishes = sorted(board.wishes())
    first = [wish for wish in wishes if wish.tier < 2]
    assert [max(w.distance for w in first if w.tier == tier) for tier in (0, 1)] == [3, 2]
    assert len(first) == 2 * 7 + 2 * 5
    assert min(wish.tier for wish in wishes[len(first) :]) == 2


def test_a_chain_has_one_row_per_contract_in_order(board: Board) -> None:
    board.recentre(600.0)
    chain = board.chain(lines(board), 600.0, AT, {})

    assert chain is not None
    assert len(chain) == len(board.watched()) == len(set(chain.occ))
    assert np.all(np.diff(chain.expiry_idx) >= 0)
    assert list(chain.right[:2]) == [1, -1]
    assert [one.dte_sess for one in chain.expiries] == [0, 1]


def test_an_absent_price_is_nan_and_an_unknown_time_is_minus_one(board: Board) -> None:
    board.recentre(600.0)
    some = dict(list(lines(board).items())[:1])
    line = next(iter(some.values()))
    line.on_price(1, -1, 0, AT)
    line.quoted_at = None

    chain = board.chain(some, 600.0, AT, {})

    assert chain is not None
    assert (np.isnan(chain.bid[0]), chain.ask[0], chain.quote_epoch_ms[0]) == (True, 1.1, -1)
    assert np.isnan(chain.vendor["iv"][0])


def test_contracts_not_seen_yet_are_rows_without_quote_and_interest(board: Board) -> None:
    board.recentre(600.0)
    some = dict(list(lines(board).items())[:3])

    chain = board.chain(some, None, AT, {})

    assert chain is not None
    unseen = len(board.watched()) - 3
    assert (len(chain), int(np.isnan(chain.bid).sum())) == (unseen + 3, unseen)
    assert int((chain.open_interest == -1).sum()) >= unseen
    assert int((chain.volume == -1).sum()) >= unseen
    assert chain.warnings == (f"{unseen} contracts not seen yet",)


def test_before_the_first_tick_there_is_no_chain(board: Board) -> None:
    board.recentre(600.0)

    assert board.chain({}, 600.0, AT, {}) is None


@pytest.mark.parametrize(
    ("days", "far"),
    [
        pytest.param((3, 10, 14, 21), 14, id="exactly there"),
        pytest.param((3, 11, 17), 17, id="of two equally far the later one"),
        pytest.param((3, 7), 7, id="the nearest there is"),
    ],
)
def test_one_later_expiry_is_watched_too(days: tuple[int, ...], far: int) -> None:
    series = (Series("SPY", 100, (TODAY, *(TODAY + timedelta(days=n) for n in days))),)
    assert nearest(series, 1, AT, 14) == [(TODAY, "SPY"), (TODAY + timedelta(days=far), "SPY")]


def test_later_expiries_are_watched_less_widely(board: Board) -> None:
    board.recentre(600.0)
    for n in (1, 11):
        later = MONDAY + timedelta(days=n)
        board.classes = (*board.classes, (later, "SPY"))
        board.listed[later, "SPY"] = listed(later, 50_000 * n)
    for reach, widths in ((20, (41, 41, 21, 21)), (6, (13, 13, 0, 3))):
        board.reach = reach
        strikes = [{o.contract.strike for r, _, o in board.watched() if r == n} for n in range(4)]
        assert tuple(map(len, strikes)) == widths
        assert board.size(reach) == len(board.watched())


def epoch_s(chain, row: int) -> float:
    return (chain.quote_epoch_ms[row] / 1000) - AT.timestamp()


def test_a_streaming_quote_stands_while_any_of_its_underlying_is_heard(board: Board) -> None:
    board.recentre(600.0)
    some = dict(list(lines(board).items())[:3])
    quiet, moving, gone = some.values()
    live = {quiet.con_id: AT, moving.con_id: AT}
    now = AT + timedelta(seconds=90)
    moving.on_price(1, 1.05, 10, now)

    chain = board.chain(some, 600.0, now, live)

    assert chain is not None
    by_code = {code: epoch_s(chain, row) for row, code in enumerate(chain.occ)}
    assert [by_code[line.instrument] for line in (quiet, moving, gone)] == [90, 90, 0]


def test_when_all_are_silent_all_grow_old(board: Board) -> None:
    board.recentre(600.0)
    some = dict(list(lines(board).items())[:2])
    chain = board.chain(some, 600.0, AT + timedelta(seconds=90), dict.fromkeys(some, AT))
    assert chain is not None
    assert [epoch_s(chain, row) for row in range(2)] == [0, 0]


def test_a_repeated_quote_of_a_later_turn_is_confirmed(board: Board) -> None:
    board.recentre(600.0)
    some = dict(list(lines(board).items())[:1])
    (line,) = some.values()
    line.on_price(1, 1.0, 10, AT + timedelta(seconds=40))  # the same bid again
    chain = board.chain(some, 600.0, AT + timedelta(seconds=50), {})
    assert chain is not None
    assert epoch_s(chain, 0) == 40


def test_a_chain_says_where_the_underlying_was_meanwhile(board: Board) -> None:
    board.recentre(600.0)
    some = lines(board)
    for seconds, spot in ((-30, 590.0), (1, 599.0), (5, 601.0), (9, 600.5)):
        board.see(AT + timedelta(seconds=seconds), spot)
    chain = board.chain(some, 600.5, AT + timedelta(seconds=10), {})
    assert chain is not None
    assert (chain.spot_low, chain.spot_high) == (599.0, 601.0)


def test_the_underlyings_way_is_not_remembered_for_ever(board: Board) -> None:
    for second in range(0, 300, 5):
        board.see(AT + timedelta(seconds=second), 600.0)
    assert len(board.spots) == 13

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

    assert nearest(series, 1, at) == [(expected, "SPY")]


def test_two_roots_of_one_date_are_two_expiries() -> None:
    series = (Series("SPX", 100, (MONDAY,)), Series("SPXW", 100, (TODAY, MONDAY)))

    assert nearest(series, 3, AT) == [(TODAY, "SPXW"), (MONDAY, "SPX"), (MONDAY, "SPXW")]


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

    assert {(wish.tier, wish.distance) for wish in first} == {(0, 0)}


def test_a_chain_has_one_row_per_contract_in_order(board: Board) -> None:
    board.recentre(600.0)
    chain = board.chain(lines(board), 600.0, AT)

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

    chain = board.chain(some, 600.0, AT)

    assert chain is not None
    assert (np.isnan(chain.bid[0]), chain.ask[0], chain.quote_epoch_ms[0]) == (True, 1.1, -1)
    assert np.isnan(chain.vendor["iv"][0])


def test_contracts_not_seen_yet_are_left_out_and_said(board: Board) -> None:
    board.recentre(600.0)
    some = dict(list(lines(board).items())[:3])

    chain = board.chain(some, None, AT)

    assert chain is not None
    assert len(chain) == 3
    assert chain.warnings == (f"{len(board.watched()) - 3} contracts not seen yet",)


def test_before_the_first_tick_there_is_no_chain(board: Board) -> None:
    board.recentre(600.0)

    assert board.chain({}, 600.0, AT) is None

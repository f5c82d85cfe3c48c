"""Fills are held against the market they met and against the mids after; trades against marks."""

from decimal import Decimal
from typing import Any

import pytest

from execution.models import FillQuality, Order, Position
from execution.services import managing
from quanticity.store import market
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


def quoted(bid: float, ask: float) -> None:
    market.write_contract_quotes([factories.quote(factories.OCC, bid, ask)])


@pytest.fixture
def trade(noon: Any) -> Position:
    """Three contracts bought at 2.10, two seconds after they were sent."""
    factories.link()
    position = desks.held(price="2.10")
    Order.objects.filter(role="E").update(sent_at=noon.at)
    noon.advance(2)
    position.fills.update(executed_at=noon.at)
    return position


def looked(bid: float, ask: float) -> FillQuality:
    quoted(bid, ask)
    managing.manage_positions()
    return FillQuality.objects.get()


def test_a_fill_is_held_against_the_market_it_met(trade: Position) -> None:
    found = looked(2.00, 2.10)

    assert (found.spread_paid, found.time_to_fill_s) == (1, 2.0)
    assert (found.sent_mid, found.markout_1m) == (Decimal("2.00"), None)


def test_the_mids_after_a_fill_are_kept_as_their_time_comes(trade: Position, noon: Any) -> None:
    looked(2.00, 2.10)
    noon.advance(61)
    looked(2.20, 2.30)
    noon.advance(240)
    looked(1.90, 2.00)
    noon.advance(1_500)

    found = looked(2.30, 2.40)

    assert (found.markout_1m, found.markout_5m, found.markout_30m) == (
        Decimal("0.15"), Decimal("-0.15"), Decimal("0.25"),
    )  # fmt: skip


def test_a_moment_that_nobody_saw_stays_unknown(trade: Position, noon: Any) -> None:
    noon.advance(90)

    found = looked(2.00, 2.10)

    assert (found.spread_paid, found.markout_1m) == (None, None)


def test_a_trade_keeps_its_worst_and_its_best_mark(trade: Position, noon: Any) -> None:
    for bid in (1.67, 2.29, 2.00):
        quoted(bid, bid + 0.02)
        managing.manage_positions()
        noon.advance(2)

    row = Position.objects.get()
    assert (row.mae_pct, row.mfe_pct) == (Decimal("-20.00"), Decimal("9.52"))


def test_seconds_without_a_mark_are_counted(trade: Position, noon: Any) -> None:
    looked(2.00, 2.10)
    noon.advance(20)
    managing.manage_positions()  # the quote is too old to be a mark

    noon.advance(5)
    looked(2.00, 2.10)

    assert Position.objects.get().blind_s == 25.0

"""What the book could lose: by the past where there is one, else by what options expect."""

import pytest

from execution import selectors
from execution.models import BookRisk
from execution.services import book_risk
from quanticity.domain import calendar, clock
from quanticity.domain.market import Bar
from quanticity.store import market
from tests import desks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


def days(symbol: str, moves: list[float]) -> None:
    """Daily bars that moved so, the last one yesterday."""
    sessions = [calendar.previous_session(calendar.session_date(clock.now()))]
    while len(sessions) <= len(moves):
        sessions.append(calendar.previous_session(sessions[-1].date))
    closes = [600.0]
    for move in moves:
        closes.append(closes[-1] * (1 + move))
    bars = [
        Bar(symbol, s.open_at, c, c, c, c, 1e6, None, 4680)
        for s, c in zip(reversed(sessions), closes, strict=True)
    ]
    market.replace_bars(symbol, "1day", bars)


def looked() -> BookRisk:
    account = selectors.account_values()
    assert account is not None
    return book_risk.refresh(account)


def test_an_empty_book_loses_nothing() -> None:
    assert looked().var_usd == 0


def test_the_past_of_a_year_is_looked_at() -> None:
    desks.held(quantity=10)
    days("SPY", [0.001, -0.001] * 128)

    row = looked()

    assert (row.sessions_n, row.missing) == (250, "")


def test_twenty_five_bad_days_of_a_year_are_seen_and_ten_are_not() -> None:
    desks.held(quantity=10)
    days("SPY", [-0.05] * 10 + [0.001, -0.001] * 120)
    calm = looked().var_usd or 0.0
    days("SPY", [-0.05] * 25 + [0.001] * 225)

    assert (looked().var_usd or 0.0) > 2 * calm > 0


def test_without_a_past_each_underlying_stands_alone_by_its_implied_volatility() -> None:
    desks.held(quantity=10)

    row = looked()

    assert row.var_usd is not None
    assert row.var_usd > 0
    assert row.missing == "value at risk: 0 common sessions, each alone, by its IV"


def test_a_contract_without_volatility_says_so() -> None:
    held = desks.held(quantity=10)
    held.occ = "SPY991231C00600000"
    held.save()

    row = looked()

    assert (row.var_usd, row.missing) == (None, "a holding has no volatility in its chain")


def test_losses_without_a_past_add_up() -> None:
    held = desks.held(quantity=10)
    one = looked().var_usd
    held.quantity_open = 20
    held.save()

    assert one is not None
    assert looked().var_usd == pytest.approx(2 * one, rel=1e-9)

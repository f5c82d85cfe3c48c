"""Estimates become rows once, in the morning and in the evening."""

from datetime import date, timedelta

import pytest

from analytics.calculators import moc, option_flow, signed_flow
from analytics.calculators.option_flow import Sums
from analytics.calculators.unusual_rules import Hit
from analytics.models import Grade, MetricHistory
from analytics.services import gradings, histories, sides
from quanticity.domain import calendar
from quanticity.domain.market import Bar, Imbalance
from quanticity.store import market, readings
from tests import factories
from tests.analytics import toy_chains
from tests.factories import NOON, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "noon")]
YESTERDAY = date(2025, 11, 20)
CHAIN = factories.chain()
OCC = str(CHAIN.occ[0])
SETTLED = float(CHAIN.open_interest[0])
FLOW = option_flow.State(
    session=YESTERDAY,
    sums=((OCC, Sums(contracts=100.0, signed=80.0, opened=20.0, settled=SETTLED - 50)),),
    hits=(Hit("OPENING_V1", OCC, NOON, 1e5), Hit("SWEEP_CLUSTER_V1", "", NOON, 1e5)),
)
ESTIMATE = moc.Estimate(2e8, 0.01, 0.1, 1e9, 2e9, 0.0, moc.Lean.BUY, 0.0, 4e8, 600.5, 8.0, {})


def found(minutes: float, auction: Imbalance | None = None) -> moc.ClosingImbalance:
    return moc.ClosingImbalance(ESTIMATE, auction, minutes)


def ticks(shares: float) -> Imbalance:
    return Imbalance("SPY", NOON, 1e6, shares, 600.0, None)


def test_the_morning_judges_open_interest_and_each_flag_once() -> None:
    gradings.grade_morning("SPY", FLOW, CHAIN)
    gradings.grade_morning("SPY", FLOW, CHAIN)

    interest, flag = Grade.objects.get(name="oi_live"), Grade.objects.get(name="unusual")
    assert interest.score == pytest.approx(100 * 30 / SETTLED)
    assert (interest.hit, interest.n, interest.session_date) == (True, 1, YESTERDAY)
    assert (flag.subject, flag.hit, flag.came) == (OCC, True, SETTLED)


def test_a_reading_says_how_the_last_estimates_fared() -> None:
    gradings.grade_morning("SPY", FLOW, CHAIN)

    told = gradings.latest_morning("SPY")

    assert told["oi_live_mape_pct"] < told["oi_live_mape_unchanged_pct"]
    assert told["flags_confirmed"]["n"] == 1
    assert gradings.latest_morning("QQQ")["flags_confirmed"]["rate"] is None


def test_the_close_is_held_to_the_first_estimate_of_its_last_minutes() -> None:
    gradings.note_close("SPY", found(11.0), 600.0, TODAY)
    gradings.note_close("SPY", found(10.0), 600.0, TODAY)
    gradings.note_close("SPY", found(2.0, ticks(500_000)), 601.0, TODAY)
    gradings.grade_close("SPY", calendar.session(TODAY))

    grade = Grade.objects.get(name="moc")
    assert (grade.estimate, grade.came, grade.hit) == (2e8, 3e8, True)
    assert grade.detail == {"measure": "CRPS, USD", "against": "auction ticks"}
    assert 0 < grade.score < 1e8
    assert gradings.closes("SPY")["sign_hit_rate"] == 1.0


def test_without_auction_ticks_the_last_return_judges_the_sign() -> None:
    session = calendar.session(TODAY)
    gradings.note_close("SPY", found(9.0), 600.0, TODAY)
    last = session.close_at - timedelta(minutes=1)
    market.add_bars("SPY", "1min", [Bar("SPY", last, 600.0, 600.0, 599.0, 599.4, 1e5, None, 12)])
    gradings.grade_close("SPY", session)

    grade = Grade.objects.get(name="moc")
    assert (grade.hit, grade.score) == (False, None)
    assert grade.came == pytest.approx(-0.001)


def test_a_session_without_an_estimate_is_not_graded() -> None:
    gradings.note_close("SPY", found(30.0), 600.0, TODAY)
    gradings.grade_close("SPY", calendar.session(TODAY))

    assert not Grade.objects.exists()


def held_after(sessions_n: int) -> signed_flow.Book | None:
    listed = toy_chains.chain((600.0,))
    sums, session = ((str(listed.occ[0]), Sums(signed=80.0)),), calendar.session(YESTERDAY)
    for _ in range(sessions_n):
        sides.close_session("SPY", option_flow.State(session=session.date, sums=sums))
        session = calendar.next_session(session.date)
    return sides.book(listed)


def test_four_sessions_of_prints_are_no_book() -> None:
    assert held_after(4) is None


def test_five_sessions_of_prints_make_a_book() -> None:
    book = held_after(5)

    assert book is not None
    assert book.contracts.tolist() == [-400.0, 0.0]


def test_the_same_sample_is_told_to_nobody_twice() -> None:
    histories.add("SPY", {"gex": 1.0, "rr25": None}, NOON)
    histories.add("SPY", {"gex": 1.0, "rr25": 2.0}, NOON)

    assert MetricHistory.objects.count() == 2
    assert readings.history("SPY", "gex") == [1.0]
    assert readings.history("SPY", "rr25") == [2.0]

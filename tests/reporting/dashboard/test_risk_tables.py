"""What wants an operator, how near limits are, and what the book could lose, as tables."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics import selectors as analytics
from analytics.ingestion.desk import Event
from analytics.services import sources
from execution import selectors
from execution.models import BookRisk
from execution.services import watching
from publishing import routes
from publishing import selectors as publishing
from publishing.models import Announcement, Delivery
from quanticity.domain import clock
from reporting.dashboard import risk_tables, snapshot
from reporting.dashboard.formats import MINUS
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


def texts(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_a_breaker_that_holds_stands_with_its_remedy() -> None:
    factories.account()
    desks.closed(net="-15000")
    watching.watch()

    table = risk_tables.attention(selectors.held_breakers(), (), ())

    assert [row[1] for row in texts(table)] == [
        "daily loss warn: stake x 0.70", "daily loss reduce: reducing",
    ]  # fmt: skip
    assert table.rows[0][-1].href.startswith("/admin/operate/release/?subject=")


def test_a_break_stands_until_it_is_resolved() -> None:
    desks.quarantine()

    table = risk_tables.attention((), (), selectors.open_quarantines())

    assert texts(table)[0][1:4] == ["quantity above", "SPY", "broker 5, fills 3"]


def event(kind: str, age_s: float, feed: str = "alphavantage") -> Event:
    return Event(kind, feed, "SPY", "600.00 or 603.00", clock.now() - timedelta(seconds=age_s))


@pytest.mark.parametrize(
    ("events", "said"),
    [
        pytest.param([("DISAGREE", 60)], ["feeds disagree"], id="a contradiction"),
        pytest.param([("DISAGREE", 901)], [], id="not said again"),
        pytest.param(
            [("DISAGREE", 60), ("SUSPENDED", 30), ("RESTORED", 10)], ["feeds disagree"], id="back"
        ),
        pytest.param([("SUSPENDED", 599)], [], id="suspended lately"),
        pytest.param([("SUSPENDED", 601)], ["feed suspended"], id="suspended for long"),
        pytest.param([("SUSPENDED", 900), ("RESTORED", 30)], [], id="restored"),
        pytest.param([("SWITCHED", 5)], [], id="a switch is no alarm"),
    ],
)
def test_feeds_stand_before_an_operator(events: list[tuple[str, float]], said: list[str]) -> None:
    sources.note(event(kind, age_s) for kind, age_s in events)

    table = risk_tables.attention((), (), (), analytics.feed_alarms(clock.now()))

    assert [row[1] for row in texts(table)] == said
    assert all("SPY" in row[-1].href for row in table.rows)


def test_a_channel_that_is_off_and_a_dead_letter_stand_before_the_operator() -> None:
    told = Announcement.objects.create(
        trade_id="T-1", seq=2, kind="EXIT", symbol="SPY", clock_at=clock.now(), facts={},
        created_at=clock.now(), source="sim",
    )  # fmt: skip
    row = {"announcement": told, "tier": "premium", "due_at": clock.now(), "created_at": clock.now(), "priority": 0}  # fmt: skip
    Delivery.objects.create(channel="discord", state="DEAD", error="discord: 400", **row)
    Delivery.objects.create(channel="console", state="SENT", **row)
    routes.revoke(("discord", "premium"), clock.now(), "discord: 401 gone")

    table = risk_tables.attention((), (), (), troubles=publishing.troubles(clock.now()))

    assert [row[1:4] for row in texts(table)] == [
        ["Channel off", "discord/premium", "discord: 401 gone"],
        ["Dead letter", "discord/premium T-1-2 EXIT SPY", "discord: 400"],
    ]
    assert table.rows[0][-1].href == "/admin/publishing/route/"


def test_a_gauge_beyond_its_limit_is_marked() -> None:
    factories.account()
    desks.closed(net="-15000")
    watching.watch()

    table = risk_tables.gauges(selectors.book_risk())

    assert [cell.text for cell in table.rows[0]] == ["Day's loss", "1.50 %", "2.00 %", "75.0 %"]
    assert table.rows[0][1].tone == "warn"


@pytest.mark.parametrize(
    ("net", "shown"),
    [
        pytest.param("8", "0.00 %", id="a gain too small to be seen"),
        pytest.param("15000", "\N{MINUS SIGN}1.50 %", id="a gain"),
    ],
)
def test_a_gain_is_no_hyphen_and_no_minus_nothing(net: str, shown: str) -> None:
    factories.account()
    desks.closed(net=net)
    watching.watch()

    assert risk_tables.gauges(selectors.book_risk()).rows[0][1].text == shown


def test_the_stress_grid_is_spot_by_volatility() -> None:
    BookRisk.objects.create(
        account="DU1", at=clock.now(), sessions_n=0, cells=[
            {"spot_frac": s, "vol_volpts": v, "pnl_usd": s * 100_000 + v}
            for s in (-0.05, 0.0, 0.05) for v in (0.0, -5.0)
        ],
    )  # fmt: skip

    table = risk_tables.stress(selectors.book_risk())

    assert [column.label for column in table.columns] == [
        "Spot", f"Volatility {MINUS}5.00", "Volatility 0.00",
    ]  # fmt: skip
    assert texts(table)[0][0] == f"{MINUS}5.0 %"
    assert (table.rows[0][1].tone, table.rows[2][2].tone) == ("down", "up")


def test_denials_are_counted_by_rule() -> None:
    for n, code in enumerate(["SIGNAL_STALE", "SIGNAL_STALE", "DRAWDOWN"], start=1):
        factories.intent(n, denied_by=code, signal_changes={"state": "ended"})

    assert selectors.denials(factories.NOON) == [("SIGNAL_STALE", 2), ("DRAWDOWN", 1)]


def test_the_page_says_where_a_breaker_reduces() -> None:
    factories.account()
    desks.closed(net="-15000")
    watching.watch()

    assert [(s.scope, s.reason) for s in snapshot.scopes()] == [
        ("global", "breaker DAILY_LOSS_REDUCE")
    ]
    assert Decimal("0.7") == selectors.risk_multiplier()

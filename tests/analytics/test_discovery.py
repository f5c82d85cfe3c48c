"""When parameters are learned, that they are kept once, and that calculators use them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from analytics import discovery, parameters, states
from analytics.calculators import print_sizes
from analytics.models import DiscoveredParameter
from analytics.services import daily, flow
from quanticity.domain import calendar
from quanticity.domain.market import Bar
from quanticity.store import market
from tests import factories
from tests.factories import NOON, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
EVENING = datetime(2025, 11, 21, 21, 31, tzinfo=UTC)  # 31 minutes after the close


@pytest.fixture(autouse=True)
def unlearned():
    parameters.forget()
    yield
    parameters.forget()


def days(count: int) -> list[Bar]:
    session, found = calendar.session(TODAY), []
    for _ in range(count):
        session = calendar.previous_session(session.date)
        found.insert(0, Bar("SPY", session.open_at, 600.0, 601.0, 599.0, 600.0, 5e6, 600.0))
    return found


def learned() -> dict[str, Any]:
    return dict(DiscoveredParameter.objects.values_list("name", "value"))


def test_nothing_is_learned_before_the_evening(noon) -> None:
    market.replace_bars("SPY", "1day", days(25))
    noon.at = EVENING - timedelta(minutes=2)
    discovery.discover("SPY")

    assert learned() == {}


def test_the_evening_learns_and_the_calculators_use_it(noon) -> None:
    market.replace_bars("SPY", "1day", days(25))
    sizes = print_sizes.State((print_sizes.Day(TODAY, {700: 1_000}),))
    states.save("SPY", "print_sizes", sizes)
    noon.at = EVENING
    discovery.discover("SPY")

    assert learned()["vpin_bucket_shares"] == 5e6 / 50
    assert flow.large_print_usd("SPY") == pytest.approx(1.02**700.5)
    assert parameters.number("SPY", "vpin_bucket_shares") == 1e5


def test_a_second_run_of_an_evening_adds_nothing(noon) -> None:
    market.replace_bars("SPY", "1day", days(25))
    noon.at = EVENING
    discovery.discover("SPY")
    noon.at += timedelta(minutes=15)
    discovery.discover("SPY")

    assert DiscoveredParameter.objects.count() == 1


def test_a_missed_evening_is_made_up_before_the_next_open(noon) -> None:
    market.replace_bars("SPY", "1day", days(25))
    noon.at = datetime(2025, 11, 24, 14, 0, tzinfo=UTC)
    discovery.discover("SPY")

    (row,) = DiscoveredParameter.objects.all()
    assert row.valid_from == EVENING - timedelta(minutes=1)


def test_the_last_sample_of_a_session_is_the_days(noon) -> None:
    for minute, iv in ((0, 0.15), (15, 0.16)):
        noon.at = NOON + timedelta(minutes=minute)
        factories.reading("skew", {"atm_iv": iv})
        discovery.discover("SPY")

    assert discovery._daily("SPY", "atm_iv_day") == {TODAY: 0.16}


def test_a_report_changes_no_calculator(noon) -> None:
    DiscoveredParameter.objects.create(
        symbol="SPY", name="vpin_bucket_shares", value=1.0, unit="shares", n=1, method="by hand",
        is_applied=False, valid_from=NOON, source="sim",
    )  # fmt: skip

    assert parameters.number("SPY", "vpin_bucket_shares") is None


def test_a_learned_curve_replaces_the_default(noon) -> None:
    before = daily.share_of_day_done("SPY")
    DiscoveredParameter.objects.create(
        symbol="SPY", name="volume_curve", value=[0.5, 1.0], unit="share", n=20, method="mean",
        is_applied=True, valid_from=NOON, source="sim",
    )  # fmt: skip
    parameters.forget()

    assert daily.share_of_day_done("SPY") == pytest.approx(150 / 390)
    assert before != pytest.approx(150 / 390)


def test_a_session_that_runs_is_no_day_of_an_average(noon) -> None:
    running = Bar("SPY", calendar.session(TODAY).open_at, 600.0, 600.0, 600.0, 600.0, 1.0, 600.0)
    flow.seed_history("SPY", [], [*days(20), running])

    assert daily.adv_shares("SPY") == 5e6
    assert max(daily.closes("SPY")) == date(2025, 11, 20)

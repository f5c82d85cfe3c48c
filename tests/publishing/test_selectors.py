"""What a tier may read: nothing before its time, nothing outside the table."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from publishing import receipts, selectors, services, track_record
from publishing.models import Delivery
from quanticity.domain import clock
from quanticity.domain.tiers import Tier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
Make = Callable[..., Any]
DELAYS = [
    pytest.param(Tier.PREMIUM, 0, id="premium"),
    pytest.param(Tier.BASIC, 60, id="basic"),
    pytest.param(Tier.FREE, 300, id="free"),
]


@pytest.fixture
def told(trade: Make, record: Make) -> Any:
    """One entry, announced at noon."""
    position = trade()
    record(position, "ENTRY")
    services.announce_owed()
    return position


def deliver_all() -> None:
    for pk in services.deliver_owed():
        services.deliver(pk)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("tier", "delay"), DELAYS)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(after=st.floats(-10, 400))
def test_nothing_is_visible_before_its_time(
    at: Make, tier: Tier, delay: float, after: float
) -> None:
    now = at(after)  # whole microseconds

    assert len(selectors.visible_to(tier, now)) == (now >= at(delay))


@pytest.mark.usefixtures("told")
def test_the_page_needs_no_worker(at: Make) -> None:
    assert selectors.visible_to(Tier.FREE, at(300))[0].data["fill_price"] == "2.00"


@pytest.mark.usefixtures("told")
def test_the_free_page_holds_nothing_more_than_its_table(at: Make) -> None:
    shown = selectors.visible_to(Tier.FREE, at(300))[0].data

    assert not shown.keys() & {
        "quantity",
        "notional_usd",
        "stop_price",
        "targets",
        "confidence",
        "components",
        "strategy",
    }


@pytest.mark.usefixtures("told")
def test_what_is_shown_is_json(at: Make) -> None:
    assert json.dumps(selectors.visible_to(Tier.PREMIUM, at(0))[0].data, allow_nan=False)


def test_rehearsals_are_not_public(trade: Make, record: Make, at: Make) -> None:
    record(trade(probe=True), "ENTRY")
    services.announce_owed()

    assert selectors.visible_to(Tier.FREE, at(300), public=True) == []
    assert selectors.visible_to(Tier.FREE, at(300))[0].data["probe"] is True


def test_another_worlds_trades_are_not_shown(told: Any, at: Make, settings: Any) -> None:
    settings.TRADING_MODE = "live"

    assert selectors.visible_to(Tier.PREMIUM, at(0)) == []


def test_a_withheld_entry_is_not_shown(trade: Make, record: Make, at: Make) -> None:
    record(trade(), "ENTRY", age=301)
    services.announce_owed()
    deliver_all()

    assert selectors.visible_to(Tier.PREMIUM, at(0)) == []


def test_each_feed_counts_without_gaps(trade: Make, record: Make, noon: Any) -> None:
    for kind in ("ENTRY", "ADJUSTMENT", "EXIT"):
        position = trade()
        record(position, kind)
    services.announce_owed()
    noon.advance(300)
    deliver_all()

    assert [item.seq for item in selectors.feed(Tier.PREMIUM, 0, 10, clock.now())] == [1, 2, 3]
    assert [item.seq for item in selectors.feed(Tier.FREE, 0, 10, clock.now())] == [1, 2]


def test_a_feed_continues_after_a_place(trade: Make, record: Make) -> None:
    [record(trade(), "ENTRY") for _ in range(3)]
    services.announce_owed()
    deliver_all()

    assert [item.seq for item in selectors.feed(Tier.PREMIUM, 1, 1, clock.now())] == [2]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("tier", "delay"), DELAYS)
def test_a_feed_is_empty_before_its_release(tier: Tier, delay: float, noon: Any) -> None:
    noon.advance(delay - 0.001)
    deliver_all()

    assert selectors.feed(tier, 0, 10, clock.now()) == []


@pytest.mark.usefixtures("told")
def test_health_counts_what_is_owed(noon: Any) -> None:
    noon.advance(60)

    health = selectors.health(clock.now())

    assert (health.owed, health.waiting, health.oldest_owed_s, health.late_p99_s) == (
        4,
        2,
        60.0,
        None,
    )


@pytest.mark.usefixtures("told")
def test_health_knows_how_late_deliveries_were(noon: Any) -> None:
    noon.advance(1.5)
    deliver_all()
    Delivery.objects.filter(tier="free").update(state="DEAD")

    health = selectors.health(clock.now())

    assert (health.sent, health.dead, health.late_p99_s) == (2, 2, 1.5)


def test_the_ledger_is_exported_as_it_verifies(trade: Make, record: Make) -> None:
    [record(trade(), kind) for kind in ("ENTRY", "EXIT", "CORRECTION")]
    services.announce_owed()
    export = json.loads(json.dumps(track_record.export()))

    kinds = [one["kind"] for one in export]
    assert kinds == ["SIGNAL"] * 3 + ["EVENT", "EVENT", "CORRECTION"]
    assert receipts.verify(export) is None


def test_a_message_names_its_receipt(told: Any, at: Make) -> None:
    own = track_record.export()[1]

    assert selectors.visible_to(Tier.FREE, at(300))[0].data["receipt"] == f"R2 {own['hash'][:12]}"

"""Announcing and delivering: each tier at its time, once."""

from collections.abc import Callable
from typing import Any

import pytest

from execution.models import PositionEvent
from publishing import services
from publishing.models import Announcement, Delivery, Receipt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
State = Delivery.State
Make = Callable[..., Any]


def row(channel: str, tier: str, **by: Any) -> Delivery:
    return Delivery.objects.get(channel=channel, tier=tier, **by)


def deliver_all() -> list[int]:
    ids = services.deliver_owed()
    for pk in ids:
        services.deliver(pk)
    return ids


def test_an_event_becomes_one_announcement(trade: Make, record: Make) -> None:
    record(trade(), "ENTRY")

    services.announce_owed()
    services.announce_owed()

    assert Announcement.objects.count() == 1


def test_every_tier_and_channel_gets_its_row(trade: Make, record: Make) -> None:
    record(trade(), "ENTRY")

    owed = services.announce_owed()

    assert len(owed) == Delivery.objects.count() == 6  # console and web, three tiers


def test_tiers_wait_their_time(trade: Make, record: Make, at: Make) -> None:
    record(trade(), "ENTRY")

    services.announce_owed()

    due = [row("console", tier).due_at for tier in ("premium", "basic", "free")]
    assert due == [at(0), at(60), at(300)]


def test_a_repeated_event_row_changes_nothing(trade: Make, record: Make) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()
    PositionEvent.objects.update(announced=False)

    assert services.announce_owed() == []
    assert Receipt.objects.filter(kind="EVENT").count() == 1


def test_a_late_record_starts_its_clock_when_recorded(trade: Make, record: Make, at: Make) -> None:
    record(trade(), "ENTRY", age=6)

    services.announce_owed()

    assert Announcement.objects.get().clock_at == at(0)


def test_a_prompt_record_keeps_the_fills_clock(trade: Make, record: Make, at: Make) -> None:
    record(trade(), "ENTRY", age=5)

    services.announce_owed()

    assert Announcement.objects.get().clock_at == at(-5)


def test_premium_goes_at_once(
    trade: Make, record: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()

    deliver_all()

    assert capsys.readouterr().out.count("premium | [SIM] SPY 21 Nov 25 600C entry") == 1


def test_an_early_hint_does_nothing(trade: Make, record: Make, noon: Any) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()
    noon.advance(59.999)

    assert services.deliver(row("console", "basic").pk) is None
    assert row("console", "basic").attempts == 0


def test_all_are_sent_in_the_end_and_never_early(trade: Make, record: Make, noon: Any) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()
    deliver_all()
    noon.advance(60)
    deliver_all()
    noon.advance(240)
    deliver_all()

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    assert all(d.sent_at == d.due_at for d in Delivery.objects.all())


def test_a_second_hint_sends_nothing(
    trade: Make, record: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()
    pk = row("console", "premium").pk

    assert services.deliver(pk) == State.SENT
    assert services.deliver(pk) is None
    assert capsys.readouterr().out.count("\n") == 1


def test_an_exit_waits_for_its_entry(trade: Make, record: Make) -> None:
    position = trade()
    record(position, "ENTRY")
    record(position, "EXIT")
    services.announce_owed()
    exit_row = row("console", "premium", announcement__kind="EXIT")

    assert services.deliver(exit_row.pk) is None
    assert exit_row.pk not in services.deliver_owed()


def test_a_backlog_is_not_named_every_second(trade: Make, record: Make, noon: Any) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()
    named = services.deliver_owed()
    noon.advance(4.9)

    assert len(named) == 2
    assert services.deliver_owed() == []
    noon.advance(0.1)
    assert services.deliver_owed() == named

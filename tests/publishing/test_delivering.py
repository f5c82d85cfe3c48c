"""One delivery over a real HTTP server: every outcome, every crash, every race."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from publishing import delivering, holders, outbox, routes, services
from publishing.channels.discord import Discord
from publishing.models import Announcement, Delivery, Receipt, Route
from quanticity.domain import clock
from quanticity.domain.market import Quote
from quanticity.domain.tiers import Tier
from quanticity.models import AuditEntry

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
State = Delivery.State
Make = Callable[..., Any]


@pytest.fixture
def webhook(fake_discord: Any, settings: Any) -> Any:
    """Premium has a Discord webhook; the other tiers have none."""
    settings.DISCORD_WEBHOOKS = {
        **dict.fromkeys(settings.DISCORD_WEBHOOKS, ""),
        "premium": fake_discord.url,
    }
    return fake_discord


@pytest.fixture
def due(webhook: Any, trade: Make, record: Make) -> Callable[..., Delivery]:
    """Record one event; return premium's delivery of it on Discord, which is due at once."""

    def make(kind: str = "ENTRY", position: Any = None) -> Delivery:
        event = record(position or trade(), kind)
        services.announce_owed()
        return Delivery.objects.get(
            channel="discord",
            tier="premium",
            announcement__trade_id=event.position_id,
            announcement__seq=event.seq,
        )

    return make


def seen(row: Delivery) -> Delivery:
    row.refresh_from_db()
    return row


def test_a_post_is_kept_with_discords_id(due: Make, webhook: Any) -> None:
    row = due()

    assert services.deliver(row.pk) == State.SENT
    assert seen(row).receipt == "m1"
    assert row.sent_at is not None
    assert webhook.requests[0]["body"]["embeds"][0]["title"] == "[SIM] SPY 21 Nov 25 600C entry"


def test_a_rate_limit_closes_the_route_for_as_long_as_it_says(
    due: Make, webhook: Any, noon: Any
) -> None:
    first, second = due(), due()
    webhook.answer(429, {"retry_after": 65})
    services.deliver(first.pk)
    webhook.answer(200, {"id": "m2"})
    noon.advance(64.9)

    assert services.deliver(first.pk) is None
    assert services.deliver(second.pk) is None
    assert len(webhook.requests) == 1
    assert seen(first).failures == 0
    noon.advance(0.2)
    assert services.deliver(first.pk) == services.deliver(second.pk) == State.SENT


def test_a_rate_limit_touches_no_other_channel(due: Make, webhook: Any) -> None:
    webhook.answer(429, {"retry_after": 65})
    services.deliver(due().pk)

    assert (
        services.deliver(Delivery.objects.get(channel="console", tier="premium").pk) == State.SENT
    )


def test_waiting_for_a_service_is_not_scaled_with_the_clock(
    due: Make, webhook: Any, noon: Any
) -> None:
    noon.speed = 60.0
    row = due()
    webhook.answer(429, {"retry_after": 10})
    services.deliver(row.pk)

    assert seen(row).not_before_at == clock.now() + timedelta(seconds=600)


def due_while_others_get_through(due: Make, noon: Any, kind: str = "ENTRY") -> Delivery:
    row, other = due(kind), due(kind)
    noon.advance(0.001)
    services.deliver(other.pk)
    return row


def test_while_nothing_gets_through_no_try_counts(due: Make, webhook: Any, noon: Any) -> None:
    row = due("EXIT")
    webhook.answer(503)
    for _ in range(45):  # an outage of more than half an hour
        services.deliver(row.pk)
        noon.advance(73)

    assert seen(row).state == State.PENDING
    webhook.answer(200, {"id": "m1"})
    assert services.deliver(row.pk) == State.SENT


def test_failures_climb_the_ladder_and_end_dead(due: Make, webhook: Any, noon: Any) -> None:
    row, waits = due_while_others_get_through(due, noon), []
    webhook.answer(500, {"message": "oops"})
    while services.deliver(row.pk) == State.PENDING:
        waits.append((seen(row).not_before_at - clock.now()).total_seconds())
        noon.advance(waits[-1])

    assert all(step <= wait <= 1.2 * step for step, wait in zip((1, 3, 7, 15), waits, strict=True))
    assert seen(row).state == State.DEAD
    assert "500" in row.error
    assert row.failures == 5


def test_an_exit_is_tried_twenty_times(due: Make, webhook: Any, noon: Any) -> None:
    row, waits = due_while_others_get_through(due, noon, "EXIT"), []
    webhook.answer(503)
    while services.deliver(row.pk) == State.PENDING:
        waits.append((seen(row).not_before_at - clock.now()).total_seconds())
        noon.advance(waits[-1])

    ladder = [1, 3, 7, 15, 30] + [60] * 14
    assert all(step <= wait <= 1.2 * step for step, wait in zip(ladder, waits, strict=True))


def test_no_retry_comes_before_retry_after(due: Make, webhook: Any, noon: Any) -> None:
    row = due()
    webhook.answer(503, None, Retry_After="40")
    services.deliver(row.pk)
    noon.advance(39)

    assert services.deliver(row.pk) is None


def test_a_refused_message_is_dead_at_once_and_says_why(due: Make, webhook: Any) -> None:
    row = due()
    webhook.answer(400, {"embeds": ["0: too long"]})

    assert services.deliver(row.pk) == State.DEAD
    assert "too long" in seen(row).error
    assert "s3cr3t" not in row.error


def test_a_revoked_webhook_parks_its_rows_and_alarms(due: Make, webhook: Any, caplog: Any) -> None:
    first, second = due(), due()
    webhook.answer(404, {"message": "Unknown Webhook", "code": 10015})
    services.deliver(first.pk)

    assert seen(first).state == State.PENDING
    assert services.deliver(second.pk) is None
    assert AuditEntry.objects.get().action == "revoke_route"
    assert "CRITICAL" in caplog.text
    assert "s3cr3t" not in caplog.text
    assert first.pk not in services.deliver_owed()
    assert len(webhook.requests) == 1


def test_a_new_credential_opens_the_route_again(due: Make, webhook: Any, settings: Any) -> None:
    row = due()
    webhook.answer(401)
    services.deliver(row.pk)
    webhook.answer(200, {"id": "m2"})
    settings.DISCORD_WEBHOOKS = {**settings.DISCORD_WEBHOOKS, "premium": webhook.url + "-renewed"}

    assert services.deliver(row.pk) == State.SENT


def test_an_operator_opens_a_route_again(due: Make, webhook: Any) -> None:
    row = due()
    routes.revoke(("discord", "premium"), clock.now(), "404")
    services.reopen_route("discord", row.tier, actor="ada", reason="was a mistake")

    assert services.deliver(row.pk) == State.SENT
    assert not Route.objects.exists()


def test_no_answer_is_repeated_once_and_flagged(
    due: Make, webhook: Any, noon: Any, monkeypatch: Any
) -> None:
    row = due()
    webhook.script = [(0, {}, ""), (200, {}, '{"id": "m2"}')]
    webhook.let_go.set()  # the server takes the request and hangs up

    assert services.deliver(row.pk) == State.PENDING
    noon.advance(1.2)
    assert services.deliver(row.pk) == State.SENT
    assert seen(row).ambiguous
    assert len(webhook.requests) == 2


def test_a_doubtful_adjustment_is_left_alone(due: Make, webhook: Any) -> None:
    row = due("ADJUSTMENT")
    webhook.script = [(0, {}, "")]
    webhook.let_go.set()

    assert services.deliver(row.pk) == State.AMBIGUOUS
    assert row.pk not in services.deliver_owed()


def test_a_doubtful_adjustment_holds_no_exit_back(due: Make, webhook: Any, trade: Make) -> None:
    position = trade()
    due("ADJUSTMENT", position)
    Delivery.objects.update(state=State.AMBIGUOUS)

    assert services.deliver(due("EXIT", position).pk) == State.SENT


def test_a_crash_during_the_call_is_repeated_and_flagged(
    due: Make, webhook: Any, noon: Any
) -> None:
    row = outbox.claim(due().pk, clock.now())
    outbox.begin(row)  # and the worker's machine goes down here
    noon.advance(59)
    assert services.deliver_owed().count(row.pk) == 0
    noon.advance(1)
    services.deliver_owed()
    noon.advance(1.2)

    assert services.deliver(row.pk) == State.SENT
    assert seen(row).ambiguous


def test_a_crash_before_the_call_is_repeated_without_a_doubt(due: Make, noon: Any) -> None:
    row = outbox.claim(due().pk, clock.now())  # and the worker's machine goes down here
    noon.advance(1)

    assert services.deliver(row.pk) == State.SENT
    assert not seen(row).ambiguous


def test_a_worker_that_slept_past_its_lease_changes_nothing(due: Make, noon: Any) -> None:
    asleep = outbox.claim(due().pk, clock.now())
    noon.advance(60)
    services.deliver(asleep.pk)

    assert not outbox.move(asleep, to=State.SENDING)
    assert seen(asleep).state == State.SENT


@pytest.mark.usefixtures("webhook")
def test_what_a_killed_worker_had_claimed_is_free_at_once(due: Make, ended_process: str) -> None:
    row = outbox.claim(due().pk, clock.now())
    Delivery.objects.update(claimed_by=ended_process)

    services.take_over()

    assert services.deliver(row.pk) == State.SENT
    assert not seen(row).ambiguous


@pytest.mark.usefixtures("webhook")
def test_what_a_killed_worker_was_sending_is_a_doubt_at_once(
    due: Make, noon: Any, ended_process: str
) -> None:
    row = outbox.claim(due().pk, clock.now())
    outbox.begin(row)
    Delivery.objects.update(claimed_by=ended_process)

    services.take_over()
    noon.advance(1.2)

    assert services.deliver(row.pk) == State.SENT
    assert seen(row).ambiguous


def test_what_a_living_worker_holds_stays_with_it(due: Make, webhook: Any) -> None:
    row = outbox.claim(due().pk, clock.now())
    outbox.begin(row)

    services.take_over()

    assert seen(row).state == State.SENDING


def test_a_lease_lasts_real_seconds_on_a_fast_clock(due: Make, noon: Any) -> None:
    noon.speed = 60.0
    row = outbox.claim(due().pk, clock.now())
    noon.advance(59)

    assert outbox.claim(row.pk, clock.now()) is None


def test_of_two_workers_that_both_saw_it_one_has_it(
    due: Make, webhook: Any, monkeypatch: Any
) -> None:
    row, rivals = due(), []

    def rival_comes_first() -> str:  # called between the look and the UPDATE
        monkeypatch.setattr(holders, "me", lambda: "rival")
        rivals.append(services.deliver(row.pk))
        return "us"

    monkeypatch.setattr(holders, "me", rival_comes_first)

    assert services.deliver(row.pk) is None
    assert rivals == [State.SENT]
    assert len(webhook.requests) == 1


def test_a_late_entry_is_withheld_and_says_so(due: Make, webhook: Any, noon: Any) -> None:
    row = due()
    noon.advance(301)

    assert services.deliver(row.pk) == State.EXPIRED
    assert webhook.requests[0]["body"]["embeds"][0]["title"] == "[SIM] SPY entry withheld"
    assert seen(row).receipt == "m1"


def test_an_entry_that_was_old_news_is_withheld_from_everyone(
    webhook: Any, trade: Make, record: Make, noon: Any
) -> None:
    record(trade(), "ENTRY", age=301)
    services.announce_owed()
    noon.advance(300)
    [services.deliver(pk) for pk in services.deliver_owed()]

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.EXPIRED}


def test_what_premium_heard_too_late_to_be_told_no_slower_tier_is_told(
    trade: Make, record: Make, noon: Any
) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()
    noon.advance(350)  # nothing was sent meanwhile: premium's limit is over, the others' are not
    services.deliver_due()

    told = Delivery.objects.filter(channel="console")
    assert {(row.tier, row.state) for row in told} == {(t, State.EXPIRED) for t in Tier}


def test_a_slow_channel_of_premium_withholds_nothing_that_premium_heard(
    trade: Make, record: Make, noon: Any
) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()
    services.deliver_due()
    noon.advance(350)
    services.deliver_due()

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}


def test_tiers_keep_their_distance_when_an_event_is_taken_over_late(
    trade: Make, record: Make, noon: Any
) -> None:
    record(trade(), "ENTRY")
    noon.advance(100)  # the worker was away
    services.announce_owed()

    rows = Delivery.objects.filter(channel="console")
    waits = {row.tier: (row.due_at - clock.now()).total_seconds() for row in rows}
    assert waits == {"premium": 0, "basic": 60, "free": 300}


@pytest.mark.parametrize("kind", ["ADJUSTMENT", "SCALE_OUT", "CORRECTION"])
def test_a_withheld_entry_is_not_given_away_by_what_follows(
    trade: Make, record: Make, kind: str
) -> None:
    position = trade()
    record(position, "ENTRY", age=301)
    record(position, kind)
    services.announce_owed()

    followed = Announcement.objects.get(kind=kind)
    assert (followed.withheld, followed.deliveries.count()) == (True, 0)
    ledgered = Receipt.objects.filter(kind__in=("EVENT", "CORRECTION"))
    assert [one.body["facts"].get("contract") for one in ledgered] == [None, None]


def test_the_outcome_of_a_withheld_entry_is_told_and_may_be_corrected(
    trade: Make, record: Make
) -> None:
    position = trade()
    record(position, "ENTRY", age=301)
    for kind in ("EXIT", "CORRECTION"):
        record(position, kind)
    services.announce_owed()

    told = Announcement.objects.filter(kind__in=("EXIT", "CORRECTION"))
    assert [(one.withheld, one.deliveries.exists()) for one in told] == [(False, True)] * 2


def test_after_a_late_entry_was_withheld_nothing_is_told_before_the_outcome(
    trade: Make, record: Make, noon: Any
) -> None:
    position = trade()
    record(position, "ENTRY")
    services.announce_owed()
    noon.advance(350)
    services.deliver_due()
    for kind in ("ADJUSTMENT", "SCALE_OUT", "EXIT"):
        record(position, kind)
    services.announce_owed()
    noon.advance(300)
    services.deliver_due()

    told = Delivery.objects.filter(channel="console", state=State.SENT)
    assert set(told.values_list("announcement__kind", flat=True)) == {"EXIT"}


def test_a_late_exit_is_sent_and_says_how_late(due: Make, webhook: Any, noon: Any) -> None:
    row = due("EXIT")
    noon.advance(86_400)

    assert services.deliver(row.pk) == State.SENT
    assert (
        webhook.requests[0]["body"]["embeds"][0]["fields"][0]["value"]
        == "Sent late by 24 h 00 min."
    )


def test_a_late_adjustment_is_not_sent(due: Make, webhook: Any, noon: Any) -> None:
    row = due("ADJUSTMENT")
    noon.advance(601)

    assert services.deliver(row.pk) == State.EXPIRED
    assert webhook.requests == []


def test_exits_go_first_and_premium_before_the_rest(
    webhook: Any, trade: Make, record: Make, noon: Any
) -> None:
    for kind in ("ADJUSTMENT", "ENTRY", "EXIT"):
        record(trade(), kind)
    services.announce_owed()
    noon.advance(300)

    urgent = [
        Delivery.objects.select_related("announcement").get(pk=pk) for pk in services.deliver_owed()
    ]

    told = [(row.announcement.kind, row.tier) for row in urgent]
    assert told == sorted(
        told,
        key=lambda t: (
            ("EXIT", "ENTRY", "ADJUSTMENT").index(t[0]),
            ("premium", "basic", "free").index(t[1]),
        ),
    )


def test_facts_that_cannot_be_written_are_a_dead_letter(due: Make) -> None:
    row = due()
    Announcement.objects.update(facts={"trade_no": "T-1"})

    assert services.deliver(row.pk) == State.DEAD
    assert "cannot be written" in seen(row).error


def test_a_dead_letter_is_redriven_with_its_token(due: Make, webhook: Any) -> None:
    row = due()
    webhook.answer(400)
    services.deliver(row.pk)
    webhook.answer(200, {"id": "m2"})

    assert services.redrive([row.pk], actor="ada", reason="fixed") == [row.pk]
    assert services.deliver(row.pk) == State.SENT
    assert webhook.requests[0]["body"] == webhook.requests[1]["body"]


def test_what_was_sent_is_not_redriven(due: Make) -> None:
    row = due()
    services.deliver(row.pk)

    assert services.redrive([row.pk], actor="ada", reason="again") == []


@pytest.mark.parametrize(
    ("uptime_s", "state"),
    [
        pytest.param(59.0, None, id="by uptime it is early"),
        pytest.param(60.5, State.SENT, id="by both it is due"),
    ],
)
def test_a_clock_set_forward_releases_nothing_early(
    trade: Make,
    record: Make,
    noon: Any,
    settings: Any,
    monkeypatch: Any,
    uptime_s: float,
    state: Any,
) -> None:
    settings.TRADING_MODE = "paper"
    monkeypatch.setattr(outbox, "clock_skew_s", lambda: 0.0)
    booted = clock.boot_seconds()
    monkeypatch.setattr(clock, "boot_seconds", lambda: booted)
    record(trade(source="paper"), "EXIT")
    services.announce_owed()
    noon.advance(600)  # somebody sets the clock
    monkeypatch.setattr(clock, "boot_seconds", lambda: booted + uptime_s)

    assert services.deliver(Delivery.objects.get(channel="console", tier="basic").pk) == state


def test_a_host_whose_clock_is_off_sends_nothing(due: Make, monkeypatch: Any) -> None:
    monkeypatch.setattr(outbox, "clock_skew_s", lambda: 0.3)

    assert services.deliver(due().pk) is None


def test_another_worlds_trade_goes_nowhere(trade: Make, record: Make) -> None:
    record(trade(source="replay"), "ENTRY")

    assert services.announce_owed() == []
    assert Announcement.objects.count() == 1


def test_a_channel_without_credential_has_no_rows(trade: Make, record: Make) -> None:
    record(trade(), "ENTRY")
    services.announce_owed()

    assert not Delivery.objects.filter(channel=Discord.name).exists()


def test_the_mid_at_release_is_kept_with_the_row(due: Make, trade: Make, monkeypatch: Any) -> None:
    now = clock.now()
    quote = Quote("SPY251121C00600000", 2.1, 2.2, 10, 10, 2.1, now, now)
    monkeypatch.setattr(delivering.market, "contract_quote", lambda _: quote)
    row = due()
    services.deliver(row.pk)

    assert seen(row).price_now == seen(row).price_now.__class__("2.15")


@pytest.mark.parametrize(
    "change",
    [{"event_at": -61}, {"bid": None}, {"bid": 3.0}],
    ids=["stale", "one-sided", "crossed"],
)
def test_an_unknown_mid_is_nothing(due: Make, monkeypatch: Any, change: dict[str, Any]) -> None:
    now = clock.now()
    values = (
        {"event_at": now + timedelta(seconds=change["event_at"])}
        if "event_at" in change
        else change
    )
    quote = replace(Quote("SPY251121C00600000", 2.1, 2.2, 10, 10, 2.1, now, now), **values)
    monkeypatch.setattr(delivering.market, "contract_quote", lambda _: quote)
    row = due()
    services.deliver(row.pk)

    assert seen(row).price_now is None

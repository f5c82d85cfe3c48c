"""Routes: what each channel carries, approval, budgets, and what ends a doubt."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from analytics.models import Source
from execution.models import Position
from publishing import announcing, outbox, routes, services, track_record
from publishing.models import Delivery, Route
from quanticity.config import loader
from quanticity.domain import clock
from quanticity.domain.market import Quote
from quanticity.domain.tiers import Tier
from quanticity.models import AuditEntry
from quanticity.store import market
from tests.publishing.fake_service import FakeService

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db]
State = Delivery.State
Make = Callable[..., Any]


@pytest.fixture
def override() -> Iterator[Callable[..., None]]:
    """Turn numbers as an operator would."""
    yield lambda **numbers: loader.lay_over({k.replace("__", "."): v for k, v in numbers.items()})
    loader.lay_over({})


@pytest.fixture
def x(no_store: None, settings: Any, service: FakeService) -> FakeService:
    """Our account on X, which takes everything."""
    settings.X_KEYS, settings.X_API_URL = ("a", "b", "c", "d"), service.url
    service.on("POST /2/tweets", {"data": {"id": "99", "text": "…"}}, status=201)
    return service


@pytest.fixture
def told(trade: Make, record: Make) -> Make:
    """Record one event of a new trade and announce it."""

    def make(kind: str, position: Any = None, **changes: Any) -> Any:
        position = position or trade()
        record(position, kind, **changes)
        services.announce_owed()
        return position

    return make


def on_x() -> list[str]:
    rows = Delivery.objects.filter(channel="x").order_by("pk")
    return list(rows.values_list("announcement__kind", flat=True))


def test_x_hears_of_closed_trades_only_winners_and_losers_alike(
    x: Any, told: Make, noon: Any
) -> None:
    told("ENTRY")
    told("EXIT", result="WIN")
    told("EXIT", result="LOSS", return_frac="-0.45", realised_net_usd="-9.00")
    noon.advance(300)
    services.deliver_due()

    assert on_x() == ["EXIT", "EXIT"]
    texts = [asked.json["text"].split("\n")[0] for asked in x.asked]
    assert texts == [
        "[SIM] SPY 21 Nov 25 600C closed - WIN",
        "[SIM] SPY 21 Nov 25 600C closed - LOSS",
    ]


def test_x_is_told_when_free_is(x: Any, told: Make, noon: Any) -> None:
    told("EXIT")
    noon.advance(299.9)
    services.deliver_due()
    assert x.asked == []
    noon.advance(0.1)
    services.deliver_due()

    assert len(x.asked) == 1


def test_a_post_on_x_that_is_an_hour_late_is_skipped(x: Any, told: Make, noon: Any) -> None:
    told("EXIT")
    noon.advance(300 + 3_601)
    services.deliver_due()

    assert x.asked == []
    assert Delivery.objects.get(channel="x").state == State.EXPIRED


def teaser() -> None:
    facts = {"title": "Before the open", "period": "Nov 20, 2025", "n_trades": 0, "n_wins": 0, "n_losses": 0, "n_flats": 0, "net_frac": None}  # fmt: skip
    announcing.post("TEASER-1", "TEASER", facts)


def test_a_held_post_goes_out_when_it_is_approved(x: Any, noon: Any) -> None:
    teaser()
    services.deliver_due()
    waiting = Delivery.objects.get(channel="x")
    assert (waiting.state, x.asked) == (State.PENDING, [])
    assert services.approve([waiting.pk], actor="ada") == 1
    services.deliver_due()

    assert len(x.asked) == 1
    assert AuditEntry.objects.get().action == "approve"


def test_what_nobody_approves_in_time_is_dropped(x: Any, noon: Any) -> None:
    teaser()
    noon.advance(3_601)
    services.deliver_owed()

    assert Delivery.objects.get(channel="x").state == State.EXPIRED


def test_the_last_posts_of_a_day_are_for_closed_trades(
    x: Any, told: Make, noon: Any, override: Any
) -> None:
    override(
        publishing__routes__x_per_day=2,
        publishing__routes__x_reserved=1,
        publishing__routes__held_kinds=[],
    )
    told("EXIT")
    noon.advance(300)
    services.deliver_due()
    teaser()
    services.deliver_due()
    told("EXIT")
    told("EXIT")
    noon.advance(300)
    services.deliver_due()

    rows = Delivery.objects.filter(channel="x").order_by("pk")
    assert list(rows.values_list("announcement__kind", "state")) == [
        ("EXIT", "SENT"), ("TEASER", "EXPIRED"), ("EXIT", "SENT"), ("EXIT", "EXPIRED"),
    ]  # fmt: skip


def test_a_doubt_on_x_is_looked_up_before_anything_is_repeated(
    x: Any, told: Make, noon: Any
) -> None:
    position = told("EXIT")
    x.on("POST /2/tweets", None)
    x.let_go.set()
    x.on("GET /2/users/me", {"data": {"id": "7", "name": "q", "username": "q"}})
    mine = {"id": "55", "text": f"…\n#{position.pk}-1", "edit_history_tweet_ids": []}
    x.on("GET /2/users/7/tweets", {"data": [mine]})
    noon.advance(300)
    services.deliver_due()
    assert Delivery.objects.get(channel="x").ambiguous
    noon.advance(1.3)
    services.deliver_due()

    row = Delivery.objects.get(channel="x")
    assert (row.state, row.receipt, row.ambiguous) == (State.SENT, "55", False)
    assert [asked.method for asked in x.asked] == ["POST", "GET", "GET"]


def test_a_doubt_that_was_not_found_is_sent_and_stays_flagged(
    x: Any, told: Make, noon: Any
) -> None:
    told("EXIT")
    x.answers["POST /2/tweets"] = [(0, {}, ""), (201, {}, '{"data": {"id": "56", "text": "x"}}')]
    x.let_go.set()
    x.on("GET /2/users/me", {"data": {"id": "7", "name": "q", "username": "q"}})
    x.on("GET /2/users/7/tweets", {"data": []})
    noon.advance(300)
    services.deliver_due()
    noon.advance(1.3)
    services.deliver_due()

    row = Delivery.objects.get(channel="x")
    assert (row.state, row.receipt, row.ambiguous) == (State.SENT, "56", True)


def test_telegram_replies_to_the_trades_first_message(
    no_store: None, settings: Any, service: FakeService, told: Make
) -> None:
    settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_API_URL = "1:token", service.url
    settings.TELEGRAM_CHATS = {"premium": "@premium", "basic": "", "free": ""}
    sent = {"message_id": 41, "date": 0, "chat": {"id": 1, "type": "channel"}}
    service.on("POST /bot1:token/sendMessage", {"ok": True, "result": sent})
    position = told("ENTRY")
    told("EXIT", position)
    services.deliver_due()

    entry, leave = (asked.form for asked in service.asked)
    assert "reply_parameters" not in entry
    assert '"message_id": 41' in leave["reply_parameters"]


def test_x_hears_of_no_rehearsal(x: Any, told: Make, trade: Make, noon: Any) -> None:
    position = trade(probe=True)
    told("EXIT", position)
    noon.advance(300)
    services.deliver_due()

    assert on_x() == []
    assert Delivery.objects.filter(announcement__trade_id=position.trade_id).exists()
    assert x.asked == []


def test_the_closing_analysis_has_a_channel_of_its_own(settings: Any) -> None:
    settings.DISCORD_WEBHOOKS = {**settings.DISCORD_WEBHOOKS, "analysis": "https://d/1", "premium": "https://d/2"}  # fmt: skip
    keys = [key for key in routes.enabled() if routes.serves(key, "MOC")]

    assert ("analysis", "premium") in keys
    assert ("discord", "premium") not in keys
    assert not routes.serves(("analysis", "premium"), "EXIT")


@pytest.mark.usefixtures("no_store")
def test_free_may_be_told_of_the_first_trades_of_a_session_only(
    told: Make, noon: Any, override: Any
) -> None:
    override(publishing__tiers__free_max_trades_per_session=1)
    first, second = told("ENTRY"), told("ENTRY")
    told("EXIT", first)
    told("EXIT", second)
    free = Delivery.objects.filter(tier="free", channel="web").order_by("pk")

    assert [row.announcement.trade_id for row in free] == [first.pk, first.pk]
    noon.advance(3 * 86_400)
    third = told("ENTRY")
    assert Delivery.objects.filter(tier="free", announcement__trade_id=third.pk).exists()


@pytest.mark.usefixtures("no_store")
def test_free_hears_of_no_more_and_of_no_half_a_trade_when_all_is_announced_at_once(
    trade: Make, record: Make, override: Any
) -> None:
    override(publishing__tiers__free_max_trades_per_session=1)
    first, second = trade(), trade()
    for position in (first, second):
        record(position, "ENTRY")
        record(position, "EXIT")
    services.announce_owed()
    free = Delivery.objects.filter(tier="free", channel="web").order_by("pk")

    heard = [(row.announcement.trade_id, row.announcement.kind) for row in free]
    assert heard == [(first.pk, "ENTRY"), (first.pk, "EXIT")]


def test_the_touch_at_each_tiers_release_is_kept(store: None, told: Make, noon: Any) -> None:
    position = told("ENTRY")
    for at_s, bid in ((0, 2.0), (60, 2.2), (240, 2.5)):
        noon.advance(at_s)
        now = clock.now()
        market.write_contract_quotes([Quote(position.occ, bid, bid + 0.1, 1, 1, bid, now, now)])
        services.deliver_due()
    told("EXIT", position)
    market.write_contract_quotes(
        [Quote(position.occ, 3.0, 3.1, 1, 1, 3.0, clock.now(), clock.now())]
    )
    services.deliver_due()
    Position.objects.update(
        state="CLOSED", closed_at=clock.now(), quantity_total=4, commission_usd=5
    )

    met = {tier: track_record.told(Source.SIM, tier)[0].legs for tier in Tier}
    asks = [legs[0].ask for legs in met.values()]
    assert asks == [Decimal("2.1000"), Decimal("2.3000"), Decimal("2.6000")]
    assert met[Tier.PREMIUM][1].bid == Decimal("3.0000")
    assert met[Tier.FREE][1].bid is None  # free has not been told of the exit yet


def test_marketing_never_takes_the_last_of_a_budget(
    no_store: None, settings: Any, fake_discord: Any, told: Make, noon: Any, override: Any
) -> None:
    override(publishing__routes__limits={"127_0_0_1": [[1, 60.0]]})
    routes._channel.cache_clear()
    settings.DISCORD_WEBHOOKS = {**settings.DISCORD_WEBHOOKS, "free": fake_discord.url + "-paced"}
    teaser()
    services.deliver_due()
    assert fake_discord.requests == []  # the one post that may go is left for the rest
    told("EXIT")
    noon.advance(300)
    services.deliver_due()

    assert len(fake_discord.requests) == 1
    assert Delivery.objects.get(channel="discord", announcement__kind="EXIT").state == State.SENT
    routes._channel.cache_clear()


def test_what_was_claimed_and_not_begun_is_given_back(
    no_store: None, told: Make, noon: Any
) -> None:
    told("ENTRY")
    told("ENTRY")
    rows = outbox.claim_some("console", "premium", clock.now(), 10)
    outbox.give_back(rows)

    assert len(rows) == 2
    assert len(outbox.claim_some("console", "premium", clock.now(), 10)) == 2
    assert outbox.claim_some("console", "premium", clock.now(), 10) == []


def test_x_hears_of_a_correction_of_what_it_told_and_of_no_other(
    x: Any, told: Make, trade: Make, record: Make
) -> None:
    position = trade()
    for kind, corrects in (
        ("ENTRY", ""),
        ("CORRECTION", "ENTRY"),
        ("EXIT", ""),
        ("CORRECTION", "EXIT"),
    ):
        record(position, kind, **({"corrects": corrects} if corrects else {}))
    services.announce_owed()

    carried = Delivery.objects.filter(channel="x").order_by("announcement__seq")
    assert list(carried.values_list("announcement__seq", flat=True)) == [3, 4]


def test_a_limit_on_all_of_discord_closes_all_of_its_routes(
    fake_discord: Any, told: Make, settings: Any
) -> None:
    settings.DISCORD_WEBHOOKS = dict.fromkeys(settings.DISCORD_WEBHOOKS, fake_discord.url)
    fake_discord.answer(429, {"retry_after": 30, "global": True})
    told("EXIT")
    services.deliver_due()

    waiting = set(Route.objects.values_list("channel", "tier"))
    assert waiting == {("discord", t) for t in ("premium", "basic", "free")} | {
        ("analysis", "premium")
    }
    assert len(fake_discord.requests) == 1

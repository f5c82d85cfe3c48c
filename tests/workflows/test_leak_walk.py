"""The leak walk: real events through every surface for every tier, before and after their release.

Every fact of a trade is a value that is found nowhere else. What a tier may not see is written down
here a second time, by the table of DOMAIN 7.3, and looked for in everything that it can reach.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analytics.models import Signal
from execution.models import OrderIntent, Position, PositionEvent
from publishing import recording, selectors, services
from publishing.bot import commands
from publishing.channels import console, discord_embed, telegram_html, tweet, webhook
from publishing.messages import writing
from publishing.messages.message import Message
from publishing.models import Delivery
from publishing.scenarios import SCENARIOS
from publishing.subscriptions.models import Entitlement, TelegramLink
from publishing.tiers import hears
from quanticity.domain import clock
from quanticity.domain.tiers import Tier
from quanticity.store.client import client as store_client
from reporting.dashboard import live

pytestmark = [pytest.mark.django_db]
KINDS = ("ENTRY", "ADJUSTMENT", "SCALE_OUT", "EXIT", "EXPIRY", "CORRECTION")
DELAY_S = {Tier.PREMIUM: 0, Tier.BASIC: 60, Tier.FREE: 300}
SITE = "https://quanticity.example"
# Each fact: its value, and the texts by which any surface could show it.
CANARIES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "strategy": ("14DTE", ("14DTE",)),
    "quantity": (7919, ("7919", "7,919")),
    "remaining_quantity": (6133, ("6133", "6,133")),
    "notional_usd": ("948.11", ("948.11",)),
    "commission_usd": ("5.43", ("5.43",)),
    "stop_price": ("1.19", ("1.19",)),
    "stop_from": ("1.07", ("1.07",)),
    "targets": (["2.91", "3.83"], ("3.83",)),
    "confidence": (87.3, ("87.3", "87 of")),
    "components": ([{"name": "canary gamma", "value": 24.7}], ("canary gamma", "24.7")),
    "tags": (["CANARY_TAG"], ("CANARY_TAG", "canary tag")),
    "dealer_context": ({"regime": "CANARYREGIME", "flip": "601.77"}, ("CANARYREGIME", "canaryregime", "601.77")),
    "realised_net_usd": ("467.19", ("467.19",)),
    "return_frac": ("0.583712", ("0.5837", "58.4")),
    "locked_in_frac": ("0.041312", ("0.0413", "+4.1")),
    "holding_s": (5531.0, ("5531", "1 h 32 min")),
    "exit_reason": ("SIGNAL_REVERSED", ("SIGNAL_REVERSED", "signal reversed")),
}  # fmt: skip
SECRET = {"account": "DU7654321", "con_id": 987654321, "order_ref": "QC:x:E:1", "user_id": "u-77"}
# DOMAIN 7.3, by hand: what each tier may not see of each event.
PREMIUM_ONLY = {"notional_usd", "commission_usd", "realised_net_usd", "confidence", "components", "dealer_context", "locked_in_frac"}  # fmt: skip
NOT_BASIC = {
    "ENTRY": PREMIUM_ONLY | {"targets"},
    "ADJUSTMENT": PREMIUM_ONLY | {"quantity", "targets", "remaining_quantity"},
    "SCALE_OUT": PREMIUM_ONLY | {"targets", "return_frac"},
    "EXIT": PREMIUM_ONLY,
    "EXPIRY": PREMIUM_ONLY,
    "CORRECTION": PREMIUM_ONLY,
}
NOT_FREE = set(CANARIES)
HIDDEN = {
    Tier.PREMIUM: {kind: {"tags"} for kind in KINDS},  # premium reads the components instead
    Tier.BASIC: NOT_BASIC,
    Tier.FREE: dict.fromkeys(KINDS, NOT_FREE),
}
HEARD = [pytest.param(k, t, id=f"{k}-{t}") for k in KINDS for t in Tier if hears(k, t)]
Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def quiet(settings: Any, noon: Any) -> Any:
    """No store and no real hashing."""
    settings.REDIS_URL = "unix:///tmp/qc-nobody-listens.sock"
    settings.BROKER_URL = "redis+socket:///tmp/qc-nobody-listens.sock"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    store_client.cache_clear()
    yield
    store_client.cache_clear()


@pytest.fixture
def event(noon: Any) -> Make:
    """Record and announce one event whose every fact is a canary."""

    def make(kind: str) -> str:
        known = {"strategy": "14DTE", "symbol": "SPY", "direction": 1, "occ": "SPY251121C00600000", "multiplier": 100, "source": "sim"}  # fmt: skip
        signal = Signal.objects.create(signal_id="s1", confidence=87.3, reference={}, session_date=noon.at.date(), episode_seq=1, created_at=noon.at, valid_until=noon.at, state="ended", **known)  # fmt: skip
        intent = OrderIntent.objects.create(
            intent_id="i1", signal=signal, role="E", created_at=noon.at, **known
        )
        position = Position.objects.create(trade_id="T-20251121-777", intent=intent, account="DU7654321", con_id=987654321, session_date=noon.at.date(), events_n=1, **known)  # fmt: skip
        steps = (*SCENARIOS["winner"].steps, *SCENARIOS["expiry"].steps)
        facts = next(dict(step.facts) for step in steps if step.kind == kind)
        facts |= {name: value for name, (value, _) in CANARIES.items()} | SECRET
        facts |= {"trade_no": position.pk, "fill_price": "2.37", "entry_price": "2.37"}
        PositionEvent.objects.create(position=position, seq=1, kind=kind, facts=facts, clock_at=noon.at, created_at=noon.at)  # fmt: skip
        services.announce_owed()
        return str(position.pk)

    return make


def member(tier: Tier | None) -> Client:
    browser = Client()
    if tier is not None:
        user = User.objects.create_user(tier, password="x-long-enough")
        Entitlement.objects.create(user=user, tier=tier, state="ACTIVE", evidence="test")
        browser.force_login(user, backend="publishing.subscriptions.backends.ThrottledBackend")
    return browser


def pages(browser: Client) -> dict[str, str]:
    """Everything that a member's browser or token can ask for."""
    paths = (
        "/", "/pricing/", "/track-record/", "/track-record/receipts/", "/track-record/receipts/?seq=1", "/track-record/receipts.ndjson",
        "/feed/", "/account/webhooks/", "/api/v1/feed/", "/api/v1/receipts/", "/api/v1/receipts/1/", "/api/v1/receipts/2/", "/api/v1/performance/",
        "/api/v1/signals/", "/api/v1/positions/", "/api/v1/orders/", "/api/v1/fills/", "/api/v1/announcements/", "/api/v1/deliveries/", "/api/v1/status/",
        "/api/v1/symbols/", "/dashboard/", "/dashboard/published/", "/readyz", "/healthz",
    )  # fmt: skip
    lists = ("signals", "positions", "orders", "fills", "announcements", "deliveries")
    more = (
        *(f"/api/v1/{name}/1/" for name in lists), "/api/v1/receipts/3/", "/api/schema/", "/r/1/feed/", "/account/telegram/",
        "/api/v1/feed/?after_seq=0", "/api/v1/receipts/?after_seq=0",
    )  # fmt: skip
    return {path: _text(browser.get(path)) for path in (*paths, *more)}


def asked_of_the_bot(tier: Tier | None) -> dict[str, str]:
    """What the bot answers a member of this tier; a stranger without one."""
    linked = User.objects.filter(username=tier).first() if tier else None
    if linked is not None:
        TelegramLink.objects.create(user=linked, telegram_id=7, linked_at=linked.date_joined)
    words = ("/start", "/today", "/performance", "/status", "/privacy", "/subscribe")
    return {word: commands.reply(7, word) for word in words}


def _text(answer: Any) -> str:
    parts = answer.streaming_content if answer.streaming else [answer.content]
    return b"".join(parts).decode()


def surfaces(tier: Tier, now: Any) -> dict[str, str]:
    """Feed, socket and every renderer, as this tier gets them at this instant."""
    found = {
        "selector": json.dumps([item.data for item in selectors.visible_to(tier, now)]),
        "socket": "".join(text for _, text in live.events(tier, 0)),
    }
    row = Delivery.objects.get(channel="console", tier=tier)
    if row.due_at <= now:
        message = writing.render(selectors.facts_for(row, tier), tier)
        found |= rendered(message, tier)
    return found


def rendered(message: Message, tier: Tier) -> dict[str, str]:
    """One message in every channel's syntax."""
    return {
        "console": console.line(message, tier),
        "discord": json.dumps(discord_embed.payload(message, SITE), ensure_ascii=False),
        "telegram": "\n".join(telegram_html.pages(message, SITE)),
        "x": tweet.text(message, SITE),
        "webhook": webhook.encode("e", message).decode(),
    }


def leaks(texts: dict[str, str], hidden: set[str]) -> set[tuple[str, str]]:
    """Which hidden fact is found on which surface."""
    forms = {name: CANARIES[name][1] for name in hidden}
    forms |= {name: (str(value),) for name, value in SECRET.items()}
    return {
        (where, name)
        for where, text in texts.items()
        for name, shown in forms.items()
        if any(is_in(form, text) for form in shown)
    }


def is_in(form: str, text: str) -> bool:
    """Whether a text shows it; four digits inside a hash are chance, not a number."""
    return bool(re.search(rf"(?<!\w){form}(?!\w)", text)) if form.isdigit() else form in text


@pytest.mark.parametrize(("kind", "tier"), HEARD)
def test_no_tier_reads_more_than_its_table(event: Make, noon: Any, kind: str, tier: Tier) -> None:
    event(kind)
    noon.advance(DELAY_S[tier])
    services.deliver_due()
    texts = surfaces(tier, clock.now()) | pages(member(tier)) | asked_of_the_bot(tier)

    assert "SPY 21 Nov 25 600C" in texts["/today"]
    assert "T-20251121-777" in texts["/feed/"]
    assert "T-20251121-777" in texts["socket"]
    assert leaks(texts, HIDDEN[tier][kind]) == set()


@pytest.mark.parametrize(("kind", "tier"), HEARD)
def test_nobody_reads_anything_before_its_release(
    event: Make, noon: Any, kind: str, tier: Tier
) -> None:
    trade_id = event(kind)
    recording.catch_up()
    noon.advance(DELAY_S[tier] - 0.001)
    services.deliver_due()
    reader = None if tier is Tier.PREMIUM else tier
    texts = surfaces(tier, clock.now()) | pages(member(reader)) | asked_of_the_bot(reader)

    assert [where for where, text in texts.items() if trade_id in text or "2.37" in text] == []
    assert leaks(texts, set(CANARIES)) == set()


def test_a_tier_that_is_not_told_never_hears_of_it(event: Make, noon: Any) -> None:
    trade_id = event("ADJUSTMENT")
    noon.advance(3_500)
    services.deliver_due()
    recording.catch_up()

    texts = pages(member(Tier.FREE))
    assert [where for where, text in texts.items() if trade_id in text] == []


def test_a_week_later_the_public_ledger_holds_no_premium_fact(event: Make, noon: Any) -> None:
    event("EXIT")
    noon.advance(300)
    services.deliver_due()
    recording.catch_up()
    noon.at += timedelta(days=7)
    texts = pages(member(None))

    assert "T-20251121-777" in texts["/track-record/receipts.ndjson"]
    assert leaks(texts, NOT_FREE) == set()


def test_the_walk_can_find_a_leak(event: Make, noon: Any) -> None:
    event("EXIT")
    services.deliver_due()
    texts = surfaces(Tier.PREMIUM, clock.now())

    assert ("discord", "realised_net_usd") in leaks(texts, {"realised_net_usd"})
    assert ("socket", "commission_usd") in leaks(texts, {"commission_usd"})
    assert ("discord", "quantity") in leaks(texts, {"quantity"})
    assert ("socket", "quantity") in leaks(texts, {"quantity"})
    assert leaks({"hash": "ab7919cd"}, {"quantity"}) == set()

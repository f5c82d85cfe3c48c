"""A rehearsal: what every tier would read on every channel; nothing is sent or stored."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.conf import settings

from publishing import routes, tiers
from publishing.channels import console, discord_embed, telegram_html, tweet, webhook
from publishing.messages import writing
from publishing.models import Announcement, Delivery
from publishing.scenarios import Scenario, Step
from publishing.selectors import facts_for
from quanticity.config.loader import section
from quanticity.domain.tiers import Tier

OPENED_AT = datetime(2025, 11, 21, 15, 4, 5, 123_000, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Preview:
    """One event for one tier on one channel, as it would look; `name` fits a file."""

    name: str
    text: str


def rehearse(scenario: Scenario) -> Iterator[Preview]:
    """Write every message of a trade's life."""
    for seq, step in enumerate(scenario.steps, start=1):
        told = _announcement(scenario, seq, step)
        for tier in Tier:
            if tiers.hears(step.kind, tier):
                yield from _previews(told, tier, scenario, step)


def _announcement(scenario: Scenario, seq: int, step: Step) -> Announcement:
    at = OPENED_AT + timedelta(seconds=step.after_s)
    return Announcement(
        trade_id=step.facts["trade_no"], seq=seq, kind=step.kind,
        symbol=step.facts.get("symbol", ""), clock_at=at, created_at=at, facts=step.facts,
        withheld=step.withheld, probe=scenario.probe, source=scenario.source,
        receipt=f"R{seq} 08ad0301fc8a",
    )  # fmt: skip


def _previews(told: Announcement, tier: Tier, scenario: Scenario, step: Step) -> Iterator[Preview]:
    numbers = section("publishing.tiers", tiers.Settings)
    price = None if scenario.price_now is None else Decimal(scenario.price_now)
    is_trade = told.kind not in tiers.POSTS and told.kind != "NOTICE"
    row = Delivery(
        announcement=told,
        tier=tier,
        due_at=tiers.due_at(told.clock_at, tier, numbers) if is_trade else told.clock_at,
        price_now=price,
    )
    facts = facts_for(row, tier, late_by_s=step.late_s or None, withheld=step.withheld)
    message = writing.render(facts, tier)
    name, site = f"{told.seq}-{told.kind.lower()}-{tier}", settings.PUBLIC_URL
    yield Preview(f"{name}.console.txt", console.page(message))
    yield Preview(f"{name}.discord.json", _json(discord_embed.payload(message, site)))
    yield Preview(f"{name}.telegram.html", "\n\n".join(telegram_html.pages(message, site)) + "\n")
    carried = told.facts.get("corrects") or told.kind
    on_x = routes.serves((routes.TWITTER, tier), carried, probe=told.probe)
    if tier is Tier.FREE and on_x:
        yield Preview(f"{name}.x.txt", tweet.text(message, site) + "\n")
    event_id = message.token.removeprefix("#")
    yield Preview(f"{name}.webhook.json", webhook.encode(event_id, message).decode() + "\n")
    yield Preview(f"{name}.web.json", _json(facts))


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

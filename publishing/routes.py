"""Routes: which channel serves which tier, by which credential, and whether it may be used now."""

from datetime import datetime
from typing import Any

from django.conf import settings

from publishing.channels import discord
from publishing.channels.base import Channel
from publishing.channels.console import Console
from publishing.channels.discord import Discord
from publishing.models import Route
from quanticity.config.loader import section
from quanticity.domain.tiers import Tier

WEB = "web"  # our own feed: its rows are the feed, nothing is sent
Key = tuple[str, str]  # channel and tier


def enabled() -> dict[Key, str]:
    """The routes of this installation: those with a credential, and its fingerprint."""
    found = {(name, str(tier)): "" for name in (WEB, Console.name) for tier in Tier}
    for tier in Tier:
        if url := settings.DISCORD_WEBHOOKS[tier]:
            found[Discord.name, str(tier)] = discord.fingerprint(url)
    return found


def channel(name: str, tier: Tier) -> Channel:
    """The channel for one tier, with its address."""
    if name == Discord.name:
        timeouts = section("publishing.discord", discord.Settings)
        return Discord(settings.DISCORD_WEBHOOKS[tier], settings.PUBLIC_URL, timeouts)
    return Console(tier)


def usable(now: datetime) -> set[Key]:
    """The enabled routes that are neither waiting for a service nor refused by it."""
    credentials = enabled()
    closed = {
        (row.channel, row.tier)
        for row in Route.objects.all()
        if _is_closed(row, now, credentials.get((row.channel, row.tier)))
    }
    return credentials.keys() - closed


def close_until(key: Key, at: datetime, reason: str) -> None:
    """Let nobody use this route before the service wants to hear from us again."""
    _update(key, closed_until_at=at, reason=reason[:200])


def revoke(key: Key, at: datetime, reason: str) -> None:
    """Turn a route off until its credential is another one, or an operator opens it again."""
    _update(key, revoked_at=at, credential=enabled().get(key, ""), reason=reason[:200])


def reopen(key: Key) -> None:
    """Let this route be used again."""
    Route.objects.filter(channel=key[0], tier=key[1]).delete()


def _is_closed(row: Route, now: datetime, credential: str | None) -> bool:
    if row.revoked_at is not None and row.credential == credential:
        return True
    return row.closed_until_at is not None and row.closed_until_at > now


def _update(key: Key, **changes: Any) -> None:
    Route.objects.update_or_create(channel=key[0], tier=key[1], defaults=changes)

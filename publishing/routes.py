"""Routes: which channel serves which tier, by which credential, and whether it may be used now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from publishing.channels import discord
from publishing.channels.base import Channel, Paced
from publishing.channels.console import Console
from publishing.channels.discord import Discord
from publishing.channels.pace import Limits, limits_of
from publishing.channels.telegram import Settings as TelegramSettings
from publishing.channels.telegram import Telegram
from publishing.channels.twitter import Keys, Twitter
from publishing.channels.twitter import Settings as TwitterSettings
from publishing.channels.webhook import Webhook
from publishing.models import Delivery, Route
from publishing.subscriptions import endpoints
from quanticity.config.loader import section
from quanticity.domain.tiers import Tier

WEB = "web"  # our own feed: its rows are the feed, nothing is sent
ANALYSIS = "analysis"  # premium's Discord channel for the closing auction
TWITTER = Twitter.name
ENDPOINT = f"{Webhook.name}:"  # a member's own address, by its number
UNTHREADED = (WEB, Console.name, TWITTER)  # where one post does not follow another
Key = tuple[str, str]  # channel and tier


@dataclass(frozen=True, slots=True)
class Settings:
    """The comments in defaults.toml say what each is for."""

    x_kinds: tuple[str, ...]
    held_kinds: tuple[str, ...]
    x_late_s: float
    x_per_day: int
    x_reserved: int
    spare_posts: int
    limits: dict[str, Limits]


class Hosts(NamedTuple):
    """Addresses from the environment that channels need besides their credential."""

    site: str
    telegram: str
    x: str


def numbers() -> Settings:
    """The numbers in force."""
    found: Settings = section("publishing.routes", Settings)
    return found


def enabled() -> dict[Key, str]:
    """The routes of this installation: those with a credential, and its fingerprint."""
    members = [((f"{ENDPOINT}{pk}", tier), url) for pk, tier, url in endpoints.in_force()]
    return _fingerprints([*_own(), *members])


def serves(key: Key, kind: str, *, probe: bool = False) -> bool:
    """Say whether a route carries events of this kind at all; a rehearsal is never public."""
    channel_name, _ = key
    if channel_name == Twitter.name:
        return kind in numbers().x_kinds and not probe
    return (channel_name == ANALYSIS) == (kind == "MOC") or channel_name in (WEB, Console.name)


def holds(key: Key, kind: str) -> bool:
    """Say whether this waits for an operator's approval before it is sent."""
    return key[0] == Twitter.name and kind in numbers().held_kinds


def is_spent(key: Key, kind: str, now: datetime) -> bool:
    """Say whether the plan's posts of a day are used up; the last ones are for closed trades."""
    if key[0] != Twitter.name:
        return False
    since = now - timedelta(days=1)
    sent = Delivery.objects.filter(channel=Twitter.name, sent_at__gt=since).count()
    reserved = 0 if kind in ("EXIT", "EXPIRY", "CORRECTION") else numbers().x_reserved
    return sent >= numbers().x_per_day - reserved


def channel(name: str, tier: Tier) -> Channel:
    """The channel for one tier, with its address; the same object while its credential stands."""
    if name.startswith(ENDPOINT):
        return endpoints.channel(int(name.removeprefix(ENDPOINT)))
    credential = dict(_own()).get((name, str(tier)), "")
    hosts = Hosts(settings.PUBLIC_URL, settings.TELEGRAM_API_URL, settings.X_API_URL)
    return _channel(name, tier, credential, hosts)


def telegram_chat(chat_id: int) -> Telegram:
    """The bot in the chat with one person."""
    return Telegram(
        settings.TELEGRAM_BOT_TOKEN,
        str(chat_id),
        settings.TELEGRAM_API_URL,
        settings.PUBLIC_URL,
        section("publishing.telegram", TelegramSettings),
    )


def ready_in_s(key: Key) -> float:
    """Real seconds until this route may post again, as its channel knows."""
    found = _found(key)
    return found.ready_in_s() if isinstance(found, Paced) else 0.0


def room(key: Key, most: int) -> int:
    """How many posts this route may take now, of so many."""
    found = _found(key)
    return min(found.room(), most) if isinstance(found, Paced) else most


def _found(key: Key) -> Channel | None:
    is_member = key[0].startswith(ENDPOINT)
    return None if is_member else channel(key[0], Tier(key[1]))


def usable(now: datetime) -> set[Key]:
    """The enabled routes that are neither waiting for a service nor refused by it."""
    credentials = enabled()
    closed = {
        (row.channel, row.tier)
        for row in Route.objects.all()
        if _is_closed(row, now, credentials.get((row.channel, row.tier)))
    }
    return credentials.keys() - closed


def is_usable(key: Key, now: datetime) -> bool:
    """Say of one route what `usable` says of all."""
    is_member = key[0].startswith(ENDPOINT)
    credentials = enabled() if is_member else _fingerprints(_own())
    if key not in credentials:
        return False
    row = Route.objects.filter(channel=key[0], tier=key[1]).first()
    return row is None or not _is_closed(row, now, credentials[key])


def siblings(key: Key) -> list[Key]:
    """Our own routes to the same service."""
    services = {ANALYSIS: Discord.name}
    of = services.get(key[0], key[0])
    return [own for own, _ in _own() if services.get(own[0], own[0]) == of]


def close_until(key: Key, at: datetime, reason: str) -> None:
    """Let nobody use this route before the service wants to hear from us again."""
    _update(key, closed_until_at=at, reason=reason[:200])


def revoke(key: Key, at: datetime, reason: str) -> None:
    """Turn a route off until its credential is another one, or an operator opens it again."""
    _update(key, revoked_at=at, credential=enabled().get(key, ""), reason=reason[:200])


def reopen(key: Key) -> None:
    """Let this route be used again."""
    Route.objects.filter(channel=key[0], tier=key[1]).delete()


def _fingerprints(routes: Sequence[tuple[Key, str]]) -> dict[Key, str]:
    return {key: known and discord.fingerprint(known) for key, known in routes}


def _own() -> list[tuple[Key, str]]:
    found: list[tuple[Key, str]] = [
        ((name, str(tier)), "") for name in (WEB, Console.name) for tier in Tier
    ]
    hooks, chats = settings.DISCORD_WEBHOOKS, settings.TELEGRAM_CHATS
    found += [((Discord.name, str(tier)), hooks[tier]) for tier in Tier if hooks[tier]]
    if hooks["analysis"]:
        found.append(((ANALYSIS, str(Tier.PREMIUM)), hooks["analysis"]))
    if settings.TELEGRAM_BOT_TOKEN:
        token = settings.TELEGRAM_BOT_TOKEN
        found += [
            ((Telegram.name, str(tier)), f"{token} {chats[tier]}") for tier in Tier if chats[tier]
        ]
    if all(settings.X_KEYS):
        found.append(((Twitter.name, str(Tier.FREE)), " ".join(settings.X_KEYS)))
    return found


@cache
def _channel(name: str, tier: Tier, credential: str, hosts: Hosts) -> Channel:
    if name in (Discord.name, ANALYSIS):
        return Discord(
            credential,
            hosts.site,
            section("publishing.discord", discord.Settings),
            settings.DISCORD_ROLE_IDS.get(str(tier), ""),
            bot_token=settings.DISCORD_BOT_TOKEN,
            limits=limits_of(credential, numbers().limits),
        )
    if name == Telegram.name:
        token, _, chat_id = credential.partition(" ")
        return Telegram(
            token,
            chat_id,
            hosts.telegram,
            hosts.site,
            section("publishing.telegram", TelegramSettings),
            limits=limits_of(hosts.telegram, numbers().limits),
        )
    if name == Twitter.name:
        patience = section("publishing.twitter", TwitterSettings)
        return Twitter(Keys(*credential.split(" ")), hosts.x, hosts.site, patience)
    return Console(tier)


def _is_closed(row: Route, now: datetime, credential: str | None) -> bool:
    if row.revoked_at is not None and row.credential == credential:
        return True
    return row.closed_until_at is not None and row.closed_until_at > now


def _update(key: Key, **changes: Any) -> None:
    Route.objects.update_or_create(channel=key[0], tier=key[1], defaults=changes)

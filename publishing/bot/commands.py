"""What the bot answers: a command in, text out (DOMAIN 7.5, 7.6).

It reads what a member may see, and changes nothing but that person's own link.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from publishing import selectors
from publishing.bot import linking
from publishing.messages.wording import about, percent
from publishing.selectors import FeedItem
from publishing.subscriptions.models import Entitlement
from publishing.subscriptions.plans import plans
from publishing.subscriptions.selectors import tier_of
from quanticity.domain import calendar, clock
from quanticity.domain.tiers import Tier

LONGEST = 4_096
_TRADES = frozenset({"ENTRY", "ADJUSTMENT", "SCALE_OUT", "EXIT", "EXPIRY", "CORRECTION"})
_SHOWN = 30
HELP = """/start begin, or link your account
/subscribe plans and prices
/status your tier, until when, and why
/link CODE link this Telegram account to yours on the web
/today today's trades, as your tier sees them
/performance what all trades came to
/manage change or end your plan
/privacy what we keep of you, and how to delete it
/help this list

We publish what we traded in our own account. We answer no personal questions and give no advice."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command of one person, with what stands behind it."""

    telegram_id: int
    name: str
    argument: str


def reply(telegram_id: int, text: str) -> str:
    """Answer one message; whatever is no command of ours gets the list of them."""
    word, _, argument = text.strip().partition(" ")
    name = word.partition("@")[0].lower()
    answer = _ANSWERS.get(name, _help)(Asked(telegram_id, name, argument.strip()))
    return answer[:LONGEST]


def _start(asked: Asked) -> str:
    if not asked.argument:
        return f"QuantiCity tells of trades after they were executed.\n\n{HELP}"
    if asked.argument.lower() in list(Tier):
        return _subscribe(asked)
    return _link(asked)


def _link(asked: Asked) -> str:
    page = f"{settings.PUBLIC_URL}/account/telegram/"
    if not asked.argument:
        return f"Get a code at {page} and send it here: /link CODE"
    user = linking.link(asked.argument, asked.telegram_id)
    if user is None:
        return f"This code is wrong, used, or older than ten minutes. Get another: {page}"
    return f"Linked. {_standing(asked)}"


def _subscribe(_: Asked) -> str:
    offers = [f"{plan.tier}: {plan.price_usd} USD a month" for plan in plans()]
    return "\n".join((*offers, f"{settings.PUBLIC_URL}/pricing/"))


def _status(asked: Asked) -> str:
    if linking.member(asked.telegram_id) is None:
        return f"This Telegram account is not linked; you read as free. {_link(_bare(asked))}"
    return _standing(asked)


def _standing(asked: Asked) -> str:
    user = linking.member(asked.telegram_id)
    row = Entitlement.objects.filter(user=user).first()
    tier = _tier(asked)
    if tier is None or row is None:
        return "Your account may see nothing. Write to us on the web."
    until = f"until {row.until_at:%Y-%m-%d %H:%M} UTC" if row.until_at else "without an end"
    return f"Your tier: {tier} ({row.state}), {until}.\nWhy: {row.evidence}"


def _today(asked: Asked) -> str:
    now = clock.now()
    tier = _tier(asked)
    opened = calendar.previous_session(calendar.session_date(now)).close_at + calendar.AFTER_HOURS
    found = [] if tier is None else selectors.visible_to(tier, now, public=True)
    rows = [one for one in found if one.kind in _TRADES and one.released_at > opened][:_SHOWN]
    if not rows:
        return "Nothing was told today yet."
    return "\n".join([*map(_line, reversed(rows)), f"{settings.PUBLIC_URL}/feed/"])


def _line(one: FeedItem) -> str:
    facts = one.data
    source = "" if facts["source"] == "live" else f"[{facts['source'].upper()}] "
    said = [one.kind.replace("_", " ").lower(), facts.get("result")]
    if facts.get("return_frac") is not None:
        said.append(percent(facts["return_frac"]))
    elif facts.get("return_about_frac") is not None:
        said.append(about(facts["return_about_frac"]))
    said.append("(provisional)" if facts.get("provisional") else None)
    return f"{source}{facts['contract']}: {' '.join(str(part) for part in said if part)}"


def _performance(asked: Asked) -> str:
    tier = _tier(asked)
    found = [] if tier is None else selectors.visible_to(tier, clock.now(), public=True)
    last = next((one for one in found if one.kind == "PERFORM"), None)
    page = f"{settings.PUBLIC_URL}/track-record/"
    if last is None:
        return f"Every closed trade, with its receipt: {page}"
    return "\n".join([*(f"{name}: {value}" for name, value in last.lines), page])


def _manage(_: Asked) -> str:
    return f"Your plan: {settings.PUBLIC_URL}/pricing/"


def _privacy(asked: Asked) -> str:
    if asked.argument.lower() == "delete":
        linking.forget(asked.telegram_id)
        return "Deleted: the link to your account, and what you wrote here."
    linked = "linked to your account" if linking.member(asked.telegram_id) else "not linked"
    return (
        f"We keep your Telegram number ({asked.telegram_id}, {linked}) and your last commands. "
        "/privacy delete takes both away."
    )


def _help(_: Asked) -> str:
    return HELP


def _tier(asked: Asked) -> Tier | None:
    user = linking.member(asked.telegram_id)
    return Tier.FREE if user is None else tier_of(user or AnonymousUser())


def _bare(asked: Asked) -> Asked:
    return Asked(asked.telegram_id, asked.name, "")


_ANSWERS: dict[str, Callable[[Asked], str]] = {
    "/start": _start,
    "/subscribe": _subscribe,
    "/status": _status,
    "/link": _link,
    "/today": _today,
    "/performance": _performance,
    "/manage": _manage,
    "/privacy": _privacy,
    "/help": _help,
}

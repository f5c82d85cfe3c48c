"""One delivery: write it, send it, and put down what became of it."""

import hashlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db.models import F

from publishing import outbox, releasing, routes, tiers, turns
from publishing.channels.base import Channel, RateLimited, Searchable, Unanswered
from publishing.messages import writing
from publishing.messages.message import Message
from publishing.models import Delivery
from publishing.selectors import facts_for
from publishing.subscriptions import endpoints
from quanticity import audit
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.errors import (
    ChannelRevoked,
    MalformedInput,
    PermanentError,
    TemporaryError,
)
from quanticity.domain.market import Quote
from quanticity.domain.tiers import Tier
from quanticity.store import market
from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
State = Delivery.State
_STEEP = 10  # doublings after which a wait is at its cap in any case
_BEFORE_THE_OUTCOME = ("ENTRY", "SCALE_OUT", "ADJUSTMENT")
REDIRECT = "/r/"  # our own: counts a click and goes on
# What facts that are not what they claim to be raise while they are written.
UNWRITABLE = (MalformedInput, LookupError, TypeError, ValueError, ArithmeticError)


Ending = Callable[[], State]


def _no_call() -> None:
    """There is nothing more to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with one delivery: written down by `begin`, then posted if that says so.

    `begin` belongs into a transaction; `post` makes the call and returns what puts down its end.
    Without a call `begin` is all there is to do.
    """

    begin: Callable[[], bool]
    post: Callable[[], Ending | None] = _no_call


def finish(row: Delivery, now: datetime) -> State:
    """Take a delivery that we hold to its end; return the state it is left in."""
    step = prepare(row, now)
    with turns.turn():
        is_begun = step.begin()
    if is_begun and (end := step.post()) is not None:
        with turns.turn():
            end()
    return State(row.state)


def prepare(row: Delivery, now: datetime) -> Step:
    """Decide what becomes of a delivery and write its message; changes nothing yet."""
    told, late = row.announcement, now - row.due_at
    numbers = section("publishing.tiers", tiers.Settings)
    too_late = is_too_late(row, late, numbers)
    if (why := _why_not(row, late, too_late=too_late)) is not None:
        return _settled(row, State.EXPIRED, why)
    _look_at_quote(row, now)
    if row.channel == routes.WEB and told.withheld:
        return _settled(row, State.EXPIRED, "old news when it was recorded")
    if row.channel == routes.WEB:
        return Step(partial(releasing.release, row, now, **_seen_at_release(row)))
    try:
        message = _write(row, late, withheld=too_late or told.withheld, numbers=numbers)
        channel = routes.channel(row.channel, Tier(row.tier))
    except (*UNWRITABLE, PermanentError) as error:
        return _settled(row, State.DEAD, f"cannot be written: {error!r}")
    # Committed before the call: from here on a crash leaves a doubt, never a silent repeat.
    digest = hashlib.sha256(message.text().encode()).hexdigest()
    done = State.EXPIRED if too_late or told.withheld else State.SENT
    begin = partial(_begin, row, now, digest=digest, **_seen_at_release(row))
    return Step(begin, partial(_send, row, channel, message, done))


def _begin(row: Delivery, now: datetime, **changes: object) -> bool:
    # Asked last: what went out just before counts.
    if routes.is_spent((row.channel, row.tier), row.announcement.kind, now):
        _settle(row, State.EXPIRED, error="the plan's posts of this day are used up")
        return False
    return outbox.begin(row, **changes)


def _settled(row: Delivery, to: State, why: str) -> Step:
    def begin() -> bool:
        _settle(row, to, error=why)
        return False

    return Step(begin)


def _why_not(row: Delivery, late: timedelta, *, too_late: bool) -> str | None:
    # A late entry is told as withheld; everything else that is too late is not told at all.
    if too_late and (row.announcement.kind != "ENTRY" or row.channel == routes.TWITTER):
        return f"{late} late"
    if _follows_a_withheld_entry(row):
        return "its entry was withheld"
    return None


def _follows_a_withheld_entry(row: Delivery) -> bool:
    told = row.announcement
    kind = told.facts.get("corrects") or told.kind
    entry = Delivery.objects.filter(
        announcement__trade_id=told.trade_id, announcement__kind="ENTRY",
        channel=row.channel, tier=row.tier, state=State.EXPIRED,
    )  # fmt: skip
    return kind in _BEFORE_THE_OUTCOME and told.seq > 1 and entry.exists()


def is_too_late(row: Delivery, late: timedelta, numbers: tiers.Settings) -> bool:
    """True when it should not go out any more: by its kind, or by its channel's own limit."""
    if row.channel == routes.TWITTER and late > timedelta(seconds=routes.numbers().x_late_s):
        return True
    kind = row.announcement.kind
    if tiers.is_too_late(kind, Tier(row.tier), late, numbers):
        return True
    return kind == "ENTRY" and _is_too_late_for_faster(row, row.due_at + late, numbers)


def _is_too_late_for_faster(row: Delivery, now: datetime, numbers: tiers.Settings) -> bool:
    """An entry that a faster tier heard too late to be told is no slower tier's either."""
    heard_at = row.announcement.clock_at
    slow = [
        tier for tier in Tier
        if (due := tiers.due_at(heard_at, tier, numbers)) < row.due_at
        and tiers.is_too_late("ENTRY", tier, now - due, numbers)
    ]  # fmt: skip
    told = Delivery.objects.filter(
        announcement=row.announcement_id, channel=row.channel, tier__in=slow
    )
    return bool(slow) and told.exclude(state=State.SENT).exists()


def settle_doubt(row: Delivery, now: datetime, why: str, *, wait_s: float | None = None) -> State:
    """Decide on a call whose end is not known (DOMAIN 7.2); `wait_s` as in a failure.

    Where the channel can be asked, the next try asks before it sends. Elsewhere what must not be
    missed is sent again and flagged, and the rest is left as it is.
    """
    if row.announcement.kind in tiers.REPEATED_KINDS or _can_ask(row):
        return _failed(row, now, why, wait_s=wait_s, ambiguous=True)
    return _settle(row, State.AMBIGUOUS, ambiguous=True, error=why)


def _can_ask(row: Delivery) -> bool:
    try:
        channel = routes.channel(row.channel, Tier(row.tier))
    except PermanentError:
        return False
    return isinstance(channel, Searchable) and channel.can_search()


def _write(row: Delivery, late: timedelta, *, withheld: bool, numbers: tiers.Settings) -> Message:
    late_s = late.total_seconds()
    noted = late_s if late_s > numbers.late_note_s else None
    tier = Tier(row.tier)
    facts = facts_for(row, tier, late_by_s=noted, withheld=withheld)
    via = f"{REDIRECT}{row.pk}"
    return replace(writing.render(facts, tier), follows=_first_receipt(row), via=via)


def _first_receipt(row: Delivery) -> str:
    """The channel's id of what this trade said first on this route; empty for the first."""
    if row.announcement.seq == 1 or row.channel in routes.UNTHREADED:
        return ""
    told = Delivery.objects.filter(
        announcement__trade_id=row.announcement.trade_id, channel=row.channel, tier=row.tier
    )
    receipts = told.exclude(receipt="").order_by("announcement__seq")
    return receipts.values_list("receipt", flat=True).first() or ""


def _send(row: Delivery, channel: Channel, message: Message, done: State) -> Ending:
    try:
        receipt, found = _post_once(row, channel, message)
    except (RateLimited, TemporaryError, ChannelRevoked, PermanentError, Unanswered) as error:
        return partial(_refused, row, error)
    # Not found is no proof: what was taken may show later, so that flag stays.
    solved = {"ambiguous": False} if found else {}
    return partial(_arrived, row, done, sent_at=clock.now(), receipt=receipt, **solved)


def _arrived(row: Delivery, done: State, **changes: object) -> State:
    if row.channel.startswith(routes.ENDPOINT):
        endpoints.note_success(int(row.channel.removeprefix(routes.ENDPOINT)))
    return _settle(row, done, **changes)


def _refused(row: Delivery, error: Exception) -> State:
    key = (row.channel, row.tier)
    match error:
        case RateLimited():
            return _wait(row, key, error)
        case TemporaryError():
            why, wait_s = str(error), error.retry_after
            return _failed(row, clock.now(), why, wait_s=wait_s, is_ours=_is_up(row))
        case ChannelRevoked():
            return _park(row, key, error)
        case Unanswered():
            return settle_doubt(row, clock.now(), str(error))
        case _:
            return _settle(row, State.DEAD, error=str(error))


def _post_once(row: Delivery, channel: Channel, message: Message) -> tuple[str, bool]:
    """Post, unless an earlier try is found where it was posted; says whether it was."""
    asked = row.ambiguous and isinstance(channel, Searchable) and channel.can_search()
    if asked and isinstance(channel, Searchable):
        try:
            found = channel.find(message.token)
        except (TemporaryError, PermanentError) as error:
            if row.announcement.kind not in tiers.REPEATED_KINDS:
                raise TemporaryError(f"cannot be looked up: {error}") from None
            return channel.send(message), False  # a duplicate harms less than a gap
        if found is not None:
            return found, True
    return channel.send(message), False


def _wait(row: Delivery, key: routes.Key, error: RateLimited) -> State:
    # The whole route waits, so that no other row draws the next refusal.
    if error.retry_after is None:
        return _failed(row, clock.now(), str(error), is_ours=_is_up(row))
    until = outbox.in_real_seconds(clock.now(), error.retry_after)
    for closed in routes.siblings(key) if error.everywhere else [key]:
        routes.close_until(closed, until, str(error))
    return _settle(row, State.PENDING, not_before_at=until, error=str(error))


def _park(row: Delivery, key: routes.Key, error: ChannelRevoked) -> State:
    # The row waits for a new credential; the other routes do not notice.
    routes.revoke(key, clock.now(), str(error))
    audit.record("publishing", "revoke_route", "/".join(key), reason=str(error))
    logger.critical("channel %s/%s refused our credential and is off: %s", *key, error)
    return _settle(row, State.PENDING, error=str(error))


def _failed(
    row: Delivery, now: datetime, why: str, *, wait_s: float | None = None,
    ambiguous: bool = False, is_ours: bool = True,
) -> State:  # fmt: skip
    numbers = outbox.settings()
    flag = {"ambiguous": True} if ambiguous else {}
    row.failures += 1
    if row.channel.startswith(routes.ENDPOINT):
        endpoints.note_failure(int(row.channel.removeprefix(routes.ENDPOINT)), why)
        wait_s = endpoints.wait_s(row.failures) if wait_s is None else wait_s
    elif is_ours and row.failures >= _tries(row, numbers):
        logger.error("delivery %s failed for good: %s", row, why)
        return _settle(row, State.DEAD, failures=F("failures") + 1, error=why, **flag)
    if wait_s is None:
        wait_s = min(_rung(row.failures, numbers), numbers.wait_cap_s)
    # A little later than asked, never sooner, and not all at the same instant.
    wait_s *= 1 + numbers.jitter_frac * random.random()  # noqa: S311 - no secret depends on it
    until = outbox.in_real_seconds(now, wait_s)
    return _settle(
        row, State.PENDING, failures=F("failures") + 1, not_before_at=until, error=why, **flag
    )


def _is_up(row: Delivery) -> bool:
    """Whether others got through since this was due: only then are its failures its own."""
    others = Delivery.objects.filter(channel=row.channel, tier=row.tier, sent_at__gt=row.due_at)
    return others.exists()


def _tries(row: Delivery, numbers: outbox.Settings) -> int:
    final = row.announcement.kind in tiers.FINAL_KINDS
    return numbers.final_tries if final else numbers.tries


def _rung(failures: int, numbers: outbox.Settings) -> float:
    # The ladder, and beyond its end twice its last rung for each failure more.
    beyond = max(failures - len(numbers.retry_s), 0)
    return numbers.retry_s[min(failures, len(numbers.retry_s)) - 1] * 2.0 ** min(beyond, _STEEP)


def _settle(row: Delivery, to: State, **changes: object) -> State:
    if to is State.PENDING:
        changes["hinted_at"] = None  # the next sweep after its wait shall name it
    if "error" in changes:
        changes["error"] = str(changes["error"])[:500]
    outbox.move(row, to=to, **changes)
    return State(row.state)


def _look_at_quote(row: Delivery, now: datetime) -> None:
    # What a tier that waited could trade at; unknown is shown as nothing, never as the old price.
    occ = row.announcement.facts.get("occ")
    quote = None if occ is None else _fresh_quote(occ, now)
    row.price_now = None if quote is None else _price(quote.mid)
    row.bid_now = None if quote is None else _price(quote.bid)
    row.ask_now = None if quote is None else _price(quote.ask)


def _fresh_quote(occ: str, now: datetime) -> Quote | None:
    try:
        quote = market.contract_quote(occ)
    except StoreDown:
        return None
    limit = timedelta(seconds=outbox.settings().mid_max_age_s)
    is_known = quote is not None and quote.mid is not None and now - quote.event_at <= limit
    return quote if is_known else None


def _price(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.0001"))


def _seen_at_release(row: Delivery) -> dict[str, Decimal | None]:
    return {"price_now": row.price_now, "bid_now": row.bid_now, "ask_now": row.ask_now}

"""One claimed delivery: write it, send it, and put down what became of it."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from publishing import ledger, outbox, routes, tiers
from publishing.channels.base import RateLimited, Unanswered
from publishing.messages import trade
from publishing.messages.message import Message
from publishing.models import Delivery
from publishing.selectors import facts_for
from quanticity import audit
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.errors import (
    ChannelRevoked,
    MalformedInput,
    PermanentError,
    TemporaryError,
)
from quanticity.domain.tiers import Tier
from quanticity.store import market
from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
State = Delivery.State
# What facts that are not what they claim to be raise while they are written.
UNWRITABLE = (MalformedInput, LookupError, TypeError, ValueError, ArithmeticError)


def finish(row: Delivery, now: datetime) -> State:
    """Take a delivery that we hold to its end; return the state it is left in."""
    told, late = row.announcement, now - row.due_at
    numbers = section("publishing.tiers", tiers.Settings)
    too_late = tiers.is_too_late(told.kind, Tier(row.tier), late, numbers)
    if too_late and told.kind != "ENTRY":
        return _settle(row, State.EXPIRED, error=f"{late} late")
    row.price_now = _mid(told.facts.get("occ"), now)
    if row.channel == routes.WEB:
        return _release(row, now)
    try:
        message = _write(row, late, withheld=too_late or told.withheld, numbers=numbers)
    except UNWRITABLE as error:
        return _settle(row, State.DEAD, error=f"cannot be written: {error!r}")
    # Committed before the call: from here on a crash leaves a doubt, never a silent repeat.
    if not outbox.move(row, to=State.SENDING, price_now=row.price_now):
        return State(row.state)
    return _send(row, message, State.EXPIRED if too_late or told.withheld else State.SENT)


def settle_doubt(row: Delivery, now: datetime, why: str) -> State:
    """Decide on a call whose end is not known (DOMAIN 7.2): no channel here can be asked.

    What must not be missed is sent again and flagged; the rest is left as it is.
    """
    if row.announcement.kind not in tiers.REPEATED_KINDS:
        return _settle(row, State.AMBIGUOUS, ambiguous=True, error=why)
    return _failed(row, now, why, ambiguous=True)


def _write(row: Delivery, late: timedelta, *, withheld: bool, numbers: tiers.Settings) -> Message:
    late_s = late.total_seconds()
    noted = late_s if late_s > numbers.late_note_s else None
    tier = Tier(row.tier)
    return trade.render(facts_for(row, tier, late_by_s=noted, withheld=withheld), tier)


def _send(row: Delivery, message: Message, done: State) -> State:
    key = (row.channel, row.tier)
    try:
        receipt = routes.channel(row.channel, Tier(row.tier)).send(message)
    except RateLimited as error:
        return _wait(row, key, error)
    except TemporaryError as error:
        return _failed(row, clock.now(), str(error), wait_s=error.retry_after)
    except ChannelRevoked as error:
        return _park(row, key, error)
    except PermanentError as error:
        return _settle(row, State.DEAD, error=str(error))
    except Unanswered as error:
        return settle_doubt(row, clock.now(), str(error))
    return _settle(row, done, sent_at=clock.now(), receipt=receipt)


def _release(row: Delivery, now: datetime) -> State:
    # Our own feed: the effect is the row itself, so there is never a doubt.
    if row.announcement.withheld:
        return _settle(row, State.EXPIRED, error="old news when it was recorded")
    with transaction.atomic():
        place = ledger.draw(f"feed:{row.tier}")
        if not outbox.move(
            row, to=State.SENT, sent_at=now, feed_seq=place, price_now=row.price_now
        ):
            transaction.set_rollback(True)
    return State(row.state)


def _wait(row: Delivery, key: routes.Key, error: RateLimited) -> State:
    # The whole route waits, so that no other row draws the next refusal.
    if error.retry_after is None:
        return _failed(row, clock.now(), str(error))
    until = outbox.in_real_seconds(clock.now(), error.retry_after)
    routes.close_until(key, until, str(error))
    return _settle(row, State.PENDING, not_before_at=until, error=str(error))


def _park(row: Delivery, key: routes.Key, error: ChannelRevoked) -> State:
    # The row waits for a new credential; the other routes do not notice.
    routes.revoke(key, clock.now(), str(error))
    audit.record("publishing", "revoke_route", "/".join(key), reason=str(error))
    logger.critical("channel %s/%s refused our credential and is off: %s", *key, error)
    return _settle(row, State.PENDING, error=str(error))


def _failed(
    row: Delivery, now: datetime, why: str, *, wait_s: float | None = None, ambiguous: bool = False
) -> State:
    numbers = outbox.settings()
    final = row.announcement.kind in tiers.FINAL_KINDS
    flag = {"ambiguous": True} if ambiguous else {}
    row.failures += 1
    if row.failures >= (numbers.final_tries if final else numbers.tries):
        logger.error("delivery %s failed for good: %s", row, why)
        return _settle(row, State.DEAD, failures=F("failures") + 1, error=why, **flag)
    if wait_s is None:
        wait_s = min(_rung(row.failures, numbers), numbers.wait_cap_s)
    until = outbox.in_real_seconds(now, wait_s)
    return _settle(
        row, State.PENDING, failures=F("failures") + 1, not_before_at=until, error=why, **flag
    )


def _rung(failures: int, numbers: outbox.Settings) -> float:
    # The ladder, and beyond its end twice its last rung for each failure more.
    beyond = max(failures - len(numbers.retry_s), 0)
    return numbers.retry_s[min(failures, len(numbers.retry_s)) - 1] * 2.0**beyond


def _settle(row: Delivery, to: State, **changes: object) -> State:
    if to is State.PENDING:
        changes["hinted_at"] = None  # the next sweep after its wait shall name it
    if "error" in changes:
        changes["error"] = str(changes["error"])[:500]
    outbox.move(row, to=to, **changes)
    return State(row.state)


def _mid(occ: str | None, now: datetime) -> Decimal | None:
    # What a tier that waited could have paid; unknown is shown as nothing, never as the old price.
    if occ is None:
        return None
    try:
        quote = market.contract_quote(occ)
    except StoreDown:
        return None
    limit = timedelta(seconds=outbox.settings().mid_max_age_s)
    if quote is None or quote.mid is None or now - quote.event_at > limit:
        return None
    return Decimal(str(quote.mid)).quantize(Decimal("0.0001"))

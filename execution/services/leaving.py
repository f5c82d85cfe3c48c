"""A part of a position that leaves while the rest stays: target off, stop off, sold (6.9)."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from execution import selectors
from execution.models import Order, Position, Tranche
from execution.orders import exits, pricing, protection, tickets
from execution.orders.references import order_ref, parse_order_ref
from execution.orders.tickets import Cover
from execution.risk.verdict import Denied
from execution.services import opening, wishes
from execution.services.alarms import Severity, raise_alarm
from execution.services.facts import increments_for
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Role

_ALARMING_REFUSALS = 3
_LONGEST_PAUSE_S = 60.0


def must_wait(position: Position) -> bool:
    """Whether nothing can be sold now: then no protection is taken off, and the operator hears.

    The market is closed, or has said no bid of late; what is protected stays so till it has.
    """
    now = clock.now()
    rules = section("execution.exits", exits.Settings)
    if exits.is_trading(position.session_date, position.intent.trades_until_at, now):
        since = now - timedelta(seconds=rules.bid_max_age_s)
        if wishes.bid(position.occ, since) is not None:
            return False
        why = "no bid"
    else:
        why = "the market is closed"
    detail = f"{position.pk}: {why} on {calendar.session_date(now)}"
    raise_alarm("EXIT_WAITS", detail, Severity.HIGH, intent=position.intent)
    return True


def advance(position: Position, tranche: Tranche, held: int) -> None:
    """Take the next step of a tranche that leaves; nothing once it has sold everything."""
    mine = position.intent.orders.filter(tranche=tranche.number)
    if not held or any(selectors.awaits_fills(row) for row in mine.exclude(state__in=wishes.ALIVE)):
        return  # some of it is sold already; it is not sold twice
    if must_wait(position):
        return
    for role in (Role.TARGET, Role.STOP):
        waiting = mine.filter(role=role, state__in=wishes.ALIVE)
        if waiting.exists():
            wishes.want_off(waiting)
            return
    working = mine.filter(role=Role.EXIT, state__in=wishes.ALIVE).first()
    sell(position, held, tranche.leaving_at or clock.now(), working, number=tranche.number)


def sell(
    position: Position,
    quantity: int,
    since: datetime,
    working: Order | None,
    *,
    number: int | None = None,
    is_urgent: bool = False,
) -> None:
    """Record the exit order, or move the one that works to where the bid is now."""
    limit = exit_limit(position, (clock.now() - since).total_seconds(), is_urgent=is_urgent)
    if limit is None:
        return
    if working is not None:
        if working.state == Order.State.WORKING and working.limit_price != limit:
            Order.objects.filter(pk=working.pk).update(wanted_limit=limit)
            wishes.wake_gateway()
        return
    if _is_resting(position):
        return
    ticket = tickets.sell_to_close(
        order_ref(settings.TRADING_MODE, position.intent_id, Role.EXIT, _next_number(position)),
        parse_occ(position.occ), quantity, _cover(position), limit=limit,
    )  # fmt: skip
    if not isinstance(ticket, Denied):
        Order.objects.create(
            **opening.order_fields(position.intent, ticket, "") | {"con_id": position.con_id},
            tranche=number, recorded_at=clock.now(),
        )  # fmt: skip
        wishes.wake_gateway()


def _is_resting(position: Position) -> bool:
    """Wait after a refusal, twice as long after each: a storm of orders helps nobody (E20)."""
    refused = position.intent.orders.filter(role=Role.EXIT, state=Order.State.REJECTED)
    last = refused.order_by("recorded_at").last()
    if last is None:
        return False
    times = refused.count()
    if times >= _ALARMING_REFUSALS:
        detail = f"{position.pk}: {last.error}"
        raise_alarm("EXIT_REFUSED", detail, Severity.CRITICAL, intent=position.intent)
    pause_s = min(2.0**times, _LONGEST_PAUSE_S)
    return (clock.now() - last.recorded_at).total_seconds() < pause_s


def exit_limit(position: Position, elapsed_s: float, *, is_urgent: bool) -> Decimal | None:
    """Where a sell goes now; None without a bid: then the contract is left to expire."""
    bid = wishes.bid(position.occ)
    prices = section("execution.pricing", pricing.Settings)
    increments = increments_for(position.intent)
    if is_urgent:
        return pricing.desperate_limit(bid, increments, prices)
    return pricing.exit_limit(bid, elapsed_s, increments, prices)


def _cover(position: Position) -> Cover:
    """What the other sells leave of the holding."""
    sells = selectors.claiming_sells(position.intent_id)
    return Cover(selectors.sellable(position), protection.claimed_outside(sells, ""))


def _next_number(position: Position) -> int:
    refs = position.intent.orders.filter(role=Role.EXIT).values_list("order_ref", flat=True)
    parsed = (parse_order_ref(ref) for ref in refs)
    return max((ref.n for ref in parsed if ref is not None), default=0) + 1

"""What the gateway process does to rows: takes what is owed to the broker, keeps what it says.

The gateway process is the only caller, and the only writer of orders to the broker. Every claim is
one conditional UPDATE under the lease's epoch, committed before a byte leaves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q, Value
from django.db.models.functions import Coalesce

from execution import selectors
from execution.models import (
    Fill,
    Order,
    OrderEvent,
    OrderIntent,
    ShareOrder,
)
from execution.orders import tickets
from execution.risk.facts import Settings as Limits
from execution.services import manual, share_books, ticking, unrecorded
from quanticity import leases
from quanticity.config.loader import section
from quanticity.domain import clock, orders
from quanticity.domain.instruments import Share, parse_occ
from quanticity.domain.market import Side
from quanticity.domain.readings import plain
from quanticity.rows import change

State = Order.State
ALIVE = (State.SENDING, State.WORKING, State.UNKNOWN)
_BROKER_TO_ROW = {
    orders.OrderStatus.WORKING: State.WORKING,
    orders.OrderStatus.FILLED: State.FILLED,
    orders.OrderStatus.CANCELLED: State.CANCELLED,
    orders.OrderStatus.REJECTED: State.REJECTED,
    orders.OrderStatus.UNKNOWN: State.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Submission:
    """One order to send, with the id it was given before anything left."""

    order_id: int
    con_id: int | None
    ticket: orders.Ticket


class Listed(NamedTuple):
    """A contract as the broker lists it: its number, and till when it trades today if it says."""

    con_id: int
    trades_until: datetime | None = None


def take_submissions(
    epoch: int,
    next_order_id: int,
    *,
    entries: bool = True,
    only: str | None = None,
    listed: Listed | None = None,
) -> list[list[Submission]]:
    """Claim recorded chains: ids chosen, SENDING committed; parents first in each.

    Without `entries` only what protects or leaves; `only` names the one chain that is sent next,
    of a contract as `listed`, which is kept with the claim.
    """
    expire_stale()
    if leases.is_superseded("gateway", epoch):  # we were paused past our lease
        return []
    chains = []
    for parent in unsent_parents(entries=entries):
        if only not in (None, parent):
            continue
        with transaction.atomic():
            rows = list(
                Order.objects.filter(Q(order_ref=parent) | Q(parent_ref=parent))
                .filter(state=State.RECORDED)
                .order_by("parent_ref", "-role")
            )
            if not rows:  # another process has it
                continue
            first = max(next_order_id, highest_order_id() + 1)
            for row in rows:
                row.con_id = row.con_id if listed is None else listed.con_id
            if not all(_claim(row, first + n, epoch) for n, row in enumerate(rows)):
                transaction.set_rollback(True)
                continue
            if rows[0].role == orders.Role.ENTRY:
                _note_sent(rows[0], listed)
        chains.append(
            [Submission(first + n, row.con_id, ticket_of(row)) for n, row in enumerate(rows)]
        )
    return chains


def _note_sent(entry: Order, listed: Listed | None) -> None:
    """Keep on the intent when it was first sent, and what the broker lists."""
    said = {"first_sent_at": clock.now(), "con_id": entry.con_id}
    said |= {"trades_until_at": listed.trades_until} if listed is not None else {}
    columns = {name: Coalesce(F(name), Value(value)) for name, value in said.items() if value}
    OrderIntent.objects.filter(pk=entry.intent_id).update(**columns)


def expire_stale() -> int:
    """End entries that could not leave while their signal was fresh: the price is gone (5.9).

    A chain is claimed whole by the same condition, so what has begun to leave is never touched.
    """
    limits = section("execution.risk", Limits)
    oldest = clock.now() - timedelta(seconds=limits.signal_max_age_s)
    late = Order.objects.filter(
        state=State.RECORDED, role=orders.Role.ENTRY, intent__signal__created_at__lt=oldest
    ).exclude(intent__approval__decided_at__gte=oldest)
    return _expire(late.values_list("intent_id", flat=True), "too old to send")


def _expire(intents: Iterable[str], why: str) -> int:
    return Order.objects.filter(intent_id__in=list(intents), state=State.RECORDED).update(
        state=State.EXPIRED, error=why
    )


def take_amendments(epoch: int) -> list[Submission]:
    """Claim every working order that should be other than the broker works it.

    Nothing but the claim is written: the row follows when the broker says that it has changed.
    """
    if leases.is_superseded("gateway", epoch):
        return []
    late = clock.now() - selectors.cancel_patience()
    rows = Order.objects.filter(
        _differs(), Q(amended_at=None) | Q(amended_at__lt=late),
        state=State.WORKING, cancel_wanted_at=None, oca_group="", order_id__isnull=False,
    )  # fmt: skip
    return [
        Submission(row.order_id or 0, row.con_id, ticket_of(_as_wanted(row)))
        for row in rows
        if Order.objects.filter(
            pk=row.pk, state=State.WORKING, amended_at=row.amended_at, cancel_wanted_at=None
        ).update(amended_at=clock.now(), epoch=epoch)
    ]


def refuse_amendment(ref: str, error: str) -> None:
    """The broker works the order as before; what we wanted is asked again by who wants it."""
    Order.objects.filter(pk=ref).update(
        wanted_limit=None, wanted_stop=None, wanted_quantity=None,
        amend_refused_at=clock.now(), error=error[:200],
    )  # fmt: skip


def take_cancels(epoch: int) -> list[tuple[str, int]]:
    """Claim every cancellation that was asked for and not yet sent, as (reference, order id)."""
    if leases.is_superseded("gateway", epoch):
        return []
    wanted = Order.objects.filter(
        state=State.WORKING, cancel_wanted_at__isnull=False, cancel_sent_at=None,
        order_id__isnull=False,
    )  # fmt: skip
    found = [
        (row.order_ref, row.order_id or 0)
        for row in wanted
        if Order.objects.filter(pk=row.pk, cancel_sent_at=None).update(
            cancel_sent_at=clock.now(), epoch=epoch
        )
    ]
    return [*found, *unrecorded.take_extras()]


def take_back_unsent_cancels() -> int:
    """Forget cancellations sent over 5 s ago that the broker never answered, so they go again."""
    before = clock.now() - selectors.cancel_patience()
    unanswered = Order.objects.filter(state=State.WORKING, cancel_sent_at__lt=before)
    return change(unanswered, cancel_sent_at=None)


def ticket_of(row: Order) -> orders.Ticket:
    """The ticket an order row stands for."""
    return tickets.recorded(
        row.order_ref,
        parse_occ(row.occ),
        Side(row.side),
        row.quantity,
        orders.TimeInForce(row.time_in_force),
        limit=row.limit_price,
        stop=row.stop_price,
        oca=(row.oca_group, row.oca_type),
    )


def refuse(refs: Sequence[str], error: str) -> None:
    """The broker refused the chain before it lived."""
    Order.objects.filter(pk__in=refs, state__in=ALIVE).update(
        state=State.REJECTED, error=error[:200]
    )


def doubt(refs: Sequence[str], why: str) -> None:
    """What became of these orders is not known; the broker is asked, nothing is resent."""
    Order.objects.filter(pk__in=refs, state=State.SENDING).update(
        state=State.UNKNOWN, unknown_since_at=clock.now(), error=why[:200]
    )


def doubt_unanswered() -> int:
    """At start: whatever was being sent when the last process ended is in doubt."""
    return Order.objects.filter(state=State.SENDING).update(
        state=State.UNKNOWN, unknown_since_at=clock.now(), error="stopped while sending"
    )


def record_order(update: orders.OrderUpdate) -> None:
    """Keep what the broker says of one order, then let the row follow it."""
    OrderEvent.objects.create(
        order_ref=update.order_ref, kind="order", body=plain(update), at=update.at
    )
    row = Order.objects.filter(pk=update.order_ref).select_related("intent").first()
    if row is None or unrecorded.is_extra(update) or ticking.is_of_before(row, update):
        return
    if update.error_code == orders.OFF_TICK and _is_off_tick(row, update):
        return
    state = _BROKER_TO_ROW.get(update.status)
    is_latest = _is_latest(update)
    changes = _seen(row, update) | (_terms(row, update) if is_latest else {})
    if state is not None and _may_follow(row, state, is_latest=is_latest):
        changes["state"] = state
        changes["unknown_since_at"] = clock.now() if state == State.UNKNOWN else None
        changes["looked_for"] = row.looked_for if state == State.UNKNOWN else 0
    if update.error_code is not None and (is_latest or row.error_code is None):
        changes |= {"error_code": update.error_code, "error": update.error_text[:200]}
    Order.objects.filter(pk=row.pk).update(**changes)


def _is_off_tick(row: Order, update: orders.OrderUpdate) -> bool:
    """A tick was refused: say whether it is sent again, or only priced otherwise from now on."""
    if ticking.send_again(row.pk, update.order_id):
        return True
    ticking.coarsen(row.intent_id)
    return False


def record_fill(fill: orders.Fill) -> bool:
    """Keep one execution; say whether it was new."""
    if isinstance(fill.contract, Share):
        return share_books.record(fill)
    try:
        with transaction.atomic():
            OrderEvent.objects.create(
                order_ref=fill.order_ref, kind="fill", body=plain(fill), at=fill.executed_at
            )
            Fill.objects.create(
                exec_id=fill.exec_id, base_exec_id=fill.base_exec_id, revision=fill.revision,
                order_ref=fill.order_ref, perm_id=fill.perm_id or None, account=fill.account,
                con_id=fill.con_id, occ=fill.contract.occ, quantity=fill.quantity,
                price=fill.price, executed_at=fill.executed_at, recorded_at=clock.now(),
                source=settings.TRADING_MODE,
            )  # fmt: skip
    except IntegrityError:
        return False
    manual.attach(fill.exec_id)
    return True


def owner_of(fill: orders.Fill) -> str:
    """The intent that an execution belongs to: its order's, or its trade's; "" when to none."""
    mine = selectors.intent_of(fill.order_ref)
    if mine:
        return mine
    row = Fill.objects.filter(pk=fill.exec_id).select_related("position").first()
    return "" if row is None or row.position is None else str(row.position.intent_id)


def unsent_parents(*, entries: bool) -> list[str]:
    """References of recorded chains that may go: an entry needs an ACTIVE state, exits do not.

    An entry that was recorded while a stop was being committed ends here: resuming never sends it.
    """
    rows = Order.objects.filter(state=State.RECORDED, parent_ref="").select_related("intent")
    found = rows.order_by("recorded_at")
    stopped = {row.intent_id for row in found if row.role == orders.Role.ENTRY and _is_stopped(row)}
    if stopped:
        _expire(stopped, "trading was stopped before it was sent")
    return [
        row.order_ref
        for row in found
        if row.role != orders.Role.ENTRY or (entries and row.intent_id not in stopped)
    ]


def _is_stopped(row: Order) -> bool:
    state = selectors.trading_state(row.intent.strategy, row.intent.symbol)
    return state is not orders.TradingState.ACTIVE


def highest_order_id() -> int:
    """The highest order id a row was given, 0 before the first."""
    given = (model.objects.aggregate(n=Max("order_id"))["n"] or 0 for model in (Order, ShareOrder))
    return int(max(given))


def _claim(row: Order, order_id: int, epoch: int) -> bool:
    # The row that changes is ours; a second gateway process changes none.
    return bool(
        Order.objects.filter(pk=row.pk, state=State.RECORDED).update(
            state=State.SENDING,
            order_id=order_id,
            epoch=epoch,
            sent_at=clock.now(),
            con_id=row.con_id,
        )
    )


def _seen(row: Order, update: orders.OrderUpdate) -> dict[str, object]:
    changes: dict[str, object] = {}
    if row.seen_at is None or update.at < row.seen_at:
        changes["seen_at"] = update.at
    if update.perm_id and row.perm_id != update.perm_id:
        changes["perm_id"] = update.perm_id
    if update.con_id and row.con_id is None:
        changes["con_id"] = update.con_id
    return changes


def _terms(row: Order, update: orders.OrderUpdate) -> dict[str, object]:
    """Prices and quantity as the broker works them; ours are wishes until it says so."""
    if update.status is orders.OrderStatus.FILLED and row.side == Side.SELL:
        # Its group may have reduced it unheard: it sold all that it still had to.
        return {"quantity": update.filled} if 0 < update.filled < row.quantity else {}
    if update.status is not orders.OrderStatus.WORKING:
        return {}
    said = {"limit_price": update.limit_price, "stop_price": update.stop_price}
    found: dict[str, object] = {
        name: price
        for name, price in said.items()
        if price is not None and getattr(row, name) is not None and price != getattr(row, name)
    }
    # A group reduces its members, and a parent that ends trims its children.
    if row.side == Side.SELL and 0 < update.quantity != row.quantity:
        found["quantity"] = update.quantity
    # What was on its way has arrived; the next change need not wait.
    return found | {"amended_at": None} if found else {}


def _differs() -> Q:
    """Orders that the broker works otherwise than we want; quantities only ever shrink."""
    limit = Q(wanted_limit__isnull=False) & ~Q(wanted_limit=F("limit_price"))
    stop = Q(wanted_stop__isnull=False) & ~Q(wanted_stop=F("stop_price"))
    return limit | stop | Q(wanted_quantity__lt=F("quantity"))


def _as_wanted(row: Order) -> Order:
    row.limit_price = row.wanted_limit or row.limit_price
    row.stop_price = row.wanted_stop or row.stop_price
    row.quantity = min(row.wanted_quantity or row.quantity, row.quantity)
    return row


def _is_latest(update: orders.OrderUpdate) -> bool:
    """Say whether nothing later is known of the order; updates may overtake each other."""
    later = OrderEvent.objects.filter(order_ref=update.order_ref, kind="order", at__gt=update.at)
    return not later.exclude(body__status=orders.OrderStatus.PENDING).exists()


def _may_follow(row: Order, state: str, *, is_latest: bool) -> bool:
    """An end is final but for a fill; a late word of life revives and hides nothing."""
    if state == State.FILLED:
        return row.state != State.FILLED
    ended = row.state in (State.CANCELLED, State.REJECTED, State.FILLED, State.EXPIRED)
    return not ended and (is_latest or state not in (State.WORKING, State.UNKNOWN))

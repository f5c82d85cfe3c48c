"""Closing the shares of an exercise: an operator confirms, the gateway process sends once (6.9).

An order never asks for more shares than the broker showed and our exercises explain, and only for
the other side; a second one waits for the end of the first. What became of it the broker says: an
order in doubt is looked for by its reference, and never sent again.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction

from execution import selectors
from execution.ledger.reconciliation import Kind
from execution.models import Quarantine, ShareOrder
from execution.orders import tickets
from execution.orders.references import share_ref
from execution.orders.ticks import touch
from execution.risk.facts import Settings as Limits
from execution.services import exercising, nearby
from execution.services.broker import Submission
from quanticity import audit, leases
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, orders
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import Share
from quanticity.domain.market import Side
from quanticity.gateway.ports import BrokerFacts
from quanticity.rows import change
from quanticity.store import health, market

State = ShareOrder.State
_ALIVE = (State.RECORDED, State.SENDING, State.WORKING, State.UNKNOWN)
_FRESH = timedelta(seconds=10)  # from the operator's yes to the wire
_ASKING = timedelta(seconds=10)  # the longest that a snapshot takes
_LOOKS_N = 2
_STATES = {
    orders.OrderStatus.WORKING: State.WORKING,
    orders.OrderStatus.FILLED: State.FILLED,
    orders.OrderStatus.CANCELLED: State.CANCELLED,
    orders.OrderStatus.REJECTED: State.REJECTED,
    orders.OrderStatus.UNKNOWN: State.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be sent now."""

    account: str
    symbol: str
    con_id: int
    held: int
    limit_price: Decimal

    @property
    def side(self) -> Side:
        """The side that closes what is held."""
        return Side.SELL if self.held > 0 else Side.BUY


def draft(symbol: str) -> Draft:
    """The order that closes the shares of a symbol now; MalformedInput says what is against it."""
    shown = Quarantine.objects.filter(kind=Kind.SHARES_EXERCISED, symbol=symbol, ended_at=None)
    row = shown.first()
    if row is None:
        raise MalformedInput(f"expected shares of {symbol} from an exercise, the broker shows none")
    if ShareOrder.objects.filter(symbol=symbol, state__in=_ALIVE).exists():
        raise MalformedInput(f"UNRESOLVED: an order in shares of {symbol} is not over yet")
    held = _held(row.account, symbol)
    if not nearby.is_connected():
        raise MalformedInput("NOT_CONNECTED: the broker cannot be reached now")
    return Draft(row.account, symbol, row.con_id, held, _limit(symbol, held))


def prepare(symbol: str, *, actor: str, reason: str) -> ShareOrder:
    """Record the order that an operator has confirmed; the gateway process sends it."""
    if not reason.strip():
        raise MalformedInput("expected a reason, was nothing")
    made, now = draft(symbol), clock.now()
    day = calendar.session_date(now)
    n = ShareOrder.objects.filter(symbol=symbol, order_ref__contains=f":{day:%Y%m%d}:").count() + 1
    try:
        with transaction.atomic():
            row = ShareOrder.objects.create(
                order_ref=share_ref(settings.TRADING_MODE, symbol, day, n), account=made.account,
                symbol=symbol, con_id=made.con_id, side=made.side, quantity=abs(made.held),
                limit_price=made.limit_price, actor=actor, reason=reason[:300], recorded_at=now,
                source=settings.TRADING_MODE,
            )  # fmt: skip
            audit.record(actor, "close shares", symbol, reason=reason, after=str(row))
            transaction.on_commit(lambda: health.wake("gateway"))
    except IntegrityError as error:
        raise MalformedInput(f"UNRESOLVED: somebody else closes {symbol} just now") from error
    return row


def unsent() -> list[str]:
    """Orders that are to leave; what an operator confirmed too long ago ends here."""
    rows = ShareOrder.objects.filter(state=State.RECORDED)
    stale = rows.filter(recorded_at__lt=clock.now() - _FRESH)
    change(stale, state=State.EXPIRED, error="too old to send")
    return list(rows.values_list("pk", flat=True))


def take(ref: str, epoch: int, order_id: int) -> Submission | None:
    """Claim one order under the lease, its id chosen; None when it may not go any more."""
    row = ShareOrder.objects.filter(pk=ref, state=State.RECORDED).first()
    if row is None or leases.is_superseded("gateway", epoch):
        return None
    try:
        held = _held(row.account, row.symbol)
        made = tickets.close_shares(ref, Share(row.symbol), held, row.quantity, row.limit_price)
    except MalformedInput as error:
        ShareOrder.objects.filter(pk=ref).update(state=State.EXPIRED, error=str(error)[:200])
        return None
    claimed = ShareOrder.objects.filter(pk=ref, state=State.RECORDED).update(
        state=State.SENDING, order_id=order_id, epoch=epoch, sent_at=clock.now()
    )
    return Submission(order_id, row.con_id, made) if claimed else None


def doubt(ref: str, why: str) -> None:
    """What became of it is not known; the broker is asked."""
    ShareOrder.objects.filter(pk=ref, state=State.SENDING).update(
        state=State.UNKNOWN, error=why[:200]
    )


def refuse(ref: str, why: str) -> None:
    """The broker did not take it."""
    ShareOrder.objects.filter(pk=ref, state__in=_ALIVE).update(
        state=State.REJECTED, error=why[:200]
    )


def record(update: orders.OrderUpdate) -> None:
    """Follow the broker's word; an end is final."""
    rows = ShareOrder.objects.filter(pk=update.order_ref)
    if not rows.exists():
        return
    state = _STATES.get(update.status)
    if update.perm_id:
        rows.update(perm_id=update.perm_id)
    rows.filter(filled__lt=update.filled).update(filled=update.filled)
    rows.update(heard_at=clock.now())
    if state is not None:
        rows.filter(state__in=_ALIVE).update(
            state=state, looked_for=0, error=update.error_text[:200]
        )


def settle(facts: BrokerFacts) -> None:
    """Hold what is on its way against a whole snapshot; what two of them do not know is over."""
    told = {u.order_ref: u for u in (*facts.completed_orders, *facts.open_orders)}
    before = facts.at - selectors.submit_patience()
    for row in ShareOrder.objects.filter(state__in=_ALIVE, sent_at__lt=before):
        if row.pk in told:
            record(told[row.pk])
            continue
        is_last = row.looked_for + 1 >= _LOOKS_N
        ShareOrder.objects.filter(pk=row.pk, state__in=_ALIVE).update(
            looked_for=row.looked_for + 1, state=State.EXPIRED if is_last else State.UNKNOWN,
            error="not at the broker",
        )  # fmt: skip


def _held(account: str, symbol: str) -> int:
    """Shares of our exercises that the last comparison still saw, signed."""
    last = selectors.last_reconciliation()
    limits = section("execution.risk", Limits)
    if last is None or (clock.now() - last.at).total_seconds() > limits.reconciled_max_age_s:
        raise MalformedInput("NOT_RECONCILED: the books were not compared lately")
    # A list of holdings made while shares went may still show them.
    since = last.at - _ASKING
    if ShareOrder.objects.filter(account=account, symbol=symbol, heard_at__gte=since).exists():
        raise MalformedInput(f"NOT_RECONCILED: shares of {symbol} went since the last comparison")
    there, ours = (
        int(last.holdings.get(symbol, 0)),
        exercising.due_shares().get((account, symbol), 0),
    )
    if there * ours <= 0:
        raise MalformedInput(f"expected shares of {symbol} from an exercise, the broker shows none")
    return min(there, ours, key=abs)


def _limit(symbol: str, held: int) -> Decimal:
    """The touch of the other side: a marketable limit, never a market order."""
    now, limits = clock.now(), section("execution.risk", Limits)
    if calendar.current(now) is None:
        raise MalformedInput("SESSION_CLOSED: shares are closed in the regular session")
    quote = market.quote(symbol)
    seen = None if quote is None else touch(quote.bid, quote.ask)
    if quote is None or seen is None:
        raise MalformedInput(f"NO_MARKET_DATA: no quote of {symbol}")
    if (now - quote.event_at).total_seconds() > limits.quote_max_age_s:
        raise MalformedInput(f"NO_MARKET_DATA: the quote of {symbol} is old")
    return seen.bid if held > 0 else seen.ask

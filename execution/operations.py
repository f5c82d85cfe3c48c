"""What an operator may do by hand, as data: what it is called, what it will do, who does it.

Every operation wants a reason. A dangerous one is confirmed on a second page that says what will
happen, and wants the password again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.utils.timezone import localtime

from execution import selectors
from execution.models import AccountValues, Approval, BreakerTrip, Order, Position, Quarantine
from execution.services import cash, flattening, operating, share_orders, watching
from quanticity import halt_file
from quanticity.domain.errors import MalformedInput

Said = str


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish of an operator: on what, why, and by whom."""

    subject: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do; `foresee` says what it would do now, `do` does it and says so."""

    name: str
    title: str
    subject: str  # what the subject is called; empty when there is none
    usual: str  # the subject when none is named
    foresee: Callable[[str], list[Said]]
    do: Callable[[Wish], Said]

    @property
    def dangerous(self) -> bool:
        """Whether it wants a second page and the password."""
        return self.name not in _MILD

    @property
    def wants_two(self) -> bool:
        """Whether a live account wants a second person: whatever lets trading go on (6.16)."""
        return settings.TRADING_MODE == "live" and self.name in _TWO

    @property
    def permission(self) -> str:
        """What an operator must hold: to stop and close, or to let trading go on."""
        return "execution.change_" + ("position" if self.name in _TRADERS else "tradingscope")


def _halt_plan(scope: str) -> list[Said]:
    working = selectors.working_entries(scope).count()
    return [
        f"Trading in “{scope}” is halted at once and stays halted, also over a restart.",
        f"{working} entries on their way are cancelled.",
        f"{_held()} open positions keep their protection.",
    ]


def _halt(wish: Wish) -> Said:
    cancelled = operating.halt(actor=wish.actor, reason=wish.reason, scope=wish.subject)
    return f"{wish.subject} is halted; {cancelled} entries are being cancelled."


def _resume_plan(scope: str) -> list[Said]:
    trips = [str(row) for row in selectors.held_breakers().filter(scope=scope)]
    last = selectors.last_reconciliation()
    return [
        f"The operators' halt of “{scope}” ends.",
        *([f"{halt_file.path()} is taken away."] if halt_file.standing() else []),
        "The last reconciliation: " + ("none yet." if last is None else f"{last}."),
        *(f"Still holding afterwards: {trip}." for trip in trips),
    ]


def _resume(wish: Wish) -> Said:
    operating.resume(actor=wish.actor, reason=wish.reason, scope=wish.subject)
    state = (
        selectors.trading_state()
        if wish.subject == selectors.GLOBAL
        else (selectors.trading_state(wish.subject))
    )
    return f"{wish.subject} is {state}."


def _flatten_plan(_: str) -> list[Said]:
    found = [p for p in selectors.open_positions() if p.quantity_open]
    lines = [f"{p.trade_id}: {p.quantity_open} {p.occ} are sold at the bid." for p in found]
    halts = "All trading is halted and stays so."
    return [halts, *(lines or ["No position is open."]), *_when(has_sales=bool(lines))]


def _flatten(wish: Wish) -> Said:
    begun = operating.flatten(actor=wish.actor, reason=wish.reason)
    return f"Trading is halted; {len(begun)} positions are being closed."


def _close_plan(trade_id: str) -> list[Said]:
    row = Position.objects.filter(pk=trade_id).first()
    if row is None:
        raise MalformedInput(f"expected an open trade, was {trade_id}")
    sale = f"{row.quantity_open} {row.occ} of {trade_id} are sold at the bid, then lower."
    return [sale, *_when(has_sales=True)]


def _when(*, has_sales: bool) -> list[Said]:
    """When the market is closed, sales wait: said before anybody wants one (6.16)."""
    opens = flattening.pending_until() if has_sales else None
    if opens is None:
        return []
    return [f"The market is closed: sales wait for the open, {localtime(opens):%a %d %b %H:%M %Z}."]


def _close(wish: Wish) -> Said:
    if not operating.close(wish.subject, actor=wish.actor, reason=wish.reason):
        raise MalformedInput(f"{wish.subject} is leaving already, or holds nothing")
    return f"{wish.subject} is being closed."


def _shares_plan(symbol: str) -> list[Said]:
    made = share_orders.draft(symbol)
    what = f"{made.side} {abs(made.held)} shares of {symbol} at {made.limit_price:.2f} or better"
    return [f"{what}, good for today.", f"{symbol} takes entries again when they are gone."]


def _shares(wish: Wish) -> Said:
    row = share_orders.prepare(wish.subject, actor=wish.actor, reason=wish.reason)
    return f"{row} is on its way."


def _cancel_plan(order_ref: str) -> list[Said]:
    row = Order.objects.filter(pk=order_ref).first()
    return [] if row is None else [f"{row} is asked to be cancelled."]


def _cancel(wish: Wish) -> Said:
    if not operating.cancel(wish.subject, actor=wish.actor, reason=wish.reason):
        raise MalformedInput(f"{wish.subject} does not work any more, or is being cancelled")
    return f"The cancellation of {wish.subject} is on its way."


def _approval_plan(intent_id: str) -> list[Said]:
    row = Approval.objects.filter(pk=intent_id).first()
    if row is None:
        raise MalformedInput(f"expected an entry that waits for approval, was {intent_id}")
    return [f"{row.summary}.", f"It waits until {localtime(row.expires_at):%H:%M:%S} New York."]


def _approve(wish: Wish) -> Said:
    row = operating.approve(wish.subject, actor=wish.actor, reason=wish.reason)
    return f"Approved: {row.summary}. It passes every rule again before it leaves."


def _decline(wish: Wish) -> Said:
    row = operating.decline(wish.subject, actor=wish.actor, reason=wish.reason)
    return f"Declined: {row.summary}."


def _release_plan(trip_id: str) -> list[Said]:
    row = BreakerTrip.objects.filter(pk=_number(trip_id), ended_at=None).first()
    if row is None:
        raise MalformedInput(f"expected a breaker that holds, was {trip_id}")
    extra = ["Drawdown is measured from today's equity from then on."]
    return [f"{row} ends.", *(extra if row.breaker == "DRAWDOWN" else [])]


def _release(wish: Wish) -> Said:
    row = watching.release(_number(wish.subject), actor=wish.actor, reason=wish.reason)
    return f"{row.breaker} on {row.scope} is released."


def _resolve_plan(quarantine_id: str) -> list[Said]:
    row = Quarantine.objects.filter(pk=_number(quarantine_id), ended_at=None).first()
    if row is None:
        raise MalformedInput(f"expected an unresolved break, was {quarantine_id}")
    return [f"{row}.", f"Entries in {row.symbol or 'every symbol'} may go again."]


def _resolve(wish: Wish) -> Said:
    row = operating.resolve_quarantine(_number(wish.subject), actor=wish.actor, reason=wish.reason)
    return f"Resolved: {row}."


def _cash_plan(amount: str) -> list[Said]:
    usd = _money(amount)
    word = "deposit" if usd > 0 else "withdrawal"
    return [f"A {word} of {abs(usd)} USD is no trading result: day and drawdown leave it out."]


def _cash(wish: Wish) -> Said:
    account = AccountValues.objects.first()
    if account is None:
        raise MalformedInput("expected an account, the broker has not named one yet")
    usd = _money(wish.subject)
    move = cash.move_cash(account.pk, usd, actor=wish.actor, reason=wish.reason)
    if move.seen_at is None:
        return f"{move}: it will count as soon as the broker shows it."
    return f"{move}: the broker showed it, and it counts once."


def _held() -> int:
    return sum(1 for p in selectors.open_positions() if p.quantity_open)


def _number(text: str) -> int:
    if not text.isdigit():
        raise MalformedInput(f"expected a number, was {text!r}")
    return int(text)


def _money(text: str) -> Decimal:
    try:
        usd = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise MalformedInput(f"expected dollars, was {text!r}") from error
    if not usd.is_finite() or usd == 0:
        raise MalformedInput(f"expected dollars other than 0, was {text!r}")
    return usd


_MILD = frozenset({"cancel", "approve", "decline"})
_TWO = frozenset({"resume", "release", "resolve"})
_TRADERS = _MILD | {"halt", "close", "shares"}
_TABLE = (
    Operation("halt", "Halt trading", "Scope", "global", _halt_plan, _halt),
    Operation("resume", "Resume trading", "Scope", "global", _resume_plan, _resume),
    Operation("flatten", "Close everything and halt", "", "all", _flatten_plan, _flatten),
    Operation("close", "Close a position", "Trade", "", _close_plan, _close),
    Operation("shares", "Close shares of an exercise", "Symbol", "", _shares_plan, _shares),
    Operation("cancel", "Cancel an order", "Order", "", _cancel_plan, _cancel),
    Operation("approve", "Approve an entry", "Intent", "", _approval_plan, _approve),
    Operation("decline", "Decline an entry", "Intent", "", _approval_plan, _decline),
    Operation("release", "Release a breaker", "Breaker", "", _release_plan, _release),
    Operation("resolve", "Resolve a break", "Break", "", _resolve_plan, _resolve),
    Operation("cash", "Record a deposit or withdrawal", "Dollars, - out", "", _cash_plan, _cash),
)
OPERATIONS = {one.name: one for one in _TABLE}

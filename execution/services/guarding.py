"""What must never be: sells beyond the holding or without one, contracts sold short (6.7, 6.10).

Checked on every fact and every few seconds, over all orders of ours on one contract. The newest
offender is cancelled at once; a short position is bought back and trading halts.
"""

from django.conf import settings
from django.db.models import QuerySet, Sum

from execution import selectors
from execution.models import Fill, Order, Position
from execution.orders import protection, tickets
from execution.orders.references import order_ref
from execution.orders.ticks import round_up
from execution.services import halting, opening, wishes
from execution.services.alarms import Severity, raise_alarm
from execution.services.facts import increments_for
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Role, TradingState

_HELD = ("OPENING", "OPEN", "REDUCING", "CLOSING", "QUARANTINED")


def check(position: Position) -> None:
    """Hold the working sells of the position's contract against what is held of it."""
    same = Position.objects.filter(account=position.account, con_id=position.con_id)
    held = same.filter(state__in=_HELD).aggregate(n=Sum("quantity_open"))["n"] or 0
    intents = list(same.values_list("intent_id", flat=True))
    sells = [one for intent in intents for one in selectors.wished_sells(intent)]
    for violation in protection.violations(held, sells):
        if violation.critical and violation.offender is not None:
            _cancel(position, violation)
    if position.quantity_open >= 0:
        # An execution that came late explained it: what was to be bought back is not.
        wishes.want_off(_buys_back(position).filter(state__in=wishes.ALIVE))
    elif _is_confirmed(position):
        _buy_back(position, -position.quantity_open)
    else:
        wishes.want_comparison()


def _cancel(position: Position, violation: protection.Violation) -> None:
    assert violation.offender is not None
    ref = violation.offender.order_ref
    offender = Order.objects.filter(pk=ref, cancel_wanted_at=None)
    if not offender.exists():
        return
    wishes.want_off(offender)
    detail = f"{ref}: {violation.breakage}, {violation.working} against {violation.position}"
    raise_alarm("OVER_PROTECTED", detail, Severity.CRITICAL, intent=position.intent)


def _is_confirmed(position: Position) -> bool:
    """Whether the broker holds what our executions say: after a gap one that bought may be missing.

    Only a comparison made since the last execution counts.
    """
    last = selectors.last_reconciliation()
    newest = Fill.objects.filter(con_id=position.con_id).order_by("executed_at").last()
    if last is None or newest is None or last.at < newest.executed_at:
        return False
    same = Position.objects.filter(account=position.account, con_id=position.con_id)
    ours = same.aggregate(n=Sum("quantity_open"))["n"] or 0
    return int(last.holdings.get(position.occ, 0)) == ours


def _buys_back(position: Position) -> QuerySet[Order]:
    return position.intent.orders.filter(role=Role.FLATTEN, side="BUY")


def _buy_back(position: Position, excess: int) -> None:
    """Undo a sell beyond the holding: the one buy that does not open (6.10)."""
    _halt(f"{position.pk} sold {excess} more than it held")
    mine = position.intent.orders
    sells = mine.filter(side="SELL", state__in=wishes.ALIVE)
    if sells.exists():
        wishes.want_off(sells)  # the broker takes no buy beside them
        return
    ask = wishes.ask(position.occ)
    buys = _buys_back(position)
    if ask is None:
        return
    limit = round_up(ask, increments_for(position.intent))
    working = buys.filter(state__in=wishes.ALIVE)
    if working.exists():
        # The price is no object: it follows the ask until nothing is short.
        if working.filter(limit_price__lt=limit).update(wanted_limit=limit):
            wishes.wake_gateway()
        return
    number = buys.count() + 1
    ref = order_ref(settings.TRADING_MODE, position.intent_id, Role.FLATTEN, number)
    ticket = tickets.buy_back(ref, parse_occ(position.occ), excess, limit)
    Order.objects.create(
        **opening.order_fields(position.intent, ticket, "") | {"con_id": position.con_id},
        recorded_at=clock.now(),
    )  # fmt: skip
    detail = f"{position.pk}: {excess} of {position.occ}"
    raise_alarm("SOLD_SHORT", detail, Severity.CRITICAL, intent=position.intent)
    wishes.wake_gateway()


def _halt(reason: str) -> None:
    if selectors.trading_state() is not TradingState.HALTED:
        halting.halt(actor="guard", reason=reason)

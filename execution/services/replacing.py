"""The replace protocol as rows: begun before its first message, taken on by whatever is true (6.7).

Each look reads what became of the tranche's orders, lets the pure protocol say what follows, and
writes phase and orders in one transaction. Nothing is remembered outside the rows, so a process
that dies at any step is followed by one that goes on where it was.
"""

from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from execution import selectors
from execution.models import BracketReplace, Order, Position, Tranche
from execution.orders import brackets, protection, replacement
from execution.orders.replacement import Act, Fact, Phase, Replacement
from execution.orders.tickets import Cover
from execution.risk.verdict import Denied
from execution.services import opening, tranching, wishes
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Role, Ticket

_State = Order.State
_FACTS_AT_ONCE = 6  # phases between the first order's end and the last one's beginning


def begin(position: Position, tranche: Tranche, stop: Decimal, reason: str) -> bool:
    """Write a replacement of one tranche's pair; False while another of it is under way."""
    held = tranching.left(position)[tranche.number]
    step = replacement.begin(held, _old_stop(position, tranche), stop, clock.now())
    group = brackets.group_of(position.pk, tranche.generation + 1, tranche.number)
    try:
        with transaction.atomic():
            row = BracketReplace.objects.create(
                position=position, number=tranche.number, oca_group=group, reason=reason,
                began_at=clock.now(), **_columns(step.after),
            )  # fmt: skip
    except IntegrityError:
        return False
    Position.objects.filter(pk=position.pk).update(replaced_at=clock.now())
    advance(row)
    return True


def active(position: Position) -> list[BracketReplace]:
    """Replacements of a position that are under way."""
    return list(position.replacements.filter(ended_at=None))


def abandon(position: Position) -> None:
    """The position leaves, or is gone: nothing is replaced any more."""
    position.replacements.filter(ended_at=None).update(ended_at=clock.now())


def advance(row: BracketReplace) -> None:
    """Take every fact that the rows hold by now, then let time pass."""
    left = tranching.left(row.position).get(row.number, 0)
    if 0 < left < row.quantity:  # the rest was sold: no order for it will ever be made
        row.quantity = left
        row.save(update_fields=["quantity"])
    for _ in range(_FACTS_AT_ONCE):
        heard = _hear(row)
        if heard is None:
            break
        _follow(row, heard)
        if row.ended_at is not None:
            return
    _follow(row, _wait(row))


def _hear(row: BracketReplace) -> replacement.Step | None:
    now = _value(row)
    holds = tranching.left(row.position)[row.number]
    if holds == 0:
        return replacement.hear(now, Role.STOP, Fact.FILLED, clock.now(), 0)
    role = Role.STOP if now.phase in _STOPS else Role.TARGET
    fact = _off(row, role) if now.phase in _ENDINGS else _on(row, role)
    return None if fact is None else replacement.hear(now, role, fact, clock.now(), holds)


_ENDINGS = frozenset({Phase.TARGET_OFF, Phase.STOP_OFF})
_STOPS = frozenset({Phase.STOP_OFF, Phase.STOP_ON, Phase.STOP_BACK})


def _off(row: BracketReplace, role: Role) -> Fact | None:
    """Whether the old orders of a role are off, and every execution they spoke of is here."""
    old = _orders(row, role).exclude(pk__in=(row.stop_ref, row.target_ref))
    alive = old.filter(state__in=wishes.ALIVE)
    if alive.exists():
        wishes.want_off(alive)
        return None
    return None if any(selectors.awaits_fills(order) for order in old) else Fact.OLD_OFF


def _on(row: BracketReplace, role: Role) -> Fact | None:
    """Whether the new order of a role works, was refused, or is still to be made."""
    ref = row.stop_ref if role is Role.STOP else row.target_ref
    order = Order.objects.filter(pk=ref).first() if ref else None
    if order is None:
        _send(row, role)
        return None
    if order.state in (_State.WORKING, _State.FILLED):
        return Fact.NEW_ON
    return None if order.state in wishes.ALIVE else Fact.NEW_REFUSED


def _wait(row: BracketReplace) -> replacement.Step:
    now = _value(row)
    if now.phase in _ENDINGS:
        return replacement.wait(now, clock.now(), _settings())
    ref = row.stop_ref if now.phase in _STOPS else row.target_ref
    order = Order.objects.filter(pk=ref).first() if ref else None
    if order is None or order.sent_at is None:
        return replacement.Step(now)  # it has not left: nobody owes an answer
    since = max(now.since, order.sent_at)
    waited = replacement.wait(replace(now, since=since), clock.now(), _settings())
    return waited if waited.acts else replacement.Step(now)


def _follow(row: BracketReplace, step: replacement.Step) -> None:
    """Write where the protocol is now, and do what it asks for."""
    after = step.after
    if after == _value(row) and not step.acts:
        return
    if after.phase in (Phase.STOP_BACK, Phase.STOP_ON) and Act.SEND_STOP in step.acts:
        row.stop_ref = ""
    for name, value in _columns(after).items():
        setattr(row, name, value)
    if after.phase in (Phase.DONE, Phase.EXIT):
        row.ended_at = clock.now()
    row.save()
    for act in step.acts:
        _DO[act](row)
    if after.phase is Phase.DONE:
        _tidy(row)


def _send(row: BracketReplace, role: Role) -> None:
    """Record the new stop or target, in the replacement's group; the gateway sends it."""
    position = row.position
    tranche = position.tranches.get(number=row.number)
    if role is Role.STOP:
        tranche.generation += 1
    ticket = _ticket(row, role, tranche)
    if isinstance(ticket, Denied):
        return  # what we hold is still claimed by a sell that is on its way off
    tranche.save(update_fields=["generation"])
    Order.objects.create(
        **opening.order_fields(position.intent, ticket, "") | {"con_id": position.con_id},
        tranche=row.number, recorded_at=clock.now(),
    )  # fmt: skip
    is_stop = role is Role.STOP
    setattr(row, "stop_ref" if is_stop else "target_ref", ticket.order_ref)
    row.save()
    wishes.wake_gateway()


def _ticket(row: BracketReplace, role: Role, tranche: Tranche) -> Ticket | Denied:
    position = row.position
    slot = brackets.Slot(
        settings.TRADING_MODE, position.intent_id, parse_occ(position.occ), row.quantity,
        row.oca_group, brackets.serial_of(tranche.generation, tranche.number),
    )  # fmt: skip
    sells = selectors.claiming_sells(position.intent_id)
    claimed = protection.claimed_outside(sells, row.oca_group)
    cover = Cover(selectors.sellable(position), claimed)
    if role is Role.STOP:
        return brackets.stop_leg(slot, _value(row).stop, cover)
    return brackets.target_leg(slot, tranche.target_price, cover)


def _tidy(row: BracketReplace) -> None:
    """Take off what a repeated stop left behind: one stop and one target work, no more."""
    for role, ref in ((Role.STOP, row.stop_ref), (Role.TARGET, row.target_ref)):
        if ref:
            wishes.want_off(_orders(row, role).exclude(pk=ref).filter(state__in=wishes.ALIVE))


def _leave(row: BracketReplace) -> None:
    row.position.tranches.filter(number=row.number, leaving_at=None).update(leaving_at=clock.now())
    Position.objects.filter(pk=row.position_id, exit_wanted="").update(exit_wanted="BACKUP_STOP")


def _alarm(severity: Severity, code: str, row: BracketReplace) -> None:
    detail = f"{row.position_id} tranche {row.number}: {row.oca_group}"
    raise_alarm(code, detail, severity, intent=row.position.intent)


_DO: dict[Act, Any] = {
    Act.CANCEL_TARGET: lambda row: _off(row, Role.TARGET),
    Act.CANCEL_STOP: lambda row: _off(row, Role.STOP),
    Act.SEND_STOP: lambda row: _on(row, Role.STOP),
    Act.SEND_TARGET: lambda row: _on(row, Role.TARGET),
    Act.SEND_EXIT: _leave,
    # An unconfirmed cancellation goes again by itself; an order in doubt is asked about.
    Act.ASK_BROKER: lambda row: _alarm(Severity.HIGH, "CANCEL_UNANSWERED", row),
    Act.ALARM_HIGH: lambda row: _alarm(Severity.HIGH, "TARGET_REFUSED", row),
    Act.ALARM_CRITICAL: lambda row: _alarm(Severity.CRITICAL, "STOP_REFUSED", row),
}


def _orders(row: BracketReplace, role: Role) -> Any:
    return Order.objects.filter(intent_id=row.position.intent_id, tranche=row.number, role=role)


def _old_stop(position: Position, tranche: Tranche) -> Decimal:
    works = Order.objects.filter(
        intent_id=position.intent_id, tranche=tranche.number, role=Role.STOP,
        state=_State.WORKING,
    ).first()  # fmt: skip
    found = None if works is None else works.stop_price
    return found or position.stop_price or Decimal(0)


def _value(row: BracketReplace) -> Replacement:
    return Replacement(
        Phase(row.phase), row.quantity, row.old_stop, row.new_stop, row.since_at,
        row.gap_since_at, row.naked_ms,
    )  # fmt: skip


def _columns(value: Replacement) -> dict[str, Any]:
    found = asdict(value)
    return found | {"since_at": found.pop("since"), "gap_since_at": found.pop("gap_since")}


def _settings() -> protection.Settings:
    found: protection.Settings = section("execution.protection", protection.Settings)
    return found

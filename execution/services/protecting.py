"""Protection kept true: every tranche under a stop of its size, nothing beyond what is held (6.7).

`tend` is called on every fact about an intent and every few seconds. It compares the tranches with
the broker's working sells and asks for one next step each: shrink the attached pair, place or
replace a tranche's pair, let a part leave. Everything it wants is a row.
"""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from execution import selectors
from execution.models import Fill, Order, Position, Tranche
from execution.orders import parts, protection
from execution.services import apart, guarding, leaving, measuring, replacing, tranching, wishes
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import clock, orders
from quanticity.domain.orders import Role

_PROTECTED = ("OPEN", "REDUCING", "QUARANTINED")
_OVER = ("CLOSED", "SETTLED")


def tend(intent_id: str, fills: tuple[orders.Fill, ...] = ()) -> None:
    """Take the next steps toward full protection of an intent's position, if it has one."""
    with transaction.atomic():
        position = (
            Position.objects.select_for_update()
            .filter(intent_id=intent_id)
            .select_related("intent")
            .first()
        )
        if position is None:
            return
        _tend(position)
        guarding.check(position)
        measuring.measure(position, fills)


def _tend(position: Position) -> None:
    entries = position.intent.orders.filter(role=Role.ENTRY, state__in=wishes.ALIVE)
    if position.state == "OPENING" or (position.state in _PROTECTED and entries.exists()):
        _protect_opening(position)
        return
    stays = position.exit_started_at is None or _cannot_leave(position)
    if position.quantity_open > 0 and stays:
        _protect(position)
        return
    replacing.abandon(position)
    if position.state in _OVER:
        for tranche in position.tranches.all():
            _clear(position, tranche)


def tend_moving() -> list[str]:
    """Go on with every replacement under way; the intents that were looked at."""
    rows = Position.objects.filter(replacements__ended_at=None, replacements__isnull=False)
    found = list(rows.values_list("intent_id", flat=True).distinct())
    apart.each("NOT_PROTECTED", found, tend)
    return found


def tend_left_behind() -> None:
    """Call back what still works of trades that are over."""
    alive = Order.objects.filter(side="SELL", state__in=wishes.ALIVE, cancel_wanted_at=None)
    over = alive.filter(intent__position__state__in=_OVER)
    apart.each("NOT_PROTECTED", over.values_list("intent_id", flat=True).distinct(), tend)


def _protect(position: Position) -> None:
    if selectors.awaits_sales(position.intent_id):
        return  # some of what we hold is sold already; nothing new is made for it
    tranching.match_holding(position)
    for row in replacing.active(position):
        replacing.advance(row)
    held = tranching.left(position)
    for tranche in position.tranches.all():
        if tranche.leaving_at is not None and not leaving.must_wait(position):
            leaving.advance(position, tranche, held[tranche.number])
        elif not held[tranche.number]:
            _clear(position, tranche)
        elif tranche.number == parts.ATTACHED and _is_attached(position):
            _fit_attached(position, tranche, held[tranche.number])
        else:
            _fit_explicit(position, tranche, held[tranche.number])


def _cannot_leave(position: Position) -> bool:
    """Whether it is to leave and nothing can be sold: then it is protected as if it stayed."""
    sells = position.intent.orders.filter(role=Role.EXIT, state__in=wishes.ALIVE)
    return not sells.exists() and leaving.must_wait(position)


def _protect_opening(position: Position) -> None:
    """While the entry works only its own children may protect it; without a stop it must end.

    So must one that has begun to sell: what it still bought would be for nothing.
    """
    bare = position.quantity_open > 0 and not selectors.protected_quantity(position)
    is_late = bare and _naked_s(position) > _settings().unprotected_grace_s
    if is_late or position.quantity_open < position.quantity_total:
        entries = position.intent.orders.filter(role=Role.ENTRY)
        wishes.want_off(entries.filter(state__in=wishes.ALIVE))


def _is_attached(position: Position) -> bool:
    """Whether the pair that came with the entry still has its stop, and may be amended."""
    pair = _pair(position)
    has_stop = pair.filter(role=Role.STOP, state__in=wishes.ALIVE).exists()
    return has_stop and not pair.exclude(amend_refused_at=None).exists()


def _pair(position: Position) -> QuerySet[Order]:
    mine = position.intent.orders.filter(tranche=parts.ATTACHED, state__in=wishes.ALIVE)
    return mine.exclude(parent_ref="")


def _fit_attached(position: Position, tranche: Tranche, held: int) -> None:
    """Want quantity, stop and target of the attached pair as they should be; zero gap."""
    for order in _pair(position):
        changes: dict[str, Decimal | int | None] = {"wanted_quantity": held + order.filled}
        if order.role == Role.STOP:
            stop = position.stop_price
            higher = stop is not None and stop > (order.stop_price or Decimal(0))
            changes |= {"wanted_stop": stop} if higher else {}
        elif order.limit_price != tranche.target_price:
            changes |= {"wanted_limit": tranche.target_price}
        stale = {name: value for name, value in changes.items() if getattr(order, name) != value}
        if stale:
            Order.objects.filter(pk=order.pk).update(**stale)
            wishes.wake_gateway()


def _fit_explicit(position: Position, tranche: Tranche, held: int) -> None:
    """Place the pair of a tranche that has none, or one of the wrong size, once there is room."""
    covered = tranching.executable_stop(position, tranche.number)
    if covered == held or _room(position, tranche) < held:
        return
    is_new = tranche.generation == 0 and tranche.number != parts.ATTACHED
    if not is_new and covered < held and _naked_s(position) <= _settings().unprotected_grace_s:
        return  # a word of the broker may be on its way
    reason = "PLACE" if is_new else "REPAIR" if not covered else "SIZE"
    stop = position.stop_price or Decimal(0)
    if replacing.begin(position, tranche, stop, reason) and reason == "REPAIR":
        detail = f"{position.pk} tranche {tranche.number}: generation {tranche.generation}"
        raise_alarm("PROTECTION_REPAIRED", detail, Severity.HIGH, intent=position.intent)


def _room(position: Position, tranche: Tranche) -> int:
    """Contracts that no other tranche's working sells could take."""
    refs = set(position.intent.orders.filter(tranche=tranche.number).values_list("pk", flat=True))
    sells = selectors.claiming_sells(position.intent_id)
    others = [one for one in sells if one.order_ref not in refs]
    return selectors.sellable(position) - protection.claimed_outside(others, "")


def _clear(position: Position, tranche: Tranche) -> None:
    """Nothing is left of a tranche: its pair has nothing to protect.

    What sold it takes its own group off, unless an amendment crossed with the sale: what still
    works a moment later is called back.
    """
    mine = position.intent.orders.filter(tranche=tranche.number)
    since = clock.now() - timedelta(seconds=_settings().unprotected_grace_s)
    sold = mine.filter(state=Order.State.FILLED).values("order_ref")
    if not Fill.objects.filter(order_ref__in=sold, recorded_at__gt=since).exists():
        wishes.want_off(mine.filter(state__in=wishes.ALIVE))


def _naked_s(position: Position) -> float:
    since = position.naked_since_at
    return 0.0 if since is None else (clock.now() - since).total_seconds()


def _settings() -> protection.Settings:
    found: protection.Settings = section("execution.protection", protection.Settings)
    return found

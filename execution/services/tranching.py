"""Tranches of a position as rows: planned at its entry, kept equal to what is held (6.7, 6.8)."""

from datetime import datetime
from decimal import Decimal

from django.db.models import F

from execution import selectors
from execution.models import Order, OrderIntent, Position, Tranche
from execution.orders import brackets, parts, stops
from execution.services.facts import increments_for
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.orders import Role
from quanticity.domain.signals import Strategy


def plan(position: Position, intent: OrderIntent, bought: int) -> None:
    """Write the tranches of a position whose entry is over; the last keeps the attached pair."""
    if position.tranches.exists() or not bought or not position.entry_price:
        return
    planned = brackets.tranches(bought, _profile(position))
    increments = increments_for(position.intent)
    numbers = [*range(1, len(planned)), parts.ATTACHED]
    for number, one in zip(numbers, planned, strict=True):
        price = brackets.target_price(position.entry_price, one.target_pct, increments)
        Tranche.objects.create(
            position=position, number=number, quantity=one.quantity, target_price=price
        )
    intent.orders.filter(role__in=(Role.STOP, Role.TARGET), tranche=None).update(
        tranche=parts.ATTACHED
    )


def left(position: Position) -> dict[int, int]:
    """Contracts that each tranche still holds, by the executions of its own orders."""
    sold: dict[int, int] = {}
    for row in Order.objects.filter(intent_id=position.intent_id).exclude(tranche=None):
        number = row.tranche or 0
        sold[number] = sold.get(number, 0) + row.filled
    return {
        one.number: max(0, one.quantity - sold.get(one.number, 0))
        for one in position.tranches.all()
    }


def match_holding(position: Position) -> None:
    """Give the tranches exactly what is held: somebody may have traded, or a fill been corrected.

    What was bought by hand becomes a tranche of its own; what was sold is taken out.
    """
    held = left(position)
    surplus = sum(held.values()) - position.quantity_open
    if surplus > 0:
        _take(position, [parts.Part(number, n) for number, n in held.items()], surplus)
    elif surplus < 0 and held:
        _add(position, -surplus)


def part_with(position: Position, quantity: int) -> int:
    """Decide that so many contracts leave now; return how many the tranches can give."""
    held = [parts.Part(number, n) for number, n in staying(position).items()]
    given = parts.take(held, quantity)
    for number, taken in given.items():
        whole = taken == next(part.left for part in held if part.number == number)
        row = position.tranches.get(number=number)
        if whole:
            row.leaving_at = clock.now()
            row.save(update_fields=["leaving_at"])
        elif _add(position, taken, leaving_at=clock.now(), target=row.target_price):
            row.quantity -= taken
            row.save(update_fields=["quantity"])
        else:
            given[number] = 0
    return sum(given.values())


def staying(position: Position) -> dict[int, int]:
    """Contracts of the tranches that were not told to leave."""
    gone = set(position.tranches.exclude(leaving_at=None).values_list("number", flat=True))
    return {number: n for number, n in left(position).items() if number not in gone}


def targets(position: Position) -> list[Decimal]:
    """Targets of what is still held, nearest first."""
    held = staying(position)
    rows = [row for row in position.tranches.all() if held.get(row.number, 0)]
    return sorted(row.target_price for row in rows)


def _take(position: Position, held: list[parts.Part], surplus: int) -> None:
    for number, taken in parts.take(held, surplus).items():
        row = position.tranches.get(number=number)
        row.quantity -= taken
        row.save(update_fields=["quantity"])


def _add(
    position: Position, quantity: int, *, leaving_at: datetime | None = None,
    target: Decimal | None = None,
) -> bool:  # fmt: skip
    """Make a tranche of so many contracts; False when what should leave finds no place.

    References have one digit for it: then one that has sold everything is used again, or the last
    one that stays grows, and its pair is replaced.
    """
    rows, held = list(position.tranches.all()), left(position)
    target = target or max(row.target_price for row in rows)
    number = max(row.number for row in rows) + 1
    spent = [row for row in rows if row.number != parts.ATTACHED and not held[row.number]]
    if number < brackets.MOST_TRANCHES:
        Tranche.objects.create(
            position=position, number=number, quantity=quantity, target_price=target,
            leaving_at=leaving_at,
        )  # fmt: skip
        return True
    same = [row for row in rows if not row.leaving_at] if leaving_at is None else []
    for row in [*spent, *reversed(same)][:1]:
        again = {"target_price": target, "leaving_at": leaving_at} if row in spent else {}
        position.tranches.filter(pk=row.pk).update(quantity=F("quantity") + quantity, **again)
        return True
    return False


def _profile(position: Position) -> stops.Profile:
    settings: stops.Settings = section("execution.stops", stops.Settings)
    return settings.profiles[Strategy(position.strategy)]


def executable_stop(position: Position, number: int) -> int:
    """Contracts that the working stops of one tranche could sell now."""
    refs = Order.objects.filter(intent_id=position.intent_id, tranche=number, role=Role.STOP)
    mine = set(refs.values_list("pk", flat=True))
    sells = selectors.working_sells(position.intent_id)
    return sum(one.executable for one in sells if one.order_ref in mine)

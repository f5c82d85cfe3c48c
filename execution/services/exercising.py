"""Shares that an exercise left us with: explained, shown until they are gone, kept from entries.

An option in the money at its expiry becomes shares at the broker. They are closed in the next
session when an operator says so (`share_orders`); the broker's own list says when it is done.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from execution.ledger.reconciliation import Action, Finding, Kind
from execution.models import Settlement
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Holding

_Key = tuple[str, int]  # account, contract


def explained(holdings: Iterable[Holding]) -> Mapping[_Key, int]:
    """Shares that the broker shows and our exercises account for, signed."""
    brought = due_shares()
    found: dict[_Key, int] = {}
    for holding in holdings:
        most = brought.get((holding.account, holding.occ), 0)
        if most * holding.quantity > 0:
            size = min(abs(most), abs(holding.quantity))
            found[holding.account, holding.con_id] = size if most > 0 else -size
    return found


def findings(holdings: Iterable[Holding]) -> list[Finding]:
    """One for each underlying of which shares are still there; it is no difference of the books."""
    held = list(holdings)
    names = {(one.account, one.con_id): one.occ for one in held}
    return [
        Finding(
            Kind.SHARES_EXERCISED, Action.BLOCK_CONTRACT, names[key], key[1],
            f"{size:+d} shares of {names[key]} from an exercise: to be closed by an operator",
        )
        for key, size in explained(held).items()
    ]  # fmt: skip


def due_shares() -> Mapping[tuple[str, str], int]:
    """Shares that exercises brought in all, by account and underlying."""
    found: Counter[tuple[str, str]] = Counter()
    for row in Settlement.objects.filter(exercised=True).select_related("position"):
        held = row.position
        sign = parse_occ(held.occ).right.sign
        found[held.account, held.symbol] += sign * row.quantity * held.multiplier
    return found

"""Profit and loss: first in, first out, per account and contract, to the cent (DOMAIN 6.12).

Realized net of a closing fill is (exit - entry) M n less the lot's share of its entry commission
less the exit's own; it is booked when both commissions are known and provisional before. Each lot
keeps its order reference, so two trades in one contract stay two trades.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from execution.ledger.executions import in_force
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import Fill

_ZERO = Decimal(0)


class Result(StrEnum):
    """What a trade came to, costs inside."""

    WIN = "WIN"
    LOSS = "LOSS"
    FLAT = "FLAT"


@dataclass(frozen=True, slots=True)
class Lot:
    """Contracts bought by one execution and not yet sold; commission None while pending."""

    exec_id: str
    order_ref: str
    opened_at: datetime
    quantity: int
    price: Decimal
    commission_per_contract: Decimal | None


@dataclass(frozen=True, slots=True)
class Match:
    """Contracts of one lot sold by one execution; net None while a commission is pending."""

    exec_id: str
    order_ref: str
    closed_at: datetime
    lot: Lot
    quantity: int
    gross_usd: Decimal
    net_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Close:
    """All that one selling execution realized."""

    exec_id: str
    quantity: int
    gross_usd: Decimal
    net_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """One contract's history: what was realized, what is left, and the cash that moved.

    `realized_net_usd` and `cash_flow_usd` hold only known commissions; `provisional` says that
    some are pending. `oversold` counts contracts sold that nothing had bought.
    """

    matches: tuple[Match, ...] = ()
    lots: tuple[Lot, ...] = ()
    realized_gross_usd: Decimal = _ZERO
    realized_net_usd: Decimal = _ZERO
    cash_flow_usd: Decimal = _ZERO
    commission_usd: Decimal = _ZERO
    provisional: bool = False
    oversold: int = 0

    @property
    def open_quantity(self) -> int:
        """Contracts held."""
        return sum(lot.quantity for lot in self.lots)

    @property
    def open_average_price(self) -> Decimal | None:
        """Average price of what is held, for display only."""
        if not self.lots:
            return None
        return sum((lot.price * lot.quantity for lot in self.lots), _ZERO) / self.open_quantity

    @property
    def closes(self) -> tuple[Close, ...]:
        """Matches summed per selling execution, in order."""
        order = dict.fromkeys(match.exec_id for match in self.matches)
        return tuple(_close(e, [m for m in self.matches if m.exec_id == e]) for e in order)


def apply(fills: Iterable[Fill], multiplier: int) -> Ledger:
    """Book every execution of one account and contract, corrections replaced, repeats ignored."""
    counted = in_force(fills)
    owners = {(fill.account, fill.con_id) for fill in counted}
    if len(owners) > 1:
        raise MalformedInput(f"expected fills of one account and contract, was {sorted(owners)}")
    ledger = Ledger()
    for fill in counted:
        ledger = _booked(ledger, fill, multiplier)
    return ledger


def unrealized(lots: Sequence[Lot], mark: Decimal | None, multiplier: int) -> Decimal | None:
    """(mark - entry) M n less entry commissions; None without a mark, never zero."""
    if not lots:
        return _ZERO
    if mark is None:
        return None
    gross = sum(((mark - lot.price) * lot.quantity for lot in lots), _ZERO) * multiplier
    costs = sum(((lot.commission_per_contract or _ZERO) * lot.quantity for lot in lots), _ZERO)
    return gross - costs


def result(realized_net_usd: Decimal) -> Result:
    """Win, loss, or flat when exactly nothing."""
    if realized_net_usd == 0:
        return Result.FLAT
    return Result.WIN if realized_net_usd > 0 else Result.LOSS


def day(
    realized_net_usd: Decimal,
    unrealized_usd: Decimal | None,
    unrealized_at_previous_close_usd: Decimal | None,
) -> Decimal | None:
    """Today's realized net plus the change of unrealized since the previous close."""
    if unrealized_usd is None or unrealized_at_previous_close_usd is None:
        return None
    return realized_net_usd + unrealized_usd - unrealized_at_previous_close_usd


def _booked(ledger: Ledger, fill: Fill, multiplier: int) -> Ledger:
    cost = fill.commission or _ZERO
    cash = -fill.price * fill.quantity * multiplier - cost
    common = replace(
        ledger,
        cash_flow_usd=ledger.cash_flow_usd + cash,
        commission_usd=ledger.commission_usd + cost,
        provisional=ledger.provisional or fill.commission is None,
    )
    return _bought(common, fill) if fill.quantity > 0 else _sold(common, fill, multiplier)


def _bought(ledger: Ledger, fill: Fill) -> Ledger:
    share = None if fill.commission is None else fill.commission / fill.quantity
    lot = Lot(fill.exec_id, fill.order_ref, fill.executed_at, fill.quantity, fill.price, share)
    return replace(ledger, lots=(*ledger.lots, lot))


def _sold(ledger: Ledger, fill: Fill, multiplier: int) -> Ledger:
    left, lots, matches = -fill.quantity, list(ledger.lots), []
    while left and lots:
        taken = min(left, lots[0].quantity)
        matches.append(_match(fill, lots[0], taken, multiplier))
        left -= taken
        rest = lots[0].quantity - taken
        lots[:1] = [replace(lots[0], quantity=rest)] if rest else []
    return replace(
        ledger,
        matches=(*ledger.matches, *matches),
        lots=tuple(lots),
        realized_gross_usd=ledger.realized_gross_usd + sum((m.gross_usd for m in matches), _ZERO),
        realized_net_usd=ledger.realized_net_usd
        + sum((m.net_usd or _ZERO for m in matches), _ZERO),
        oversold=ledger.oversold + left,
    )


def _match(fill: Fill, lot: Lot, quantity: int, multiplier: int) -> Match:
    gross = (fill.price - lot.price) * multiplier * quantity
    net = None
    if lot.commission_per_contract is not None and fill.commission is not None:
        exit_share = fill.commission * quantity / -fill.quantity
        net = gross - lot.commission_per_contract * quantity - exit_share
    return Match(
        fill.exec_id, fill.order_ref, fill.executed_at, replace(lot, quantity=quantity),
        quantity, gross, net,
    )  # fmt: skip


def _close(exec_id: str, matches: list[Match]) -> Close:
    nets = [match.net_usd for match in matches]
    return Close(
        exec_id,
        sum(match.quantity for match in matches),
        sum((match.gross_usd for match in matches), _ZERO),
        None if None in nets else sum((net for net in nets if net is not None), _ZERO),
    )

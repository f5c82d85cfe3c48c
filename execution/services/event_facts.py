"""What an event says of a trade: figures as text, ready to be kept and told."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from execution.ledger import pnl
from execution.models import OrderIntent, Position
from execution.services import tranching
from execution.services.sales import Sale
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Fill
from quanticity.domain.readings import instant

if TYPE_CHECKING:
    from execution.services.telling import Story

Facts = dict[str, Any]
# Figures whose change is a correction.
PUBLISHED = ("fill_price", "quantity", "realised_net_usd", "return_frac", "result", "provisional")
OPEN_AGAIN = "OPEN"
_CENT = Decimal("0.01")


def common(position: Position, intent: OrderIntent, at: datetime) -> Facts:
    """What every event of a trade says."""
    contract = parse_occ(position.occ)
    return {
        "trade_no": position.trade_id, "symbol": position.symbol,
        "direction": position.direction, "strategy": position.strategy, "occ": position.occ,
        "contract": str(contract), "expiry_date": contract.expiry.isoformat(),
        "strike": str(contract.strike), "right": str(contract.right),
        "dealer_context": intent.signal.reference.get("dealer_context", {}),
        "filled_at": instant(at),
    }  # fmt: skip


def entry(story: "Story", fills: Sequence[Fill]) -> Facts:
    """What was bought, and how it is protected."""
    position, intent = story.position, story.intent
    price, quantity = average(fills) or Decimal(0), sum(fill.quantity for fill in fills)
    explained = intent.signal.reference
    planned = sorted(position.tranches.values_list("target_price", flat=True))
    targets: list[Decimal | None] = [*planned] or [intent.target_price]
    return common(position, intent, fills[-1].executed_at) | {
        "fill_price": text(price), "quantity": quantity,
        "notional_usd": text(price * quantity * position.multiplier),
        "commission_usd": text(_cost(fills)), "stop_price": text(intent.stop_price),
        "targets": [text(target) for target in targets if target],
        "confidence": intent.signal.confidence,
        "components": explained.get("components", []), "tags": explained.get("tags", []),
    }  # fmt: skip


def scale_out(story: "Story", sale: Sale) -> Facts:
    """What a part of the trade came to, and what stays; costs as in `end`."""
    position = story.position
    price = average(sale.fills) or Decimal(0)
    ids = {fill.exec_id for fill in sale.fills}
    matches = [match for match in story.ledger.matches if match.exec_id in ids]
    provisional = any(match.net_usd is None for match in matches)
    fees = sum((_entry_fee(match) for match in matches), Decimal(0))
    paid = sum((m.lot.price * m.quantity for m in matches), Decimal(0)) * position.multiplier + fees
    costs = fees + sum((fill.commission or Decimal(0) for fill in sale.fills), Decimal(0))
    net = sum((match.gross_usd for match in matches), Decimal(0)) - costs
    return common(position, story.intent, sale.at) | {
        "fill_price": text(price), "quantity": sale.quantity,
        "notional_usd": text(price * sale.quantity * position.multiplier),
        "commission_usd": text(None if provisional else costs),
        "stop_price": text(position.stop_price),
        "targets": [text(target) for target in tranching.targets(position)],
        "remaining_quantity": sale.remaining, "realised_net_usd": text(net),
        "return_frac": fraction(net, paid), "provisional": provisional,
    }  # fmt: skip


def end(story: "Story", at: datetime) -> Facts:
    """What the whole trade came to; provisional while the broker still owes a cost (DOMAIN 6.11).

    A provisional result holds the costs that are known; what they are in all is not said.
    """
    position, ledger = story.position, story.ledger
    bought = [fill for fill in story.fills if fill.quantity > 0]
    cost = sum((f.price * f.quantity for f in bought), Decimal(0)) * position.multiplier
    fees = sum((fill.commission or Decimal(0) for fill in bought), Decimal(0))
    known = position.realised_net_usd
    net = ledger.cash_flow_usd if known is None else known
    opened = position.opened_at or at
    return common(position, story.intent, at) | {
        "fill_price": text(position.exit_price), "entry_price": text(position.entry_price),
        "quantity": position.quantity_total, "notional_usd": text(cost),
        "commission_usd": text(position.commission_usd), "realised_net_usd": text(net),
        "return_frac": fraction(net, cost + fees), "result": str(pnl.result(net)),
        "holding_s": (at - opened).total_seconds(), "exit_reason": position.exit_reason,
        "provisional": known is None,
    }  # fmt: skip


def reopened(story: "Story", told: Facts) -> Facts:
    """An end that is none: the broker took a sale back, and contracts are held again."""
    sold = [fill for fill in story.fills if fill.quantity < 0]
    return told | {
        "fill_price": text(average(sold)), "quantity": -sum(fill.quantity for fill in sold),
        "realised_net_usd": None, "return_frac": None, "result": OPEN_AGAIN, "provisional": True,
        "remaining_quantity": story.position.quantity_open,
    }  # fmt: skip


def nothing(told: Facts) -> Facts:
    """An entry that is none: the broker took every execution back."""
    return told | {"fill_price": None, "quantity": 0}


def adjustment(story: "Story", before: Decimal, stop: Decimal, reason: str) -> Facts:
    """A stop that moved, or a quantity that somebody changed."""
    position = story.position
    entry_price = position.entry_price or stop
    locked = (stop - entry_price) / entry_price if entry_price else Decimal(0)
    at = max(fill.executed_at for fill in story.fills)
    return common(position, story.intent, at) | {
        "stop_from": text(before), "stop_price": text(stop),
        "locked_in_frac": str(round(locked, 4)), "quantity": position.quantity_open,
        "remaining_quantity": position.quantity_open,
        "targets": [text(target) for target in tranching.targets(position)],
        "exit_reason": reason,
    }  # fmt: skip


def average(fills: Sequence[Fill]) -> Decimal | None:
    """Average price of executions on one side, None without any."""
    quantity = sum(abs(fill.quantity) for fill in fills)
    if not quantity:
        return None
    paid = sum((fill.price * abs(fill.quantity) for fill in fills), Decimal(0))
    return (paid / quantity).quantize(Decimal("0.0001"))


def text(value: Decimal | None) -> str | None:
    """Dollars to the cent."""
    return None if value is None else f"{value.quantize(_CENT):f}"


def fraction(net: Decimal, cost: Decimal) -> str | None:
    """Result as a share of what was paid, commission included (DOMAIN 6.12)."""
    return str(round(net / cost, 6)) if cost else None


def _entry_fee(match: pnl.Match) -> Decimal:
    return (match.lot.commission_per_contract or Decimal(0)) * match.quantity


def _cost(fills: Sequence[Fill]) -> Decimal | None:
    costs = [fill.commission for fill in fills]
    return None if None in costs else sum((c for c in costs if c is not None), Decimal(0))

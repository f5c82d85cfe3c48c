"""What a tier could have had of our trades: bought and sold at the touch of its own release (6.18).

The conservative fill model: an entry costs the ask and an exit earns the bid at the instant at
which the tier was told; a settlement is what it is for everybody. Commissions are ours; figures
are of one contract, because our size is for premium alone (7.3) and these curves are for
everybody. Where a quote was not known the trade's figure is None, never our own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

_CENT_OF_CENT = Decimal("0.0001")


class Leg(Protocol):
    """One buying or selling as a tier met it."""

    @property
    def kind(self) -> str:
        """ENTRY, SCALE_OUT, EXIT or EXPIRY."""

    @property
    def quantity(self) -> int:
        """Contracts."""

    @property
    def fill_price(self) -> Decimal | None:
        """Our own price."""

    @property
    def bid(self) -> Decimal | None:
        """What one could have sold at."""

    @property
    def ask(self) -> Decimal | None:
        """What one could have bought at."""


class Told(Protocol):
    """A closed trade as a tier was told of it."""

    @property
    def trade_id(self) -> str:
        """Its public number."""

    @property
    def closed_at(self) -> datetime:
        """When it ended."""

    @property
    def multiplier(self) -> int:
        """Shares per contract."""

    @property
    def commission_usd(self) -> Decimal | None:
        """What it cost us."""

    @property
    def legs(self) -> Sequence[Leg]:
        """In the order in which they were told."""


@dataclass(frozen=True, slots=True)
class Achieved:
    """What one tier could have made of one contract of a trade; None with no reason to guess."""

    trade_id: str
    closed_at: datetime
    net_usd: Decimal | None
    return_frac: Decimal | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One tier's trades after each other: dollars a contract, summed over those that are known."""

    n: int
    known: int
    net_usd: Decimal
    points: tuple[tuple[datetime, Decimal], ...]


def compute(trade: Told) -> Achieved:
    """One trade at the touch of a tier's releases."""
    amounts = [_amount(leg) for leg in trade.legs]
    held = sum(_signed(leg) for leg in trade.legs)
    entered = any(leg.kind == "ENTRY" for leg in trade.legs)
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts) or held or not entered or trade.commission_usd is None:
        return Achieved(trade.trade_id, trade.closed_at, None, None)
    net = sum(known, Decimal(0)) * trade.multiplier - trade.commission_usd
    paid = -sum((amount for amount in known if amount < 0), Decimal(0)) * trade.multiplier
    cost = paid + trade.commission_usd
    bought = sum(leg.quantity for leg in trade.legs if leg.kind == "ENTRY")
    each = (net / bought).quantize(_CENT_OF_CENT)
    return Achieved(trade.trade_id, trade.closed_at, each, net / cost if cost else None)


def curve(trades: Iterable[Achieved]) -> Curve:
    """The running sum over trades whose figure is known, in the order of their ends."""
    rows = sorted(trades, key=lambda trade: (trade.closed_at, trade.trade_id))
    total, points = Decimal(0), []
    for trade in rows:
        if trade.net_usd is not None:
            total += trade.net_usd
            points.append((trade.closed_at, total))
    return Curve(len(rows), len(points), total, tuple(points))


def _amount(leg: Leg) -> Decimal | None:
    price = {"ENTRY": leg.ask, "EXPIRY": leg.fill_price}.get(leg.kind, leg.bid)
    return None if price is None else -_signed(leg) * price


def _signed(leg: Leg) -> int:
    return leg.quantity if leg.kind == "ENTRY" else -leg.quantity

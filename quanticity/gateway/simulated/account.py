"""The simulated account: cash, positions at average cost, realised profit, commissions (pure)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.orders import ZERO

_CENT = Decimal("0.01")
Marks = Callable[[int], Decimal]


@dataclass(frozen=True, slots=True)
class Settings:
    """The account and what trading costs."""

    account: str
    start_cash_usd: float
    buying_power_multiple: float
    commission_usd_per_contract: float
    commission_usd_minimum: float
    commission_usd_per_share: float
    commission_usd_minimum_shares: float


@dataclass(slots=True)
class Position:
    """A holding: signed quantity and its cost in dollars per unit, multiplier and fees included."""

    con_id: int
    quantity: Decimal = ZERO
    average_cost: Decimal = ZERO
    realized: Decimal = ZERO


@dataclass(slots=True)
class Account:
    """What the broker's books say."""

    settings: Settings
    cash: Decimal
    realized: Decimal = ZERO
    commissions: Decimal = ZERO
    equity_at_close: Decimal | None = None
    positions: dict[int, Position] = field(default_factory=dict)
    # Commission charged so far per order: the minimum is per order, so fills are unequal.
    charged: dict[int, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def quantity(self, con_id: int) -> Decimal:
        """Signed holding of a contract."""
        held = self.positions.get(con_id)
        return held.quantity if held else ZERO

    def commission(self, perm_id: int, con_id: int, quantity: Decimal) -> Decimal:
        """Charge one more fill of an order: what its whole now costs beyond what was charged."""
        units, charged = self.charged.get(perm_id, (ZERO, ZERO))
        whole = self.quote_commission(con_id, units + quantity)
        self.charged[perm_id] = (units + quantity, whole)
        return whole - charged

    def quote_commission(self, con_id: int, quantity: Decimal) -> Decimal:
        """What an order of this size costs."""
        terms = self.settings
        per, least = terms.commission_usd_per_contract, terms.commission_usd_minimum
        if multiplier(con_id) == 1:
            per, least = terms.commission_usd_per_share, terms.commission_usd_minimum_shares
        return max(quantity * Decimal(str(per)), Decimal(str(least)))

    def book(
        self, con_id: int, signed: Decimal, price: Decimal, commission: Decimal
    ) -> Decimal | None:
        """Apply one fill; return the profit it realised, None for a pure opening."""
        held = self.positions.setdefault(con_id, Position(con_id))
        times = multiplier(con_id)
        self.cash -= signed * price * times + commission
        self.commissions += commission
        closing = min(abs(signed), abs(held.quantity)) if signed * held.quantity < 0 else ZERO
        share = commission * closing / abs(signed)
        profit = None
        if closing:
            direction = 1 if held.quantity > 0 else -1
            profit = (price * times - held.average_cost) * closing * direction - share
            held.realized += profit
            self.realized += profit
        self._move(held, signed, closing, price * times, commission - share)
        return profit

    def pay(self, usd: Decimal) -> None:
        """Pay in (+) or out (-): cash, and no part of the day's profit."""
        self.cash += usd
        if self.equity_at_close is not None:
            self.equity_at_close += usd

    def reprice(self, con_id: int, signed: Decimal, was: Decimal, price: Decimal) -> None:
        """Correct the price of a booked fill."""
        self.cash -= signed * (price - was) * multiplier(con_id)
        held = self.positions.get(con_id)
        if held is not None and signed * held.quantity > 0:
            held.average_cost += (price - was) * multiplier(con_id) * signed / held.quantity

    def _move(
        self, held: Position, signed: Decimal, closing: Decimal, unit: Decimal, fees: Decimal
    ) -> None:
        opening = abs(signed) - closing
        before = held.quantity
        held.quantity += signed
        if opening:
            direction = 1 if signed > 0 else -1
            cost = unit * opening + direction * fees
            kept = abs(before) if closing == 0 else ZERO
            held.average_cost = (held.average_cost * kept + cost) / (kept + opening)
        if not held.quantity:
            del self.positions[held.con_id]

    def market_value(self, marks: Marks) -> Decimal:
        """Value of all positions in dollars."""
        return sum(
            (p.quantity * marks(p.con_id) * multiplier(p.con_id) for p in self.positions.values()),
            ZERO,
        )

    def equity(self, marks: Marks) -> Decimal:
        """Net liquidation value."""
        return (self.cash + self.market_value(marks)).quantize(_CENT)

    def unrealized(self, marks: Marks) -> Decimal:
        """Profit of the open positions against their cost."""
        return sum(
            (
                p.quantity * (marks(p.con_id) * multiplier(p.con_id) - p.average_cost)
                for p in self.positions.values()
            ),
            ZERO,
        )

    def margin(self, marks: Marks) -> Decimal:
        """Margin: nothing for long options, a quarter of long shares, shorts in full."""
        total = ZERO
        for held in self.positions.values():
            worth = held.quantity * marks(held.con_id) * multiplier(held.con_id)
            if worth < 0:
                total += 2 * abs(worth)
            elif multiplier(held.con_id) == 1:
                total += worth / 4
        return total

    def available(self, marks: Marks) -> Decimal:
        """Funds free for new positions: long options lend nothing."""
        shares = sum(
            (
                p.quantity * marks(p.con_id)
                for p in self.positions.values()
                if multiplier(p.con_id) == 1
            ),
            ZERO,
        )
        return max(self.cash + shares - self.margin(marks), ZERO).quantize(_CENT)


def multiplier(con_id: int) -> int:
    """Units per contract: 1 for shares, 100 for options."""
    return 1 if listing.symbol_of_id(con_id) else 100

"""What the risk gate looks at: the proposal, the facts it is held against, and the limits.

None is a fact that is missing, and a missing fact denies. Ages are seconds, money is dollars,
fractions are of account equity unless a name says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from execution.orders.ticks import Increments, Touch
from quanticity.domain.orders import Account, TradingState
from quanticity.domain.signals import Signal, Strategy


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.risk]."""

    restart_window_s: float
    reconciled_max_age_s: float
    signal_max_age_s: float
    after_open_s: float
    before_close_s: float
    blind_max_s: float
    settles_min_s: dict[Strategy, float]
    quote_max_age_s: float
    spread_max_ticks: int
    spread_max_frac: dict[Strategy, Decimal]
    moved_max_frac: Decimal
    collar_frac: Decimal
    collar_usd: Decimal
    account_max_age_s: float
    buying_power_max_frac: Decimal
    max_contracts: dict[Strategy, int]
    order_max_frac: Decimal
    heat_max_frac: Decimal
    symbol_max_frac: Decimal
    max_positions: int
    max_positions_symbol: int
    correlation_above: float
    correlated_max_n: int
    correlated_max_frac: Decimal
    delta_max_frac: Decimal
    gamma_max_frac: Decimal
    vega_max_frac: Decimal
    theta_max_frac: Decimal
    daily_loss_frac: Decimal
    daily_loss_share: Decimal
    drawdown_max_frac: Decimal
    broker_max_orders: int
    bracket_sells_n: int
    orders_per_s: int


@dataclass(frozen=True, slots=True)
class Greeks:
    """Dollars: delta, gamma per 1 %, vega per point, theta per day; signed sums of a book."""

    delta_usd: Decimal
    gamma_usd_per_1pct: Decimal
    vega_usd_per_volpt: Decimal
    theta_usd_per_day: Decimal


NO_GREEKS = Greeks(Decimal(0), Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Proposal:
    """The order we would send. Before sizing contracts and dollars are zero: nothing yet."""

    signal: Signal
    live: bool
    limit: Decimal | None
    stop: Decimal | None
    contracts: int = 0
    notional_usd: Decimal = Decimal(0)
    risk_usd: Decimal = Decimal(0)  # premium at risk down to the stop
    greeks: Greeks | None = NO_GREEKS
    sizing_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """State of trading and of the link to the broker."""

    state: TradingState | None  # effective: the most severe of global, strategy, symbol
    connection: str | None
    restart_s: float | None  # distance to the nearest planned gateway restart, either way
    reconciled_age_s: float | None
    breaks_n: int | None  # unresolved, in this symbol or account
    ref_used: bool | None
    orders_last_s: int | None
    messages_left: int | None
    cooling: bool | None  # strategy in cool-down after losses
    vol_spike: bool | None
    whatif_equity_usd: Decimal | None = None
    whatif_margin_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """Session, contract and quote."""

    in_liquid_hours: bool | None
    in_window: bool | None
    since_open_s: float | None
    to_close_s: float | None
    in_blackout: bool | None
    blind_300s_s: float | None
    matches_n: int | None
    multiplier: int | None
    settles_s: float | None
    increments: Increments
    quote: Touch | None
    quote_age_s: float | None
    quote_flags: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Open:
    """One open position or pending entry: premium paid or committed, dollars at risk to stop."""

    strategy: str
    symbol: str
    direction: int
    premium_usd: Decimal
    risk_usd: Decimal
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything we hold and everything that is on its way."""

    open: tuple[Open, ...] | None
    unknown_in_symbol_n: int | None
    correlations: Mapping[frozenset[str], float] | None
    greeks: Greeks | None
    contract_buys_n: int | None  # active orders on this contract
    contract_sells_n: int | None
    contract_foreign_sells_n: int | None  # working sells that are not our attached children
    day_pnl_usd: Decimal | None
    start_of_day_usd: Decimal | None
    drawdown_frac: Decimal | None


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at the world; everything in it was read for this decision."""

    at: datetime
    account: Account | None
    allowed_accounts: frozenset[str]
    desk: Desk
    market: Market
    holdings: Holdings

"""Pre-trade rules on what is open, on losses, and on the broker's patience (DOMAIN 6.6)."""

from execution.risk.facts import Facts, Open, Proposal, Settings
from execution.risk.measure import Measure, Rule, at_least, at_most, below, equals, rule, share


def in_symbol(held: tuple[Open, ...] | None, symbol: str) -> tuple[Open, ...] | None:
    """What is open or on its way in one symbol; None while that is unknown."""
    return None if held is None else tuple(o for o in held if o.symbol == symbol)


@rule("MAX_POSITIONS")
def few_positions(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Open positions in all, entries on their way included."""
    return below(_count(facts.holdings.open), limits.max_positions)


@rule("MAX_POSITIONS_SYMBOL")
def few_in_symbol(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Open positions in the symbol, entries on their way included."""
    mine = in_symbol(facts.holdings.open, proposal.signal.symbol)
    return below(_count(mine), limits.max_positions_symbol)


@rule("MAX_PENDING")
def none_pending(proposal: Proposal, facts: Facts, _: Settings) -> Measure:
    """No other entry of this strategy and symbol is on its way."""
    mine = in_symbol(facts.holdings.open, proposal.signal.symbol)
    if mine is None:
        return equals(None, 0)
    return equals(sum(o.pending and o.strategy == proposal.signal.strategy for o in mine), 0)


@rule("UNRESOLVED")
def all_resolved(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """No intent in the symbol is unknown."""
    return equals(facts.holdings.unknown_in_symbol_n, 0)


@rule("OPPOSITE_POSITION")
def one_way(proposal: Proposal, facts: Facts, _: Settings) -> Measure:
    """Nothing of the opposite direction is open in the symbol."""
    mine = in_symbol(facts.holdings.open, proposal.signal.symbol)
    if mine is None:
        return equals(None, 0)
    return equals(sum(o.direction * proposal.signal.direction < 0 for o in mine), 0)


@rule("DAILY_LOSS")
def small_loss_today(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Today's loss in dollars against a share of the daily limit."""
    pnl = facts.holdings.day_pnl_usd
    most = share(limits.daily_loss_frac * limits.daily_loss_share, facts.holdings.start_of_day_usd)
    return below(None if pnl is None else -pnl, most)


@rule("LOSS_STREAK")
def not_cooling(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """The strategy is not in cool-down."""
    return equals(facts.desk.cooling, wanted=False)


@rule("DRAWDOWN")
def small_drawdown(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Equity below its high-water mark, as a fraction of it."""
    return below(facts.holdings.drawdown_frac, limits.drawdown_max_frac)


@rule("VOL_SPIKE")
def calm(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """The volatility breaker is not tripped, and the volatility regime is known."""
    spike = facts.desk.vol_spike
    if spike is None:
        return Measure("volatility regime unknown", "a known regime", passed=False)
    return equals(spike, wanted=False)


@rule("BROKER_ORDER_LIMIT")
def few_buys(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Active buys on the contract, with this one."""
    n = facts.holdings.contract_buys_n
    return at_most(None if n is None else n + 1, limits.broker_max_orders)


@rule("BROKER_ORDER_LIMIT")
def few_sells(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Active sells on the contract, with the children of this one."""
    n = facts.holdings.contract_sells_n
    return at_most(None if n is None else n + limits.bracket_sells_n, limits.broker_max_orders)


@rule("BOTH_SIDES")
def one_side(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """No sell works on the contract but attached children of ours (broker error 201)."""
    return equals(facts.holdings.contract_foreign_sells_n, 0)


@rule("RATE_LIMIT")
def unhurried(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Orders in the last second, with this one."""
    n = facts.desk.orders_last_s
    return at_most(None if n is None else n + 1, limits.orders_per_s)


@rule("RATE_LIMIT")
def within_budget(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """API messages left for the whole chain."""
    return at_least(facts.desk.messages_left, 1 + limits.bracket_sells_n)


COUNTS: tuple[Rule, ...] = (
    few_positions,
    few_in_symbol,
    none_pending,
    all_resolved,
    one_way,
)
LIMITS: tuple[Rule, ...] = (
    small_loss_today,
    not_cooling,
    small_drawdown,
    calm,
    few_buys,
    few_sells,
    one_side,
    unhurried,
    within_budget,
)


def _count(held: tuple[Open, ...] | None) -> int | None:
    return None if held is None else len(held)

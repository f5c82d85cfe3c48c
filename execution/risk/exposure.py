"""Pre-trade rules on money: account, notional, heat, exposure, correlation, Greeks (DOMAIN 6.6).

All but the account's run a second time after sizing, on the true notional. Before sizing the
proposal is worth nothing, so they then ask whether there is any room at all.
"""

from decimal import Decimal

from execution.risk.conduct import in_symbol
from execution.risk.facts import Facts, Open, Proposal, Settings
from execution.risk.measure import Measure, Rule, at_least, at_most, below, rule, share

_ZERO = Decimal(0)


@rule("ACCOUNT_STALE")
def fresh_account(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Account values are seconds old and real numbers; there is no default account."""
    account = facts.account
    if account is None or not (account.equity_usd.is_finite() and account.equity_usd > 0):
        return Measure(None, limits.account_max_age_s, passed=False)
    return at_most((facts.at - account.at).total_seconds(), limits.account_max_age_s)


@rule("ACCOUNT_NOT_ALLOWED")
def allowed_account(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """The account is on the allow-list."""
    name = facts.account.account if facts.account is not None else None
    return Measure(name, sorted(facts.allowed_accounts), name in facts.allowed_accounts)


@rule("NOTIONAL_BUYING_POWER")
def within_buying_power(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """The true notional is a part of buying power."""
    power = facts.account.buying_power_usd if facts.account is not None else None
    return at_most(proposal.notional_usd, share(limits.buying_power_max_frac, power))


@rule("CASH_INSUFFICIENT")
def within_cash(proposal: Proposal, facts: Facts, _: Settings) -> Measure:
    """The notional is there in available funds."""
    funds = facts.account.available_usd if facts.account is not None else None
    return at_most(proposal.notional_usd, share(Decimal(1), funds))


@rule("MAX_ORDER_CONTRACTS")
def few_contracts(proposal: Proposal, _: Facts, limits: Settings) -> Measure:
    """Contracts of one order."""
    return at_most(proposal.contracts, limits.max_contracts[proposal.signal.strategy])


@rule("MAX_ORDER_NOTIONAL")
def small_order(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Dollars of one order."""
    return at_most(proposal.notional_usd, share(limits.order_max_frac, _equity(facts)))


@rule("POSITION_HEAT")
def cool(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Premium at risk to the stops, of everything open and this."""
    risk = _sum(facts.holdings.open, "risk_usd", proposal.risk_usd)
    return at_most(risk, share(limits.heat_max_frac, _equity(facts)))


@rule("SYMBOL_EXPOSURE")
def small_in_symbol(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Premium in one symbol, working entries included."""
    mine = in_symbol(facts.holdings.open, proposal.signal.symbol)
    premium = _sum(mine, "premium_usd", proposal.notional_usd)
    return at_most(premium, share(limits.symbol_max_frac, _equity(facts)))


@rule("CORRELATED_EXPOSURE")
def few_alike(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Positions that move with this one; an unknown correlation counts from two positions on."""
    alike = _alike(proposal, facts, limits)
    return below(None if alike is None else len(alike), limits.correlated_max_n)


@rule("CORRELATED_EXPOSURE")
def little_alike(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Premium of positions that move with this one, and its own."""
    premium = _sum(_alike(proposal, facts, limits), "premium_usd", proposal.notional_usd)
    return at_most(premium, share(limits.correlated_max_frac, _equity(facts)))


@rule("GREEK_LIMIT")
def small_delta(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Dollar delta of the book and this."""
    return _greek("delta_usd", limits.delta_max_frac, proposal, facts)


@rule("GREEK_LIMIT")
def small_gamma(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Dollar gamma per 1 % of the book and this."""
    return _greek("gamma_usd_per_1pct", limits.gamma_max_frac, proposal, facts)


@rule("GREEK_LIMIT")
def small_vega(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Dollar vega per point of the book and this."""
    return _greek("vega_usd_per_volpt", limits.vega_max_frac, proposal, facts)


@rule("GREEK_LIMIT")
def small_theta(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Dollar theta per day of the book and this."""
    return _greek("theta_usd_per_day", limits.theta_max_frac, proposal, facts)


@rule("KELLY_NO_EDGE")
def has_edge(proposal: Proposal, _: Facts, __: Settings) -> Measure:
    """Kelly found an edge, or was not asked."""
    seen = list(proposal.sizing_reasons)
    return Measure(seen, "no KELLY_NO_EDGE", "KELLY_NO_EDGE" not in seen)


@rule("ZERO_SIZE")
def some_size(proposal: Proposal, _: Facts, __: Settings) -> Measure:
    """At least one whole contract."""
    return at_least(proposal.contracts, 1)


@rule("WHATIF_MARGIN")
def margin_suffices(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """The broker's what-if: equity with loan value covers initial margin; unset is unknown."""
    return at_least(facts.desk.whatif_equity_usd, facts.desk.whatif_margin_usd)


NOTIONAL: tuple[Rule, ...] = (
    within_buying_power,
    within_cash,
    few_contracts,
    small_order,
    cool,
    small_in_symbol,
)
TOGETHER: tuple[Rule, ...] = (
    few_alike,
    little_alike,
    small_delta,
    small_gamma,
    small_vega,
    small_theta,
)
SIZED: tuple[Rule, ...] = (has_edge, some_size)


def _equity(facts: Facts) -> Decimal | None:
    return facts.account.equity_usd if facts.account is not None else None


def _sum(held: tuple[Open, ...] | None, field: str, more: Decimal) -> Decimal | None:
    return None if held is None else sum((getattr(o, field) for o in held), more)


def _greek(name: str, fraction: Decimal, proposal: Proposal, facts: Facts) -> Measure:
    book, mine = facts.holdings.greeks, proposal.greeks
    parts = None if book is None or mine is None else (getattr(book, name), getattr(mine, name))
    whole = None if parts is None else abs(parts[0] + parts[1])
    return at_most(whole, share(fraction, _equity(facts)))


# rho x direction product above the limit; a symbol moves with itself.
def _alike(proposal: Proposal, facts: Facts, limits: Settings) -> tuple[Open, ...] | None:
    held, table = facts.holdings.open, facts.holdings.correlations or {}
    if held is None:
        return None
    signal = proposal.signal
    rhos = [
        1.0 if o.symbol == signal.symbol else table.get(frozenset((o.symbol, signal.symbol)))
        for o in held
    ]
    if None in rhos and len(held) >= limits.correlated_max_n:
        return None
    return tuple(
        o
        for o, rho in zip(held, rhos, strict=True)
        if rho is not None and rho * o.direction * signal.direction > limits.correlation_above
    )

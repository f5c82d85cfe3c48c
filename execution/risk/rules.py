"""Pre-trade rules on the desk, the session, the contract and its quote (DOMAIN 6.6).

Each is one function of (proposal, facts, limits), in the order of evaluation; `exposure.py` holds
the rules on money and on what we already have.
"""

from decimal import Decimal

from execution.orders.ticks import tick_at
from execution.risk.facts import Facts, Proposal, Settings
from execution.risk.measure import Measure, Rule, at_least, at_most, below, equals, rule
from quanticity.domain.orders import TradingState


@rule("STATE_HALTED")
def not_halted(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """Nothing opens while halted, or while nobody knows whether we are."""
    state = facts.desk.state
    return Measure(state, "not HALTED", state is not None and state is not TradingState.HALTED)


@rule("STATE_REDUCING")
def not_reducing(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """Only orders that shrink positions while reducing."""
    return equals(facts.desk.state, TradingState.ACTIVE)


@rule("MODE_SHADOW")
def live_mode(proposal: Proposal, _: Facts, __: Settings) -> Measure:
    """A strategy in shadow is never sent."""
    return equals(proposal.live, wanted=True)


@rule("NOT_CONNECTED")
def connected(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """The link must be whole."""
    return equals(facts.desk.connection, "CONNECTED")


@rule("RESTART_WINDOW")
def away_from_restart(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """No entry near the gateway's planned restart."""
    return at_least(facts.desk.restart_s, limits.restart_window_s)


@rule("NOT_RECONCILED")
def reconciled(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """The books agreed with the broker's a moment ago, and since this connect."""
    return at_most(facts.desk.reconciled_age_s, limits.reconciled_max_age_s)


@rule("QUARANTINED")
def unbroken(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """No unresolved break in the symbol or the account."""
    return equals(facts.desk.breaks_n, 0)


@rule("SIGNAL_STALE")
def fresh_signal(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """The signal is seconds old, and not from the future."""
    age_s = (facts.at - proposal.signal.created_at).total_seconds()
    return Measure(age_s, limits.signal_max_age_s, 0 <= age_s <= limits.signal_max_age_s)


@rule("SIGNAL_DUPLICATE")
def first_use(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """Neither the order reference nor the episode has been used."""
    return equals(facts.desk.ref_used, wanted=False)


@rule("SESSION_CLOSED")
def liquid(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """Within the contract's liquid hours."""
    return equals(facts.market.in_liquid_hours, wanted=True)


@rule("OUTSIDE_WINDOW")
def in_window(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """Within the strategy's window."""
    return equals(facts.market.in_window, wanted=True)


@rule("OUTSIDE_WINDOW")
def after_open(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """No entry in the first moments of the session."""
    return at_least(facts.market.since_open_s, limits.after_open_s)


@rule("OUTSIDE_WINDOW")
def before_close(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """No entry in the last minutes before the close."""
    return at_least(facts.market.to_close_s, limits.before_close_s)


@rule("EVENT_BLACKOUT")
def no_event(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """No scheduled release is near."""
    return equals(facts.market.in_blackout, wanted=False)


@rule("BLIND_TIME")
def sighted(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """The feed has been seen without gaps."""
    return at_most(facts.market.blind_300s_s, limits.blind_max_s)


@rule("CONTRACT_AMBIGUOUS")
def one_contract(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """Exactly one listed contract matches."""
    return equals(facts.market.matches_n, 1)


@rule("CONTRACT_ADJUSTED")
def standard_contract(proposal: Proposal, _: Facts, __: Settings) -> Measure:
    """The deliverable is standard."""
    return equals(proposal.signal.contract.adjusted, wanted=False)


@rule("EXPIRED_CONTRACT")
def alive(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Settlement is far enough away for this strategy."""
    return at_least(facts.market.settles_s, limits.settles_min_s[proposal.signal.strategy])


@rule("MULTIPLIER_MISMATCH")
def same_multiplier(proposal: Proposal, facts: Facts, _: Settings) -> Measure:
    """The broker's multiplier is the signal's."""
    return equals(facts.market.multiplier, proposal.signal.multiplier)


@rule("NO_MARKET_DATA")
def fresh_quote(_: Proposal, facts: Facts, limits: Settings) -> Measure:
    """There is a two-sided quote, and it is seconds old."""
    age_s = facts.market.quote_age_s if facts.market.quote is not None else None
    return at_most(age_s, limits.quote_max_age_s)


@rule("QUOTE_ARBITRAGE")
def admitted_quote(_: Proposal, facts: Facts, __: Settings) -> Measure:
    """The contract passed the admission checks of its chain."""
    flags = facts.market.quote_flags
    return Measure(None if flags is None else sorted(flags), [], flags == frozenset())


@rule("SPREAD_TOO_WIDE")
def narrow(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """The spread is a few ticks, or a small part of mid."""
    quote = facts.market.quote
    if quote is None or not facts.market.increments:
        return Measure(None, "a quote and its tick", passed=False)
    by_ticks = limits.spread_max_ticks * tick_at(quote.mid, facts.market.increments)
    by_mid = limits.spread_max_frac[proposal.signal.strategy] * quote.mid
    return at_most(quote.spread, max(by_ticks, by_mid))


@rule("PRICE_MOVED")
def unmoved(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """Mid is near where the signal saw it, as a fraction of that."""
    quote, then = facts.market.quote, proposal.signal.reference_mid
    moved = abs(quote.mid / then - 1) if quote is not None and then > 0 else None
    return at_most(moved, limits.moved_max_frac)


@rule("PRICE_COLLAR")
def collared(proposal: Proposal, facts: Facts, limits: Settings) -> Measure:
    """The limit stands near the quote; value is how far outside it, threshold how far is fine."""
    quote, limit = facts.market.quote, proposal.limit
    if quote is None or limit is None:
        return Measure(None, "a quote and a limit", passed=False)
    touch = quote.ask if limit > quote.ask else quote.bid
    outside = max(limit - quote.ask, quote.bid - limit, Decimal(0))
    return at_most(outside, max(limits.collar_frac * touch, limits.collar_usd))


@rule("PROTECTION_INFEASIBLE")
def protectable(proposal: Proposal, _: Facts, __: Settings) -> Measure:
    """A stop of at least one tick fits below the limit (RELIABILITY 2.5, G18)."""
    known = proposal.stop if proposal.stop is not None and proposal.stop > 0 else None
    return below(known, proposal.limit)


RULES: tuple[Rule, ...] = (
    not_halted,
    not_reducing,
    live_mode,
    connected,
    away_from_restart,
    reconciled,
    unbroken,
    fresh_signal,
    first_use,
    liquid,
    in_window,
    after_open,
    before_close,
    no_event,
    sighted,
    one_contract,
    standard_contract,
    alive,
    same_multiplier,
    fresh_quote,
    narrow,
    unmoved,
    collared,
    admitted_quote,
    protectable,
)

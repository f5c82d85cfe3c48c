"""The gate: every rule in order, before sizing and again on the true notional (DOMAIN 6.6).

`check` before sizing, `recheck` after it; both run every rule, so that the record shows all that
was wrong, and answer with the first denial. A sell has a gate of its own, its ticket's `Cover`,
which fails closed on size alone: protection must pass when nothing else may.
"""

from collections.abc import Sequence
from decimal import Decimal

from execution.risk import conduct, exposure, rules
from execution.risk.facts import Facts, Proposal, Settings
from execution.risk.measure import Rule
from execution.risk.verdict import Allowed, Denied, Verdict

__all__ = [
    "AFTER_SIZING",
    "BEFORE_SIZING",
    "Allowed",
    "Denied",
    "Facts",
    "Proposal",
    "Settings",
    "Verdict",
    "check",
    "evaluate_all",
    "last",
    "recheck",
]  # fmt: skip

_ACCOUNT = (exposure.fresh_account, exposure.allowed_account)
BEFORE_SIZING: tuple[Rule, ...] = (
    *rules.RULES,
    *_ACCOUNT,
    *exposure.NOTIONAL,
    *conduct.COUNTS,
    *exposure.TOGETHER,
    *conduct.LIMITS,
)
AFTER_SIZING: tuple[Rule, ...] = (
    rules.not_halted,
    rules.not_reducing,
    *_ACCOUNT,
    *exposure.SIZED,
    *exposure.NOTIONAL,
    *exposure.TOGETHER,
)


def check(proposal: Proposal, facts: Facts, limits: Settings) -> Verdict:
    """Run every rule before sizing."""
    return evaluate_all(BEFORE_SIZING, proposal, facts, limits)


def recheck(proposal: Proposal, facts: Facts, limits: Settings) -> Verdict:
    """Run the rules of the sized order, on its true notional."""
    return evaluate_all(AFTER_SIZING, proposal, facts, limits)


def last(proposal: Proposal, facts: Facts, limits: Settings) -> Verdict:
    """Run what can be asked only of the order as it would be sent."""
    return evaluate_all((exposure.margin_suffices,), proposal, facts, limits)


def evaluate_all(
    ordered: Sequence[Rule], proposal: Proposal, facts: Facts, limits: Settings
) -> Verdict:
    """Run all rules for the record; the answer is the first denial."""
    gates = tuple(one.gate(proposal, facts, limits) for one in ordered)
    first = next((g for g in gates if not g.passed), None)
    answer = Allowed() if first is None else Denied(first.code, first.value, first.threshold)
    return Verdict(answer, gates)


def risk_to_stop(notional_usd: Decimal, stop_loss_frac: Decimal) -> Decimal:
    """Premium at risk down to the stop."""
    return notional_usd * stop_loss_frac

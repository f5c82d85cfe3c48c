"""The page of risk rules for operators, written from the rules themselves (docs/risk-rules.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from execution.risk import breakers, facts, gate
from execution.risk.exposure import margin_suffices
from execution.risk.measure import Rule
from execution.risk.trips import Breaker

_HEAD = """\
# Risk rules

Written from the code by `make golden`; do not edit. Every rule runs and is kept on the intent with
what it saw and what it wanted, also after an earlier one has denied. A fact that is missing, not
finite or too old denies. A denial is a row (admin: Risk events, counted by code on the dashboard)
and an answer to the strategy. What denies by a code is shown by `pytest tests/execution/risk -k
CODE`. Limits are `[execution.risk]` in `defaults.toml`; turn one in the admin under Config
overrides.

## Before an entry

| Code | What it asks | Limits | Asked |
|---|---|---|---|
"""
_SELLS = """
Where `[execution.approvals]` names the strategy, what passed waits for an operator: without a yes
it ends as `APPROVAL_EXPIRED`, with a no as `APPROVAL_DECLINED`; with a yes every rule runs again.

What passed may still not leave: `TICK` when the broker's own increments refuse a price that cannot
be rounded (multiplier and liquid hours are asked there, too), `SLOW_COMMIT` when the database took
longer than `commit_max_s` of `[execution.desk]` to write it down.

## Before a sell

| Code | Passes when |
|---|---|
| `SHORT_FORBIDDEN` | it sells at most what is held less working sells outside its own group |

## Circuit breakers

Looked at every two seconds and after every booking. A breaker trips when its condition *becomes*
true; a restart clears none. Limits are `[execution.breakers]`. The effective state is the most
severe of operators and breakers over global, strategy and symbol; the stake multiplier is the
smallest.

| Breaker | Trips when | Effect | Ends |
|---|---|---|---|
"""
_ANOMALIES = (
    "rejects, broker cancels and unknowns in 60 s: `anomalies_symbol_n` in a symbol, "
    "`anomalies_strategy_n` in a strategy, `anomalies_global_n` in all"
)
BREAKERS: dict[Breaker, tuple[str, str, str]] = {
    Breaker.DAILY_LOSS: (
        "day P&L at or below -`daily_loss_frac` of the start of day",
        "HALTED; positions are closed when `flatten_on_daily_loss`",
        "by an operator, from the next session on",
    ),
    Breaker.DAILY_LOSS_REDUCE: ("`daily_reduce_share` of that", "REDUCING", "next session"),
    Breaker.DAILY_LOSS_WARN: (
        "`daily_warn_share` of that", "stake times `daily_warn_multiplier`", "next session",
    ),
    Breaker.DRAWDOWN: (
        "equity `drawdown_halt_frac` below its high-water mark", "HALTED",
        "by an operator; drawdown is then measured from that equity",
    ),
    Breaker.DRAWDOWN_WARN: (
        "`drawdown_warn_frac` below it", "stake times `drawdown_multiplier`", "by an operator",
    ),
    Breaker.LOSS_STREAK: (
        "`streak_short_n` losses of a strategy in a row", "strategy REDUCING",
        "after `streak_short_s`",
    ),
    Breaker.LOSS_STREAK_LONG: (
        "`streak_long_n` losses of a strategy in a row", "strategy REDUCING", "next session",
    ),
    Breaker.LOSING_SESSIONS: (
        "`losing_sessions_n` losing sessions in a row", "stake times `losing_sessions_multiplier`",
        "with the first winning session",
    ),
    Breaker.VOL_SPIKE: (
        "the volatility regime becomes SHOCK, or SPY moves over `vol_move_sd` in 5 min",
        "REDUCING", "after `vol_s`",
    ),
    Breaker.SYSTEM_ERRORS: (
        "`errors_n` failed execution tasks and rejected orders in 300 s", "HALTED",
        "by an operator",
    ),
    Breaker.ORDER_ANOMALIES: (
        _ANOMALIES,
        "that scope HALTED", "by an operator",
    ),
    Breaker.OVERFILLED: (
        "an order filled more than it asked for", "HALTED", "by an operator",
    ),
    Breaker.OVERSOLD: (
        "more was sold than was held", "HALTED", "by an operator",
    ),
    Breaker.ORDER_UNKNOWN: (
        "an order is unknown for `unknown_halt_s` with the link up", "HALTED", "by an operator",
    ),
    Breaker.UNCLEAN: (
        "`unclean_n` unclean reconciliations in a row", "REDUCING", "with a clean one",
    ),
    Breaker.BLIND: (
        "held for `blind_reduce_s` without a believable link, or with a broken farm and no mark",
        "REDUCING",
        "when the link is back",
    ),
    Breaker.VALUE_AT_RISK: (
        "95 % one-day value at risk above `var_max_frac` of equity", "REDUCING",
        "when it is below again",
    ),
    Breaker.STRESS: (
        "the worst cell of the stress grid loses over `stress_max_frac` of equity", "REDUCING",
        "when it loses less again",
    ),
}  # fmt: skip


def page(limits: Any, breaker_limits: Any) -> str:
    """The whole page, with the limits that are in force in `defaults.toml`."""
    rules = dict.fromkeys((*gate.BEFORE_SIZING, *gate.AFTER_SIZING, margin_suffices))
    lines = [_rule(rule, limits) for rule in rules]
    trips = [_breaker(breaker, breaker_limits) for breaker in Breaker]
    return _HEAD + "\n".join(lines) + "\n" + _SELLS + "\n".join(trips) + "\n"


def _rule(rule: Rule, limits: Any) -> str:
    look = rule.look
    used = [f.name for f in fields(facts.Settings) if f.name in look.__code__.co_names]
    passes = " ".join((look.__doc__ or "").split()).rstrip(".")
    asked = " and ".join(_asked(rule))
    return f"| `{rule.code}` | {passes} | {_limits(used, limits)} | {asked} |"


def _asked(rule: Rule) -> Iterable[str]:
    if rule in gate.BEFORE_SIZING:
        yield "before"
    if rule in gate.AFTER_SIZING:
        yield "after sizing"
    if rule is margin_suffices:
        yield "last, of the broker"


def _limits(names: Sequence[str], limits: Any) -> str:
    return "<br>".join(f"`{name}` {_value(getattr(limits, name))}" for name in names) or "-"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)


def _breaker(breaker: Breaker, limits: Any) -> str:
    said = BREAKERS[breaker]
    used = [f.name for f in fields(breakers.Settings) if any(f"`{f.name}`" in s for s in said)]
    cells = " | ".join(said)
    values = ", ".join(f"{name} = {getattr(limits, name)}" for name in used)
    return f"| `{breaker}` | {cells}{f' ({values})' if values else ''} |"

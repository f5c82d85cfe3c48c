"""Room: how many contracts fit under the Greek limits of the book (DOMAIN 6.6 GREEK_LIMIT).

The limits are a wall for the gate; sizing asks for the room in front of it, so that an entry is
made smaller rather than denied. One 0DTE contract at the money moves its dollar delta by nearly
half its notional per 1 %, so this is what sizes most of them.
"""

from decimal import ROUND_FLOOR, Decimal

from execution.risk.facts import Greeks, Settings


def contracts_within(
    book: Greeks | None, one: Greeks | None, equity_usd: Decimal, limits: Settings
) -> int | None:
    """Contracts that keep every Greek of the book inside its limit; None when one is unknown."""
    if book is None or one is None:
        return None
    pairs = (
        (book.delta_usd, one.delta_usd, limits.delta_max_frac),
        (book.gamma_usd_per_1pct, one.gamma_usd_per_1pct, limits.gamma_max_frac),
        (book.vega_usd_per_volpt, one.vega_usd_per_volpt, limits.vega_max_frac),
        (book.theta_usd_per_day, one.theta_usd_per_day, limits.theta_max_frac),
    )
    return min(_room(held, each, share * equity_usd) for held, each, share in pairs)


def _room(held: Decimal, each: Decimal, limit: Decimal) -> int:
    """Steps of `each` from `held` until its magnitude would pass the limit."""
    if each == 0:
        return 10**6
    toward = held if each > 0 else -held
    return max(0, int(((limit - toward) / abs(each)).to_integral_value(ROUND_FLOOR)))

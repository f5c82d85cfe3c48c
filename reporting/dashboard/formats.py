"""Numbers as people read and type them; a missing one is an em dash. Pure."""

from datetime import datetime
from decimal import Decimal

from quanticity.domain import clock

DASH = "—"
MINUS = "\N{MINUS SIGN}"
_SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))

_DIGITS = 15  # of a number of ours at most

Number = float | Decimal | None


def whole(text: str) -> int | None:
    """A whole number as somebody typed it; None when it is none, or longer than any of ours."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def dollars(value: Number) -> str:
    """A signed amount in short: `+$1.24B`, `+$8.50`; a loss has a true minus sign."""
    return DASH if value is None else f"{_sign(value)}${_short(abs(float(value)))}"


def price(value: Number) -> str:
    """Dollars and cents: `601.25`."""
    return DASH if value is None else f"{float(value):,.2f}"


def ratio(value: Number) -> str:
    """A share between 0 and 1: `0.412`."""
    return DASH if value is None else f"{float(value):.3f}"


def signed_ratio(value: Number) -> str:
    """A share between -1 and 1: `+0.412`."""
    return DASH if value is None else f"{_sign(value)}{abs(float(value)):.3f}"


def percent(fraction: Number) -> str:
    """A fraction as percent: `97.3 %`."""
    return DASH if fraction is None else f"{float(fraction) * 100:.1f} %"


def signed_percent(fraction: Number) -> str:
    """A signed fraction as percent: `+4.2 %`."""
    return DASH if fraction is None else f"{_sign(fraction)}{abs(float(fraction)) * 100:.1f} %"


def count(value: Number) -> str:
    """A whole number: `1,250`."""
    return DASH if value is None else f"{int(value):,}"


def signed_count(value: Number) -> str:
    """A signed whole number: `+1,250`."""
    return DASH if value is None else f"{_sign(value)}{abs(int(value)):,}"


def signed_points(value: Number) -> str:
    """Signed volatility points: `+1.25`."""
    return DASH if value is None else f"{_sign(value)}{abs(float(value)):.2f}"


def duration(seconds: float | None) -> str:
    """A length of time in its largest two units: `3 s`, `2 min 5 s`, `1 h 4 min`."""
    if seconds is None:
        return DASH
    whole = max(0, round(seconds))
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def time_of_day(at: datetime | None) -> str:
    """New York's wall clock: `14:31:05 ET`."""
    return DASH if at is None else f"{clock.eastern(at):%H:%M:%S} ET"


def word(value: str | None) -> str:
    """An enumeration's member in lower case words: `EXTREME_BID` is `extreme bid`."""
    return DASH if not value else value.replace("_", " ").lower()


def direction(value: int) -> str:
    """A direction as arrow and word."""
    return {1: "▲ bullish", -1: "▼ bearish"}.get(value, DASH)


def _sign(value: float | Decimal) -> str:
    return "+" if value > 0 else MINUS if value < 0 else ""


def _short(value: float) -> str:
    for scale, letter in _SCALES:
        if value >= scale:
            return f"{value / scale:.2f}{letter}"
    return f"{value:.2f}"

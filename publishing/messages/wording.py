"""How numbers are written for people: money, prices, percent, durations (DOMAIN 7.4)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

PENDING = "pending"  # a fact that the broker still owes us
_MINUTE, _HOUR = 60, 3_600
_THOUSAND, _MILLION, _BILLION = 1_000, 1_000_000, 1_000_000_000


def money(usd: Any, *, signed: bool = False) -> str:
    """`$842.60`, `$45.6K`, `$1.23M`, `$2.50B`; signed: `+$842.60`, `-$1.2K`."""
    if usd is None:
        return PENDING
    amount = Decimal(str(usd))
    sign = "-" if amount < 0 else "+" if signed and amount else ""
    return f"{sign}${_magnitude(abs(amount))}"


def _magnitude(amount: Decimal) -> str:
    # Each unit is chosen after rounding, so that 999,999 is 1.00M and not 1000.0K.
    cents = _round(amount, "0.01")
    if cents < _THOUSAND:
        return f"{cents}"
    thousands = _round(amount / _THOUSAND, "0.1")
    if thousands < _THOUSAND:
        return f"{thousands}K"
    millions = _round(amount / _MILLION, "0.01")
    return f"{millions}M" if millions < _THOUSAND else f"{_round(amount / _BILLION, '0.01'):,}B"


def price(value: Any) -> str:
    """An option price, two decimals."""
    return PENDING if value is None else f"{_round(Decimal(str(value)), '0.01')}"


def level(value: Any) -> str:
    """A level of the underlying: two decimals, none when they are zeros."""
    if value is None:
        return "n/a"
    text = f"{_round(Decimal(str(value)), '0.01')}"
    return text.removesuffix(".00")


def percent(frac: Any) -> str:
    """A fraction as percent with sign, one decimal: `+12.3%`."""
    if frac is None:
        return PENDING
    value = _round(Decimal(str(frac)) * 100, "0.1")
    return f"{value + 0:+}%" if value else "0.0%"


def about(frac: Any) -> str:
    """A rounded fraction as whole percent: `about +30%`."""
    if frac is None:
        return PENDING
    value = _round(Decimal(str(frac)) * 100, "1")
    return f"about {value + 0:+}%" if value else "about 0%"


def share(frac: Any) -> str:
    """A share as whole percent without sign."""
    return "n/a" if frac is None else f"{_round(Decimal(str(frac)) * 100, '1')}%"


def points(value: Any, *, signed: bool = False) -> str:
    """Points of a score, one decimal."""
    if value is None:
        return "n/a"
    rounded = _round(Decimal(str(value)), "0.1") + 0
    return f"{rounded:+}" if signed else f"{rounded}"


def duration(seconds: Any) -> str:
    """`45 s`, `12 min`, `3 h 05 min`."""
    if seconds is None:
        return "n/a"
    whole = int(Decimal(str(seconds)))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def _round(value: Decimal, step: str) -> Decimal:
    return value.quantize(Decimal(step), ROUND_HALF_UP)

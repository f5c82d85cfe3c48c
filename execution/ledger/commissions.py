"""Commissions: what the broker reported, as a positive cost and a positive rebate (DOMAIN 6.11).

The API says costs as positive numbers, statements as negative ones; some gateways report costs as
negative too, and are found out by their first three reports on marketable opening fills, which
never earn a rebate. A sentinel, a missing or an implausible figure is not a cost of zero: it is
pending.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_ZERO = Decimal(0)


class Convention(StrEnum):
    """What a positive raw number means."""

    COST_POSITIVE = "cost_positive"
    COST_NEGATIVE = "cost_negative"


class Status(StrEnum):
    """Whether a commission is known."""

    OK = "OK"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.commissions]."""

    unset_from: float
    suspicious_notional_frac: Decimal
    suspicious_usd: Decimal
    absurd_usd: Decimal
    sign_reports: int
    pending_alarm_s: float


@dataclass(frozen=True, slots=True)
class Commission:
    """Cost and rebate of one execution in dollars, both >= 0; None while pending."""

    commission_usd: Decimal | None
    rebate_usd: Decimal | None
    status: Status
    implausible: bool = False

    @property
    def net_usd(self) -> Decimal | None:
        """Commission less rebate: the cost of the fill everywhere else."""
        if self.commission_usd is None or self.rebate_usd is None:
            return None
        return self.commission_usd - self.rebate_usd


def normalize(
    raw: Decimal | float | None,
    convention: Convention,
    settings: Settings,
    *,
    notional_usd: Decimal | None = None,
) -> Commission:
    """Read one raw figure; `notional_usd` is the fill's, for the plausibility test."""
    if raw is None or not math.isfinite(raw) or abs(float(raw)) >= settings.unset_from:
        return Commission(None, None, Status.PENDING)
    value = raw if isinstance(raw, Decimal) else Decimal(str(raw))
    if _is_implausible(abs(value), notional_usd, settings):
        return Commission(None, None, Status.PENDING, implausible=True)
    cost = value if convention is Convention.COST_POSITIVE else -value
    return Commission(max(cost, _ZERO), max(-cost, _ZERO), Status.OK)


def detect(marketable_opening_raws: Sequence[Decimal | float], settings: Settings) -> Convention:
    """Find a gateway's convention from its first reports on marketable opening fills."""
    first = marketable_opening_raws[: settings.sign_reports]
    if len(first) == settings.sign_reports and all(raw < 0 for raw in first):
        return Convention.COST_NEGATIVE
    return Convention.COST_POSITIVE


def _is_implausible(size: Decimal, notional_usd: Decimal | None, settings: Settings) -> bool:
    if size > settings.absurd_usd:
        return True
    if notional_usd is None or size <= settings.suspicious_usd:
        return False
    return size > settings.suspicious_notional_frac * abs(notional_usd)

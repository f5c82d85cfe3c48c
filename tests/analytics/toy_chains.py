"""Chains made from a known volatility, so that tests know the truth."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import numpy as np

from analytics.calculators import (
    black_scholes,
    exposure,
    flip,
    forward,
    inventory,
    levels,
    pricing,
    signed_flow,
    uncertainty,
)
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.calendar import SECONDS_PER_YEAR, Settlement
from quanticity.domain.options import Chain, Expiry

AS_OF = datetime(2025, 11, 21, 16, 0, tzinfo=UTC)  # 11:00 in New York, Friday
NEXT_WEEK = date(2025, 11, 28)
R, Q = 0.043, 0.012

ADMISSION = section("analytics.admission", admission.Settings)
FORWARD = section("analytics.forward", forward.Settings)
PRICING = pricing.Settings(ADMISSION, FORWARD)
INVENTORY = section("analytics.inventory", inventory.Settings)
PARTS = exposure.Parts(
    section("analytics.exposure", exposure.Settings),
    INVENTORY,
    section("analytics.flip", flip.Settings),
    section("analytics.levels", levels.Settings),
    section("analytics.uncertainty", uncertainty.Settings),
    section("analytics.signed_flow", signed_flow.Settings),
)


def expiry(
    day: date = NEXT_WEEK, root: str = "SPY", settlement: Settlement = Settlement.PM_PHYSICAL
) -> Expiry:
    settles = calendar.settlement_at(day, settlement)
    return Expiry(
        day, root, settlement, settles, calendar.seconds_to(AS_OF, settles),
        calendar.sessions_to(day, AS_OF), calendar.days_to(day, AS_OF),
    )  # fmt: skip


def chain(
    strikes: Sequence[float] = tuple(range(570, 631, 5)),
    *,
    days: Sequence[date] = (NEXT_WEEK,),
    spot: float = 600.0,
    sigma: Callable[[float], float] = lambda _: 0.15,
    interest: Callable[[float, int], int] = lambda _strike, _right: 100,
    width: float = 0.02,
    root: str = "SPY",
    european: bool = False,
    header_spot: float | None = None,
) -> Chain:
    """Every strike with a call and a put, quoted `width` around its Black-Scholes value."""
    settlement = Settlement.PM_CASH if european else Settlement.PM_PHYSICAL
    expiries = tuple(expiry(day, root, settlement) for day in days)
    rows = [(i, float(k), w) for i in range(len(days)) for k in strikes for w in (1, -1)]
    at = np.array([i for i, _, _ in rows], dtype=np.int64)
    strike, right = (
        np.array([k for _, k, _ in rows]),
        np.array([w for _, _, w in rows], dtype=np.int64),
    )
    t = np.array([e.t_s for e in expiries])[at] / SECONDS_PER_YEAR
    value = black_scholes.price(right, spot, strike, t, [sigma(k) for k in strike], R, Q)
    if not european:
        value = np.maximum(value, right * (spot - strike))  # nobody sells below what exercise pays
    none = np.zeros(len(rows), dtype=np.int64)
    return Chain(
        underlying="SPX" if european else root,
        spot=spot if header_spot is None else header_spot,
        as_of=AS_OF,
        feed="test",
        delayed=False,
        multiplier=100,
        european=european,
        expiries=expiries,
        occ=np.array(
            [
                f"{root}{expiries[i].expiry_date:%y%m%d}{'C' if w > 0 else 'P'}{int(k * 1000):08d}"
                for i, k, w in rows
            ]
        ),
        right=right,
        strike=strike,
        expiry_idx=at,
        bid=np.maximum(value - width / 2, 0.0),
        ask=value + width / 2,
        last=value,
        bid_size=none + 10,
        ask_size=none + 10,
        volume=none,
        open_interest=np.array([interest(k, w) for _, k, w in rows], dtype=np.int64),
        quote_epoch_ms=none - 1,
    )


def priced(found: Chain) -> pricing.PricedChain:
    """The chain priced at the rate and yield it was made with."""
    answer = pricing.compute(found, PRICING, r=R, q=Q)
    assert isinstance(answer, pricing.PricedChain), answer
    return answer

"""Modelled dealer gamma and delta exposure by strike, expiry and bucket (DOMAIN 3.1).

    GEX_i = s_i Gamma_i OI_i M S^2 / 100   dollars of dealer delta per +1 % of spot
    DEX_i = s_i Delta_i OI_i M S           dollars

+ means the modelled dealer is long; s_i is the sign model of `inventory`. `oi_delta_usd` has no
dealer in it: it is the delta of all open interest, puts negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from analytics.calculators import (
    aggregates,
    flip,
    inventory,
    levels,
    signed_flow,
    tally,
    uncertainty,
)
from analytics.calculators.aggregates import ExpiryExposure, StrikeExposure
from analytics.calculators.flip import Crossing, Flip
from analytics.calculators.inventory import SignModel
from analytics.calculators.levels import MaxPain
from analytics.calculators.pricing import Priced
from analytics.calculators.signed_flow import Book
from analytics.calculators.uncertainty import ErrorBars, ErrorParts
from quanticity.domain.readings import Reading, Unavailable


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is listed, and the settings of the parts."""

    by_strike: int
    key_strikes: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings of everything a GEX reading is made of."""

    exposure: Settings
    inventory: inventory.Settings
    flip: flip.Settings
    levels: levels.Settings
    uncertainty: uncertainty.Settings
    signed_flow: signed_flow.Settings


@dataclass(frozen=True, slots=True)
class Exposure(Reading):
    """The `gex` payload; fields are None for the reason given in `reasons`."""

    name: ClassVar[str] = "gex"

    spot_price: float
    gex_usd_per_1pct: float
    gex_frac: float | None
    gex_shares_per_usd: float
    by_bucket: dict[str, float]
    by_expiry: tuple[ExpiryExposure, ...]
    gex_by_strike: tuple[StrikeExposure, ...]
    regime: str
    ci90_usd_per_1pct: tuple[float, float]
    p_positive: float
    error_parts: ErrorParts
    signed_flow_ci90: tuple[float, float] | None
    alt_models: dict[str, float]
    gex_sign_agree: bool | None
    flip: float | None
    flip_reason: str | None
    flips: tuple[Crossing, ...]
    flip_distance_pct: float | None
    p_spot_above_flip: float
    p_flip: float
    flip_ci90: tuple[float, float] | None
    call_wall: float | None
    put_wall: float | None
    key_strike: float | None
    max_pain: tuple[MaxPain, ...]
    pin_strike: float | None
    pin_dist_pct: float | None
    pin_pull: int | None
    pin_proximity: float | None
    supports: tuple[float, ...]
    resistances: tuple[float, ...]
    gex_conc_1pct: float | None
    coverage: float
    sign_model: str
    oi_basis: str
    exercise_model: str
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeltaExposure(Reading):
    """The `dex` payload. DEX is never a direction; only the z of net_oi_delta_usd is a vote."""

    name: ClassVar[str] = "dex"

    dex_usd: float
    call_oi_delta_usd: float
    put_oi_delta_usd: float
    net_oi_delta_usd: float
    by_bucket: dict[str, float]
    put_call_oi_ratio: float | None
    key_strikes: tuple[float, ...]
    coverage: float
    sign_model: str
    oi_basis: str
    exercise_model: str
    reasons: dict[str, str] = field(default_factory=dict)


def compute(
    priced: Priced,
    parts: Parts,
    *,
    seed: int,
    is_single_name: bool,
    adv_usd: float | None = None,
    rr25_volpts: float | None = None,
    flow_book: Book | None = None,
) -> Exposure | Unavailable:
    """Everything of the `gex` payload except its history.

    `adv_usd` is the 20-day mean dollar volume; `rr25_volpts` opens the skew-adjusted model and
    `flow_book` the signed-flow one.
    """
    held = inventory.compute(priced, parts.inventory)
    missing = aggregates.unavailable("gex", held, parts.inventory)
    if missing is not None:
        return missing
    sums = tally.compute(held)
    total, adv = sums.total(tally.GEX), adv_usd or None
    alternatives = _alternatives(priced, parts.inventory, total, rr25_volpts, flow_book)
    agree = _agree(list(alternatives.values()))
    bars = uncertainty.compute(
        held, parts.uncertainty, parts.flip, seed=seed, is_single_name=is_single_name
    )
    found = flip.compute(held, parts.flip)
    strikes = aggregates.by_strike(sums)
    walls = {
        "call_wall": levels.call_wall(strikes, priced.spot),
        "put_wall": levels.put_wall(strikes, priced.spot),
        "key_strike": levels.key_strike(strikes, priced.spot),
    }
    near = levels.concentration(strikes, priced.spot, parts.levels)
    pin = levels.pin_strike(
        aggregates.near_strikes(held, priced.column("dte_sess") <= parts.levels.pin_sessions),
        priced.spot,
        parts.levels,
    )
    return Exposure(
        spot_price=priced.spot,
        gex_usd_per_1pct=total,
        gex_frac=None if adv is None else total / adv,
        gex_shares_per_usd=held.total(priced.greeks.gamma),
        by_bucket=aggregates.by_bucket(held, sums, tally.GEX),
        by_expiry=aggregates.by_expiry(held, sums),
        gex_by_strike=aggregates.listed(strikes, priced.spot, parts.exposure.by_strike),
        regime=_regime(bars, agree),
        ci90_usd_per_1pct=bars.ci90_usd_per_1pct,
        p_positive=bars.p_positive,
        error_parts=bars.parts,
        signed_flow_ci90=None
        if flow_book is None
        else signed_flow.gex_ci90(flow_book, priced, held.counted, parts.signed_flow),
        alt_models=alternatives,
        gex_sign_agree=agree,
        flip=found.flip,
        flip_reason=found.flip_reason,
        flips=found.flips,
        flip_distance_pct=None if found.flip is None else 100 * (found.flip / priced.spot - 1),
        p_spot_above_flip=bars.p_spot_above_flip,
        p_flip=bars.p_flip,
        flip_ci90=bars.flip_ci90,
        **walls,
        max_pain=levels.max_pains(priced, parts.inventory.max_expiry_days),
        pin_strike=pin,
        pin_dist_pct=None if pin is None else 100 * (pin / priced.spot - 1),
        pin_pull=None if pin is None else levels.pin_pull(priced.spot, pin),
        pin_proximity=None if pin is None else levels.pin_proximity(priced.spot, pin, parts.levels),
        supports=levels.supports(strikes, priced.spot, parts.levels),
        resistances=levels.resistances(strikes, priced.spot, parts.levels),
        gex_conc_1pct=near,
        coverage=held.coverage or 0.0,
        sign_model=held.model.value,
        oi_basis="settled",
        exercise_model="european_bsm",
        reasons=_reasons(found, pin, adv)
        | ({} if bars.flip_ci90 else {"flip_ci90": "NO_CROSSING"})
        | ({"signed_flow_ci90": "INSUFFICIENT_SAMPLES"} if flow_book is None else {})
        | {name: "NOT_APPLICABLE" for name, strike in walls.items() if strike is None}
        | ({"gex_sign_agree": "NO_DATA"} if agree is None else {})
        | ({"gex_conc_1pct": "NO_DATA"} if near is None else {}),
    )


def compute_delta(priced: Priced, parts: Parts) -> DeltaExposure | Unavailable:
    """Everything of the `dex` payload except its history."""
    held = inventory.compute(priced, parts.inventory)
    missing = aggregates.unavailable("dex", held, parts.inventory)
    if missing is not None:
        return missing
    sums = tally.compute(held)
    call, put, net = aggregates.oi_delta(held)
    calls, puts = (
        float(priced.open_interest[held.counted & (priced.right == w)].sum()) for w in (1, -1)
    )
    return DeltaExposure(
        dex_usd=sums.total(tally.DEX),
        call_oi_delta_usd=call,
        put_oi_delta_usd=put,
        net_oi_delta_usd=net,
        by_bucket=aggregates.by_bucket(held, sums, tally.DEX),
        put_call_oi_ratio=puts / calls if calls else None,
        key_strikes=aggregates.heaviest_strikes(held, parts.exposure.key_strikes),
        coverage=held.coverage or 0.0,
        sign_model=held.model.value,
        oi_basis="settled",
        exercise_model="european_bsm",
        reasons={} if calls else {"put_call_oi_ratio": "NO_DATA"},
    )


def _alternatives(
    priced: Priced,
    settings: inventory.Settings,
    naive: float,
    rr25_volpts: float | None,
    flow_book: Book | None,
) -> dict[str, float]:
    """Total GEX under each sign model whose input is known."""
    dollars = priced.greeks.gamma * priced.spot**2 * 0.01
    found = {SignModel.NAIVE.value: naive}
    if rr25_volpts is not None:
        held = inventory.compute(
            priced, settings, model=SignModel.SKEW_ADJ, rr25_volpts=rr25_volpts
        )
        found[SignModel.SKEW_ADJ.value] = held.total(dollars)
    if flow_book is not None:
        held = inventory.compute(
            priced, settings, model=SignModel.SIGNED_FLOW, dealer_contracts=flow_book.contracts
        )
        found[SignModel.SIGNED_FLOW.value] = held.total(dollars)
    return found


def _agree(totals: list[float]) -> bool | None:
    """Whether every sign model gives the same sign; None when there is only one."""
    if len(totals) < len(("one", "another")):
        return None
    return len({bool(total > 0) for total in totals}) == 1


def _regime(bars: ErrorBars, agree: bool | None) -> str:
    low, high = bars.ci90_usd_per_1pct
    if low <= 0 <= high or agree is False:
        return "UNCLEAR"
    return "POSITIVE" if low > 0 else "NEGATIVE"


def _reasons(found: Flip, pin: float | None, adv: float | None) -> dict[str, str]:
    reasons = {}
    if found.flip_reason is not None:
        reasons["flip"] = reasons["flip_distance_pct"] = found.flip_reason
    if pin is None:
        reasons.update(dict.fromkeys(("pin_strike", "pin_dist_pct", "pin_pull"), "NOT_APPLICABLE"))
        reasons["pin_proximity"] = "NOT_APPLICABLE"
    if adv is None:
        reasons["gex_frac"] = "NO_DATA"
    return reasons

"""The dealer-flow report of one chain file, computed at the file's own time (DOMAIN 3.23).

`analyse` is pure: a loaded file and settings in, one document in JSON's types out. What cannot be
computed is null, with a sentence `field: CODE (detail)` in `warnings`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.calculators import (
    dealer_flow,
    exposure,
    hedging,
    inventory,
    levels,
    pricing,
    skew,
    uncertainty,
)
from analytics.calculators.exposure import Exposure, Parts
from analytics.calculators.pricing import PricedChain
from analytics.calculators.skew import Skew
from analytics.chainfiles.reader import Loaded
from analytics.ingestion import admission
from quanticity.domain import calendar
from quanticity.domain.options import Chain, Expiry, Flag, IvStatus
from quanticity.domain.readings import Unavailable, plain

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_VENDOR_DELTA_GAP = 0.05
_VENDOR_SHARE = 0.20
_EXPOSURES = (
    "gex_usd_per_1pct",
    "dex_usd",
    "vex_usd_per_volpt",
    "cex_usd_per_day",
    "charm_to_close_usd",
    "flip",
    "call_wall",
    "put_wall",
    "key_strike",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of every step."""

    pricing: pricing.Settings
    exposure: Parts
    hedging: hedging.Settings
    skew: skew.Settings


@dataclass(slots=True)
class _Notes:
    """Sentences collected on the way."""

    warnings: list[str] = field(default_factory=list)

    def missing(self, name: str, code: str, detail: str = "") -> None:
        """Say why a field is null."""
        self.warnings.append(f"{name}: {code}" + (f" ({detail})" if detail else ""))


def analyse(
    loaded: Loaded,
    settings: Settings,
    *,
    r: float | None = None,
    q: float | None = None,
    spot_is_certain: bool = False,
) -> dict[str, Any]:
    """The whole report. `r` and `q` replace the configured rate and dividend yield."""
    chain = loaded.chain
    notes = _Notes(list(chain.warnings))
    session = calendar.current(chain.as_of)
    found = pricing.compute(
        chain,
        settings.pricing,
        r=r,
        q=q,
        since_open_s=None if session is None else 60 * session.minutes_since_open(chain.as_of),
        spot_is_certain=spot_is_certain,
    )
    document = _heading(loaded, settings, found, notes, r=r, q=q)
    if not loaded.dated:
        notes.missing("as_of", "NO_DATA", "the file's date is unreadable, --asof was taken")
    if found is None:
        _without_prices(document, loaded, notes)
    else:
        _with_prices(document, loaded, settings, found, notes)
    document["max_pain"] = _max_pain(chain, document, notes)
    document["warnings"] = notes.warnings
    return {name: plain(value) for name, value in document.items()}


def _heading(
    loaded: Loaded,
    settings: Settings,
    found: PricedChain | None,
    notes: _Notes,
    *,
    r: float | None,
    q: float | None,
) -> dict[str, Any]:
    chain, parts = loaded.chain, settings.exposure
    carry = settings.pricing.forward.dividend_yield(chain.underlying) if q is None else q
    close_at, is_next = _next_close(chain.as_of)
    if found is not None and found.forwards.spot_is_implied:
        given = "none" if chain.spot is None else f"{chain.spot:g}"
        notes.missing("spot", "SPOT_IMPLIED", f"header {given}, by parity {found.forwards.spot:g}")
    return {
        "symbol": chain.underlying,
        "as_of": chain.as_of,
        "spot": chain.spot if found is None else found.forwards.spot,
        "header_spot": chain.spot,
        "source_format": loaded.source_format,
        "contracts": loaded.contracts,
        "conventions": {
            "sign_model": inventory.SignModel.NAIVE.value,
            "sign": "exposure > 0: modelled dealers are long that Greek; flow > 0: they buy",
            "oi_basis": "settled",
            "exercise_model": "european_bsm",
            "greeks": "own Black-Scholes-Merton at own volatilities; vendor figures unused",
            "filter": f"open interest >= {parts.inventory.min_open_interest} contracts, "
            f"<= {parts.inventory.max_expiry_days} calendar days to expiry",
            "rate": settings.pricing.forward.flat_r if r is None else r,
            "dividend_yield": carry,
            "multiplier": chain.multiplier,
            "delayed": chain.delayed,
            "charm_to_close_at": close_at,
            "charm_to_close_of": "next close" if is_next else "today's close",
            "beta_volpts_per_1pct": settings.hedging.beta_default,
            "units": "dollars; vol points of 0.01; calendar days",
        },
    }


def _without_prices(document: dict[str, Any], loaded: Loaded, notes: _Notes) -> None:
    """No spot and no quotes to imply it from: open interest is all there is."""
    chain = loaded.chain
    notes.missing("spot", "NO_QUOTE", "none in the file, and no pair of quotes implies one")
    rejected = Counter(loaded.rejected)
    rejected["NO_SPOT"] += len(chain)
    document |= {
        "used": 0,
        "rejected": dict(rejected),
        "iv": {"recomputed": 0, "failed": {IvStatus.NO_QUOTE.name: len(chain)}},
        "coverage": None,
        "quality": "INVALID",
    }
    _nullify(document, notes, Unavailable("gex", "NO_QUOTE"))
    _nullify_smile(document, notes, "NO_QUOTE")


def _with_prices(
    document: dict[str, Any],
    loaded: Loaded,
    settings: Settings,
    found: PricedChain,
    notes: _Notes,
) -> None:
    chain, parts = loaded.chain, settings.exposure
    held = inventory.compute(found.priced, parts.inventory)
    quality = admission.quality(
        arbitrage_share=found.arbitrage_share,
        coverage=held.coverage,
        delayed=chain.delayed,
        settings=settings.pricing.admission,
    )
    smile = _smile(found, settings.skew)
    skewed = skew.compute(smile, settings.skew) if smile is not None else None
    rr25 = skewed.rr25_volpts if isinstance(skewed, Skew) else None
    refused = exposure.unavailable("gex", held, parts.inventory)
    if refused is None and quality == "INVALID":
        refused = Unavailable("gex", "ARBITRAGE", "too many quotes contradict each other")
    document |= {
        "coverage": held.coverage,
        "quality": quality,
        "iv": _iv(loaded, found),
        "flags": _flags(found.flags),
        "vendor": _vendor(chain, found, notes),
        "used": int(held.counted.sum()) if refused is None else 0,
        "rejected": _rejected(loaded, found, held, refused),
    }
    if refused is None:
        _exposures(document, chain, found, settings, rr25, notes)
    else:
        _nullify(document, notes, refused)
    _skew(document, smile, skewed, notes)
    document["expected_move_pct"] = _expected_move(document, found, notes)


def _exposures(
    document: dict[str, Any],
    chain: Chain,
    found: PricedChain,
    settings: Settings,
    rr25: float | None,
    notes: _Notes,
) -> None:
    parts, priced = settings.exposure, found.priced
    close_at, is_next = _next_close(chain.as_of)
    gex = exposure.compute(
        priced,
        parts,
        seed=uncertainty.seed(chain.underlying, chain.as_of),
        is_single_name=parts.uncertainty.is_single_name(chain.underlying),
        rr25_volpts=rr25,
    )
    dex = exposure.compute_delta(priced, parts)
    vanna = dealer_flow.compute_vanna(priced, parts.inventory)
    charm = dealer_flow.compute_charm(
        priced,
        parts.inventory,
        t_close_s=(close_at - chain.as_of).total_seconds(),
        to_next_close=is_next,
    )
    hedge = hedging.compute(
        priced, parts.inventory, beta_volpts_per_1pct=settings.hedging.beta_default
    )
    for reading in (gex, dex, vanna, charm, hedge):
        if isinstance(reading, Unavailable):
            _nullify(document, notes, reading)
            return
    document |= _named(gex, dex, vanna, charm, hedge)
    _tell_reasons(gex, notes)
    notes.missing("hedging_elasticity", "NO_DATA", "a chain file has no average daily volume")


def _named(gex: Any, dex: Any, vanna: Any, charm: Any, hedge: Any) -> dict[str, Any]:
    """The readings under the report's names."""
    same = (
        "gex_usd_per_1pct flip flips call_wall put_wall key_strike pin_strike by_expiry by_bucket "
        "regime ci90_usd_per_1pct p_positive p_spot_above_flip alt_models gex_sign_agree "
        "gex_shares_per_usd gex_conc_1pct supports resistances by_expiry"
    ).split()
    return {
        **{name: getattr(gex, name) for name in same},
        "by_strike": gex.gex_by_strike,
        "dex_usd": dex.dex_usd,
        "call_oi_delta_usd": dex.call_oi_delta_usd,
        "put_oi_delta_usd": dex.put_oi_delta_usd,
        "net_oi_delta_usd": dex.net_oi_delta_usd,
        "put_call_oi_ratio": dex.put_call_oi_ratio,
        "vex_usd_per_volpt": vanna.vex_usd_per_volpt,
        "cex_usd_per_day": charm.cex_usd_per_day,
        "charm_to_close_usd": charm.charm_to_close_usd,
        "charm_flow_to_close_usd": charm.charm_flow_to_close_usd,
        "hedge_shares_per_1pct": hedge.hedge_shares_per_1pct,
        "hedging_elasticity": hedge.elasticity_total,
    }


def _tell_reasons(gex: Exposure, notes: _Notes) -> None:
    if gex.flip_reason is not None:
        notes.missing("flip", gex.flip_reason)
    for name in ("call_wall", "put_wall", "key_strike"):
        if getattr(gex, name) is None:
            notes.missing(name, "NO_DATA", "no strike on that side")


def _nullify(document: dict[str, Any], notes: _Notes, refused: Unavailable) -> None:
    document.update(dict.fromkeys(_EXPOSURES))
    document |= {"flips": [], "by_expiry": [], "by_strike": [], "hedging_elasticity": None}
    for name in (*_EXPOSURES, "hedging_elasticity"):
        notes.missing(name, refused.reason, refused.detail)


def _nullify_smile(document: dict[str, Any], notes: _Notes, code: str) -> None:
    document |= {"skew_rr25_volpts": None, "expected_move_pct": None}
    notes.missing("skew_rr25_volpts", code)
    notes.missing("expected_move_pct", code)


def _skew(
    document: dict[str, Any],
    smile: skew.Smile | None,
    skewed: Skew | Unavailable | None,
    notes: _Notes,
) -> None:
    document["skew_rr25_volpts"] = skewed.rr25_volpts if isinstance(skewed, Skew) else None
    if smile is None:
        notes.missing("skew_rr25_volpts", "NO_QUOTE", "no expiry has enough admitted quotes")
    elif isinstance(skewed, Unavailable):
        notes.missing("skew_rr25_volpts", skewed.reason, skewed.detail)
    elif isinstance(skewed, Skew):
        document["skew"] = skewed
        if skewed.rr25_volpts is None:
            notes.missing("skew_rr25_volpts", skewed.reasons["rr25_volpts"])


def _smile(found: PricedChain, settings: skew.Settings) -> skew.Smile | None:
    """Admitted out-of-the-money quotes of the nearest expiry that has enough of them."""
    chain, forwards = found.chain, found.forwards
    good = found.out_of_the_money & found.priced.admitted & (found.iv.status == IvStatus.OK)
    for index, expiry in enumerate(chain.expiries):
        rows = np.flatnonzero(good & (chain.expiry_idx == index))
        calls = int((chain.right[rows] > 0).sum())
        if expiry.t_s < settings.min_t_s or calls < settings.min_otm_strikes:
            continue
        if len(rows) - calls >= settings.min_otm_strikes:
            return _smile_of(found, expiry, rows, float(forwards.forward[index]))
    return None


def _smile_of(found: PricedChain, expiry: Expiry, rows: Ints, forward: float) -> skew.Smile:
    p, iv = found.priced, found.iv
    return skew.Smile(
        expiry_date=expiry.expiry_date,
        spot=p.spot,
        forward=forward,
        t_s=expiry.t_s,
        r=float(p.r[rows[0]]),
        q=float(p.q[rows[0]]),
        right=p.right[rows],
        strike=p.strike[rows],
        iv=iv.iv_mid[rows],
        iv_bid=iv.iv_bid[rows],
        iv_ask=iv.iv_ask[rows],
    )


def _expected_move(
    document: dict[str, Any], found: PricedChain, notes: _Notes
) -> float | None:
    """The at-the-money straddle of the nearest unexpired expiry, in percent of its forward."""
    chain = found.chain
    index = _front(chain)
    if index is None:
        notes.missing("expected_move_pct", "NO_DATA", "every expiry is settled")
        return None
    forward = float(found.forwards.forward[index])
    calls = np.flatnonzero(
        (chain.expiry_idx == index) & (chain.right > 0) & (found.partner >= 0)
    )
    document["conventions"]["expected_move_expiry"] = chain.expiries[index].expiry_date
    if not calls.size:
        notes.missing("expected_move_pct", "NO_DATA", "no strike has both a call and a put")
        return None
    call = calls[np.argmin(np.abs(chain.strike[calls] - forward))]
    put = found.partner[call]
    doubt = int(found.flags[call] | found.flags[put]) & int(Flag.Q_NO_QUOTE | Flag.Q_CROSSED)
    straddle = chain.bid[[call, put]].sum() + chain.ask[[call, put]].sum()
    if doubt or not np.isfinite(straddle):
        notes.missing("expected_move_pct", "NO_QUOTE", "the at-the-money pair is not quoted")
        return None
    return float(50 * straddle / forward)


def _max_pain(chain: Chain, document: dict[str, Any], notes: _Notes) -> float | None:
    """Needs open interest only, so it survives a file without quotes."""
    index = _front(chain)
    if index is None:
        notes.missing("max_pain", "NO_DATA", "every expiry is settled")
        return None
    document["conventions"]["max_pain_expiry"] = chain.expiries[index].expiry_date
    rows = (chain.expiry_idx == index) & (chain.open_interest > 0)
    strike = levels.least_paid(
        chain.right[rows].astype(float),
        chain.strike[rows],
        chain.open_interest[rows].astype(float),
    )
    if strike is None:
        notes.missing("max_pain", "NO_DATA", "no open interest in the nearest expiry")
    return strike


def _front(chain: Chain) -> int | None:
    """Index of the nearest unexpired, unadjusted expiry; expiries are sorted by settlement."""
    for index, expiry in enumerate(chain.expiries):
        if expiry.t_s > 0 and not expiry.root[-1].isdigit():
            return index
    return None


def _next_close(as_of: datetime) -> tuple[datetime, bool]:
    """The close that `charm_to_close` refers to, and whether it is not the running session's."""
    session = calendar.session(calendar.session_date(as_of))
    if session.contains(as_of):
        return session.close_at, False
    if as_of < session.open_at:
        return session.close_at, True
    return calendar.next_session(session.date).close_at, True


def _iv(loaded: Loaded, found: PricedChain) -> dict[str, Any]:
    status = Counter(found.iv.status.tolist())
    failed = {s.name: status[s] for s in IvStatus if s is not IvStatus.OK and status[s]}
    unread = loaded.contracts - len(loaded.chain)
    return {
        "recomputed": status[IvStatus.OK],
        "failed": failed | ({"NOT_READ": unread} if unread else {}),
        "fitted": int(found.fitted.sum()),
    }


def _flags(flags: Ints) -> dict[str, int]:
    counts = {flag.name or "": int((flags & int(flag) != 0).sum()) for flag in Flag}
    return {name: count for name, count in counts.items() if count}


def _rejected(
    loaded: Loaded, found: PricedChain, held: inventory.Inventory, refused: Unavailable | None
) -> dict[str, int]:
    """Every contract that is in no total, by its first reason; with `used` it makes `contracts`."""
    p = found.priced
    tests: dict[str, Bools] = {
        "EXPIRED": p.t <= 0,
        "ADJUSTED": found.flags & int(Flag.X_ADJUSTED) != 0,
        "LOW_OPEN_INTEREST": ~(held.counted | held.later) & np.isfinite(p.sigma),
        "NO_VOLATILITY": ~np.isfinite(p.sigma),
        "BEYOND_HORIZON": held.later,
        "" if refused is None else refused.reason: np.ones(len(p.t), dtype=bool),
    }
    first = np.select(list(tests.values()), list(range(len(tests))))
    counts = Counter(loaded.rejected)
    for place, reason in enumerate(tests):
        if reason:
            counts[reason] += int((first == place).sum())
    return {reason: count for reason, count in counts.items() if count}


def _vendor(chain: Chain, found: PricedChain, notes: _Notes) -> dict[str, Any] | None:
    """How far the vendor's delta and gamma are from ours, over admitted contracts."""
    delta = chain.vendor.get("delta")
    gamma = chain.vendor.get("gamma")
    if delta is None or gamma is None:
        return None
    rows = found.priced.admitted & np.isfinite(delta) & np.isfinite(gamma) & (delta != 0)
    if not rows.any():
        return None
    gaps = np.abs(found.priced.greeks.delta - delta)[rows]
    share = float(np.mean(gaps > _VENDOR_DELTA_GAP))
    if share > _VENDOR_SHARE:
        notes.warnings.append(f"GREEKS_DISAGREE: {share:.0%} of deltas differ by more than 0.05")
    return {
        "compared": int(rows.sum()),
        "delta_abs_gap": _quantiles(gaps),
        "gamma_abs_gap": _quantiles(np.abs(found.priced.greeks.gamma - gamma)[rows]),
    }


def _quantiles(values: NDArray[np.float64]) -> dict[str, float]:
    names = ("p50", "p90", "p99")
    return dict(zip(names, np.quantile(values, [0.5, 0.9, 0.99]).tolist(), strict=True))

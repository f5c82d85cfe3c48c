"""The dealer-flow report of one chain file, computed at the file's own time (DOMAIN 3.23).

`analyse` is pure: a loaded file and settings in, one document in JSON's types out. What cannot be
computed is null, with a sentence `field: CODE (detail)` in `warnings`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from analytics.calculators import (
    aggregates,
    inventory,
    pricing,
    skew,
    smile_fit,
)
from analytics.calculators.pricing import PricedChain
from analytics.chainfiles import counts, figures, positioning
from analytics.chainfiles.notes import Notes
from analytics.chainfiles.positioning import Settings
from analytics.chainfiles.reader import Loaded
from analytics.ingestion import admission
from quanticity.domain import calendar
from quanticity.domain.options import IvStatus
from quanticity.domain.readings import Unavailable, plain


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
    notes = Notes(list(chain.warnings))
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
    if isinstance(found, Unavailable):
        _without_prices(document, loaded, notes, found)
    else:
        _with_prices(document, loaded, settings, found, notes)
    document["max_pain"] = figures.max_pain(chain, document, notes)
    document["warnings"] = notes.warnings
    return {name: plain(value) for name, value in document.items()}


def _heading(
    loaded: Loaded,
    settings: Settings,
    found: PricedChain | Unavailable,
    notes: Notes,
    *,
    r: float | None,
    q: float | None,
) -> dict[str, Any]:
    chain, parts = loaded.chain, settings.exposure
    carry = settings.pricing.forward.dividend_yield(chain.underlying) if q is None else q
    close_at, is_next = figures.next_close(chain.as_of)
    if isinstance(found, PricedChain) and found.forwards.spot_is_implied:
        given = "none" if chain.spot is None else f"{chain.spot:g}"
        notes.missing("spot", "SPOT_IMPLIED", f"header {given}, by parity {found.forwards.spot:g}")
    return {
        "symbol": chain.underlying,
        "as_of": chain.as_of,
        "spot": found.forwards.spot if isinstance(found, PricedChain) else chain.spot,
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


def _without_prices(
    document: dict[str, Any], loaded: Loaded, notes: Notes, refused: Unavailable
) -> None:
    """No spot and no quotes to imply it from: open interest is all there is."""
    chain = loaded.chain
    notes.missing("spot", refused.reason, refused.detail)
    rejected = Counter(loaded.rejected)
    rejected["NO_SPOT"] += len(chain)
    document |= {
        "used": 0,
        "rejected": dict(rejected),
        "iv": {"recomputed": 0, "failed": {IvStatus.NO_QUOTE.name: loaded.contracts}, "fitted": 0},
        "coverage": None,
        "quality": "INVALID",
    }
    positioning.nullify(document, notes, refused)
    notes.missing("coverage", refused.reason, refused.detail)
    _nullify_smile(document, notes, refused.reason)


def _with_prices(
    document: dict[str, Any],
    loaded: Loaded,
    settings: Settings,
    found: PricedChain,
    notes: Notes,
) -> None:
    chain, parts = loaded.chain, settings.exposure
    held = inventory.compute(found.priced, parts.inventory)
    quality = admission.quality(
        arbitrage_share=found.arbitrage_share,
        coverage=held.coverage,
        delayed=chain.delayed or not loaded.dated,
        settings=settings.pricing.admission,
    )
    refused = aggregates.unavailable("gex", held, parts.inventory)
    if refused is None and quality == "INVALID":
        refused = Unavailable("gex", "ARBITRAGE", "too many quotes contradict each other")
    if held.coverage is None:
        notes.missing("coverage", "NO_QUOTE", "no contract of the filter has a volatility")
    document |= {
        "coverage": held.coverage,
        "quality": quality,
        "iv": counts.iv(loaded, found),
        "flags": counts.flags(found.flags),
        "vendor": counts.vendor(chain, found, notes),
        "used": int(held.counted.sum()) if refused is None else 0,
        "rejected": counts.rejected(loaded, found, held, refused),
    }
    skewed = _skew(document, found, settings.skew, refused, notes)
    if refused is None:
        positioning.compute(document, chain, found, settings, skewed, notes)
    else:
        positioning.nullify(document, notes, refused)
    document["expected_move_pct"] = figures.expected_move(document, found, notes)


def _nullify_smile(document: dict[str, Any], notes: Notes, code: str) -> None:
    document |= {"skew_rr25_volpts": None, "expected_move_pct": None}
    notes.missing("skew_rr25_volpts", code)
    notes.missing("expected_move_pct", code)


def _skew(
    document: dict[str, Any],
    found: PricedChain,
    settings: smile_fit.Settings,
    refused: Unavailable | None,
    notes: Notes,
) -> float | None:
    """Put the skew into the report; returns the risk reversal."""
    document["skew_rr25_volpts"] = None
    smile = skew.nearest(found, settings) if refused is None else None
    if refused is not None:
        notes.missing("skew_rr25_volpts", refused.reason, refused.detail)
        return None
    if smile is None:
        notes.missing("skew_rr25_volpts", "NO_QUOTE", "no expiry has enough admitted quotes")
        return None
    skewed = skew.compute(smile, settings)
    if isinstance(skewed, Unavailable):
        notes.missing("skew_rr25_volpts", skewed.reason, skewed.detail)
        return None
    document |= {"skew": skewed, "skew_rr25_volpts": skewed.rr25_volpts}
    if skewed.rr25_volpts is None:
        detail = f"no quotes around 25 delta in the {skewed.expiry_date} expiry"
        notes.missing("skew_rr25_volpts", skewed.reasons["rr25_volpts"], detail)
    return skewed.rr25_volpts

"""Modelled dealer positioning of a chain file: the exposure readings under the report's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analytics.calculators import (
    dealer_flow,
    exposure,
    hedging,
    pricing,
    smile_fit,
    uncertainty,
)
from analytics.calculators.exposure import Exposure, Parts
from analytics.calculators.pricing import PricedChain
from analytics.chainfiles import figures
from analytics.chainfiles.notes import Notes
from quanticity.domain.options import Chain
from quanticity.domain.readings import Unavailable

_FROM_GEX = (
    "gex_usd_per_1pct",
    "flip",
    "flips",
    "call_wall",
    "put_wall",
    "key_strike",
    "pin_strike",
    "by_expiry",
    "by_bucket",
    "regime",
    "ci90_usd_per_1pct",
    "p_positive",
    "p_spot_above_flip",
    "alt_models",
    "gex_sign_agree",
    "gex_shares_per_usd",
    "gex_conc_1pct",
    "supports",
    "resistances",
)
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
    skew: smile_fit.Settings


def compute(
    document: dict[str, Any],
    chain: Chain,
    found: PricedChain,
    settings: Settings,
    rr25: float | None,
    notes: Notes,
) -> None:
    """Put every exposure into the report; all of them null when one is unavailable."""
    parts, priced = settings.exposure, found.priced
    close_at, is_next = figures.next_close(chain.as_of)
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
    refused = [r for r in (dex, vanna, charm, hedge) if isinstance(r, Unavailable)]
    if isinstance(gex, Unavailable) or refused:
        nullify(document, notes, gex if isinstance(gex, Unavailable) else refused[0])
        return
    document |= _named(gex, dex, vanna, charm, hedge)
    _tell_reasons(gex, notes)
    notes.missing("hedging_elasticity", "NO_DATA", "a chain file has no average daily volume")


def _named(gex: Any, dex: Any, vanna: Any, charm: Any, hedge: Any) -> dict[str, Any]:
    """The readings under the report's names."""
    return {
        **{name: getattr(gex, name) for name in _FROM_GEX},
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


def _tell_reasons(gex: Exposure, notes: Notes) -> None:
    if gex.flip_reason is not None:
        notes.missing("flip", gex.flip_reason)
    for name in ("call_wall", "put_wall", "key_strike"):
        if getattr(gex, name) is None:
            notes.missing(name, "NO_DATA", "no strike on that side")


def nullify(document: dict[str, Any], notes: Notes, refused: Unavailable) -> None:
    """Make every exposure null, each with the reason."""
    document.update(dict.fromkeys(_EXPOSURES))
    document |= {"flips": [], "by_expiry": [], "by_strike": [], "hedging_elasticity": None}
    for name in (*_EXPOSURES, "hedging_elasticity"):
        notes.missing(name, refused.reason, refused.detail)

"""Refreshing roll-ups and snapshots: what the symbols say, together (DOMAIN 3.20)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from analytics import inputs
from analytics.calculators import rollups
from analytics.services import daily
from analytics.signals import features
from quanticity.config.universe import universe
from quanticity.domain import clock
from quanticity.domain.readings import Reading
from quanticity.store import health, readings

# What a member brings: name -> family and path.
_VALUES = {
    "gex_usd_per_1pct": ("gex", "gex_usd_per_1pct"),
    "dex_usd": ("dex", "dex_usd"),
    "net_oi_delta_usd": ("dex", "net_oi_delta_usd"),
    "vex_usd_per_volpt": ("vanna", "vex_usd_per_volpt"),
    "cex_usd_per_day": ("charm", "cex_usd_per_day"),
    "elasticity_total": ("hedging", "elasticity_total"),
    "vpin_cdf": ("vpin", "vpin_cdf"),
    "rr25_volpts": ("skew", "rr25_volpts"),
    "momentum_share": ("flow_clusters", "momentum_share"),
}
_MEMBER_FAMILIES = (*dict.fromkeys(family for family, _ in _VALUES.values()), "toxicity")
SNAPSHOT_FAMILIES = (*features.FAMILIES, "forced_flow", "technicals")


@dataclass(frozen=True, slots=True)
class Snapshot(Reading):
    """The last valid data of every family, each with its own age and the status it has now."""

    name: ClassVar[str] = "snapshot"

    families: dict[str, dict[str, Any]]
    n_valid: int
    n_missing: int


def refresh_sector(sector: str) -> None:
    """Roll one sector's members up."""
    symbols = [symbol for symbol in universe().symbols if universe().sector(symbol) == sector]
    _publish(sector, "sector", symbols, clock.now(), {})


def refresh_summary() -> None:
    """Roll the whole universe up, with the regime and the state of the feed."""
    now = clock.now()
    wide = inputs.of("portfolio", ("volatility",), now)
    link = health.connection() or {}
    extra = {
        "vol_regime": wide.value("volatility", "regime"),
        "feed_health": {name: link.get(name) for name in ("state", "blind_300s_s", "reported_at")},
    }
    _publish("portfolio", "summary", universe().symbols, now, extra)


def refresh_snapshot(symbol: str) -> None:
    """Put every family's last valid data side by side."""
    now = clock.now()
    envelopes = readings.read(symbol, (*SNAPSHOT_FAMILIES, "snapshot"))
    before = ((envelopes.pop("snapshot", None) or {}).get("data") or {}).get("families", {})
    families = {
        family: _entry(envelopes.get(family), before.get(family)) for family in SNAPSHOT_FAMILIES
    }
    known = [one["as_of"] for one in families.values() if one["data"] is not None]
    readings.write(
        symbol, "snapshot", Snapshot(families, len(known), len(families) - len(known)),
        as_of=datetime.fromisoformat(min(known)) if known else now, feed="model",
        coverage=len(known) / len(families),
    )  # fmt: skip


def _entry(envelope: dict[str, Any] | None, before: dict[str, Any] | None) -> dict[str, Any]:
    """A family as it is now; without data now, its last data with the age it has."""
    if envelope is not None and envelope["data"] is not None:
        return {
            "as_of": envelope["as_of"], "status": envelope["quality"]["status"], "reasons": {},
            "data": envelope["data"],
        }  # fmt: skip
    reasons = {} if envelope is None else envelope["quality"]["reasons"]
    last = before or {"as_of": None, "data": None}
    return {
        "as_of": last["as_of"], "status": "INVALID", "data": last["data"],
        "reasons": reasons or {"reading": "NO_DATA"},
    }  # fmt: skip


def _publish(
    group: str, family: str, symbols: Sequence[str], now: datetime, extra: dict[str, Any]
) -> None:
    found = inputs.of_all(symbols, _MEMBER_FAMILIES, now)
    members = [_member(symbol, found[symbol]) for symbol in symbols]
    used = [one.oldest() for one in found.values() if one.used_n]
    readings.write(
        group, family, rollups.compute(group, members), as_of=min(used, default=now), feed="model",
        coverage=len(used) / len(symbols) if symbols else None, extra=extra,
    )  # fmt: skip


def _member(symbol: str, known: inputs.Inputs) -> rollups.Member:
    values = {name: known.value(family, path) for name, (family, path) in _VALUES.items()}
    volume = daily.volume_today(symbol)
    return rollups.Member(
        symbol, daily.beta(symbol), daily.adv_usd(symbol),
        sign_model=known.value("gex", "sign_model"), oi_basis=known.value("gex", "oi_basis"),
        toxicity_level=known.value("toxicity", "level"),
        values=values | {"volume_shares": None if volume is None else volume.shares},
    )  # fmt: skip

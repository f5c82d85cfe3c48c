"""What a field of a reading is measured in, and what its plus means, by its name (DOMAIN 0.3, 3.0).

A name ends in its unit; an exposure is + where dealers are long, a flow + where dealers buy.
"""

import dataclasses
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_type_hints

# The longer ending first: `_usd_per_1pct` is no `_pct`.
_ENDINGS = {
    "_usd_per_1pct": "USD per +1 % of spot",
    "_usd_per_volpt": "USD per +1 volatility point",
    "_usd_per_day": "USD per calendar day",
    "_shares_per_1pct": "shares per +1 % of spot",
    "_shares_per_usd": "shares per +1 USD of spot",
    "_shares_per_volpt": "shares per +1 volatility point",
    "_volpts_per_1pct": "volatility points per +1 % of spot",
    "_volpts_per_k": "volatility points per standard deviation of strike",
    "_volpts_per_k2": "volatility points per squared standard deviation of strike",
    "_usd": "USD",
    "_shares": "shares",
    "_contracts": "contracts",
    "_price": "USD per share",
    "_strike": "listed strike, USD per share",
    "_wall": "listed strike, USD per share",
    "_pct": "percent",
    "_frac": "fraction",
    "_bps": "basis points",
    "_volpts": "volatility points of 0.01",
    "_iv": "decimal volatility",
    "_per_s": "per second",
    "_s": "seconds",
    "_cdf": "rank in [0, 1]",
    "_share": "share in [0, 1]",
    "_z": "standard deviations",
}
_NAMES = {
    "flip": "USD per share",
    "max_pain": "listed strike, USD per share",
    "elasticity_gamma": "days of volume per +1 % of spot",
    "elasticity_total": "days of volume per +1 % of spot",
}
# By the part of a name that says what is counted; the first that fits.
_SIGNS = {
    "flow_": "+ dealers buy",
    "hedge_": "+ dealers buy",
    "elasticity_": "+ dealers buy",
    "oi_delta": "of the open interest, no dealer model",
    "gamma_shares": "+ dealers buy",
    "vanna_shares": "+ dealers buy",
    "charm_shares": "+ dealers buy",
    "residual_shares": "+ dealers buy",
    "gex_": "+ dealers long",
    "net_usd_per": "+ dealers long",
    "call_usd_per": "+ dealers long",
    "put_usd_per": "+ dealers long",
    "ci90_usd_per": "+ dealers long",
    "dex_": "+ dealers long",
    "vex_": "+ dealers long",
    "cex_": "+ dealers long",
    "charm_to_close": "+ dealers long",
    "rr25_": "call less put",
    "premium_usd": "+ calls bought or puts sold",
}


@cache
def of(kind: type) -> dict[str, str]:
    """The unit of each field of a reading whose name has one, with its sign where it has one.

    Fields of its rows (cells, strikes, expiries) are among them, under their own names.
    """
    return {name: said for name in _names(kind) if (said := _said(name)) is not None}


def _names(kind: type) -> Iterator[str]:
    hints = get_type_hints(kind)
    for each in dataclasses.fields(kind):
        yield each.name
        for inside in _classes(hints[each.name]):
            yield from _names(inside)


def _classes(hint: Any) -> Iterator[type]:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for inside in get_args(hint):
        yield from _classes(inside)


def _said(name: str) -> str | None:
    if "by_" in name:  # rows or a map, whose own fields have units
        return None
    unit = _NAMES.get(name) or next((u for end, u in _ENDINGS.items() if name.endswith(end)), None)
    if unit is None or unit in {"share in [0, 1]", "rank in [0, 1]", "standard deviations"}:
        return unit
    sign = next((said for part, said in _SIGNS.items() if part in name), None)
    return unit if sign is None else f"{unit}; {sign}"

"""A market that pushes up: every reading that 0DTE looks at, bars, a quote, a liquid chain."""

from datetime import timedelta
from typing import Any

from analytics.signals.features import SOURCES
from quanticity.domain import clock
from quanticity.domain.market import Bar
from quanticity.store import market
from tests import factories

VALUES: dict[str, Any] = {
    "vpin_cdf": 0.95, "obi_l5": 0.9, "sweep_net": 0.9, "sweep_n_60s": 3, "toxicity": 0.85,
    "gex_usd_per_1pct": -2e9, "gex_frac": -0.02, "gex_sign_agree": True, "pin_proximity": 0.5,
    "pin_dist_pct": 0.8, "pin_pull": 1, "vanna_flow_frac": 0.0075, "charm_flow_frac": 0.003,
    "elasticity_total": 0.02, "rr25_z": 2.0, "flow_momentum_share": 1.0, "flow_momentum_dir": 1.0,
    "gex_regime": "NEGATIVE", "gex_flip": 601.25, "gex_call_wall": 605.0, "gex_put_wall": 595.0,
}  # fmt: skip


def write(**changed: Any) -> None:
    """Put all of it into the store, as of now, some values changed."""
    families: dict[str, dict[str, Any]] = {}
    for name, value in (VALUES | changed).items():
        family, path = SOURCES[name]
        place = families.setdefault(family, {})
        *outer, last = path.split(".")
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    for family, data in families.items():
        factories.reading(family, data)
    market.write_quote(factories.quote("SPY", 599.99, 600.01))
    market.replace_bars("SPY", "5min", rising(25, 5))
    market.replace_bars("SPY", "1min", rising(60, 1))


def rising(count: int, minutes: int) -> list[Bar]:
    """Bars that climb to 600 and end now."""
    now = clock.now()
    bars = []
    for n in range(count):
        price = 600.0 - 0.4 * (count - n) * minutes / 5
        open_at = now - timedelta(minutes=minutes * (count - n))
        bars.append(Bar("SPY", open_at, price, price + 0.1, price - 0.1, price, 1_000.0, price, 12))
    return bars

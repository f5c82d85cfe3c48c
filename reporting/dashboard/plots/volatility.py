"""Volatility: the smile of the nearest expiry, and the session's regime."""

from collections.abc import Mapping
from typing import Any

from reporting.dashboard import formats, stamps
from reporting.dashboard.charts import curves, histories
from reporting.dashboard.charts.canvas import hour
from reporting.dashboard.charts.curves import Mark
from reporting.dashboard.charts.heat import Swatch
from reporting.dashboard.plots.plot import SIZES, Plot, World, number, sized, table
from reporting.dashboard.tables import Cell

REGIMES = ("BENIGN", "NORMAL", "ELEVATED", "SHOCK")  # in the order of their ranks


def skew(world: World) -> Plot:
    """Quotes of the nearest expiry, and the 25-delta points of its risk reversal."""
    key, title = "skew", "Volatility smile and skew"
    reason, seen = world.missing("skew"), world.smile
    if reason or seen is None:
        return Plot(key, title, world.stamp("skew"), reason or "NO_DATA")
    data, found = world.data("skew"), seen.value
    marks = [Mark("Forward", found.forward, "spot")]
    marks += [
        Mark(name, strike, "mark", iv)
        for name, strike, iv in (
            ("25\N{GREEK CAPITAL LETTER DELTA} put", found.put25_strike, data["put25_iv"]),
            ("25\N{GREEK CAPITAL LETTER DELTA} call", found.call25_strike, data["call25_iv"]),
        )
        if strike is not None and iv is not None
    ]
    rows = [
        [Cell(f"{p.strike:g}"), Cell("call" if p.right > 0 else "put", number=True)]
        + [number(formats.percent(iv)) for iv in (p.iv, p.iv_bid, p.iv_ask)]
        for p in found.points
    ]
    return Plot(
        key, title, world.chain_stamp("skew", seen), summary=_skew_words(world, data),
        pictures=sized({
            size: curves.smile(found.points, marks, width) for size, width in SIZES.items()
        }),
        legend=[Swatch("dot-put", "Puts"), Swatch("dot-call", "Calls"), Swatch("ring", "25 delta")],
        tables=[table(key, ("Strike", "Right", "IV", "IV bid", "IV ask"), rows)],
    )  # fmt: skip


def regime(world: World) -> Plot:
    """The day's volatility in points, above the regimes that held."""
    key, title = "regime", "Volatility regime of the session"
    reason = world.missing("volatility")
    points = world.regimes["vol_x"]
    if reason or not points:
        return Plot(key, title, world.stamp("volatility"), reason or "INSUFFICIENT_SAMPLES")
    data, now = world.data("volatility"), world.now
    held = histories.stretches(world.regimes["vol_regime_rank"], REGIMES, now)
    rows = [
        [Cell(formats.word(each.name)), number(hour(each.since)), number(hour(each.until))]
        for each in reversed(held)
    ]
    return Plot(
        key, title, world.stamp("volatility"), summary=_regime_words(data),
        pictures=sized({
            size: histories.ribbon(points, held, now, width) for size, width in SIZES.items()
        }),
        legend=[Swatch("line-1", "x, points")]
        + [Swatch(f"regime-{name.lower()}", formats.word(name)) for name in REGIMES],
        tables=[table(key, ("Regime", "From, ET", "Until, ET"), rows)],
    )  # fmt: skip


def _skew_words(world: World, data: Mapping[str, Any]) -> str:
    opening = f"Expiry {data['expiry_date']}, at the money {formats.percent(data['atm_iv'])}. "
    if data["rr25_volpts"] is None:
        code = stamps.reason(world.envelopes["skew"], "skew", "rr25_volpts")
        return f"{opening}The 25-delta risk reversal is unavailable: {formats.word(code)}."
    noise = data["noise_volpts"]
    within = "" if noise is None else f" \N{PLUS-MINUS SIGN}{noise:.2f}"
    return (
        f"{opening}25-delta risk reversal (call less put) "
        f"{formats.signed_points(data['rr25_volpts'])}{within} vol points, "
        f"butterfly {formats.signed_points(data['bf25_volpts'])}."
    )


def _regime_words(data: Mapping[str, Any]) -> str:
    held = formats.duration(data["vol_regime_age_s"])
    kind = "variance to the close" if data["x_kind"] == "r_day" else data["x_kind"]
    rise = data["d5_volpts"]
    moved = "" if rise is None else f", {formats.signed_points(rise)} in 5 samples"
    crush = " Volatility is being crushed." if data["vol_crush"] else ""
    return (
        f"{formats.word(data['regime']).capitalize()} for {held}; x is {data['x']:.2f} points "
        f"({kind}){moved}. Shock from 35 or a rise of 5.{crush}"
    )

"""What modelled dealers hold, and what it makes them trade: gamma, vanna, charm, forced flow."""

from collections.abc import Mapping
from typing import Any

from reporting.dashboard import formats
from reporting.dashboard.charts import curves, heat, strikes
from reporting.dashboard.charts.curves import Mark
from reporting.dashboard.plots.plot import SIZES, Plot, World, number, sized, table
from reporting.dashboard.tables import Cell, Table

_PROFILE_ROWS = 5  # one row of the table per so many points


def gamma(world: World) -> Plot:
    """GEX by strike with spot, flip and walls."""
    key, title, family = "gex", "Modelled dealer gamma by strike", "gex"
    stamp, reason = world.stamp(family), world.missing(family)
    rows = [] if reason else strikes.nearest(world.data(family))
    if not rows:
        return Plot(key, title, stamp, reason or "NO_DATA")
    data = world.data(family)
    parts = ("net_usd_per_1pct", "call_usd_per_1pct", "put_usd_per_1pct")
    cells = [
        [
            Cell(f"{row['strike']:g}"),
            *(number(formats.dollars(row.get(p)), row.get(p)) for p in parts),
        ]
        for row in rows
    ]
    names = ("Strike", "Net per 1 %", "Calls per 1 %", "Puts per 1 %")
    return Plot(
        key, title, stamp, summary=_gamma_words(data, rows),
        pictures=sized({size: strikes.draw(data, width) for size, width in SIZES.items()}),
        tables=[table(key, names, cells)],
    )  # fmt: skip


def profile(world: World) -> Plot:
    """GEX repriced over spot, with every flip."""
    key, title = "profile", "Modelled dealer gamma over spot"
    reason, seen = world.missing("gex"), world.profile
    if reason or seen is None:
        return Plot(key, title, world.stamp("gex"), reason or "NO_DATA")
    data = world.data("gex")
    marks = [Mark("Spot", seen.value.spot_price, "spot")]
    if data.get("flip") is not None:
        marks.append(Mark("Flip", data["flip"], "flip"))
    rows = [
        [Cell(formats.price(spot)), number(formats.dollars(value), value)]
        for spot, value in seen.value.points[::_PROFILE_ROWS]
    ]
    return Plot(
        key, title, world.chain_stamp("gex", seen), summary=_profile_words(data),
        pictures=sized({
            size: curves.profile(seen.value.points, marks, width) for size, width in SIZES.items()
        }),
        tables=[table(key, ("Spot $", "GEX per 1 %"), rows)],
    )  # fmt: skip


def vanna(world: World) -> Plot:
    """Dollars of dealer delta per vol point, by expiry and strike."""
    return _heat(
        world, "vanna", "Modelled dealer vanna by expiry and strike", "vex_usd_per_volpt",
        "per vol point", "Plus: dealer delta grows with volatility, and a rise makes them sell.",
    )  # fmt: skip


def charm(world: World) -> Plot:
    """Dollars of dealer delta per day, by expiry and strike."""
    return _heat(
        world, "charm", "Modelled dealer charm by expiry and strike", "cex_usd_per_day",
        "per day", "Plus: dealer delta grows as time passes, and makes them sell.",
    )  # fmt: skip


def hedging(world: World) -> Plot:
    """What dealers must trade per 1 %, and in scenarios: tables, no picture."""
    key, title = "hedging", "Hedging elasticity and forced flow"
    gone = [family for family in ("hedging", "forced_flow") if world.missing(family)]
    if "hedging" in gone:
        return Plot(key, title, world.stamp("hedging"), world.missing("hedging"))
    data = world.data("hedging")
    tables = [_elasticity(data)]
    words = _hedging_words(data)
    if gone:
        why = formats.word(world.missing("forced_flow"))
        words += f" Forced flow is unavailable: {why}."
    else:
        tables.append(_scenarios(world.data("forced_flow")["cells"]))
        words += " Scenarios are repriced in full; plus means that dealers buy."
    return Plot(key, title, world.stamp("hedging"), summary=words, tables=tables, is_table=True)


def _heat(world: World, family: str, title: str, total: str, unit: str, meaning: str) -> Plot:
    reason, seen = world.missing(family), world.grid
    if reason or seen is None:
        return Plot(family, title, world.stamp(family), reason or "NO_DATA")
    found = getattr(seen.value, family)
    grid = heat.Grid(
        seen.value.strikes, seen.value.expiries, found.cells, found.totals, seen.value.spot_price
    )
    size, where = max(
        (abs(value), f"{heat.short(value)} at {strike:g}, {day:%-d %b}")
        for strike, row in zip(grid.strikes, grid.cells, strict=True)
        for day, value in zip(grid.expiries, row, strict=True)
        if value is not None
    )
    net = world.data(family)[total]
    return Plot(
        family, title, world.chain_stamp(family, seen),
        summary=(
            f"Net {formats.dollars(net)} {unit}, largest cell {where}. {meaning} "
            "Blue is minus, orange is plus."
        ),
        pictures=sized({name: heat.draw(grid, width) for name, width in SIZES.items()}),
        legend=heat.legend(size), tables=[_heat_table(family, grid)],
    )  # fmt: skip


def _heat_table(key: str, grid: heat.Grid) -> Table:
    rows = [
        [Cell(f"{strike:g}"), *(number(formats.dollars(value), value) for value in row)]
        for strike, row in reversed(list(zip(grid.strikes, grid.cells, strict=True)))
    ]
    sums = [Cell("All strikes"), *(number(formats.dollars(value), value) for value in grid.totals)]
    return table(key, ("Strike", *(f"{day:%-d %b}" for day in grid.expiries)), [*rows, sums])


def _elasticity(data: Mapping[str, Any]) -> Table:
    shares = (
        ("Gamma part, shares per 1 %", "hedge_gamma_shares_per_1pct"),
        ("Vanna part, shares per 1 %", "hedge_vanna_shares_per_1pct"),
        ("Total, shares per 1 %", "hedge_shares_per_1pct"),
    )
    rows = [
        [Cell(name), number(formats.signed_count(data[key]), data[key])] for name, key in shares
    ]
    usd, part = data["hedge_usd_per_1pct"], data["elasticity_total"]
    rows += [
        [Cell("Total, dollars per 1 %"), number(formats.dollars(usd), usd)],
        [
            Cell("Elasticity, of an average day's dollars"),
            number(formats.signed_percent(part), part),
        ],
        [
            Cell("Volatility moves, points per 1 %"),
            number(formats.signed_points(data["beta_volpts_per_1pct"])),
        ],
    ]
    return table("elasticity", ("Dealers must trade", "Plus is buy"), rows)


def _scenarios(cells: list[Mapping[str, Any]]) -> Table:
    known = {(c["dS_pct"], c["dsigma_volpts"], c["dt_s"]): c["flow_usd"] for c in cells}
    moves, points, times = (sorted({key[n] for key in known}) for n in range(3))
    columns = [(dv, times[0]) for dv in points] + [(0.0, later) for later in times[1:]]
    rows = [
        [Cell(_moved(move, "%"))]
        + [
            number(formats.dollars(value), value)
            for dv, dt in columns
            if (value := known.get((move, dv, dt))) is not None
        ]
        for move in moves
    ]
    names = [
        "To the close" if dt else _moved(dv, "vol points") if dv else "Now" for dv, dt in columns
    ]
    return table("forced-flow", ("Spot moves", *names), rows)


def _moved(by: float, unit: str) -> str:
    sign = "+" if by > 0 else formats.MINUS if by < 0 else ""
    return f"{sign}{abs(by):g} {unit}"


def _gamma_words(data: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> str:
    largest = max(rows, key=lambda row: abs(row["net_usd_per_1pct"]))
    low, high = data.get("ci90_usd_per_1pct") or (None, None)
    between = (
        f" (90 %: {formats.dollars(low)} to {formats.dollars(high)})" if low is not None else ""
    )
    return (
        f"Net {formats.dollars(data.get('gex_usd_per_1pct'))} per 1 %{between}, "
        f"largest at {largest['strike']:g} with {formats.dollars(largest['net_usd_per_1pct'])}. "
        f"Flip {_flip(data)}, spot {formats.price(data.get('spot_price'))}. "
        f"{_error(data)}Plus dampens moves, minus amplifies them."
    )


def _error(data: Mapping[str, Any]) -> str:
    """Where most of the error comes from; nothing when the reading does not say."""
    parts = {k: v for k, v in (data.get("error_parts") or {}).items() if v}
    if not parts:
        return ""
    cause, usd = max(parts.items(), key=lambda part: part[1])
    return f"Most of the error is {cause.replace('_', ' ')}: {formats.dollars(usd)}. "


def _profile_words(data: Mapping[str, Any]) -> str:
    roots = [each for each in data.get("flips") or () if each["accepted"]]
    listed = ", ".join(formats.price(each["spot_price"]) for each in roots) or "none"
    return (
        f"Repriced at each spot with volatilities held. Flips within 20 %: {listed}. "
        f"Nearest {_flip(data)}, spot {formats.price(data.get('spot_price'))}."
    )


def _flip(data: Mapping[str, Any]) -> str:
    if data.get("flip") is not None:
        low, high = data.get("flip_ci90") or (None, None)
        between = f" (90 %: {formats.price(low)} to {formats.price(high)})" if low else ""
        return formats.price(data["flip"]) + between
    return f"{formats.DASH} ({formats.word(data.get('flip_reason') or 'NO_DATA')})"


def _hedging_words(data: Mapping[str, Any]) -> str:
    part = data["elasticity_total"]
    usd = formats.dollars(data["hedge_usd_per_1pct"])
    if part is None:
        return f"Dealers trade {usd} per +1 %. The average day's volume is not known."
    effect = "dampens moves" if part < 0 else "amplifies them"
    share = formats.signed_percent(part)
    return f"Dealers trade {usd} per +1 %, {share} of an average day's dollars: it {effect}."

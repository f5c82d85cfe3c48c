"""The dealer-flow report for people: one screen of tables."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

_STRIKES = 12
_EXPIRIES = 8
_MILLION = 1e6
_LINES = (
    ("GEX, $ per +1 %", "gex_usd_per_1pct", "usd"),
    ("  90 % interval", "ci90_usd_per_1pct", "usd"),
    ("  regime", "regime", "text"),
    ("DEX, $", "dex_usd", "usd"),
    ("VEX, $ per vol point", "vex_usd_per_volpt", "usd"),
    ("CEX, $ per day", "cex_usd_per_day", "usd"),
    ("Charm to close, $", "charm_to_close_usd", "usd"),
    ("Flip", "flip", "price"),
    ("Call wall", "call_wall", "price"),
    ("Put wall", "put_wall", "price"),
    ("Key strike", "key_strike", "price"),
    ("Max pain", "max_pain", "price"),
    ("25-delta risk reversal, vol points", "skew_rr25_volpts", "number"),
    ("Hedging elasticity", "hedging_elasticity", "number"),
    ("Expected move, %", "expected_move_pct", "number"),
)


def show(document: dict[str, Any]) -> None:
    """Print the report to standard output."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    iv, coverage = document["iv"], document["coverage"]
    console.print(
        f"{document['symbol']}  spot {_price(document['spot'])}  as of {document['as_of']}  "
        f"({document['source_format']})"
    )
    console.print("Modelled dealer exposure: dealers long calls, short puts; settled interest.")
    console.print(
        f"{document['contracts']} contracts, {document['used']} used, {iv['recomputed']} IVs, "
        f"coverage {'-' if coverage is None else f'{coverage:.1%}'}, {document['quality']}\n"
    )
    console.print(_figures(document))
    if document["by_expiry"]:
        console.print(_expiries(document["by_expiry"]))
        console.print(_strikes(document))
    for warning in document["warnings"]:
        console.print(f"! {warning}")


def _figures(document: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for title, name, kind in _LINES:
        table.add_row(title, _shown(document.get(name), kind))
    return table


def _expiries(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="By expiry, $ M", title_justify="left", box=None, pad_edge=False)
    for title in ("expiry", "GEX", "DEX", "VEX", "CEX"):
        table.add_column(title, justify="right")
    names = ("gex_usd_per_1pct", "dex_usd", "vex_usd_per_volpt", "cex_usd_per_day")
    for row in rows[:_EXPIRIES]:
        table.add_row(row["expiry_date"], *(f"{row[name] / _MILLION:,.1f}" for name in names))
    return table


def _strikes(document: dict[str, Any]) -> Table:
    table = Table(title="Heaviest strikes, GEX $ M", title_justify="left", box=None, pad_edge=False)
    for title in ("strike", "net", "call", "put"):
        table.add_column(title, justify="right")
    heaviest = sorted(document["by_strike"], key=lambda row: -abs(row["net_usd_per_1pct"]))
    for row in sorted(heaviest[:_STRIKES], key=lambda row: -row["strike"]):
        sizes = (row[f"{side}_usd_per_1pct"] / _MILLION for side in ("net", "call", "put"))
        table.add_row(f"{row['strike']:g}", *(f"{size:,.1f}" for size in sizes))
    return table


def _shown(value: Any, kind: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_shown(one, kind) for one in value)
    if kind == "usd":
        return f"{value / _MILLION:,.2f} M"
    if kind == "price":
        return _price(value)
    return str(value) if kind == "text" else f"{value:.3f}"


def _price(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"

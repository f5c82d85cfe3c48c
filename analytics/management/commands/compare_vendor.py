"""`manage.py compare_vendor PATH...`: vendors' volatilities and Greeks against ours, by file."""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from analytics.calculators import forward, pricing
from analytics.calculators.pricing import PricedChain
from analytics.chainfiles import comparison, reader
from analytics.chainfiles.comparison import CAUSES, Comparison, Gap
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain.errors import MalformedInput
from quanticity.domain.readings import plain

_SHOWN = 3  # the largest difference is in the JSON


class Command(BaseCommand):
    """Read every chain file, compare, tell."""

    help = "Vendor volatilities and Greeks against ours: quantiles of differences, and causes."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Files or folders of chain files."""
        parser.add_argument("paths", metavar="PATH", type=Path, nargs="+")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table; exit 2 when no file could be compared."""
        found, skipped = {}, {}
        for path in _files(options["paths"]):
            try:
                found[path.name] = compare(path)
            except MalformedInput as error:
                skipped[path.name] = str(error).removeprefix(f"{path}: ")
        if options["json"]:
            document = {"files": plain(found), "skipped": skipped}
            self.stdout.write(json.dumps(document, indent=2))
        else:
            _show(found, skipped)
        if not found:
            sys.exit(2)


def compare(path: Path) -> Comparison:
    """One file; MalformedInput when it cannot be read or priced."""
    chain = reader.load(path, section("analytics.chainfiles", reader.Settings)).chain
    settings = pricing.Settings(
        section("analytics.admission", admission.Settings),
        section("analytics.forward", forward.Settings),
    )
    found = pricing.compute(chain, settings)
    if not isinstance(found, PricedChain):
        raise MalformedInput(f"{path}: {found.reason}: {found.detail}")
    return comparison.compute(found, settings.forward.dividend_yield(chain.underlying))


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _show(found: dict[str, Comparison], skipped: dict[str, str]) -> None:
    table = Table(box=None, pad_edge=False)
    figures = ("IV", "liquid IV", "delta")
    titles = ("file", "rows", "admitted", "compared", *(t for f in figures for t in _titles(f)))
    for title in (*titles, "off"):
        table.add_column(title, justify="left" if title == "file" else "right")
    causes: Counter[str] = Counter()
    for name, one in found.items():
        causes.update(one.causes)
        compared = one.iv or one.delta
        counts = (one.contracts, one.admitted, compared.n if compared else 0)
        cells = (cell for gap in (one.iv, one.iv_liquid, one.delta) for cell in _cells(gap))
        table.add_row(name, *map(str, counts), *cells, str(one.outliers))
    console = Console(highlight=False, markup=False, width=170)
    console.print(table)
    compared_n = sum(one.delta.n for one in found.values() if one.delta)
    console.print(f"\n{sum(causes.values())} of {compared_n} differ by more than 0.02; why:")
    for cause, why in CAUSES.items():
        console.print(f"  {causes[cause]:6}  {cause}: {why}")
    for name, reason in skipped.items():
        console.print(f"not compared: {name}: {reason}")


def _titles(figure: str) -> tuple[str, ...]:
    return (f"{figure} p50", "p90", "p99")


def _cells(gap: Gap | None) -> tuple[str, ...]:
    if gap is None:
        return ("-",) * _SHOWN
    return tuple(f"{value:.4f}" for value in gap.quantiles[:_SHOWN])

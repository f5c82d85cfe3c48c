"""`manage.py analyze FILE`: the dealer-flow report of one option-chain file, no service needed."""

import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from analytics.calculators import (
    exposure,
    flip,
    forward,
    hedging,
    inventory,
    levels,
    pricing,
    signed_flow,
    smile_fit,
    uncertainty,
)
from analytics.chainfiles import positioning, reader, report, screen
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain.clock import NEW_YORK
from quanticity.domain.errors import MalformedInput, QuantiCityError

_MAX_PRICE = 1e9  # dollars; no share costs more


class Command(BaseCommand):
    """Read, analyze, print."""

    help = "Dealer-flow report of one chain file (Cboe CSV or JSON, Alpha Vantage JSON; gzip, zip)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and what may replace what it says."""
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--symbol", help="pick one underlying of the file")
        parser.add_argument("--asof", help="ISO instant; New York time if it names no zone")
        parser.add_argument("--spot", help="dollars; replaces header and parity")
        parser.add_argument("--rate", help="per year, continuous, e.g. 0.043")
        parser.add_argument("--dividend-yield", help="per year, continuous, e.g. 0.012")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report; exit 2 with one sentence when the file cannot be read."""
        try:
            document = analyze(options)
        except QuantiCityError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2, allow_nan=False))
        else:
            screen.show(document)


def analyze(options: dict[str, Any]) -> dict[str, Any]:
    """The report of one file under these options."""
    spot = _number("--spot", options["spot"], low=0.0, high=_MAX_PRICE)
    symbol = options["symbol"]
    loaded = reader.load(
        options["file"],
        section("analytics.chainfiles", reader.Settings),
        symbol=None if symbol is None else symbol.upper().lstrip("_^"),
        as_of=_instant(options["asof"]),
        spot=spot,
    )
    return report.analyse(
        loaded,
        settings(),
        r=_number("--rate", options["rate"], low=-1.0, high=1.0),
        q=_number("--dividend-yield", options["dividend_yield"], low=-1.0, high=1.0),
        spot_is_certain=spot is not None,
    )


def settings() -> positioning.Settings:
    """The settings in force of every step."""
    return positioning.Settings(
        pricing.Settings(
            section("analytics.admission", admission.Settings),
            section("analytics.forward", forward.Settings),
        ),
        exposure.Parts(
            section("analytics.exposure", exposure.Settings),
            section("analytics.inventory", inventory.Settings),
            section("analytics.flip", flip.Settings),
            section("analytics.levels", levels.Settings),
            section("analytics.uncertainty", uncertainty.Settings),
            section("analytics.signed_flow", signed_flow.Settings),
        ),
        section("analytics.hedging", hedging.Settings),
        section("analytics.skew", smile_fit.Settings),
    )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedInput(f"--asof: expected an ISO instant, was {text!r}") from error
    return found if found.tzinfo else found.replace(tzinfo=NEW_YORK)


def _number(name: str, text: str | None, *, low: float, high: float) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise MalformedInput(f"{name}: expected a number, was {text!r}") from error
    if not low < value < high:
        raise MalformedInput(f"{name}: expected a number between {low:g} and {high:g}, was {text}")
    return value

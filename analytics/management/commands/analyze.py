"""`manage.py analyze FILE`: the dealer-flow report of one option-chain file, no service needed."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
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
    skew,
    uncertainty,
)
from analytics.chainfiles import reader, report, screen
from analytics.ingestion import admission
from quanticity.config.loader import section
from quanticity.domain.clock import NEW_YORK
from quanticity.domain.errors import QuantiCityError


class Command(BaseCommand):
    """Read, analyze, print."""

    help = "Dealer-flow report of one chain file (Cboe CSV or JSON, Alpha Vantage JSON; gzip, zip)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and what may replace what it says."""
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--symbol", type=str.upper, help="pick one underlying of the file")
        parser.add_argument("--asof", type=_instant, help="ISO instant; New York time if bare")
        parser.add_argument("--spot", type=_positive, help="dollars; replaces header and parity")
        parser.add_argument("--rate", type=_fraction, help="per year, continuous, e.g. 0.043")
        parser.add_argument("--dividend-yield", type=_fraction, help="per year, continuous")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report; exit 2 with one sentence when the file cannot be read."""
        try:
            loaded = reader.load(
                options["file"],
                section("analytics.chainfiles", reader.Settings),
                symbol=options["symbol"],
                as_of=options["asof"],
                spot=options["spot"],
            )
            document = report.analyse(
                loaded,
                settings(),
                r=options["rate"],
                q=options["dividend_yield"],
                spot_is_certain=options["spot"] is not None,
            )
        except QuantiCityError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2, allow_nan=False))
        else:
            screen.show(document)


def settings() -> report.Settings:
    """The settings in force of every step."""
    return report.Settings(
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
        ),
        section("analytics.hedging", hedging.Settings),
        section("analytics.skew", skew.Settings),
    )


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"expected an ISO instant, was {text!r}") from error
    return found if found.tzinfo else found.replace(tzinfo=NEW_YORK)


def _positive(text: str) -> float:
    value = _number(text)
    if not 0 < value < 1e9:  # noqa: PLR2004 - no share costs a billion dollars
        raise ArgumentTypeError(f"expected a positive price, was {text!r}")
    return value


def _fraction(text: str) -> float:
    value = _number(text)
    if not -1 < value < 1:
        raise ArgumentTypeError(f"expected a fraction per year between -1 and 1, was {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"expected a number, was {text!r}") from error

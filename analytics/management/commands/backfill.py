"""`manage.py backfill`: past records through the calculators of today, into rows of their own."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from analytics.backfill.windows import Window
from analytics.services import backfilling
from analytics.services.backfilling import Answer, Plan
from quanticity.config import overrides
from quanticity.domain.clock import NEW_YORK
from quanticity.domain.errors import MalformedInput, TemporaryError
from quanticity.domain.readings import plain


class Command(BaseCommand):
    """Do what is left to do of one job over one source."""

    help = "Run a job over past records; it goes on where it was interrupted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The job, where its records are, and which of them."""
        parser.add_argument("job", metavar="JOB", help=", ".join(backfilling.JOBS))
        parser.add_argument("--source", required=True, type=Path, help="a file or a folder")
        parser.add_argument("--from", dest="begins", help="first instant; a date is its midnight")
        parser.add_argument("--to", dest="ends", help="last instant, inclusive; a date is its end")
        parser.add_argument("--symbols", help="only these, e.g. SPY,QQQ")
        parser.add_argument("--restart", action="store_true", help="forget what was done before")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what came of it; exit 1 when a symbol has no result, 2 on bad input."""
        plan = _plan(options)
        overrides.refresh()
        try:
            with _bar(plan.job.name, shown=sys.stderr.isatty()) as progress:
                answer = backfilling.run(plan, progress)
        except MalformedInput as error:
            raise CommandError(str(error), returncode=2) from error
        except TemporaryError as error:
            raise CommandError(str(error), returncode=1) from error
        lacking = [name for name in plan.window.symbols if name not in answer.coverage]
        said = json.dumps(plain(answer)) if options["json"] else _say(plan, answer, lacking)
        self.stdout.write(said)
        if lacking or not answer.written:
            sys.exit(1)


def _plan(options: dict[str, Any]) -> Plan:
    job = backfilling.JOBS.get(options["job"])
    if job is None:
        known = ", ".join(backfilling.JOBS)
        raise CommandError(f"JOB: expected one of {known}, was {options['job']!r}", returncode=2)
    symbols = tuple(sorted(filter(None, (options["symbols"] or "").upper().split(","))))
    begins_at = _instant("--from", options["begins"], end=False)
    ends_at = _instant("--to", options["ends"], end=True)
    if begins_at is not None and ends_at is not None and ends_at < begins_at:
        raise CommandError(
            f"--to: expected an instant after --from, was {options['ends']}", returncode=2
        )
    return Plan(
        job, options["source"].resolve(), Window(begins_at, ends_at, symbols), options["restart"]
    )


def _instant(name: str, text: str | None, *, end: bool) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"{name}: expected an ISO instant, was {text!r}", returncode=2
        ) from error
    if end and len(text) == len("2026-11-22"):
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return found if found.tzinfo else found.replace(tzinfo=NEW_YORK)


@contextmanager
def _bar(job: str, *, shown: bool) -> Iterator[backfilling.Progress]:
    columns = (
        TextColumn(job), BarColumn(), MofNCompleteColumn(), TextColumn("records"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task(job, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(plan: Plan, answer: Answer, lacking: list[str]) -> str:
    begun = "" if answer.resumed_from is None else f", resumed from {plain(answer.resumed_from)}"
    done = f"{answer.read} records read, {answer.written} results written"
    lines = [f"{plan.job.name}: {done} in {answer.seconds:.1f} s{begun}"]
    lines += [f"  refused {count} x {why}" for why, count in sorted(answer.quarantined.items())]
    lines += [
        f"  {symbol or 'market'}: {found.rows} from {plain(found.first_at)} to "
        f"{plain(found.last_at)}, {found.gap_minutes} minutes of sessions without one"
        for symbol, found in answer.coverage.items()
    ]
    lines += [f"  {symbol}: nothing" for symbol in lacking]
    return "\n".join((*lines, f"  result {answer.result_hash}"))

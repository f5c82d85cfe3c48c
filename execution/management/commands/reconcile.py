"""Our book against the broker now, or against one of its statements."""

import json
import time
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from execution import selectors
from execution.models import Reconciliation
from execution.services import statement_check, wishes
from execution.services.statement_check import Comparison
from quanticity.domain.errors import MalformedInput
from quanticity.domain.readings import instant, plain


class Command(BaseCommand):
    """Compare; exit 1 on any difference, 2 on a file that is none."""

    help = (
        "Compare our book with the broker's as it is now, or fill by fill with a Flex statement "
        "(XML or CSV); exit 1 on breaks, 2 on a bad file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the statement and the day."""
        parser.add_argument("--statement", type=Path, help="a Flex statement, XML or CSV")
        parser.add_argument("--date", type=date.fromisoformat, help="compare this session only")
        parser.add_argument("--wait", type=float, default=20.0, help="real seconds")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, print, say by the exit code whether all is well."""
        if options["statement"] is None and options["date"] is None:
            self._with_broker(options["wait"], as_json=options["json"])
            return
        try:
            path = options["statement"] or statement_check.file_of(options["date"])
            made = statement_check.check_file(path, options["date"])
        except MalformedInput as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(
            json.dumps(_answer(made)) if options["json"] else made.report.read_text().rstrip()
        )
        if made.found:
            raise SystemExit(1)

    def _with_broker(self, wait_s: float, *, as_json: bool) -> None:
        row = _compared_now(wait_s)
        if row is None:
            raise CommandError(f"the gateway did not compare within {wait_s:g} s", returncode=1)
        answer = {"ok": row.is_clean, "at": instant(row.at), "findings": row.findings}
        if as_json:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(f"{row}: {len(row.findings)} findings")
            for one in row.findings:
                self.stdout.write(
                    f"{one['kind']} {one['subject']}: {one['detail']}, {one['action']}"
                )
        if not row.is_clean:
            raise SystemExit(1)


def _compared_now(wait_s: float) -> Reconciliation | None:
    """Ask the gateway process to compare, and wait for the row."""
    before = selectors.last_reconciliation()
    wishes.want_comparison()
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        found = selectors.last_reconciliation()
        if found is not None and (before is None or found.pk != before.pk):
            return found
        time.sleep(0.1)
    return None


def _answer(made: Comparison) -> dict[str, Any]:
    row = made.check
    return {
        "ok": not made.found,
        "statement": row.name,
        "accounts": made.accounts,
        "from": plain(row.from_date),
        "to": plain(row.to_date),
        "fills": {"statement": made.theirs_n, "ours": made.ours_n, "left_out": made.left_out_n},
        "breaks": [plain(one) for one in made.found],
        "zero_break_days": selectors.zero_break_days(),
        "report": str(made.report),
    }

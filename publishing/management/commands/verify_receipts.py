"""`verify_receipts FILE`: check an exported track record offline."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from publishing import receipts
from quanticity.domain.errors import MalformedInput


class Command(BaseCommand):
    """Recomputes the hash chain and names the first record that does not hold."""

    help = "Check an exported track record (JSON list or one JSON object per line) offline."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and optionally a head that was published."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--head", help="a published head (hex): shows a cut-off tail")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_: Any, file: Path, head: str | None, json: bool, **__: Any) -> None:
        """Exit 0 when it holds, 1 when it does not, 2 when it is no export."""
        entries = self._read(file)
        flaw = receipts.verify(entries, head)
        answer = {
            "ok": flaw is None,
            "records": len(entries),
            "head": receipts.GENESIS.hex() if not entries else entries[-1].get("hash"),
            "bad_seq": None if flaw is None else flaw.seq,
            "reason": None if flaw is None else flaw.reason,
        }
        self.stdout.write(_as_json(answer) if json else _as_sentence(answer))
        if flaw is not None:
            raise SystemExit(1)

    def _read(self, file: Path) -> list[dict[str, Any]]:
        try:
            return receipts.read_export(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, MalformedInput) as error:
            self.stderr.write(f"{file}: expected an export of receipts, {error}")
            raise SystemExit(2) from error


def _as_json(answer: dict[str, Any]) -> str:
    return json.dumps(answer)


def _as_sentence(answer: dict[str, Any]) -> str:
    if answer["ok"]:
        return f"{answer['records']} records hold; head {answer['head']}"
    return f"record {answer['bad_seq']} does not hold: {answer['reason']}"

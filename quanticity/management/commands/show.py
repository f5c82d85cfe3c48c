"""`manage.py show`: why something happened at 10:42, or why nothing did."""

import json
import re
from argparse import ArgumentParser
from datetime import date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from analytics import selectors
from analytics.models import Decision, Signal
from execution import selectors as execution
from quanticity.domain import calendar, clock
from quanticity.domain.readings import plain
from quanticity.domain.signals import Strategy
from quanticity.management import explanation

_HH_MM = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


class Command(BaseCommand):
    """Answer from the record, never from a recomputation."""

    help = "Show one decision, one signal, or the decisions of a span of time, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to show."""
        what = parser.add_subparsers(dest="what", required=True)
        decision = what.add_parser("decision", help="why nothing happened at 10:42, or what did")
        decision.add_argument("symbol")
        decision.add_argument("strategy", help="0DTE, 1DTE, 14DTE or MOC")
        decision.add_argument("--at", help="New York time 10:42 of --date, or an ISO instant")
        decision.add_argument("--date", help="session; default: the running one")
        decision.add_argument("--until", help="list every decision kept from --at until then")
        signal = what.add_parser("signal", help="one signal with its decision and its trade")
        signal.add_argument("signal_id")
        for parser_of_one in (decision, signal):
            parser_of_one.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find it and print it; exit 1 when there is none."""
        if options["what"] == "signal":
            self._signal(options["signal_id"], as_json=options["json"])
        elif options["until"]:
            self._span(options)
        else:
            self._decision(options)

    def _decision(self, options: dict[str, Any]) -> None:
        symbol, strategy = options["symbol"].upper(), _strategy(options["strategy"])
        at = _instant(options["at"], options["date"])
        found = selectors.decision_at(symbol, strategy, at)
        if found is None:
            raise CommandError(
                f"expected a decision of {strategy} on {symbol} at or before "
                f"{clock.display(at)}, found none",
                returncode=1,
            )
        self._print(found, _document(found), as_json=options["json"])

    def _span(self, options: dict[str, Any]) -> None:
        since = _instant(options["at"] or "00:00", options["date"])
        until = _instant(options["until"], options["date"])
        rows = selectors.decisions_between(
            options["symbol"].upper(), _strategy(options["strategy"]), since, until
        )
        told = [_summary(row) for row in rows]
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            explanation.print_span(Console(width=118), told)

    def _signal(self, signal_id: str, *, as_json: bool) -> None:
        row = Signal.objects.select_related("decision").filter(pk=signal_id).first()
        if row is None:
            raise CommandError(f"expected a signal, found none with id {signal_id}", returncode=1)
        told = _of_signal(row)
        if row.decision is None:
            self.stdout.write(json.dumps(told) if as_json else f"{told}")
            return
        self._print(row.decision, _document(row.decision) | {"signal": told}, as_json=as_json)

    def _print(self, row: Decision, document: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(document))
        else:
            explanation.print_decision(Console(width=118), document, selectors.explained(row))


def _document(row: Decision) -> dict[str, Any]:
    after = selectors.decision_after(row)
    return _summary(row) | {
        "decision_id": row.pk,
        "stood_until": None if after is None else plain(after.at),
        "config_hash": row.config_hash,
        "code_version": row.code_version,
        "source": row.source,
        "explanation": plain(selectors.explained(row)),
    }


def _summary(row: Decision) -> dict[str, Any]:
    return {
        "at": plain(row.at), "strategy": row.strategy, "symbol": row.symbol,
        "outcome": row.outcome, "direction": row.direction, "confidence": row.confidence,
        "headline": selectors.explained(row).headline,
    }  # fmt: skip


def _of_signal(row: Signal) -> dict[str, Any]:
    names = (
        "signal_id", "mode", "state", "occ", "confidence", "created_at", "valid_until",
        "acknowledgement", "acknowledged_by", "ended_at", "probe", "episode_seq", "config_hash",
        "code_version", "source",
    )  # fmt: skip
    return {name: plain(getattr(row, name)) for name in names} | {
        "trade": execution.trade_of(row.pk)
    }


def _strategy(text: str) -> str:
    known = [str(each) for each in Strategy]
    if text.upper() not in known:
        raise CommandError(
            f"expected a strategy, one of {', '.join(known)}, was {text!r}", returncode=2
        )
    return text.upper()


def _instant(text: str | None, day: str | None) -> datetime:
    """An instant in words: nothing is now, 10:42 is New York's time of a session."""
    if text is None:
        return clock.now()
    try:
        if _HH_MM.fullmatch(text) is None:
            found = datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=clock.NEW_YORK)
        session = calendar.session_date(clock.now()) if day is None else _day(day)
        return datetime.combine(session, time.fromisoformat(text.zfill(5)), clock.NEW_YORK)
    except ValueError as error:
        raise CommandError(
            f"expected a time like 10:42 or an ISO instant, was {text!r}", returncode=2
        ) from error


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()

"""A backfill from its source to its rows: what is done is committed, and never done again.

A run is one job over one source with one configuration and one code. Results, states and the
cursor of some records are committed together, so a run that was interrupted, however often, ends
with the rows of one that was not (DOMAIN 11).
"""

import hashlib
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from pydantic import TypeAdapter

from analytics.backfill import records, sources, windows
from analytics.backfill.jobs import base, dealer_flow, flow_clusters, vix1d
from analytics.backfill.records import Record, Refused
from analytics.backfill.sorting import Sorter
from analytics.backfill.windows import Window
from analytics.models import BackfillRow, BackfillRun, BackfillState, Quarantined, Source
from analytics.services import quarantine
from analytics.signals import version
from quanticity.config.loader import config_hash, section
from quanticity.domain import calendar, clock
from quanticity.domain.clock import ReplayedClock
from quanticity.domain.errors import MalformedInput, TemporaryError
from quanticity.domain.readings import instant

JOBS = {job.name: job for job in (dealer_flow.JOB, flow_clusters.JOB, vix1d.JOB)}
_CODE = (
    "calculators", "chainfiles", "backfill", "backfill/jobs", "services/exposures.py",
    "services/atm.py", "services/backfilling.py",
)  # fmt: skip
_BLOCK = 1 << 20
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """[analytics.backfill]."""

    commit_every_n: int
    sort_bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    job: base.Job
    path: Path
    window: Window
    restart: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it; `resumed_from` is the instant up to which it had been done before."""

    run_id: str
    read: int
    written: int
    quarantined: dict[str, int]
    resumed_from: datetime | None
    seconds: float
    result_hash: str
    coverage: dict[str, windows.Coverage]


@dataclass(slots=True)
class _Chunk:
    """What is done and not yet committed."""

    cursor: str = ""
    read_n: int = 0
    rows: list[BackfillRow] = field(default_factory=list)
    refused: list[tuple[datetime, Refused]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


def run(plan: Plan, progress: Progress = lambda _done, _all: None) -> Answer:
    """Do what is left to do; MalformedInput when the source has nothing for this job."""
    begun = time.monotonic()
    row = _row(plan)
    before = row.cursor
    if row.state != BackfillRun.State.DONE:
        _work(row, plan, progress)
        row.refresh_from_db()
    quarantined = Counter(row.refused) + Counter(row.unreadable)
    return Answer(
        row.pk, row.read_n + sum(row.unreadable.values()), row.written_n, dict(quarantined),
        records.instant_of(before) if before else None, time.monotonic() - begun,
        row.result_hash, dict(_coverage(row)),
    )  # fmt: skip


def _row(plan: Plan) -> BackfillRun:
    terms = {
        "job": plan.job.name, "source": _fingerprint(plan.path), "window": plan.window,
        "config": config_hash(*plan.job.sections), "code": version.version_of(*_CODE),
    }  # fmt: skip
    text = records.canonical(terms)
    run_id = hashlib.sha256(text.encode()).hexdigest()[:32]
    if plan.restart:
        BackfillRun.objects.filter(pk=run_id).delete()
    now = clock.now()
    row, _ = BackfillRun.objects.get_or_create(
        pk=run_id,
        defaults={
            "job": plan.job.name, "path": str(plan.path)[-400:], "began_at": now, "moved_at": now,
            "terms": records.as_json(terms),
        },
    )  # fmt: skip
    return row


def _fingerprint(path: Path) -> str:
    """The content of a source, wherever it lies."""
    digest = hashlib.sha256()
    for file in sources.files(path):
        digest.update(file.name.encode())
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _work(row: BackfillRun, plan: Plan, progress: Progress) -> None:
    own = section("analytics.backfill", Settings)
    with Sorter(settings.VAR / "backfill", own.sort_bytes) as sorter:
        unreadable = _sort(plan, sorter)
        if not sorter.taken_n and not unreadable:
            raise MalformedInput(
                f"--source: expected records for {plan.job.name} in {plan.path}, found none"
            )
        worker = _Worker(row, plan.job, own.commit_every_n)
        for done_n, line in enumerate(sorter, 1):
            worker.take(line)
            progress(done_n, sorter.taken_n)
        worker.commit()
        repeated = Counter({"DUPLICATE": sorter.repeated_n} if sorter.repeated_n else {})
    counts = Counter(one.reason for one in unreadable) + repeated
    _finish(row, unreadable, counts)


def _sort(plan: Plan, sorter: Sorter) -> list[Refused]:
    unreadable = []
    for one in sources.read(plan.path, plan.job.kind):
        if isinstance(one, Refused):
            unreadable.append(one)
        elif plan.window.holds(one.at, one.symbol):
            sorter.add(one.line)
    return unreadable


class _Worker:
    """Takes records in their order and commits them some at a time."""

    def __init__(self, row: BackfillRun, job: base.Job, every_n: int) -> None:
        self._row, self._job, self._every_n = row, job, every_n
        self._states: dict[str, Any] = {}
        self._adapter = TypeAdapter(job.state)
        self._chunk = _Chunk(cursor=row.cursor)
        self._last = row.cursor

    def take(self, line: str) -> None:
        """Work on one record, unless it was worked on before."""
        if records.key_of(line) <= self._row.cursor:
            return
        key, record = records.keyed(line)
        chunk = self._chunk
        if self._job.is_single and records.same_instant(key, self._last):
            again = records.refused("DUPLICATE", record.symbol, f"a second one at {record.at}")
            chunk.refused.append((record.at, again))
        else:
            self._step(record)
        chunk.cursor = self._last = key
        chunk.read_n += 1
        if chunk.read_n >= self._every_n:
            self.commit()

    def commit(self) -> None:
        """Keep everything since the last commit together; whoever is late keeps nothing."""
        chunk, row = self._chunk, self._row
        if not chunk.read_n:
            return
        counts = Counter(row.refused) + Counter(one.reason for _, one in chunk.refused)
        changes = {
            "cursor": chunk.cursor, "read_n": row.read_n + chunk.read_n,
            "written_n": row.written_n + len(chunk.rows), "refused": dict(counts),
            "moved_at": clock.now(),
        }  # fmt: skip
        with transaction.atomic():
            mine = BackfillRun.objects.filter(pk=row.pk, cursor=row.cursor)
            if not mine.update(**changes):
                raise TemporaryError(f"another backfill is at work on run {row.pk}")
            BackfillRow.objects.bulk_create(chunk.rows)
            for symbol in sorted(chunk.touched):
                state = zlib.compress(self._adapter.dump_json(self._states[symbol]), 1)
                BackfillState.objects.update_or_create(
                    run=row, symbol=symbol, defaults={"state": state}
                )
            _quarantine(row, self._job.kind, chunk.refused)
        for name, value in changes.items():
            setattr(row, name, value)
        self._chunk = _Chunk(cursor=chunk.cursor)

    def _step(self, record: Record) -> None:
        # Formulas that ask for the time are told the record's.
        with clock.using(ReplayedClock(record.at)):
            found = self._job.step(self._state(record.symbol), record)
        self._states[record.symbol] = found.state
        self._chunk.touched.add(record.symbol)
        self._chunk.refused += [(record.at, one) for one in found.refused]
        self._chunk.rows += [
            BackfillRow(
                run=self._row, symbol=record.symbol, as_of=one.as_of,
                data=records.as_json(one.data), digest=records.digest_of(one.data),
            )
            for one in found.rows
        ]  # fmt: skip

    def _state(self, symbol: str) -> Any:
        if symbol not in self._states:
            kept = BackfillState.objects.filter(run=self._row, symbol=symbol).first()
            self._states[symbol] = (
                self._job.state()
                if kept is None
                else self._adapter.validate_json(zlib.decompress(kept.state))
            )
        return self._states[symbol]


def _finish(row: BackfillRun, unreadable: list[Refused], counts: Counter[str]) -> None:
    digest = hashlib.sha256()
    found = BackfillRow.objects.filter(run=row).order_by("symbol", "as_of")
    for symbol, as_of, of_row in found.values_list("symbol", "as_of", "digest").iterator():
        digest.update(f"{symbol}|{instant(as_of)}|{of_row}\n".encode())
    now = clock.now()
    with transaction.atomic():
        ours = BackfillRun.objects.filter(pk=row.pk, state=BackfillRun.State.RUNNING)
        if ours.update(
            state=BackfillRun.State.DONE, unreadable=dict(counts), moved_at=now,
            result_hash=digest.hexdigest(),
        ):  # fmt: skip
            _quarantine(row, "record", [(now, one) for one in unreadable])
            BackfillState.objects.filter(run=row).delete()


def _quarantine(row: BackfillRun, kind: str, refused: list[tuple[datetime, Refused]]) -> None:
    """Keep a sample of what was refused; the counts are the run's."""
    kept = Counter(row.refused)
    most = section("analytics.quarantine", quarantine.Settings).per_flush
    sample = []
    for at, one in refused:
        kept[one.reason] += 1
        if kept[one.reason] <= most:
            sample.append(
                Quarantined(
                    kind=kind, instrument=one.instrument, reason=one.reason[:24],
                    raw={"detail": one.detail, "run": row.pk}, feed="backfill", recv_at=at,
                    session_date=calendar.session_date(at), source=Source.REPLAY,
                )
            )  # fmt: skip
    Quarantined.objects.bulk_create(sample)


def _coverage(row: BackfillRun) -> Iterator[tuple[str, windows.Coverage]]:
    rows = BackfillRow.objects.filter(run=row)
    for symbol in rows.order_by("symbol").values_list("symbol", flat=True).distinct():
        instants = rows.filter(symbol=symbol).order_by("as_of").values_list("as_of", flat=True)
        found = windows.coverage(instants.iterator())
        if found is not None:
            yield symbol, found

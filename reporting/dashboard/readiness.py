"""Is the platform ready? One check per part, each with a status and a sentence."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from quanticity.domain import clock
from quanticity.domain.errors import NotConnected
from quanticity.runtime.processes import POOLS, worker_name
from quanticity.store import client as store
from quanticity.store import health

LATE_S, DOWN_S = 15.0, 30.0  # real seconds since a sign of life (DOMAIN 10.3)
WORKERS = tuple(worker_name(pool.queue) for pool in POOLS)
NOT_LINKED = ("DISCONNECTED",)  # its nightly restart and a thin link are no failure of ours


class Status(StrEnum):
    """Only `fail` makes the platform not ready."""

    OK = "ok"
    OFF = "off"
    WARN = "warn"
    FAIL = "fail"


# The supervisor's words for a process that does not stay up, and for one that just fell.
PROCESSES = {"FATAL": Status.FAIL, "RESTARTING": Status.WARN}


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the platform and how it is."""

    name: str
    status: Status
    detail: str


def checks() -> list[Check]:
    """Look at every part once."""
    parts = [_database(), _migrations(), _store(), _broker()]
    alive = _alive() if parts[2].status is Status.OK else ()
    return [*parts, *alive, *processes(), *features()]


def summary(found: list[Check]) -> dict[str, Any]:
    """Turn checks into the answer of `/readyz`."""
    failed = [check for check in found if check.status is Status.FAIL]
    return {
        "ready": not failed,
        "mode": settings.TRADING_MODE,
        "reasons": [f"{check.name}: {check.detail}" for check in failed],
        "checks": [asdict(check) for check in found],
    }


def processes() -> Iterator[Check]:
    """What the supervisor says of each process; nothing where none runs us."""
    path = settings.VAR / "processes.json"
    if not path.exists():
        return
    for name, process in sorted(json.loads(path.read_text()).items()):
        status = PROCESSES.get(process["state"], Status.OK)
        detail = f"{process['state'].lower()}, {process['restarts']} restarts"
        yield Check(f"process {name}", status, detail)


def features() -> Iterator[Check]:
    """Channels and services that are on only with a credential."""
    credentials = {f"discord {tier}": url for tier, url in settings.DISCORD_WEBHOOKS.items()}
    credentials["stripe"] = settings.STRIPE_SECRET_KEY
    for name, credential in credentials.items():
        status = Status.OK if credential else Status.OFF
        yield Check(name, status, "on" if credential else "off: no credential")


def sign_of_life(name: str, seen: dict[str, Any] | None) -> Check:
    """Judge a heartbeat by its age in real seconds."""
    if seen is None:
        return Check(name, Status.FAIL, "silent")
    age_s = max(0.0, health.age_s(seen["at"]) / clock.speed())
    status = Status.OK if age_s < LATE_S else Status.WARN if age_s < DOWN_S else Status.FAIL
    return Check(name, status, f"seen {age_s:.0f} s ago")


def _database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Check("database", Status.FAIL, f"no answer: {type(error).__name__}")
    return Check("database", Status.OK, connection.vendor)


def _migrations() -> Check:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Check("migrations", Status.FAIL, f"cannot be read: {type(error).__name__}")
    if plan:
        return Check("migrations", Status.FAIL, f"{len(plan)} not applied")
    return Check("migrations", Status.OK, "all applied")


def _store() -> Check:
    try:
        store.ping(settings.REDIS_URL)
    except NotConnected as error:
        return Check("redis", Status.FAIL, str(error))
    return Check("redis", Status.OK, "answers")


def _broker() -> Check:
    try:
        with Connection(settings.BROKER_URL, connect_timeout=1) as broker:  # type: ignore[no-untyped-call]
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except (OperationalError, OSError) as error:
        return Check("broker", Status.FAIL, f"no answer: {type(error).__name__}")
    return Check("broker", Status.OK, "answers")


def _alive() -> Iterator[Check]:
    try:
        seen = health.beats(("beat", *WORKERS))
        yield sign_of_life("beat", seen["beat"])
        yield _workers({name: seen[name] for name in WORKERS})
        yield _gateway(health.connection())
    except store.StoreDown as error:
        yield Check("redis", Status.FAIL, f"no answer: {type(error).__name__}")


def _workers(seen: dict[str, dict[str, Any] | None]) -> Check:
    found = [sign_of_life(name, life) for name, life in seen.items()]
    unwell = [life for life in found if life.status is not Status.OK]
    if not unwell:
        return Check("workers", Status.OK, f"{len(found)} alive")
    status = max((life.status for life in unwell), key=list(Status).index)
    return Check("workers", status, ", ".join(f"{w.name} {w.detail}" for w in unwell))


def _gateway(link: dict[str, Any] | None) -> Check:
    if link is None:
        return Check("gateway", Status.FAIL, "silent")
    state = str(link["state"])
    return Check("gateway", Status.FAIL if state in NOT_LINKED else Status.OK, state)

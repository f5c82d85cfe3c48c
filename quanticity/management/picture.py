"""The state of the whole platform in one document: what `status` prints and `up` watches."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psutil
from django.conf import settings
from django.db import DatabaseError

from analytics.services import sources
from execution import selectors as execution
from publishing.models import Delivery
from quanticity import halt_file
from quanticity.domain import calendar, clock
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import NotConnected
from quanticity.domain.readings import instant
from quanticity.runtime import logs, states, supervisor
from quanticity.runtime.processes import POOLS, worker_name
from quanticity.store import health
from quanticity.store.client import StoreDown, queue_depths

QUEUES = tuple(pool.queue for pool in POOLS)
BEATS = ("beat", "gateway", *(worker_name(queue) for queue in QUEUES))
LATE = timedelta(seconds=5)  # real time after its release
OWED = (Delivery.State.PENDING, Delivery.State.CLAIMED, Delivery.State.SENDING)


def take() -> dict[str, Any]:
    """Look at everything once; what cannot be looked at is null, with a reason."""
    reasons: list[str] = []
    found = processes()
    keeper = states.keeper(settings.VAR)
    document: dict[str, Any] = {
        "mode": settings.TRADING_MODE,
        "platform_at": instant(clock.now()),
        "speed": clock.speed(),
        "up": states.is_up(settings.VAR),
        "ready": keeper is not None and keeper.ready,
        "var": str(settings.VAR),
        "address": settings.PUBLIC_URL if keeper is None else f"http://127.0.0.1:{keeper.port}",
        "processes": found,
        "rss_bytes": sum(one["rss_bytes"] or 0 for one in found),
    }
    document |= _from_store(reasons) | _from_rows(reasons)
    reasons += _unwell(document)
    return document | {"ok": not reasons, "reasons": reasons}


def processes() -> list[dict[str, Any]]:
    """Each process with its memory, age and last error."""
    return [_process(name, seen) for name, seen in states.processes(settings.VAR).items()]


def _process(name: str, seen: states.Seen) -> dict[str, Any]:
    alive = supervisor.is_alive(seen)
    born = seen.born if alive else None
    return {
        "name": name,
        "state": seen.state if alive or seen.state is not states.State.RUNNING else "GONE",
        "pid": seen.pid if alive else None,
        "uptime_s": None if born is None else round(RealClock().now().timestamp() - born, 1),
        "rss_bytes": _resident(seen.pid) if alive else None,
        "restarts": seen.restarts,
        "exit_code": seen.exit_code,
        "last_error": logs.last_error(settings.VAR / "logs" / f"{name}.log"),
    }


def _resident(pid: int | None) -> int | None:
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return sum(member.memory_info().rss for member in family)
    except psutil.NoSuchProcess:
        return None


def _from_store(reasons: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"queues": None, "heartbeats": None, "gateway": None, "sources": None}
    try:
        found["heartbeats"] = {name: _life(raw) for name, raw in health.beats(BEATS).items()}
        found["gateway"] = health.connection()
        found["sources"] = sources.condition()
        if settings.BROKER_URL.startswith(("redis://", "rediss://")):
            found["queues"] = queue_depths(settings.BROKER_URL, QUEUES)
    except (StoreDown, NotConnected) as error:
        reasons.append(f"store: {type(error).__name__}")
    found["blind_s"] = (found["gateway"] or {}).get("blind_session_s")
    return found


def _life(raw: dict[str, Any] | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    return raw | {"age_s": round(health.age_s(raw["at"]) / clock.speed(), 1)}


def _from_rows(reasons: list[str]) -> dict[str, Any]:
    try:
        return {
            "trading": {"state": execution.trading_state(), "scopes": list(_scopes())},
            "naked_s": execution.naked_ms(calendar.session_date(clock.now())) / 1_000,
            "positions_open": execution.open_positions().count(),
            "deliveries": _deliveries(clock.now()),
        }
    except DatabaseError as error:
        reasons.append(f"database: {error}")
        return {"trading": None, "naked_s": None, "positions_open": None, "deliveries": None}


def _scopes() -> Iterator[dict[str, Any]]:
    by_file = halt_file.standing()
    if by_file is not None:
        yield {
            "scope": execution.GLOBAL, "state": "HALTED", "actor": by_file.actor,
            "reason": f"{halt_file.path()}: {by_file.reason}", "changed_at": by_file.at or None,
        }  # fmt: skip
    for row in execution.trading_states():
        yield {
            "scope": row.scope, "state": row.state, "reason": row.reason,
            "actor": row.actor, "changed_at": instant(row.changed_at),
        }  # fmt: skip


def _deliveries(now: datetime) -> dict[str, Any]:
    owed = Delivery.objects.filter(state__in=OWED)
    first = owed.order_by("due_at").values_list("due_at", flat=True).first()
    behind_s = 0.0 if first is None else max(0.0, (now - first).total_seconds())
    return {
        "owed": owed.count(),
        "late": owed.filter(due_at__lt=now - LATE * clock.speed()).count(),
        "worst_late_s": round(behind_s / clock.speed(), 1),
        "sent": Delivery.objects.filter(state=Delivery.State.SENT).count(),
        "dead": Delivery.objects.filter(state=Delivery.State.DEAD).count(),
    }


def _unwell(document: dict[str, Any]) -> Iterator[str]:
    if not document["up"]:
        yield "the platform is not up"
    for one in document["processes"]:
        if one["state"] != "RUNNING":
            yield f"{one['name']}: {one['state']}"
    for name, life in (document["heartbeats"] or {}).items():
        if life is None:
            yield f"{name}: silent"
    if (document["deliveries"] or {}).get("late"):
        yield f"{document['deliveries']['late']} deliveries late"

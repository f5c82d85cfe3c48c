"""Signs of life, the broker link as last seen, and wake-up hints between processes."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from quanticity.domain import clock
from quanticity.domain.readings import instant
from quanticity.store import keys
from quanticity.store.client import StoreDown, client, hints

logger = logging.getLogger(__name__)
_heard: dict[str, Callable[[], None]] = {}  # processes that are this one


def beat(module: str, **facts: Any) -> None:
    """Say that a process made progress."""
    key = keys.heartbeat(module)
    content = {"at": instant(clock.now()), "pid": os.getpid(), **facts}
    client().set(key.name, json.dumps(content), ex=key.ttl)


def beats(modules: tuple[str, ...]) -> dict[str, dict[str, Any] | None]:
    """The latest sign of life of each process."""
    raw = client().mget([keys.heartbeat(module).name for module in modules])
    return {m: None if v is None else json.loads(v) for m, v in zip(modules, raw, strict=True)}


def write_connection(connection: dict[str, Any]) -> None:
    """Publish what the gateway process knows of its link."""
    key = keys.connection()
    client().set(key.name, json.dumps(connection), ex=key.ttl)


def connection() -> dict[str, Any] | None:
    """The link as last seen, None when the gateway process is silent."""
    raw = client().get(keys.connection().name)
    return None if raw is None else dict(json.loads(raw))


def blind_300s_s(link: Mapping[str, Any], symbol: str) -> float | None:
    """Blind seconds of the last 300 for one symbol: the link's or its own; None without a link."""
    of_link = link.get("blind_300s_s")
    own = (link.get("blind_300s_by_symbol") or {}).get(symbol, 0.0)
    return None if of_link is None else max(float(of_link), float(own))


def hear(process: str, callback: Callable[[], None]) -> None:
    """Be this process: whoever wakes it in here calls back, and asks no store."""
    _heard[process] = callback


def wake(process: str) -> None:
    """Hint that rows are waiting; losing the hint loses nothing, the process polls as well."""
    if process in _heard:
        _heard[process]()
        return
    key = keys.wake(process)
    try:
        with hints().pipeline(transaction=False) as pipe:
            pipe.lpush(key.name, b"1")
            pipe.ltrim(key.name, 0, 0)
            pipe.expire(key.name, key.ttl or keys.MINUTE)
            pipe.execute()
    except StoreDown as error:
        logger.warning("%s was not woken: %s", process, type(error).__name__)


def wait(process: str, seconds: float) -> bool:
    """Wait for a hint at most so many real seconds; say whether one came."""
    return client().brpop([keys.wake(process).name], timeout=seconds) is not None


def age_s(at: str) -> float:
    """Platform seconds since an ISO instant."""
    return (clock.now() - datetime.fromisoformat(at)).total_seconds()

"""The connection to Redis: the only importer of redis.

Socket timeouts are explicit: redis-py 8 would cut a blocking read after five seconds.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import redis
import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from quanticity.domain.errors import NotConnected

_CONNECT_S = 2.0
_ANSWER_S = 5.0
_HINT_S = 0.5
_PAUSE_S = 2.0  # after a silence
_silent_until_s: dict[str, float] = {}
T = TypeVar("T")
_READ_BYTES = 262_144  # at a time: a chain is megabytes, and redis-py's own 64 KiB many calls

StoreDown = RedisError


@cache
def client() -> Any:
    """This process's client: a pool inside, bytes in and out, which redis's types cannot say."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=_CONNECT_S,
        socket_timeout=_ANSWER_S,
        socket_read_size=_READ_BYTES,
        health_check_interval=25,
    )


def quickly(work: Callable[[Any], T]) -> T:
    """Ask for what one can do without: half a second at most, and after that a while not at all.

    It is asked inside transactions, whose locks others wait for.
    """
    url, now_s = settings.REDIS_URL, time.monotonic()
    if now_s < _silent_until_s.get(url, 0.0):
        raise redis.ConnectionError("the store did not answer a moment ago")
    try:
        return work(_hints(url))
    except RedisError:
        _silent_until_s[url] = time.monotonic() + _PAUSE_S
        raise


@cache
def _hints(url: str) -> Any:
    return redis.Redis.from_url(url, socket_connect_timeout=_HINT_S, socket_timeout=_HINT_S)


def listener() -> Any:
    """A client of its own for who only listens: silence is no fault, a lost link is."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=_CONNECT_S, socket_timeout=None
    )


def ping(url: str) -> None:
    """Ask the server at `url` for a sign of life; raise NotConnected otherwise."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1.0, socket_timeout=1.0) as server:
            server.ping()
    except RedisError as error:
        raise NotConnected(f"no answer from the store: {type(error).__name__}") from error


def eviction_of(url: str) -> str:
    """What the server at `url` throws away when it is full."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1.0, socket_timeout=2.0) as server:
            policy = server.config_get("maxmemory-policy")
    except RedisError as error:
        raise NotConnected(f"no answer from the broker: {type(error).__name__}") from error
    return str(policy.get("maxmemory-policy", "unknown"))


def server_settings() -> dict[str, str]:
    """Version, persistence and eviction policy of the server, for `doctor` and start-up."""
    try:
        info: dict[str, Any] = client().info()
        policy = client().config_get("maxmemory-policy").get("maxmemory-policy", "unknown")
    except RedisError as error:
        raise NotConnected(f"no answer from the store: {type(error).__name__}") from error
    return {
        "version": str(info.get("valkey_version") or info.get("redis_version")),
        "append_only": "yes" if info.get("aof_enabled") else "no",
        "eviction": str(policy),
        "evicted": str(info.get("evicted_keys", 0)),
        "memory_bytes": str(info.get("used_memory", 0)),
    }


def queue_depths(url: str, queues: tuple[str, ...]) -> dict[str, int]:
    """Messages waiting in each queue of the broker at `url`."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1.0, socket_timeout=2.0) as server:
            return {queue: int(server.llen(queue)) for queue in queues}
    except RedisError as error:
        raise NotConnected(f"no answer from the broker: {type(error).__name__}") from error

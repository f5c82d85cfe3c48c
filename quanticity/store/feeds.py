"""What all processes share about HTTP sources: rates, turns, breakers, last values.

Times are the server's or real seconds: the world outside does not run on a scaled clock.
"""

import json
from collections.abc import Iterable
from typing import Any

from quanticity.store import keys
from quanticity.store.client import client

# A true sliding window: a request counts for exactly one window, whoever made it.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[1], now, now .. ':' .. time[2] .. ':' .. ARGV[4])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return oldest[2] + window - now
"""


def take_slot(provider: str, limit: int, window_s: float, who: str) -> float:
    """Take one of `limit` requests per window; return 0, or the seconds until one is free."""
    key = keys.provider_rate(provider)
    wait_ms = client().eval(_TAKE, 1, key.name, int(window_s * 1000), limit, key.ttl, who)
    return float(wait_ms) / 1000


def take_turn(feed: str, symbol: str, seconds: float) -> bool:
    """Whether it is this caller's turn to fetch; nobody else's for so many seconds."""
    key = keys.feed_turn(feed, symbol)
    return bool(client().set(key.name, b"1", nx=True, px=max(int(seconds * 1000), 1)))


def breaker(feed: str, symbol: str) -> dict[str, Any] | None:
    """A breaker as it was last written."""
    raw = client().get(keys.breaker(feed, symbol).name)
    return None if raw is None else dict(json.loads(raw))


def breakers(names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Breakers that exist, in one round trip."""
    wanted = list(names)
    raw = client().mget([keys.breaker(*name).name for name in wanted]) if wanted else []
    return {
        name: dict(json.loads(value))
        for name, value in zip(wanted, raw, strict=True)
        if value is not None
    }


def write_breaker(feed: str, symbol: str, state: dict[str, Any]) -> None:
    """Publish a breaker."""
    key = keys.breaker(feed, symbol)
    client().set(key.name, json.dumps(state), ex=key.ttl)


def write_vix1d(name: str, value: dict[str, Any]) -> None:
    """Keep one source's last VIX1D."""
    key = keys.vix1d(name)
    client().set(key.name, json.dumps(value), ex=key.ttl)


def vix1d(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Each source's last VIX1D that there is."""
    wanted = list(names)
    raw = client().mget([keys.vix1d(name).name for name in wanted])
    return {n: dict(json.loads(v)) for n, v in zip(wanted, raw, strict=True) if v is not None}


def first_alert(code: str, subject: str) -> bool:
    """Whether this alert is new; the same one is quiet for a quarter of an hour."""
    key = keys.alert(code, subject)
    return bool(client().set(key.name, b"1", nx=True, ex=key.ttl))

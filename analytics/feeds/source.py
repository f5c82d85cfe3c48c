"""One source behind its guards: whose turn it is, the provider's rate, the breaker, the request.

What it learns is published, so that `doctor`, `status` and the dashboard can say why a source is
silent (DOMAIN 1.9).
"""

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from analytics.feeds import breaker as breakers
from analytics.feeds import door
from analytics.feeds.breaker import Breaker, State
from quanticity.config.loader import section
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import MalformedInput, PermanentError, TemporaryError
from quanticity.domain.readings import Unavailable
from quanticity.store import feeds as store

T = TypeVar("T")
WHOLE = "*"  # the symbol under which a whole provider is paused


@dataclass(frozen=True, slots=True)
class Settings:
    """How often one source may be asked; jitter is a fraction of the cadence."""

    limit: int
    window_s: float
    every_s: float
    every_depth_s: float
    jitter: float


@dataclass(frozen=True, slots=True)
class Source:
    """A feed of one provider; `provider` shares rate and pause among its feeds."""

    feed: str
    provider: str
    settings: Settings
    breaker: breakers.Settings


def is_turn(source: Source, symbol: str, every_s: float) -> bool:
    """Whether this process is to fetch now; cadences are spread so that none march in step."""
    spread = 1 + source.settings.jitter * random.uniform(-1, 1)  # noqa: S311 - no secret
    return store.take_turn(source.feed, symbol, every_s * spread)


def fetch(
    source: Source, symbol: str, request: Callable[[], T]
) -> tuple[T | Unavailable, State | None]:
    """Do a guarded request; what it failed of is a value, and whether the breaker turned.

    `request` raises TemporaryError, Throttled, PermanentError or MalformedInput.
    """
    limits, now_s = source.breaker, _now_s()
    provider = read(source.provider, WHOLE)
    if provider.wait_s(now_s) > 0:
        return Unavailable(source.feed, "FEED_DOWN", f"paused: {provider.reason}"), None
    before = read(source.feed, symbol)
    begun = breakers.begin(before, now_s, limits)
    if begun is None:
        return Unavailable(source.feed, "FEED_DOWN", f"suspended: {before.reason}"), None
    wait_s = store.take_slot(
        source.provider, source.settings.limit, source.settings.window_s, str(os.getpid())
    )
    if wait_s > 0:
        return Unavailable(source.feed, "FEED_DOWN", f"rate limit, free in {wait_s:.1f} s"), None
    if begun is not before:
        _write(source.feed, symbol, begun)
    try:
        answer = request()
    except door.Throttled as error:
        _pause(source, error)
        return Unavailable(source.feed, "FEED_DOWN", str(error)), None
    except (TemporaryError, PermanentError, MalformedInput) as error:
        after = breakers.fail(begun, _now_s(), str(error)[:120], limits)
        _write(source.feed, symbol, after)
        turned = after.state if after.state is not before.state else None
        return Unavailable(source.feed, "FEED_DOWN", str(error)), turned
    _write(source.feed, symbol, breakers.succeed(_now_s()))
    return answer, None if before.state is State.CLOSED else State.CLOSED


def read(feed: str, symbol: str) -> Breaker:
    """A breaker as it is published."""
    return Breaker.from_text(store.breaker(feed, symbol))


def condition(names: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """How feeds fare, as `status` and the dashboard say it."""
    now_s = _now_s()
    found = []
    for (feed, symbol), text in store.breakers(names).items():
        known = Breaker.from_text(text)
        age_s = None if known.succeeded_s is None else round(now_s - known.succeeded_s, 1)
        found.append(
            {
                "feed": feed, "symbol": symbol, "state": _shown(known, now_s),
                "failures": known.failures, "retry_in_s": round(known.wait_s(now_s), 1),
                "age_s": age_s, "reason": known.reason,
            }
        )  # fmt: skip
    return found


def _shown(known: Breaker, now_s: float) -> str:
    # A pause that is over waits for no probe.
    over = known.state is State.OPEN and known.failures == 0 and known.wait_s(now_s) == 0
    return State.CLOSED.value if over else known.state.value


def _pause(source: Source, error: door.Throttled) -> None:
    seconds = error.retry_after or section("analytics.feeds.door", door.Settings).pause_s
    paused = breakers.pause(read(source.provider, WHOLE), _now_s(), seconds, str(error)[:120])
    _write(source.provider, WHOLE, paused)


def _write(feed: str, symbol: str, known: Breaker) -> None:
    store.write_breaker(feed, symbol, known.as_text())


def _now_s() -> float:
    return RealClock().now().timestamp()

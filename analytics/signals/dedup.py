"""Admission: one live signal per (strategy, symbol, direction), caps and cooldowns (DOMAIN 5.9).

Everything is counted from rows inside the transaction that emits; the unique constraint on live
signals decides between workers that count at the same instant.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, QuerySet

from analytics.models import Signal
from quanticity.domain.signals import Gate, Strategy


@dataclass(frozen=True, slots=True)
class Settings:
    """[analytics.signals]: caps on live signals, cooldowns and lives in seconds, modes."""

    cooldown_s: float
    stop_out_cooldown_s: float
    max_live_symbol: int
    max_live: int
    thin_update: float
    thin_update_frac: float
    valid_s: float
    decision_every_s: float
    mode: dict[Strategy, str]


@dataclass(frozen=True, slots=True)
class Triple:
    """What an episode is about."""

    strategy: str
    symbol: str
    direction: int


def gates(triple: Triple, at: datetime, settings: Settings) -> tuple[Gate, ...]:
    """Caps, live lock and cooldown, each as it was counted."""
    live = Signal.objects.filter(state=Signal.State.LIVE, probe=False)
    in_symbol = live.filter(symbol=triple.symbol).count()
    everywhere = live.count()
    mine = _of(triple)
    locked = mine.filter(state=Signal.State.LIVE).exists()
    emitted_s = _seconds_since(mine.aggregate(x=Max("created_at"))["x"], at)
    stopped = mine.filter(acknowledged_by="STOP")
    stopped_s = _seconds_since(stopped.aggregate(x=Max("ended_at"))["x"], at)
    return (
        Gate("LIVE_LOCK", locked, False, not locked),
        Gate(
            "CAP_SYMBOL", in_symbol, settings.max_live_symbol, in_symbol < settings.max_live_symbol
        ),
        Gate("CAP_TOTAL", everywhere, settings.max_live, everywhere < settings.max_live),
        Gate("COOLDOWN", emitted_s, settings.cooldown_s, _over(emitted_s, settings.cooldown_s)),
        Gate(
            "COOLDOWN_STOP", stopped_s, settings.stop_out_cooldown_s,
            _over(stopped_s, settings.stop_out_cooldown_s),
        ),
    )  # fmt: skip


def next_episode(triple: Triple, day: date, *, probe: bool) -> int:
    """The number of the episode that would begin now."""
    rows = Signal.objects.filter(
        strategy=triple.strategy, symbol=triple.symbol, direction=triple.direction,
        session_date=day, probe=probe,
    )  # fmt: skip
    last = rows.order_by("-episode_seq").first()
    return 1 if last is None else last.episode_seq + 1


def signal_id(triple: Triple, occ: str, day: date, episode: int, source: str) -> str:
    """`SG-` and 26 characters of base32: the same decision always has the same id."""
    text = "|".join(
        (triple.strategy, triple.symbol, str(triple.direction), occ, str(day), str(episode), source)
    )
    digest = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"SG-{digest[:26]}"


def live_signal(triple: Triple) -> Signal | None:
    """The live signal of this triple, if there is one."""
    return _of(triple).filter(state=Signal.State.LIVE).first()


def is_thin(before: float, now: float, settings: Settings) -> bool:
    """Say whether a new confidence changes too little to be worth telling."""
    return abs(now - before) < max(settings.thin_update, settings.thin_update_frac * before)


def _of(triple: Triple) -> QuerySet[Signal]:
    return Signal.objects.filter(
        strategy=triple.strategy, symbol=triple.symbol, direction=triple.direction, probe=False
    )


def _seconds_since(then: datetime | None, at: datetime) -> float | None:
    return None if then is None else (at - then).total_seconds()


def _over(elapsed_s: float | None, limit_s: float) -> bool:
    return elapsed_s is None or elapsed_s >= limit_s

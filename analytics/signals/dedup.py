"""Admission: one live signal per (strategy, symbol, direction), caps and cooldowns (DOMAIN 5.9).

Everything is counted from rows inside the transaction that emits; the unique constraint on live
signals decides between workers that count at the same instant.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet

from analytics.models import AdmissionTurn, Signal
from quanticity.domain.signals import Gate, Strategy

_TURN = "signals"
# How execution says that a trade was stopped out: by the broker's stop, or by ours when it slept.
STOPPED = ("STOP", "BACKUP_STOP")


@dataclass(frozen=True, slots=True)
class Settings:
    """[analytics.signals]: caps on live signals, cooldowns and lives in seconds, modes."""

    cooldown_s: float
    stop_out_cooldown_s: float
    max_live_strategy: int
    max_live_symbol: int
    max_live: int
    thin_update: float
    thin_update_frac: float
    valid_s: float
    decision_every_s: float
    mode: dict[Strategy, str]
    mode_live_trading: dict[Strategy, str]
    event_before_s: float
    event_after_s: float
    event_strategies: tuple[Strategy, ...]
    earnings_strategies: tuple[Strategy, ...]
    shadow_from_confidence: float
    acknowledge_s: float

    def mode_of(self, strategy: Strategy, trading_mode: str) -> str:
        """Whether a strategy is off, in shadow or live, where this money is at stake."""
        return (self.mode_live_trading if trading_mode == "live" else self.mode)[strategy]


@dataclass(frozen=True, slots=True)
class Triple:
    """What an episode is about."""

    strategy: str
    symbol: str
    direction: int


def take_turn() -> None:
    """Wait until no other admission is counting; the turn is ours until the transaction ends.

    The UPDATE locks its row on PostgreSQL; on SQLite the transaction has the one write lock.
    """
    assert transaction.get_connection().in_atomic_block
    if not AdmissionTurn.objects.filter(pk=_TURN).update(taken_n=F("taken_n") + 1):
        AdmissionTurn.objects.get_or_create(pk=_TURN)
        AdmissionTurn.objects.filter(pk=_TURN).update(taken_n=F("taken_n") + 1)


@dataclass(frozen=True, slots=True)
class Counted:
    """What is live everywhere, and when each triple of one symbol last began and was stopped."""

    live: tuple[tuple[str, str, int, str], ...]  # strategy, symbol, direction, mode
    last: Mapping[tuple[str, int], tuple[datetime | None, datetime | None]]


def count(symbol: str) -> Counted:
    """Count for one symbol, whichever of its triples is asked for; rehearsals do not count."""
    rows = ours().filter(probe=False)
    live = rows.filter(state=Signal.State.LIVE)
    last = (
        rows.filter(strategy__in=[*Strategy], symbol=symbol)
        .order_by()
        .values_list("strategy", "direction")
        .annotate(
            emitted_at=Max("created_at"),
            stopped_at=Max("ended_at", filter=Q(acknowledged_by__in=STOPPED)),
        )
    )
    return Counted(
        tuple(live.values_list("strategy", "symbol", "direction", "mode")),
        {(strategy, direction): (begun, stopped) for strategy, direction, begun, stopped in last},
    )


def gates(
    triple: Triple, at: datetime, settings: Settings, counted: Counted, *, mode: str = "live"
) -> tuple[Gate, ...]:
    """Caps, live lock and cooldown, each as it was counted.

    A signal is live from its emission to the end of its trade, so live signals are what is open,
    working or about to be. Those in shadow take no room from those that are sent.
    """
    held = [row[:3] for row in counted.live if row[3] == mode]
    in_strategy = sum(row[:2] == (triple.strategy, triple.symbol) for row in held)
    in_symbol = sum(symbol == triple.symbol for _, symbol, _ in held)
    wanted = (triple.strategy, triple.symbol, triple.direction)
    locked = any(row[:3] == wanted for row in counted.live)
    begun, stopped = counted.last.get((triple.strategy, triple.direction), (None, None))
    rest_s, rest_after_stop_s = settings.cooldown_s, settings.stop_out_cooldown_s
    return (
        Gate("LIVE_LOCK", locked, False, not locked),
        _below("CAP_STRATEGY", in_strategy, settings.max_live_strategy),
        _below("CAP_SYMBOL", in_symbol, settings.max_live_symbol),
        _below("CAP_TOTAL", len(held), settings.max_live),
        _rested("COOLDOWN", _seconds_since(begun, at), rest_s),
        _rested("COOLDOWN_STOP", _seconds_since(stopped, at), rest_after_stop_s),
    )


def next_episode(triple: Triple, day: date, *, probe: bool) -> int:
    """The number of the episode that would begin now."""
    rows = ours().filter(
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


def ours() -> QuerySet[Signal]:
    """Signals of this environment; a row that another one left stands in nobody's way."""
    return Signal.objects.filter(source=django_settings.TRADING_MODE)


def live_signal(triple: Triple) -> Signal | None:
    """The live signal of this triple, if there is one."""
    return _of(triple).filter(state=Signal.State.LIVE).first()


def last_signal(triple: Triple) -> Signal | None:
    """The latest signal of this triple, live or over."""
    return _of(triple).first()


def is_thin(before: float, now: float, settings: Settings) -> bool:
    """Say whether a new confidence changes too little to be worth telling."""
    return abs(now - before) < max(settings.thin_update, settings.thin_update_frac * before)


def _of(triple: Triple) -> QuerySet[Signal]:
    return ours().filter(
        strategy=triple.strategy, symbol=triple.symbol, direction=triple.direction, probe=False
    )


def _seconds_since(then: datetime | None, at: datetime) -> float | None:
    return None if then is None else (at - then).total_seconds()


def _below(code: str, count: int, limit: int) -> Gate:
    return Gate(code, count, limit, count < limit)


def _rested(code: str, elapsed_s: float | None, limit_s: float) -> Gate:
    return Gate(code, elapsed_s, limit_s, elapsed_s is None or elapsed_s >= limit_s)

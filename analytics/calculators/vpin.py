"""Order-flow imbalance without direction: VPIN, on volume time (DOMAIN 3.9).

One-minute bars are poured into buckets of equal volume, V = average daily shares / 50. A bar's buy
fraction is N(dP / sigma): dP is its close less the close before it in the same session (its own
open for the first), sigma the volume-weighted spread of the last 390 moves. VPIN is the mean of
|bought - sold| / V over the last 50 full buckets, in [0, 1], dimensionless, unsigned; the open
bucket waits outside. It is judged only against its own past: `vpin_cdf` in [0, 1].

`update` folds new bars into a `State` at a cost in proportion to them, `compute` reads it. Any
chunking of the same bars gives the same state; bars already seen and bars outside regular hours
are passed over, impossible ones refused and counted per session. Bars that come before sigma is
known wait for it, unpoured.
After Easley, Lopez de Prado and O'Hara, Review of Financial Studies 25(5), 2012.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import ClassVar, NamedTuple

from analytics.calculators import vpin_residual
from analytics.calculators.volume_buckets import Buckets, Spread, Sums, sigma
from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.domain.market import Bar
from quanticity.domain.readings import Reading, Unavailable

_BAR = timedelta(minutes=1)
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Settings:
    """Sizes of buckets and windows."""

    buckets_per_day: int
    n: int
    sigma_bars: int
    min_sigma_bars: int
    adv_sessions: int
    cdf_sessions: int
    cdf_min: int
    alarms: tuple[float, ...]


class Step(NamedTuple):
    """One bar as VPIN sees it: dollars and fraction moved, shares, fraction bought by sides."""

    ends_at: datetime
    move: float
    relative: float
    volume: float
    by_sides: float | None


class Past(NamedTuple):
    """VPIN as of one full bucket, with RTH seconds and squared relative moves of its window."""

    session: date
    vpin: float
    elapsed_s: float
    variance: float


@dataclass(frozen=True, slots=True)
class State:
    """Everything VPIN remembers of one symbol between bars; columns are oldest first."""

    bucket_shares: float
    session: date | None = None
    cursor: datetime | None = None
    close: float | None = None
    waiting: tuple[Step, ...] = ()
    moves: tuple[tuple[float, float], ...] = ()
    sums: Sums = (0.0, 0.0, 0.0)
    turned: int = 0
    filled: float = 0.0
    bought: float = 0.0
    bought_by_sides: float | None = 0.0
    imbalances: tuple[float, ...] = ()
    imbalances_by_sides: tuple[float | None, ...] = ()
    edges: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    elapsed_s: float = 0.0
    variance: float = 0.0
    past: tuple[Past, ...] = ()
    n_completed: int = 0
    last_bucket_at: datetime | None = None
    n_refused_bars: int = 0


@dataclass(frozen=True, slots=True)
class Vpin(Reading):
    """VPIN and its rank in its own past; `alarm` is the highest alarm level that rank reached."""

    name: ClassVar[str] = "vpin"

    vpin: float
    vpin_cdf: float | None
    vpin_signed: float | None
    vpin_residual: float | None
    n_buckets: int
    bucket_shares: float
    sigma_dp: float
    last_bucket_at: datetime
    alarm: float | None
    n_refused_bars: int
    reasons: dict[str, str] = field(default_factory=dict)


def compute(state: State, settings: Settings) -> Vpin | Unavailable:
    """Read the state: mean imbalance of the last n full buckets, its rank, and its companions."""
    kept = len(state.imbalances)
    if kept < settings.n or state.last_bucket_at is None:
        return Unavailable("vpin", "INSUFFICIENT_BUCKETS", f"{kept} of {settings.n} buckets")
    value = fmean(state.imbalances)
    earlier = [past.vpin for past in state.past[:-1]]
    rank = mid_rank(earlier, value) if len(earlier) >= settings.cdf_min else None
    residual = vpin_residual.compute([past[1:] for past in state.past], settings.cdf_min)
    by_sides = [found for found in state.imbalances_by_sides if found is not None]
    signed = fmean(by_sides) if len(by_sides) == kept else None
    return Vpin(
        vpin=value,
        vpin_cdf=rank,
        vpin_signed=signed,
        vpin_residual=residual,
        n_buckets=kept,
        bucket_shares=state.bucket_shares,
        sigma_dp=sigma(state.sums),
        last_bucket_at=state.last_bucket_at,
        n_refused_bars=state.n_refused_bars,
        alarm=max((a for a in settings.alarms if rank is not None and rank >= a), default=None),
        reasons=_reasons(rank, signed, residual),
    )


def update(
    state: State,
    bars: Iterable[Bar],
    settings: Settings,
    *,
    bucket_shares: float | None = None,
    by_sides: Mapping[datetime, float] | None = None,
) -> State:
    """Fold new 1 min bars, oldest first, into the state.

    `bucket_shares` is the size from the next session on (None keeps it); `by_sides` maps a bar's
    `open_at` to the size-weighted mean p_buy of its prints.
    """
    fold = _Fold(state, settings, bucket_shares or state.bucket_shares)
    sides = by_sides or {}
    session: calendar.Session | None = None
    for bar in bars:
        if session is None or not session.contains(bar.open_at):
            session = calendar.current(bar.open_at)
        is_new = fold.cursor is None or bar.open_at > fold.cursor
        if session is not None and is_new:
            fold.take(bar, session.date, sides.get(bar.open_at))
    return fold.state()


def bucket_shares(daily_shares: Sequence[float], settings: Settings) -> float | None:
    """Shares per bucket from the shares of each session, newest last; None before there is one."""
    volumes = daily_shares[-settings.adv_sessions :]
    return fmean(volumes) / settings.buckets_per_day if volumes and any(volumes) else None


def buy_fraction(move: float, spread: float) -> float:
    """Bulk classification: the fraction N(move / spread) was bought; half when nothing moves."""
    # erfc keeps the far left tail, where 1 + erf would be 0.
    return _HALF * math.erfc(-move / (spread * math.sqrt(2))) if spread > 0 else _HALF


def mid_rank(past: Sequence[float], value: float) -> float:
    """Share of the past below the value, equals counted half."""
    below = sum(each < value for each in past)
    equal = sum(each == value for each in past)
    return (below + _HALF * equal) / len(past)


def _reasons(rank: float | None, signed: float | None, residual: float | None) -> dict[str, str]:
    missing = {
        "vpin_cdf": "INSUFFICIENT_SAMPLES" if rank is None else None,
        "vpin_signed": "NO_DATA" if signed is None else None,
        "vpin_residual": "INSUFFICIENT_SAMPLES" if residual is None else None,
    }
    return {name: reason for name, reason in missing.items() if reason is not None}


class _Fold:
    # A State while bars are being poured into it: the same fields in mutable containers.

    def __init__(self, state: State, settings: Settings, next_size: float) -> None:
        _check_size(next_size)
        self.settings, self.next_size = settings, next_size
        self.session, self.cursor, self.close = state.session, state.cursor, state.close
        self.waiting = list(state.waiting)
        self.spread = Spread(settings.sigma_bars, state.moves, state.sums, state.turned)
        self.buckets = Buckets(
            state.bucket_shares, state.filled, state.bought, _nan(state.bought_by_sides)
        )
        self.imbalances = deque(state.imbalances, settings.n)
        self.by_sides = deque(map(_nan, state.imbalances_by_sides), settings.n)
        self.edges = deque(state.edges, settings.n + 1)
        self.elapsed_s, self.variance = state.elapsed_s, state.variance
        self.past = list(state.past)
        self.n_completed, self.last_bucket_at = state.n_completed, state.last_bucket_at
        self.n_refused = state.n_refused_bars

    def take(self, bar: Bar, session: date, by_sides: float | None) -> None:
        if session != self.session:
            self._begin(session)
        self.cursor = bar.open_at
        if not bar.is_sound:
            self.n_refused += 1
            return
        before = bar.open if self.close is None else self.close
        move = bar.close - before
        self.close = bar.close
        self.spread.push(move, bar.volume)
        self.waiting.append(Step(bar.open_at + _BAR, move, move / before, bar.volume, by_sides))
        if len(self.spread) >= self.settings.min_sigma_bars:
            self._pour_waiting()

    def state(self) -> State:
        return State(
            bucket_shares=self.buckets.size,
            session=self.session,
            cursor=self.cursor,
            close=self.close,
            waiting=tuple(self.waiting),
            moves=tuple(self.spread.steps),
            sums=self.spread.sums,
            turned=self.spread.turned,
            filled=self.buckets.filled,
            bought=self.buckets.bought,
            bought_by_sides=_known(self.buckets.by_sides),
            imbalances=tuple(self.imbalances),
            imbalances_by_sides=tuple(map(_known, self.by_sides)),
            edges=tuple(self.edges),
            elapsed_s=self.elapsed_s,
            variance=self.variance,
            past=tuple(self.past),
            n_completed=self.n_completed,
            last_bucket_at=self.last_bucket_at,
            n_refused_bars=self.n_refused,
        )

    def _begin(self, session: date) -> None:
        self.session, self.close, self.n_refused = session, None, 0
        self.buckets.resize(self.next_size)
        earlier = sorted({past.session for past in self.past}, reverse=True)
        # The new session is one of those that count.
        kept = set(earlier[: self.settings.cdf_sessions - 1])
        self.past = [past for past in self.past if past.session in kept]

    def _pour_waiting(self) -> None:
        spread = self.spread.sigma
        for step in self.waiting:
            self.elapsed_s += _BAR.total_seconds()
            self.variance += step.relative**2
            fraction = buy_fraction(step.move, spread)
            for bought, by_sides in self.buckets.pour(step.volume, fraction, _nan(step.by_sides)):
                self._complete(step.ends_at, bought, by_sides)
        self.waiting.clear()

    def _complete(self, at: datetime, bought: float, by_sides: float) -> None:
        size = self.buckets.size
        self.imbalances.append(abs(2 * bought - size) / size)
        self.by_sides.append(abs(2 * by_sides - size) / size)
        self.edges.append((self.elapsed_s, self.variance))
        self.n_completed, self.last_bucket_at = self.n_completed + 1, at
        if len(self.imbalances) == self.settings.n and self.session is not None:
            elapsed_s, variance = self.edges[0]
            self.past.append(
                Past(
                    self.session,
                    fmean(self.imbalances),
                    self.elapsed_s - elapsed_s,
                    self.variance - variance,
                )
            )


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _check_size(size: float) -> None:
    if not (math.isfinite(size) and size > 0):
        raise MalformedInput(f"expected a positive bucket size in shares, was {size}")

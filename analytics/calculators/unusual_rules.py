"""Named rules on option prints, each with its version (DOMAIN 3.15).

REPEATED_HITS_V1: more than five prints of one contract within 100 ms, above 50,000 dollars.
OPENING_V1: one print larger than the contract's open interest. SWEEP_CLUSTER_V1: three option
sweeps or more within 60 s. A hit names the contract, so that next morning's open interest can
confirm it or not.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.calculators.sweeps import Sweep
from quanticity.domain.market import Trade


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of the rules."""

    repeated_prints: int
    repeated_window_ms: float
    repeated_premium_usd: float
    cluster_sweeps: int
    cluster_window_s: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule that applied, to which contract (empty: the symbol), when, for how many dollars."""

    rule: str
    occ: str
    at: datetime
    premium_usd: float


def compute(
    prints: Sequence[Trade],
    open_interest: Mapping[str, int],
    sweeps: Sequence[Sweep],
    multiplier: int,
    settings: Settings,
) -> tuple[Hit, ...]:
    """Every hit in these option prints and sweeps, in time order, one per rule and contract."""
    hits = [
        *_repeated(prints, multiplier, settings),
        *_opening(prints, open_interest, multiplier),
        *_clusters(sweeps, settings),
    ]
    first: dict[tuple[str, str], Hit] = {}
    for hit in sorted(hits, key=lambda each: each.at):
        first.setdefault((hit.rule, hit.occ), hit)
    return tuple(first.values())


def _repeated(prints: Sequence[Trade], multiplier: int, settings: Settings) -> Iterable[Hit]:
    window = timedelta(milliseconds=settings.repeated_window_ms)
    by_contract: dict[str, list[Trade]] = defaultdict(list)
    for trade in prints:
        run = by_contract[trade.instrument]
        run.append(trade)
        while trade.event_at - run[0].event_at > window:
            run.pop(0)
        premium = sum(each.price * each.size for each in run) * multiplier
        if len(run) > settings.repeated_prints and premium > settings.repeated_premium_usd:
            yield Hit("REPEATED_HITS_V1", trade.instrument, trade.event_at, premium)


def _opening(
    prints: Sequence[Trade], open_interest: Mapping[str, int], multiplier: int
) -> Iterable[Hit]:
    for trade in prints:
        known = open_interest.get(trade.instrument)
        if known is not None and trade.size > known:
            premium = trade.price * trade.size * multiplier
            yield Hit("OPENING_V1", trade.instrument, trade.event_at, premium)


def _clusters(sweeps: Sequence[Sweep], settings: Settings) -> Iterable[Hit]:
    window = timedelta(seconds=settings.cluster_window_s)
    for n, sweep in enumerate(sweeps):
        near = [each for each in sweeps[: n + 1] if sweep.at - each.at <= window]
        if len(near) >= settings.cluster_sweeps:
            premium = sum(each.notional_usd for each in near)
            yield Hit("SWEEP_CLUSTER_V1", "", sweep.at, premium)

"""What a session's option prints add up to, contract by contract (DOMAIN 3.15).

Premium is dollars: price x contracts x multiplier. `asked` is what was bought at the ask, `net`
the signed rest, + bought. `update` folds new prints into the session's `State` at a cost in
proportion to them; a new session begins from nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np

from analytics.calculators import counted
from analytics.calculators.counted import Mark
from analytics.calculators.trade_signing import SignedTrade
from analytics.calculators.unusual import Flow
from analytics.calculators.unusual_rules import Hit
from quanticity.domain.market import Side
from quanticity.domain.options import Chain

_MOST_HITS = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """How likely a print opens interest (DOMAIN 1.10)."""

    opening_large: float
    opening_else: float
    large_share: float


class Sums(NamedTuple):
    """One contract's session so far: dollars, and contracts traded in prints.

    `signed` is bought less sold by probability and `noise` its variance, in contracts; `opened`
    the contracts by which open interest is thought to have grown from `settled`.
    """

    premium_usd: float = 0.0
    asked_usd: float = 0.0
    net_usd: float = 0.0
    contracts: float = 0.0
    signed: float = 0.0
    noise: float = 0.0
    opened: float = 0.0
    settled: float | None = None

    @property
    def live_interest(self) -> float | None:
        """Open interest by now, estimated; None where the settled one is not known."""
        return None if self.settled is None else max(self.settled + self.opened, 0.0)


@dataclass(frozen=True, slots=True)
class State:
    """One session's sums, until when each contract is counted, and the rules that have hit."""

    session: date | None = None
    marks: tuple[tuple[str, Mark], ...] = ()
    sums: tuple[tuple[str, Sums], ...] = ()
    hits: tuple[Hit, ...] = ()

    @property
    def premium_usd(self) -> float:
        """Dollars of all prints so far."""
        return sum(sums.premium_usd for _, sums in self.sums)


def update(
    state: State,
    prints: Sequence[SignedTrade],
    session: date,
    multiplier: int,
    interest: Mapping[str, int],
    settings: Settings,
) -> tuple[State, tuple[SignedTrade, ...]]:
    """Fold in prints that are not counted yet; return them with the new state.

    `interest` is the settled open interest of each contract that has one.
    """
    if state.session != session:
        # Contracts that did not print in the last session have no prints left on the tape.
        printed = dict(state.sums)
        state = State(session, tuple(mark for mark in state.marks if mark[0] in printed))
    marks = dict(state.marks)
    fresh = tuple(prints[place] for place in counted.fresh([p.trade for p in prints], marks))
    if not fresh:
        return state, fresh
    sums = dict(state.sums)
    for each in fresh:
        occ = each.trade.instrument
        before = sums.get(occ) or Sums(settled=interest.get(occ))
        sums[occ] = _plus(before, each, multiplier, settings)
    after = counted.marked(marks, [p.trade for p in fresh])
    return replace(state, marks=tuple(after.items()), sums=tuple(sums.items())), fresh


def remember(state: State, hits: Sequence[Hit]) -> State:
    """Keep hits that are new by rule and contract, the latest of them."""
    known = {(hit.rule, hit.occ) for hit in state.hits}
    new = tuple(hit for hit in hits if (hit.rule, hit.occ) not in known)
    return replace(state, hits=(*state.hits, *new)[-_MOST_HITS:]) if new else state


def flow(state: State, chain: Chain) -> Flow:
    """The sums as columns in chain order; prints of unlisted contracts are left out.

    What was captured is a share of the volume that the feed has told.
    """
    sums = dict(state.sums)
    none = Sums()
    rows = np.array([sums.get(occ, none)[:4] for occ in chain.occ.tolist()]).reshape(-1, 4)
    premium, asked, net, contracts = rows.T
    told = chain.volume >= 0
    traded = float(chain.volume[told].sum())
    return Flow(premium, asked, net, float(contracts[told].sum()) / traded if traded else None)


def _plus(sums: Sums, each: SignedTrade, multiplier: int, settings: Settings) -> Sums:
    usd, size, share = each.notional * multiplier, each.trade.size, each.signing.share
    return Sums(
        sums.premium_usd + usd,
        sums.asked_usd + (usd if each.signing.side is Side.BUY else 0.0),
        sums.net_usd + share * usd,
        sums.contracts + size,
        sums.signed + share * size,
        sums.noise + (1.0 - share * share) * size * size,
        sums.opened + _opened(size, sums.settled, settings),
        sums.settled,
    )


def _opened(size: float, settled: float | None, settings: Settings) -> float:
    """Contracts opened less contracts closed by one print."""
    large = settled is not None and size > settings.large_share * settled
    likely = settings.opening_large if large else settings.opening_else
    return (2.0 * likely - 1.0) * size

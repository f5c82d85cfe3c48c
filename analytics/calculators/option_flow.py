"""What a session's option prints add up to, contract by contract (DOMAIN 3.15).

Premium is dollars: price x contracts x multiplier. `asked` is what was bought at the ask, `net`
the signed rest, + bought. `update` folds new prints into the session's `State` at a cost in
proportion to them; a new session begins from nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

import numpy as np

from analytics.calculators.trade_signing import SignedTrade
from analytics.calculators.unusual import Flow
from analytics.calculators.unusual_rules import Hit
from quanticity.domain.market import Side
from quanticity.domain.options import Chain

_MOST_HITS = 50


class Sums(NamedTuple):
    """One contract's session so far: dollars, and contracts traded in prints."""

    premium_usd: float = 0.0
    asked_usd: float = 0.0
    net_usd: float = 0.0
    contracts: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """One session's sums, the instant of the last print in them, and the rules that have hit."""

    session: date | None = None
    until: datetime | None = None
    sums: tuple[tuple[str, Sums], ...] = ()
    hits: tuple[Hit, ...] = ()

    @property
    def premium_usd(self) -> float:
        """Dollars of all prints so far."""
        return sum(sums.premium_usd for _, sums in self.sums)


def update(
    state: State, prints: Sequence[SignedTrade], session: date, multiplier: int
) -> tuple[State, tuple[SignedTrade, ...]]:
    """Fold in prints later than the last one counted; return them with the new state."""
    if state.session != session:
        state = State(session, state.until)
    until = state.until
    fresh = tuple(p for p in prints if until is None or p.trade.event_at > until)
    if not fresh:
        return state, fresh
    sums = dict(state.sums)
    for each in fresh:
        sums[each.trade.instrument] = _plus(
            sums.get(each.trade.instrument, Sums()), each, multiplier
        )
    latest = max(each.trade.event_at for each in fresh)
    return replace(state, until=latest, sums=tuple(sums.items())), fresh


def remember(state: State, hits: Sequence[Hit]) -> State:
    """Keep hits that are new by rule and contract, the latest of them."""
    known = {(hit.rule, hit.occ) for hit in state.hits}
    new = tuple(hit for hit in hits if (hit.rule, hit.occ) not in known)
    return replace(state, hits=(*state.hits, *new)[-_MOST_HITS:]) if new else state


def flow(state: State, chain: Chain) -> Flow:
    """The sums as columns in chain order; prints of unlisted contracts are left out."""
    sums = dict(state.sums)
    rows = np.array([sums.get(str(occ), Sums()) for occ in chain.occ]).reshape(-1, len(Sums()))
    premium, asked, net, contracts = rows.T
    traded = float(chain.volume.sum())
    return Flow(premium, asked, net, float(contracts.sum()) / traded if traded else None)


def _plus(sums: Sums, each: SignedTrade, multiplier: int) -> Sums:
    usd = each.notional * multiplier
    return Sums(
        sums.premium_usd + usd,
        sums.asked_usd + (usd if each.signing.side is Side.BUY else 0.0),
        sums.net_usd + each.signing.share * usd,
        sums.contracts + each.trade.size,
    )

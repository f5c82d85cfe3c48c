"""The dealers' inventory from signed prints: the `signed_flow` sign model (DOMAIN 3.0).

I = - sum (2 p_buy - 1) size over prints since a contract was first seen, in contracts; + dealers
are long. It is known from so many sessions of prints on, and forgets a contract when it expires.
Its error has two parts: each print's side is a guess (variance (1 - share^2) size^2), and the most
certain print counts `surest_share` of its size, so that the true inventory lies between the
estimate and the estimate over that share. A model, published as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.calculators.option_flow import Sums
from analytics.calculators.pricing import Priced
from quanticity.domain.instruments import parse_occ
from quanticity.domain.options import Chain

Floats = NDArray[np.float64]
_Z90 = 1.645


@dataclass(frozen=True, slots=True)
class Settings:
    """When the model is available, and how much a certain print counts."""

    min_sessions: int
    surest_share: float


@dataclass(frozen=True, slots=True)
class State:
    """Customers' net purchases and their variance by contract, after some sessions of prints."""

    sessions_n: int = 0
    last: date | None = None
    contracts: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Dealers' contracts in chain order, and the variance of each."""

    contracts: Floats
    variance: Floats
    sessions_n: int


def close(state: State, session: date, sums: Mapping[str, Sums]) -> State:
    """Add a session that is over, once; what expired by then is forgotten."""
    if not sums or (state.last is not None and session <= state.last):
        return state
    held = {occ: (net, noise) for occ, net, noise in state.contracts}
    for occ, one in sums.items():
        net, noise = held.get(occ, (0.0, 0.0))
        held[occ] = (net + one.signed, noise + one.noise)
    alive = tuple((occ, *kept) for occ, kept in held.items() if parse_occ(occ).expiry > session)
    return State(state.sessions_n + 1, session, alive)


def compute(
    state: State, sums: Mapping[str, Sums], chain: Chain, settings: Settings
) -> Book | None:
    """Dealers' book by now, today's prints included; None before there are enough sessions."""
    if state.sessions_n < settings.min_sessions:
        return None
    held = {occ: (net, noise) for occ, net, noise in state.contracts}
    rows = np.zeros((len(chain), 2))
    for row, occ in enumerate(chain.occ.tolist()):
        net, noise = held.get(occ, (0.0, 0.0))
        today = sums.get(occ)
        if today is not None:
            net, noise = net + today.signed, noise + today.noise
        rows[row] = -net, noise
    return Book(rows[:, 0], rows[:, 1], state.sessions_n)


def gex_ci90(
    book: Book, priced: Priced, counted: NDArray[np.bool_], settings: Settings
) -> tuple[float, float]:
    """Where the total gamma exposure of the true inventory lies, dollars per 1 %."""
    dollars = priced.greeks.gamma[counted] * priced.spot**2 * 0.01 * priced.multiplier
    total = float(book.contracts[counted] @ dollars)
    sd = float(np.sqrt(book.variance[counted] @ dollars**2))
    ends = (total, total / settings.surest_share)
    return min(ends) - _Z90 * sd, max(ends) + _Z90 * sd

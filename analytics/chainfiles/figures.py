"""Figures of a report that belong to one expiry or one instant: straddle, max pain, next close."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from analytics.calculators import levels
from analytics.calculators.pricing import PricedChain
from analytics.chainfiles.notes import Notes
from quanticity.domain import calendar
from quanticity.domain.options import Chain, Flag


def expected_move(document: dict[str, Any], found: PricedChain, notes: Notes) -> float | None:
    """The at-the-money straddle of the nearest unexpired expiry, in percent of its forward."""
    chain = found.chain
    index = _front(chain)
    if index is None:
        notes.missing("expected_move_pct", "NO_DATA", "every expiry is settled")
        return None
    forward = float(found.forwards.forward[index])
    calls = np.flatnonzero((chain.expiry_idx == index) & (chain.right > 0) & (found.partner >= 0))
    document["conventions"]["expected_move_expiry"] = chain.expiries[index].expiry_date
    if not calls.size:
        notes.missing("expected_move_pct", "NO_DATA", "no strike has both a call and a put")
        return None
    call = calls[np.argmin(np.abs(chain.strike[calls] - forward))]
    put = found.partner[call]
    doubt = int(found.flags[call] | found.flags[put]) & int(Flag.Q_NO_QUOTE | Flag.Q_CROSSED)
    straddle = chain.bid[[call, put]].sum() + chain.ask[[call, put]].sum()
    if doubt or not np.isfinite(straddle):
        notes.missing("expected_move_pct", "NO_QUOTE", "the at-the-money pair is not quoted")
        return None
    return float(50 * straddle / forward)


def max_pain(chain: Chain, document: dict[str, Any], notes: Notes) -> float | None:
    """Needs open interest only, so it survives a file without quotes."""
    index = _front(chain)
    if index is None:
        notes.missing("max_pain", "NO_DATA", "every expiry is settled")
        return None
    document["conventions"]["max_pain_expiry"] = chain.expiries[index].expiry_date
    rows = (chain.expiry_idx == index) & (chain.open_interest > 0)
    strike = levels.least_paid(
        chain.right[rows].astype(float),
        chain.strike[rows],
        chain.open_interest[rows].astype(float),
    )
    if strike is None:
        notes.missing("max_pain", "NO_DATA", "no open interest in the nearest expiry")
    return strike


def _front(chain: Chain) -> int | None:
    """Index of the nearest unexpired, unadjusted expiry; expiries are sorted by settlement."""
    for index, expiry in enumerate(chain.expiries):
        if expiry.t_s > 0 and not expiry.root[-1].isdigit():
            return index
    return None


def next_close(as_of: datetime) -> tuple[datetime, bool]:
    """The close that `charm_to_close` refers to, and whether it is not the running session's."""
    session = calendar.session(calendar.session_date(as_of))
    if session.contains(as_of):
        return session.close_at, False
    if as_of < session.open_at:
        return session.close_at, True
    return calendar.next_session(session.date).close_at, True

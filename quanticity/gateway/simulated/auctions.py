"""The closing auction: what venues publish before it, and until when they take orders (pure).

Cut-offs are rules of the venues (NYSE Rule 7.35B; Nasdaq Rule 4754): on-close orders enter until
ten minutes before the close at NYSE and Arca, five at Nasdaq; imbalances are published from ten
minutes before the close. The imbalance is drawn once a session and shrinks as offsetting orders
come; it pulls the indicative price away from the market.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from quanticity.domain.calendar import Session
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.listing import Symbol
from quanticity.gateway.simulated.prices import Tape, Tapes

PUBLISHED_FROM = timedelta(minutes=10)
_CUT_OFFS = {"NASDAQ": timedelta(minutes=5)}
_EVERY_S = {"NASDAQ": 10}
_EVERY = 1
_SIGNIFICANT_SHARE = 0.30
_WIDEST, _PULL_FRAC = 0.9, 0.0015


@dataclass(frozen=True, slots=True)
class Imbalance:
    """What is published: shares paired, shares over (+ to buy), the price at which it would clear.

    `regulatory` is the imbalance first published, when it was significant; else 0.
    """

    paired: int
    imbalance: int
    price: float
    regulatory: int


def cut_off(symbol: Symbol, session: Session, usual_minutes: float) -> datetime:
    """Until when on-close orders are taken and changed: by the venue's rule, or the usual."""
    usual = timedelta(minutes=usual_minutes)
    return session.close_at - _CUT_OFFS.get(symbol.primary, usual)


def published(tapes: Tapes, name: str, at: datetime) -> Imbalance | None:
    """The imbalance in force at an instant; None outside the last ten minutes."""
    tape, symbol = tapes.at(name, at), listing.SYMBOLS[name]
    left = (tape.session.close_at - at).total_seconds()
    if not 0 < left <= PUBLISHED_FROM.total_seconds():
        return None
    every = _EVERY_S.get(symbol.primary, _EVERY)
    at -= timedelta(seconds=(PUBLISHED_FROM.total_seconds() - left) % every)
    passed = 1 - left / PUBLISHED_FROM.total_seconds()
    whole, share = _drawn(tapes, tape)
    over = round(whole * share * (1 - 0.7 * passed), -2)
    first = round(whole * share, -2)
    return Imbalance(
        paired=int(round(whole * (0.4 + 0.6 * passed) - abs(over) / 2, -2)),
        imbalance=int(over),
        price=round(tape.mid(tape.second(at)) * (1 + _PULL_FRAC * share), 2),
        regulatory=int(first) if abs(share) >= _SIGNIFICANT_SHARE else 0,
    )


# The session's closing size in shares, and the share of it that finds no other side.
def _drawn(tapes: Tapes, tape: Tape) -> tuple[float, float]:
    own = tapes.random("auction", tape.symbol, tape.session.date)
    whole = tapes.settings.closing_auction_share * tapes.stock(tape.symbol).adv_shares
    share = float(np.clip(0.35 * own.standard_normal(), -_WIDEST, _WIDEST))
    return whole * float(own.uniform(0.7, 1.4)), share

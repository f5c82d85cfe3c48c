"""Option chains as columns (DOMAIN 1.3): one underlying, one feed, one instant.

The arrays are NumPy's, but this module does not import it: it only names the columns. All have
one entry per contract, in one order; `expiry_idx` points into `expiries`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

from quanticity.domain.calendar import Settlement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Strings = NDArray[np.str_]


class Flag(IntFlag):
    """Why a row is not believed (DOMAIN 1.6)."""

    Q_NO_QUOTE = 1
    Q_NO_BID = 2
    Q_CROSSED = 4
    Q_STALE = 8
    Q_WIDE = 16
    Q_OPENING = 32
    Q_SENTINEL = 64
    A_BOUND = 128
    A_PARITY = 256
    A_VERTICAL = 512
    A_CONVEX = 1024
    A_CALENDAR = 2048
    X_ADJUSTED = 4096
    X_EXPIRED = 8192


class IvStatus(IntEnum):
    """Outcome of solving one contract for volatility (DOMAIN 2.3); only OK has a value."""

    OK = 0
    NO_QUOTE = 1
    CROSSED = 2
    EXPIRED = 3
    STALE = 4
    NO_BID = 5
    WIDE = 6
    BELOW_INTRINSIC = 7
    AT_INTRINSIC = 8
    ABOVE_MAX = 9
    NOT_CONVERGED = 10


@dataclass(frozen=True, slots=True)
class Expiry:
    """One expiry of one trading class; the same date may appear under two roots."""

    expiry_date: date
    root: str
    settlement: Settlement
    settlement_at: datetime
    t_s: float
    dte_sess: int
    dte_cal: int


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Quotes and open interest of every listed contract of one underlying.

    occ (str), right (+1 call, -1 put), strike, bid, ask, last ($ per share, NaN absent),
    bid_size, ask_size, volume, open_interest (contracts; -1 volume or interest not told yet),
    quote_epoch_ms (-1 unknown),
    expiry_idx; vendor_* are cross-checks and never used in a published number.
    """

    underlying: str
    spot: float | None
    as_of: datetime
    feed: str
    delayed: bool
    multiplier: int
    european: bool
    expiries: tuple[Expiry, ...]
    occ: Strings
    right: Ints
    strike: Floats
    expiry_idx: Ints
    bid: Floats
    ask: Floats
    last: Floats
    bid_size: Ints
    ask_size: Ints
    volume: Ints
    open_interest: Ints
    quote_epoch_ms: Ints
    vendor: dict[str, Floats] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    # Where the underlying was while these quotes were taken; None: at `spot`.
    spot_low: float | None = None
    spot_high: float | None = None

    def __len__(self) -> int:
        """Number of contracts."""
        return len(self.strike)

    @property
    def told(self) -> Bools:
        """Contracts whose feed has told both volume and open interest."""
        return (self.volume >= 0) & (self.open_interest >= 0)

    @property
    def settled_interest(self) -> dict[str, int]:
        """Open interest by contract, of those whose feed has told it."""
        told = zip(self.occ.tolist(), self.open_interest.tolist(), strict=True)
        return {occ: contracts for occ, contracts in told if contracts >= 0}

    @property
    def is_stale(self) -> bool:
        """Whether its vendor's quotes are known to be of another time, and no mark at all."""
        return bool(len(self) and (self.quote_epoch_ms == 0).all())

"""Signals: what a strategy reads, decides and proposes (DOMAIN 5)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from quanticity.domain.instruments import OptionContract


class Strategy(StrEnum):
    """The four playbooks."""

    ZERO_DTE = "0DTE"
    ONE_DTE = "1DTE"
    FOURTEEN_DTE = "14DTE"
    MOC = "MOC"


class Outcome(StrEnum):
    """What became of one evaluation (DOMAIN 5.2)."""

    CONTEXT_BLOCKED = "CONTEXT_BLOCKED"
    VETO = "VETO"
    NO_DIRECTION = "NO_DIRECTION"
    COVERAGE = "COVERAGE"
    NO_CONFIRMATION = "NO_CONFIRMATION"
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    NO_CONTRACT = "NO_CONTRACT"
    CANDIDATE = "CANDIDATE"
    EMITTED = "EMITTED"
    UPDATED = "UPDATED"
    THIN_UPDATE = "THIN_UPDATE"
    DUPLICATE = "DUPLICATE"


class Acknowledgement(StrEnum):
    """What execution answers, once per terminal state (DOMAIN 5.12)."""

    FILLED = "FILLED"
    PARTIAL = "PARTIAL"
    REJECTED = "REJECTED"
    RISK_REJECTED = "RISK_REJECTED"
    STALE = "STALE"
    NO_MARKET_DATA = "NO_MARKET_DATA"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"
    ERROR = "ERROR"
    SHADOW = "SHADOW"


@dataclass(frozen=True, slots=True)
class Features:
    """One batched read for one symbol: values by the names of DOMAIN 5.1, None with a reason.

    `as_of` holds the instant of each value that has one; nothing in it is later than `at`.
    """

    symbol: str
    at: datetime
    values: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)
    as_of: dict[str, datetime] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """The value, None when missing; an unknown name is missing too."""
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Gate:
    """One test a decision had to pass, as it was seen."""

    code: str
    value: Any
    threshold: Any
    passed: bool


@dataclass(frozen=True, slots=True)
class Component:
    """One scored part: weight in points, strength s in [0, 1] or None, supported direction g."""

    name: str
    weight: float
    s: float | None
    g: int
    contribution: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What one strategy says of one symbol at one instant, with everything it looked at.

    direction is +1 bullish, -1 bearish, 0 none; confidence is a bounded rank 0-100 (None when the
    evaluation ended before it), not a probability.
    """

    strategy: Strategy
    symbol: str
    at: datetime
    outcome: Outcome
    direction: int
    confidence: float | None
    gates: tuple[Gate, ...] = ()
    vetoes: tuple[str, ...] = ()
    votes: dict[str, int] = field(default_factory=dict)
    vote_sum: int = 0
    components: tuple[Component, ...] = ()
    adjusters: dict[str, float] = field(default_factory=dict)
    confirmations: tuple[str, ...] = ()
    net_points: float | None = None
    coverage: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listed contract chosen for a decision, with the quote it was chosen on."""

    contract: OptionContract
    multiplier: int
    bid: Decimal
    ask: Decimal
    delta: float
    iv: float
    open_interest: int
    ask_size: int
    dte_sess: int
    checks: tuple[Gate, ...] = ()

    @property
    def mid(self) -> Decimal:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class Signal:
    """An admitted decision with a contract; `signal_id` is its fingerprint (DOMAIN 5.9, 5.11)."""

    signal_id: str
    strategy: Strategy
    symbol: str
    direction: int
    confidence: float
    created_at: datetime
    valid_until: datetime
    session_date: date
    contract: OptionContract
    multiplier: int
    reference_mid: Decimal
    source: str

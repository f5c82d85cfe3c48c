"""Decisions ready to be emitted, and a database file for workers that race."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analytics.signals.emit import Proposed
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import Candidate, Decision, Features, Outcome, Strategy
from tests import factories, racing


@pytest.fixture
def proposed() -> Callable[..., Proposed]:
    """A candidate of this moment: `proposed(symbol="QQQ", confidence=91.0)`."""

    def make(**changes: Any) -> Proposed:
        at = clock.now()
        values: dict[str, Any] = {
            "strategy": Strategy.ZERO_DTE, "symbol": "SPY", "at": at,
            "outcome": Outcome.CANDIDATE, "direction": 1, "confidence": 92.345,
        } | changes  # fmt: skip
        occ = changes.pop("occ", factories.OCC)
        values.pop("occ", None)
        candidate = Candidate(
            parse_occ(occ), 100, Decimal("1.99"), Decimal("2.01"), 0.45, 0.15, 20_000, 500, 0
        )
        read = Features(values["symbol"], at, {"price": 600.0}, {"vwap": "NO_DATA"}, {"price": at})
        return Proposed(
            Decision(**values), read,
            candidate if values["outcome"] is Outcome.CANDIDATE else None,
            {"mid": "2.00"}, "analytics.strategies.zero_dte",
        )  # fmt: skip

    return make


@pytest.fixture
def disk(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """An empty database in a file, for threads that race; wants the mark django_db as well."""
    with racing.on_disk(tmp_path):
        yield

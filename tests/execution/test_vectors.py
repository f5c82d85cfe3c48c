"""The golden numbers of sizing, stops and P&L, through the code in force."""

from pathlib import Path

import pytest

from execution.vectors import CHECKS
from quanticity import golden


@pytest.mark.parametrize(("kind", "least"), [("sizing", 23), ("stops", 8), ("pnl", 20)])
def test_the_golden_numbers_are_met(shared: Path, kind: str, least: int) -> None:
    tally = golden.run(shared / "vectors" / f"{kind}.json", CHECKS)

    assert tally.failures == []
    assert tally.cases >= least

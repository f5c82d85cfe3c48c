"""Production code answers every golden case of order flow and strategies."""

from pathlib import Path

import pytest

from analytics.vectors_flow import CHECKS
from quanticity import golden

KINDS = sorted({name.split("/")[0] for name in CHECKS} - {"calendar"})


@pytest.mark.parametrize("kind", KINDS)
def test_every_case_of_a_kind_matches(kind: str, shared: Path) -> None:
    tally = golden.run(shared / "vectors" / f"{kind}.json", CHECKS)

    assert tally.failures == []
    assert tally.cases > 0


def test_every_window_of_the_calendar_matches(shared: Path) -> None:
    tally = golden.run(shared / "vectors" / "calendar.json", CHECKS)

    assert [failure for failure in tally.failures if failure.got != "no check"] == []

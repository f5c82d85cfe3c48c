"""Rows of the pipeline as cells."""

from typing import Any

import pytest

from quanticity.domain.tiers import Tier
from reporting.dashboard import tables
from reporting.selectors import Load

FAILED = {"code": "C_SPREAD", "value": 3.14159, "threshold": 2.5, "passed": False}
MISSING = {
    "code": "MISSING_REQUIRED",
    "value": ["obi_l5", "price"],
    "threshold": ["price"],
    "passed": False,
}
EARLY = {
    "code": "WINDOW",
    "value": "2026-11-20T15:01:20.032Z",
    "threshold": ["2026-11-20T19:00:00.000Z", "2026-11-20T20:50:00.000Z"],
    "passed": False,
}
PASSED = {"code": "WINDOW", "value": True, "threshold": True, "passed": True}


@pytest.mark.parametrize(
    ("explanation", "text"),
    [
        pytest.param({"vetoes": ["VOL_SHOCK"], "gates": [FAILED]}, "VOL_SHOCK", id="a veto goes first"),
        pytest.param({"vetoes": [], "gates": [PASSED, FAILED]}, "C_SPREAD 3.1416, needs <= 2.5", id="the gate that failed"),
        pytest.param(
            {"vetoes": ["MISSING_REQUIRED"], "gates": [MISSING]}, "MISSING_REQUIRED obi_l5 · price", id="what is missing"
        ),
        pytest.param({"gates": [EARLY]}, "WINDOW 10:01:20, needs between 14:00:00 · 15:50:00", id="instants in New York"),
        pytest.param({"gates": [PASSED], "reasons": ["NO_VOTES"]}, "NO_VOTES", id="a reason"),
        pytest.param({}, "—", id="nothing recorded"),
    ],
)  # fmt: skip
def test_a_decision_says_why(explanation: dict[str, Any], text: str) -> None:
    assert tables.why(explanation) == text


def test_a_contract_is_written_as_people_say_it() -> None:
    assert tables.contract("SPY251121C00600000") == "SPY 21 Nov 25 600C"


def test_every_cell_has_its_column() -> None:
    table = tables.loads([Load(Tier.FREE, 1, 2, 3, 4)])

    assert [[(c.label, cell.text) for c, cell in row] for row in table.labelled()] == [
        [("Tier", "free"), ("Waiting", "1"), ("Late", "2"), ("Sent", "3"), ("Failed", "4")]
    ]

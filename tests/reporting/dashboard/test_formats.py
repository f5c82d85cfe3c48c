"""Numbers as people read them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.dashboard import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(1.24e9, "+$1.24B", id="billions"),
        pytest.param(-312_400.0, "\N{MINUS SIGN}$312.40K", id="a loss has a true minus"),
        pytest.param(8.5, "+$8.50", id="dollars"),
        pytest.param(0.0, "$0.00", id="nothing has no sign"),
        pytest.param(None, "—", id="missing"),
    ],
)
def test_dollars_are_short_and_signed(value: float | None, text: str) -> None:
    assert formats.dollars(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(3.4, "3 s", id="seconds"),
        pytest.param(60, "1 min", id="a full minute"),
        pytest.param(125, "2 min 5 s", id="minutes"),
        pytest.param(3_840, "1 h 4 min", id="hours"),
        pytest.param(None, "—", id="missing"),
    ],
)
def test_durations_have_two_units(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


def test_times_are_new_yorks() -> None:
    assert formats.time_of_day(datetime(2025, 11, 21, 19, 31, 5, tzinfo=UTC)) == "14:31:05 ET"


@given(st.floats(-1e14, 1e14))
def test_a_sign_is_never_lost(value: float) -> None:
    text = formats.dollars(value)

    assert text.startswith("\N{MINUS SIGN}") == (value < 0)
    assert text.startswith("+") == (value > 0)


@pytest.mark.parametrize("show", [formats.price, formats.ratio, formats.signed_ratio, formats.percent, formats.signed_percent, formats.count])  # fmt: skip
def test_a_missing_number_is_a_dash(show: object) -> None:
    assert show(None) == "—"  # type: ignore[operator]

"""Instants as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from quanticity.domain import clock


@pytest.mark.parametrize(
    ("later", "shown"),
    [
        pytest.param(timedelta(hours=5), "14:31:05 ET", id="the same day in UTC and New York"),
        pytest.param(timedelta(hours=8), "14:31:05 ET", id="tomorrow in UTC only"),
        pytest.param(timedelta(hours=10), "Nov 20, 14:31:05 ET", id="another day"),
    ],
)
def test_an_instant_of_another_day_names_its_day(later: timedelta, shown: str) -> None:
    at = datetime(2026, 11, 20, 19, 31, 5, tzinfo=UTC)

    assert clock.brief(at, at + later) == shown

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanticity.domain import calendar, clock
from quanticity.domain.errors import ConfigError
from quanticity.runtime import anchor


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.NEW_YORK).astimezone(UTC)


REAL_NOW = at("2026-11-22T12:00")  # a Sunday


@pytest.mark.parametrize(
    ("real_now", "expected"),
    [
        pytest.param("2026-11-22T12:00", "2026-11-20T10:00", id="Sunday: Friday's session"),
        pytest.param("2026-11-20T09:59", "2026-11-19T10:00", id="before ten: the day before"),
        pytest.param("2026-11-20T10:00", "2026-11-20T10:00", id="at ten: today"),
        pytest.param("2026-11-20T23:00", "2026-11-20T10:00", id="at night: today"),
        pytest.param("2026-11-26T12:00", "2026-11-25T10:00", id="Thanksgiving: Wednesday"),
    ],
)
def test_the_first_run_begins_in_the_latest_session(real_now, expected) -> None:
    assert anchor.opening(None, at(real_now)) == at(expected)


@pytest.mark.parametrize(
    ("stopped_at", "expected"),
    [
        pytest.param("2025-11-21T12:34:56", "2025-11-21T12:34:56", id="midday: goes on"),
        pytest.param(
            "2025-11-21T09:45", "2025-11-21T09:45", id="a quarter after the open: goes on"
        ),
        pytest.param("2025-11-21T09:44:59", "2025-11-21T10:00", id="just after the open: ten"),
        pytest.param("2025-11-21T08:00", "2025-11-21T10:00", id="before the open: ten"),
        pytest.param("2025-11-21T15:00", "2025-11-24T10:00", id="an hour to the close: Monday"),
        pytest.param("2025-11-28T11:59", "2025-11-28T11:59", id="half day: until noon"),
        pytest.param(
            "2025-11-28T12:00", "2025-12-01T10:00", id="half day after noon: next session"
        ),
        pytest.param("2025-11-27T12:00", "2025-11-28T10:00", id="holiday: next session"),
        pytest.param("2025-11-23T12:00", "2025-11-24T10:00", id="Sunday: Monday"),
    ],
)
def test_a_later_run_continues_or_jumps_forward(stopped_at, expected) -> None:
    assert anchor.opening(at(stopped_at), REAL_NOW) == at(expected)


RECORDED = [calendar.session(date(2024, 5, 3)), calendar.session(date(2024, 5, 6))]


@pytest.mark.parametrize(
    ("stopped_at", "expected"),
    [
        pytest.param("2024-05-03T11:00", "2024-05-03T11:00", id="within: goes on"),
        pytest.param("2024-05-03T16:00", "2024-05-06T09:30", id="after a close: the next open"),
        pytest.param("2024-05-01T11:00", "2024-05-03T09:30", id="before all: the first open"),
    ],
)
def test_on_a_tape_the_clock_keeps_to_its_sessions(stopped_at, expected) -> None:
    assert anchor.opening_of(RECORDED, at(stopped_at)) == at(expected)


def test_a_first_run_on_a_tape_begins_at_its_first_open(tmp_path) -> None:
    begun = anchor.begin(tmp_path, speed=1.0, start=None, real_now=REAL_NOW, recorded=RECORDED)

    assert begun.platform_at == at("2024-05-03T09:30")


def test_a_clock_beyond_the_tape_is_told_what_to_do() -> None:
    with pytest.raises(ConfigError, match="2024-05-06; another QC_VAR begins afresh"):
        anchor.opening_of(RECORDED, at("2024-05-06T16:00"))


@given(st.datetimes(datetime(2024, 1, 2), datetime(2027, 12, 1), timezones=st.just(UTC)))
def test_the_clock_never_goes_backward_and_starts_where_one_may_trade(stopped_at) -> None:
    found = anchor.opening(stopped_at, REAL_NOW)

    session = calendar.current(found)
    assert found >= stopped_at
    assert session is not None
    assert session.minutes_since_open(found) >= 15
    assert session.minutes_to_close(found) > 60


def test_a_start_before_the_last_stop_is_refused(tmp_path) -> None:
    anchor.begin(tmp_path, speed=1.0, start=at("2025-11-21T12:00"), real_now=REAL_NOW)

    with pytest.raises(ConfigError, match="--start: expected an instant after"):
        anchor.begin(tmp_path, speed=1.0, start=at("2025-11-21T11:00"), real_now=REAL_NOW)


def test_a_killed_platform_goes_on_after_its_last_row(tmp_path) -> None:
    first = anchor.begin(tmp_path, speed=60.0, start=at("2025-11-21T12:00"), real_now=REAL_NOW)
    wrote_last_at = first.at(clock.boot_seconds())

    second = anchor.begin(tmp_path, speed=1.0, start=None, real_now=REAL_NOW)

    assert second.platform_at >= wrote_last_at


def test_a_stopped_platform_goes_on_where_it_stopped(tmp_path) -> None:
    anchor.begin(tmp_path, speed=1.0, start=at("2025-11-21T12:00"), real_now=REAL_NOW)
    anchor.note(tmp_path)
    stopped_at = anchor.last(tmp_path)

    assert (
        anchor.begin(tmp_path, speed=2.0, start=None, real_now=REAL_NOW).platform_at == stopped_at
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2025-11-21T10:00", at("2025-11-21T10:00"), id="without a zone: New York"),
        pytest.param("2025-11-21T15:00Z", at("2025-11-21T10:00"), id="UTC"),
        pytest.param("2025-11-21T16:00+01:00", at("2025-11-21T10:00"), id="another zone"),
    ],
)
def test_start_is_an_instant(text, expected) -> None:
    assert anchor.parse(text) == expected


def test_what_is_no_instant_is_named() -> None:
    with pytest.raises(ConfigError, match="--start: expected an ISO instant, was 'noon'"):
        anchor.parse("noon")

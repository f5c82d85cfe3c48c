"""The connection's state from what was heard, and from what was not."""

from datetime import UTC, datetime, timedelta

import pytest

from quanticity.gateway.ibkr.health import Health, Remedy
from quanticity.gateway.ibkr.settings import Settings
from quanticity.gateway.ports import ConnectionState as State

NOON = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)  # Friday 12:00 in New York


@pytest.fixture
def health(settings_of) -> Health:
    health = Health(settings_of("gateway.ibkr", Settings))
    health.is_watching = True
    health.on_up(NOON)
    return health


def state(health: Health, seconds: float = 0.0, at: datetime = NOON) -> State:
    return health.state(at + timedelta(seconds=seconds))[0]


def test_ticks_keep_it_connected(health: Health) -> None:
    health.tick_at = NOON + timedelta(seconds=55)

    assert state(health, 60) is State.CONNECTED


def test_ten_seconds_without_a_tick_are_blindness(health: Health) -> None:
    health.tick_at = NOON

    assert [state(health, s) for s in (9.9, 10.1)] == [State.CONNECTED, State.BLIND]


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(datetime(2025, 11, 21, 13, 0, tzinfo=UTC), id="before the open"),
        pytest.param(datetime(2025, 11, 21, 21, 0, tzinfo=UTC), id="at the close"),
        pytest.param(datetime(2025, 11, 28, 18, 0, tzinfo=UTC), id="after a half day"),
        pytest.param(datetime(2025, 11, 22, 17, 0, tzinfo=UTC), id="Saturday"),
    ],
)
def test_silence_outside_regular_hours_is_normal(health: Health, at: datetime) -> None:
    health.tick_at = at - timedelta(hours=1)

    assert state(health, 0, at) is State.CONNECTED


def test_silence_counts_from_the_open(health: Health) -> None:
    opened = datetime(2025, 11, 24, 14, 30, tzinfo=UTC)

    assert [state(health, s, opened) for s in (9, 11)] == [State.CONNECTED, State.BLIND]


def test_nothing_watched_is_not_blind(health: Health) -> None:
    health.is_watching = False

    assert state(health, 3600) is State.CONNECTED


@pytest.mark.parametrize("code", [1100, 2110])
def test_a_lost_link_is_blindness_at_once(health: Health, code: int) -> None:
    health.on_code(code, "lost")

    assert state(health) is State.BLIND


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        pytest.param(1101, Remedy.RESUBSCRIBE, id="lost"),
        pytest.param(1102, Remedy.VERIFY, id="kept"),
    ],
)
def test_the_restored_link_says_what_to_do(health: Health, code: int, remedy: Remedy) -> None:
    health.on_code(1100, "lost")

    assert health.on_code(code, "restored") is remedy
    assert state(health) is State.CONNECTED


@pytest.mark.parametrize(("broken", "well"), [(2103, 2104), (2105, 2106), (2157, 2158)])
def test_a_broken_farm_degrades_until_it_is_well(health: Health, broken: int, well: int) -> None:
    health.on_code(broken, "connection is broken:usfarm")
    degraded = health.state(NOON)
    health.on_code(well, "connection is OK:usfarm")

    assert degraded == (State.DEGRADED, "broken: usfarm")
    assert state(health) is State.CONNECTED


def test_one_farm_well_does_not_heal_another(health: Health) -> None:
    health.on_code(2103, "broken:usfarm")
    health.on_code(2104, "OK:usopt")

    assert state(health) is State.DEGRADED


@pytest.mark.parametrize(
    ("local_time", "expected"),
    [
        pytest.param((4, 37), State.DISCONNECTED, id="before"),
        pytest.param((4, 40), State.RESTART_WINDOW, id="in it"),
        pytest.param((4, 52), State.RESTART_WINDOW, id="still in it"),
        pytest.param((4, 53), State.DISCONNECTED, id="after"),
    ],
)
def test_a_link_that_is_down_at_night_is_expected_to_be(
    health: Health, local_time: tuple[int, int], expected: State
) -> None:
    health.on_down()
    at = datetime(2025, 11, 22, *local_time, tzinfo=UTC)  # 23:45 in New York is 04:45

    assert state(health, 0, at) is expected

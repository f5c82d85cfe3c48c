import os

import pytest

from quanticity.store import health

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]


def test_a_sign_of_life_says_who_and_when(noon) -> None:
    health.beat("beat", lag_s=0.5)

    assert health.beats(("beat", "gateway")) == {
        "beat": {"at": "2025-11-21T17:00:00.000Z", "pid": os.getpid(), "lag_s": 0.5},
        "gateway": None,
    }


def test_its_age_is_platform_time(noon) -> None:
    health.beat("beat")
    noon.advance(12)
    life = health.beats(("beat",))["beat"]

    assert life is not None
    assert health.age_s(life["at"]) == 12.0


def test_a_silent_gateway_has_no_connection() -> None:
    assert health.connection() is None


def test_the_connection_is_as_last_written() -> None:
    health.write_connection({"state": "CONNECTED", "account": "DU1"})

    assert health.connection() == {"state": "CONNECTED", "account": "DU1"}


def test_a_hint_wakes_once_however_often_it_was_given() -> None:
    health.wake("gateway")
    health.wake("gateway")

    assert [health.wait("gateway", 0.01), health.wait("gateway", 0.01)] == [True, False]

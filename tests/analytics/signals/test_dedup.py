"""Admission's rules: ids, live lock, caps, cooldowns, thin updates (DOMAIN 5.9)."""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from analytics.models import Signal
from analytics.signals import dedup
from analytics.signals.dedup import Triple
from quanticity.config.loader import section
from quanticity.domain.signals import Strategy
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
SETTINGS = section("analytics.signals", dedup.Settings)
SPY = Triple("0DTE", "SPY", 1)


def failing(at: Any, triple: Triple = SPY, **changes: Any) -> list[str]:
    seen = dedup.gates(triple, at, replace(SETTINGS, **changes), dedup.count(triple.symbol))
    return [gate.code for gate in seen if not gate.passed]


def test_an_id_is_made_of_what_makes_the_signal_the_same() -> None:
    text = f"0DTE|SPY|1|{factories.OCC}|2025-11-21|2|sim"
    expected = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:26]

    found = dedup.signal_id(SPY, factories.OCC, factories.TODAY, 2, "sim")

    assert found == f"SG-{expected}"


@given(st.sets(st.integers(1, 99), min_size=2, max_size=9))
def test_other_episodes_have_other_ids(episodes: set[int]) -> None:
    ids = {dedup.signal_id(SPY, factories.OCC, factories.TODAY, n, "sim") for n in episodes}

    assert len(ids) == len(episodes)


def test_nothing_stands_in_the_way_of_the_first(noon: Any) -> None:
    assert failing(noon.at) == []


def test_a_live_signal_locks_its_triple(noon: Any) -> None:
    factories.signal(created_at=noon.at - timedelta(hours=1))

    assert failing(noon.at) == ["LIVE_LOCK", "CAP_STRATEGY"]


def test_a_strategy_bears_one_live_signal_in_a_symbol(noon: Any) -> None:
    factories.signal(created_at=noon.at - timedelta(hours=1))

    assert failing(noon.at, Triple("0DTE", "SPY", -1)) == ["CAP_STRATEGY"]
    assert failing(noon.at, Triple("0DTE", "SPY", -1), max_live_strategy=2) == []


def test_what_is_in_shadow_takes_no_room_from_what_is_sent(noon: Any) -> None:
    factories.signal(created_at=noon.at - timedelta(hours=1), strategy="1DTE", mode="shadow")

    assert failing(noon.at, max_live_symbol=1) == []
    assert [
        gate.code
        for gate in dedup.gates(
            SPY, noon.at, replace(SETTINGS, max_live_symbol=1), dedup.count("SPY"), mode="shadow"
        )
        if not gate.passed
    ] == ["CAP_SYMBOL"]


@pytest.mark.parametrize(
    ("trading_mode", "expected"),
    [
        pytest.param("sim", "live", id="simulated"),
        pytest.param("paper", "live", id="paper"),
        pytest.param("live", "shadow", id="real money"),
    ],
)
def test_with_real_money_a_strategy_begins_in_shadow(trading_mode: str, expected: str) -> None:
    assert SETTINGS.mode_of(Strategy.ZERO_DTE, trading_mode) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [pytest.param(29.9, ["COOLDOWN"], id="too soon"), pytest.param(30, [], id="soon enough")],
)
def test_a_triple_rests_after_a_signal(noon: Any, seconds: float, expected: list[str]) -> None:
    factories.signal(state="ended")

    assert failing(noon.at + timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(
    ("by", "seconds", "expected"),
    [
        pytest.param("STOP", 299, ["COOLDOWN_STOP"], id="stopped out just now"),
        pytest.param("STOP", 300, [], id="stopped out five minutes ago"),
        pytest.param("BACKUP_STOP", 299, ["COOLDOWN_STOP"], id="by our stop, the broker's slept"),
        pytest.param("TARGET", 299, [], id="left at the target"),
    ],
)
def test_a_triple_rests_longer_after_a_stop(
    noon: Any, by: str, seconds: float, expected: list[str]
) -> None:
    factories.signal(
        state="ended", acknowledged_by=by, ended_at=noon.at, created_at=noon.at - timedelta(hours=1)
    )

    assert failing(noon.at + timedelta(seconds=seconds)) == expected


def test_a_symbol_bears_so_many_live_signals(noon: Any) -> None:
    for n, strategy in enumerate(("1DTE", "MOC"), start=1):
        factories.signal(n, strategy=strategy, created_at=noon.at - timedelta(hours=1))

    assert failing(noon.at) == ["CAP_SYMBOL"]


def test_there_are_so_many_live_signals_in_all(noon: Any) -> None:
    for n, symbol in enumerate(("QQQ", "IWM", "AAPL"), start=1):
        factories.signal(n, symbol=symbol)

    assert failing(noon.at, max_live=3) == ["CAP_TOTAL"]


def test_rehearsals_stand_in_nobodys_way(noon: Any) -> None:
    factories.signal(probe=True)

    assert failing(noon.at) == []
    assert dedup.live_signal(SPY) is None


@pytest.mark.parametrize("state", ["live", "ended"])
def test_what_another_environment_left_stands_in_nobodys_way(noon: Any, state: str) -> None:
    factories.signal(source="paper", state=state, acknowledged_by="STOP", ended_at=noon.at)

    assert failing(noon.at) == []
    assert (dedup.live_signal(SPY), dedup.last_signal(SPY)) == (None, None)
    assert dedup.next_episode(SPY, factories.TODAY, probe=False) == 1


def test_each_environment_has_a_live_lock_of_its_own(noon: Any) -> None:
    factories.signal(1, source="paper")
    factories.signal(2)

    with pytest.raises(IntegrityError), transaction.atomic():
        factories.signal(3)


def test_episodes_count_up_within_a_session() -> None:
    factories.signal(1, state="ended", episode_seq=1)
    factories.signal(2, state="ended", episode_seq=2)
    factories.signal(3, probe=True, episode_seq=9)

    assert dedup.next_episode(SPY, factories.TODAY, probe=False) == 3
    assert dedup.next_episode(SPY, factories.TODAY + timedelta(days=3), probe=False) == 1


@pytest.mark.parametrize(
    ("before", "now", "thin"),
    [
        pytest.param(92.0, 94.9, True, id="less than 5 %"),
        pytest.param(92.0, 96.7, False, id="more than 5 %"),
        pytest.param(40.0, 42.9, True, id="less than 3 points"),
        pytest.param(40.0, 37.0, False, id="3 points less"),
    ],
)
def test_a_small_change_is_thin(before: float, now: float, thin: bool) -> None:
    assert dedup.is_thin(before, now, SETTINGS) is thin


def test_what_was_counted_is_in_the_gates(noon: Any) -> None:
    factories.signal(created_at=noon.at - timedelta(seconds=10))

    seen = {
        gate.code: gate.value for gate in dedup.gates(SPY, noon.at, SETTINGS, dedup.count("SPY"))
    }

    assert (seen["LIVE_LOCK"], seen["CAP_SYMBOL"], seen["COOLDOWN"]) == (True, 1, 10.0)
    assert Signal.objects.count() == 1

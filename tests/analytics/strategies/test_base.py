"""Hours and common gates of all strategies (DOMAIN 5.2, 5.3)."""

from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from analytics.strategies import base, fourteen_dte, moc, one_dte, zero_dte
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.signals import Features

PLAYBOOKS = [zero_dte, one_dte, fourteen_dte, moc]
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
FRESH = {
    "age_s": 1.0,
    "blind_300s_s": 0.0,
    "chain_quality": "OK",
    "chain_delayed": False,
    "price": 600.0,
}
LIMITS = base.Freshness(max_age_s=15, max_blind_s=15)


def settings(module: ModuleType) -> Any:
    return section(f"analytics.strategies.{module.__name__.rpartition('.')[2]}", module.Settings)


def vetoes(**changed: Any) -> list[str]:
    gates = base.common_gates(Features("SPY", AT, FRESH | changed), ("price",), LIMITS)
    return [gate.code for gate in gates if not gate.passed]


@pytest.mark.parametrize("module", PLAYBOOKS)
@pytest.mark.parametrize(
    "day",
    [date(2025, 11, 21), date(2025, 11, 28), date(2025, 3, 10)],
    ids=["whole day", "half day", "after the clocks changed"],
)
def test_a_window_is_half_open_and_inside_the_session(module: ModuleType, day: date) -> None:
    session = calendar.session(day)
    start, end = base.window(settings(module), session)

    def is_open(at: datetime) -> bool:
        return all(
            gate.passed
            for gate in base.context_gates(settings(module), settings(module).symbols[0], at)
        )

    assert session.open_at < start < end < session.close_at
    assert is_open(start)
    assert not is_open(end)
    assert not is_open(start - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("symbol", "at", "code"),
    [
        pytest.param("GME", AT, "SYMBOL", id="not ours"),
        pytest.param("SPY", AT + timedelta(hours=12), "SESSION", id="at night"),
        pytest.param("SPY", AT + timedelta(days=1), "SESSION", id="on a Saturday"),
        pytest.param("SPY", AT.replace(hour=14, minute=31), "WINDOW", id="too early"),
    ],
)
def test_a_failed_context_says_which(symbol: str, at: datetime, code: str) -> None:
    gates = base.context_gates(settings(zero_dte), symbol, at)

    assert next(gate.code for gate in gates if not gate.passed) == code


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, [], id="all fresh"),
        pytest.param({"age_s": 15.0}, [], id="just fresh enough"),
        pytest.param({"age_s": 15.1}, ["STALE"], id="too old"),
        pytest.param({"age_s": None}, ["STALE"], id="age unknown"),
        pytest.param({"blind_300s_s": 15.1}, ["BLIND"], id="blind"),
        pytest.param({"blind_300s_s": None}, ["BLIND"], id="blindness unknown"),
        pytest.param({"chain_quality": "INVALID"}, ["CHAIN_INVALID"], id="chain invalid"),
        pytest.param({"chain_quality": "DEGRADED"}, [], id="chain degraded"),
        pytest.param({"chain_quality": None}, ["CHAIN_INVALID"], id="no chain"),
        pytest.param({"chain_delayed": True}, ["CHAIN_INVALID"], id="chain delayed"),
        pytest.param({"price": None}, ["MISSING_REQUIRED"], id="required feature missing"),
        pytest.param(
            {"age_s": None, "price": None}, ["STALE", "MISSING_REQUIRED"], id="all are asked"
        ),
    ],
)
def test_common_vetoes(changed: dict[str, Any], expected: list[str]) -> None:
    assert vetoes(**changed) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.5, 1), (-0.5, -1), (0.0, 0), (None, 0)])
def test_a_sign_is_never_guessed(value: float | None, expected: int) -> None:
    assert base.sign(value) == expected


def test_a_distance_needs_both_prices() -> None:
    assert base.distance_pct(101, 100) == pytest.approx(1)
    assert base.distance_pct(None, 100) is None
    assert base.distance_pct(101, None) is None

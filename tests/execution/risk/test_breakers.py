"""Breakers fire at an edge, hold their scope, and end as their kind does (DOMAIN 6.15)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.risk import breakers, trips
from execution.risk.breakers import Facts, State, evaluate
from execution.risk.trips import Breaker, Relief, effective, rearmed, risk_multiplier
from quanticity.config.loader import section
from quanticity.domain.orders import TradingState

SETTINGS = section("execution.breakers", breakers.Settings)
AT = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
CALM = Facts(
    at=AT,
    day_pnl_usd=Decimal(-100),
    start_of_day_usd=Decimal(100_000),
    drawdown_frac=Decimal("0.01"),
    loss_streaks={"0DTE": 2},
    losing_sessions_n=2,
    regime_shock_onset=False,
    spy_5m_sd=1.2,
    errors_300s_n=9,
    anomalies_60s={"SPY": 2, "0DTE": 4, "global": 9},
    strategies=frozenset({"0DTE", "1DTE", "14DTE", "MOC"}),
    overfilled_n=0,
    oversold_n=0,
    oldest_unknown_s=59,
    unclean_runs_n=1,
    blind_with_positions_s=60,
    var_frac=Decimal("0.05"),
    worst_stress_frac=Decimal("0.08"),
)


def tripped(**changes: Any) -> tuple[trips.Trip, ...]:
    return evaluate(State(), replace(CALM, **changes), SETTINGS).trips


def test_just_below_every_limit_nothing_fires() -> None:
    assert tripped() == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"day_pnl_usd": Decimal(-1_000)}, [("DAILY_LOSS_WARN", "global", "ACTIVE")], id="1 % lost"),
        pytest.param(
            {"day_pnl_usd": Decimal(-1_500)},
            [("DAILY_LOSS_REDUCE", "global", "REDUCING"), ("DAILY_LOSS_WARN", "global", "ACTIVE")], id="1.5 % lost",
        ),
        pytest.param(
            {"day_pnl_usd": Decimal(-2_000)},
            [("DAILY_LOSS", "global", "HALTED"), ("DAILY_LOSS_REDUCE", "global", "REDUCING"), ("DAILY_LOSS_WARN", "global", "ACTIVE")],
            id="2 % lost",
        ),
        pytest.param({"drawdown_frac": Decimal("0.08")}, [("DRAWDOWN_WARN", "global", "ACTIVE")], id="8 % down"),
        pytest.param(
            {"drawdown_frac": Decimal("0.10")},
            [("DRAWDOWN", "global", "HALTED"), ("DRAWDOWN_WARN", "global", "ACTIVE")], id="10 % down",
        ),
        pytest.param({"loss_streaks": {"MOC": 3}}, [("LOSS_STREAK", "MOC", "REDUCING")], id="three lost"),
        pytest.param({"loss_streaks": {"MOC": 5}}, [("LOSS_STREAK_LONG", "MOC", "REDUCING")], id="five lost"),
        pytest.param({"losing_sessions_n": 3}, [("LOSING_SESSIONS", "global", "ACTIVE")], id="three losing sessions"),
        pytest.param({"regime_shock_onset": True}, [("VOL_SPIKE", "global", "REDUCING")], id="shock"),
        pytest.param({"spy_5m_sd": 3.1}, [("VOL_SPIKE", "global", "REDUCING")], id="a large move"),
        pytest.param({"errors_300s_n": 10}, [("SYSTEM_ERRORS", "global", "HALTED")], id="errors"),
        pytest.param({"anomalies_60s": {"SPY": 3}}, [("ORDER_ANOMALIES", "SPY", "HALTED")], id="three in a symbol"),
        pytest.param({"anomalies_60s": {"0DTE": 5}}, [("ORDER_ANOMALIES", "0DTE", "HALTED")], id="five in a strategy"),
        pytest.param({"anomalies_60s": {"global": 10}}, [("ORDER_ANOMALIES", "global", "HALTED")], id="ten in all"),
        pytest.param({"overfilled_n": 1}, [("OVERFILLED", "global", "HALTED")], id="overfill"),
        pytest.param({"oversold_n": 1}, [("OVERSOLD", "global", "HALTED")], id="sold beyond holding"),
        pytest.param({"oldest_unknown_s": 61}, [("ORDER_UNKNOWN", "global", "HALTED")], id="unknown for a minute"),
        pytest.param({"unclean_runs_n": 2}, [("UNCLEAN", "global", "REDUCING")], id="unclean twice"),
        pytest.param({"blind_with_positions_s": 61}, [("BLIND", "global", "REDUCING")], id="blind"),
        pytest.param({"var_frac": Decimal("0.051")}, [("VALUE_AT_RISK", "global", "REDUCING")], id="value at risk"),
        pytest.param({"worst_stress_frac": Decimal("0.081")}, [("STRESS", "global", "REDUCING")], id="stress"),
    ],
)  # fmt: skip
def test_at_its_limit_a_breaker_fires(
    changes: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    assert [(t.breaker, t.scope, t.state) for t in tripped(**changes)] == expected


def test_unknown_money_trips_nothing_here_because_the_gate_denies_it() -> None:
    assert tripped(day_pnl_usd=None, drawdown_frac=None, start_of_day_usd=None) == ()


def test_a_breaker_fires_once_per_trip() -> None:
    lost = replace(CALM, loss_streaks={"MOC": 3})
    first = evaluate(State(), lost, SETTINGS)

    assert evaluate(State(first.trips, first.latched), lost, SETTINGS).trips == ()
    assert evaluate(State((), first.latched), lost, SETTINGS).trips == ()


def test_a_breaker_fires_again_after_its_condition_has_gone() -> None:
    lost = replace(CALM, loss_streaks={"MOC": 3})
    first = evaluate(State(), lost, SETTINGS)
    calm = evaluate(State((), first.latched), CALM, SETTINGS)

    assert [t.scope for t in evaluate(State((), calm.latched), lost, SETTINGS).trips] == ["MOC"]


@pytest.mark.parametrize(
    ("changes", "relief", "over"),
    [
        pytest.param({"loss_streaks": {"MOC": 3}}, {"at": AT + timedelta(seconds=1_799)}, False, id="timer runs"),
        pytest.param({"loss_streaks": {"MOC": 3}}, {"at": AT + timedelta(seconds=1_800)}, True, id="timer over"),
        pytest.param({"loss_streaks": {"MOC": 5}}, {"at": AT + timedelta(hours=9)}, False, id="five wait for a session"),
        pytest.param({"loss_streaks": {"MOC": 5}}, {"at": AT, "session_rolled": True}, True, id="a new session"),
        pytest.param({"errors_300s_n": 10}, {"at": AT + timedelta(days=9), "session_rolled": True}, False, id="only an operator"),
        pytest.param({"unclean_runs_n": 2}, {"at": AT, "clean_run": True}, True, id="a clean run"),
        pytest.param({"losing_sessions_n": 3}, {"at": AT, "won_session": True}, True, id="a winning session"),
        pytest.param({"blind_with_positions_s": 90}, {"at": AT, "sighted": True}, True, id="sight is back"),
    ],
)  # fmt: skip
def test_a_trip_ends_as_its_kind_does(
    changes: dict[str, Any], relief: dict[str, Any], over: bool
) -> None:
    held = tripped(**changes)

    assert (rearmed(held, Relief(**relief)) == held) is over


def test_the_most_severe_state_counts() -> None:
    held = tripped(loss_streaks={"MOC": 3})

    assert effective(["MOC"], {}, held) is TradingState.REDUCING
    assert effective(["0DTE"], {}, held) is TradingState.ACTIVE
    assert effective(["MOC"], {"global": TradingState.HALTED}, held) is TradingState.HALTED


def test_the_multiplier_is_the_smallest_not_the_product() -> None:
    held = tripped(day_pnl_usd=Decimal(-1_000), drawdown_frac=Decimal("0.08"))

    assert risk_multiplier(held) == Decimal("0.5")
    assert risk_multiplier(()) == 1


def test_every_breaker_can_fire() -> None:
    worst = tripped(
        day_pnl_usd=Decimal(-9_000), drawdown_frac=Decimal("0.5"), loss_streaks={"MOC": 3, "0DTE": 5},
        losing_sessions_n=9, regime_shock_onset=True, errors_300s_n=99, anomalies_60s={"SPY": 9},
        overfilled_n=1, oversold_n=1, oldest_unknown_s=61, unclean_runs_n=9,
        blind_with_positions_s=999, var_frac=Decimal(1), worst_stress_frac=Decimal(1),
    )  # fmt: skip

    assert {t.breaker for t in worst} == set(Breaker)

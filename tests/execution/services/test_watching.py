"""Breakers on real rows: they trip once, hold what they hold, and end as their kind does."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import (
    AccountValues,
    BookRisk,
    BreakerLatch,
    BreakerTrip,
    Notice,
    Order,
    OrderEvent,
    Position,
    Reconciliation,
    RiskEvent,
)
from execution.services import breaker_facts, broker, watching
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.market import Bar
from quanticity.models import AuditEntry
from quanticity.store import keys, market
from quanticity.store.client import client
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
DAY = Decimal(1_000_000)
Turned = Callable[..., None]


def lost(net: str, n: int = 1, **changes: Any) -> Position:
    return desks.closed(n, net=net, **changes)


def names() -> list[str]:
    return sorted(f"{t.breaker} {t.scope}" for t in selectors.holding_trips())


def test_on_a_quiet_morning_nothing_trips() -> None:
    assert watching.watch() == []
    assert selectors.trading_state("0DTE", "SPY") == "ACTIVE"
    assert selectors.risk_multiplier("0DTE", "SPY") == 1


def test_a_lost_percent_makes_stakes_smaller() -> None:
    lost("-10000")

    watching.watch()

    assert names() == ["DAILY_LOSS_WARN global"]
    assert selectors.trading_state("0DTE", "SPY") == "ACTIVE"
    assert selectors.risk_multiplier("0DTE", "SPY") == Decimal("0.7")


def test_two_lost_percent_halt_everything_and_leave_it() -> None:
    held = desks.held(2)
    lost("-20001")

    watching.watch()

    held.refresh_from_db()
    assert selectors.trading_state("MOC", "QQQ") == "HALTED"
    assert (held.state, held.exit_wanted) == ("CLOSING", "FLATTEN")
    assert Notice.objects.get().kind == "HALT"


def test_flattening_on_a_daily_loss_is_a_choice(turned: Turned) -> None:
    turned("execution.watching.flatten_on_daily_loss", value=False)
    held = desks.held(2)
    lost("-20001")

    watching.watch()

    held.refresh_from_db()
    assert held.state == "OPEN"


def test_a_trip_leaves_its_row_its_event_and_its_entry_in_the_trail() -> None:
    lost("-20001")

    watching.watch()

    trip = BreakerTrip.objects.get(breaker="DAILY_LOSS")
    assert (trip.value, trip.threshold, trip.rearm) == ("0.020001", "0.02", "OPERATOR")
    assert RiskEvent.objects.filter(code="DAILY_LOSS").count() == 1
    assert AuditEntry.objects.filter(actor="breaker", action="breaker tripped").count() == 3


def test_looking_again_trips_nothing_again() -> None:
    lost("-20001")
    watching.watch()

    assert watching.watch() == []
    assert BreakerTrip.objects.count() == 3


def test_working_entries_of_the_scope_are_cancelled() -> None:
    intent = factories.intent(7)
    Order.objects.filter(intent=intent).update(state="WORKING")
    lost("-20001")

    watching.watch()

    assert Order.objects.get(intent=intent, role="E").cancel_wanted_at is not None
    assert Order.objects.get(intent=intent, role="S").cancel_wanted_at is None


def test_nothing_unsent_leaves_while_a_breaker_holds() -> None:
    lost("-15000")
    watching.watch()
    factories.intent(7)

    assert broker.take_submissions(1, 1) == []


def test_a_daily_loss_stands_until_the_next_session(world: Any) -> None:
    lost("-20001")
    watching.watch()
    trip = BreakerTrip.objects.get(breaker="DAILY_LOSS")

    with pytest.raises(MalformedInput, match="next session"):
        watching.release(trip.pk, actor="ada", reason="too soon")

    world.at += timedelta(days=3)
    watching.watch()
    assert names() == ["DAILY_LOSS global"]
    watching.release(trip.pk, actor="ada", reason="slept over it")
    assert (names(), selectors.trading_state("0DTE", "SPY")) == ([], "ACTIVE")


def test_a_release_wants_a_reason() -> None:
    lost("-15000")
    watching.watch()

    with pytest.raises(MalformedInput, match="reason"):
        watching.release(BreakerTrip.objects.first().pk, actor="ada", reason=" ")


def test_a_released_breaker_waits_until_its_condition_has_gone(world: Any) -> None:
    AccountValues.objects.update(equity_usd=DAY * Decimal("0.89"))
    watching.watch()
    warn = BreakerTrip.objects.get(breaker="DRAWDOWN_WARN")
    watching.release(warn.pk, actor="ada", reason="seen")

    assert watching.watch() == []


def test_a_released_drawdown_is_measured_from_where_equity_is() -> None:
    AccountValues.objects.update(equity_usd=DAY * Decimal("0.89"))
    watching.watch()

    watching.release(
        BreakerTrip.objects.get(breaker="DRAWDOWN").pk, actor="ada", reason="new start"
    )

    account = AccountValues.objects.get()
    assert account.high_water_usd == account.equity_usd
    watching.watch()
    assert BreakerLatch.objects.count() == 0


def test_three_losses_cool_a_strategy_and_no_other(world: Any) -> None:
    for n in range(1, 4):
        lost("-10", n)

    watching.watch()

    assert names() == ["LOSS_STREAK 0DTE"]
    assert selectors.trading_state("0DTE", "SPY") == "REDUCING"
    assert selectors.trading_state("1DTE", "SPY") == "ACTIVE"
    world.advance(1_801)
    watching.watch()
    assert names() == []


def test_a_win_between_losses_begins_the_count_anew() -> None:
    for n, net in enumerate(["-10", "-10", "5", "-10"], start=1):
        lost(net, n)

    assert watching.watch() == []


def test_five_losses_cool_it_until_the_next_session(world: Any) -> None:
    for n in range(1, 6):
        lost("-10", n)

    watching.watch()

    assert names() == ["LOSS_STREAK_LONG 0DTE"]
    world.at += timedelta(days=3)
    watching.watch()
    assert names() == []


def test_three_losing_sessions_halve_stakes_until_one_wins(world: Any) -> None:
    for n in range(3):
        desks.session_result(n + 1, "-5")
    watching.watch()
    assert selectors.risk_multiplier("0DTE", "SPY") == Decimal("0.5")

    world.advance(60)
    desks.session_result(0, "7")
    watching.watch()

    assert selectors.risk_multiplier("0DTE", "SPY") == 1


@pytest.mark.parametrize(
    ("rejected", "halted"),
    [
        pytest.param(2, [], id="two are bad luck"),
        pytest.param(3, ["ORDER_ANOMALIES SPY"], id="three halt the symbol"),
        pytest.param(5, ["ORDER_ANOMALIES 0DTE", "ORDER_ANOMALIES SPY"], id="five the strategy"),
    ],
)
def test_rejects_halt_what_they_concern(rejected: int, halted: list[str]) -> None:
    for n in range(1, rejected + 1):
        reject(n)

    watching.watch()

    assert names() == halted


def test_ten_rejects_halt_everything() -> None:
    for n in range(1, 11):
        reject(n)

    watching.watch()

    assert selectors.trading_state("14DTE", "IWM") == "HALTED"


def test_rejects_of_a_minute_ago_are_forgotten(world: Any) -> None:
    for n in range(1, 4):
        reject(n)
    world.advance(61)
    desks.account_now()

    assert watching.watch() == []


def test_an_order_unknown_for_a_minute_halts(world: Any) -> None:
    intent = factories.intent()
    Order.objects.filter(intent=intent, role="E").update(
        state="UNKNOWN", unknown_since_at=clock.now() - timedelta(seconds=61)
    )

    watching.watch()

    assert names() == ["ORDER_UNKNOWN global"]


def test_while_the_link_is_down_an_unknown_order_is_no_wonder() -> None:
    factories.link(state="DISCONNECTED", since_at=clock.now().isoformat())
    intent = factories.intent()
    Order.objects.filter(intent=intent, role="E").update(
        state="UNKNOWN", unknown_since_at=clock.now() - timedelta(seconds=61)
    )

    assert watching.watch() == []


def test_a_sale_beyond_holding_halts() -> None:
    Position.objects.filter(pk=desks.held().pk).update(quantity_open=-1)

    watching.watch()

    assert names() == ["OVERSOLD global"]


def test_two_unclean_comparisons_reduce_and_a_clean_one_ends_it(world: Any) -> None:
    world.advance(1)
    factories.reconciled(is_clean=False)
    watching.watch()
    assert names() == []

    world.advance(1)
    factories.reconciled(is_clean=False)
    watching.watch()
    assert names() == ["UNCLEAN global"]

    world.advance(30)
    factories.reconciled()
    watching.watch()
    assert names() == []


def test_a_blind_minute_with_positions_reduces_until_we_see(world: Any) -> None:
    desks.held()
    factories.link(state="BLIND", since_at=(clock.now() - timedelta(seconds=61)).isoformat())
    watching.watch()
    assert names() == ["BLIND global"]

    factories.link()
    watching.watch()
    assert names() == []


@pytest.mark.parametrize(
    ("marked_s", "found"),
    [
        pytest.param(59, [], id="what we hold is seen"),
        pytest.param(61, ["BLIND global"], id="what we hold is not"),
    ],
)
def test_a_broken_farm_is_blindness_when_it_tells_what_we_hold(
    marked_s: float, found: list[str]
) -> None:
    seen = clock.now() - timedelta(seconds=marked_s)
    Position.objects.filter(pk=desks.held().pk).update(marked_at=seen, mark_price=2)
    factories.link(state="DEGRADED", since_at=(clock.now() - timedelta(seconds=181)).isoformat())

    watching.watch()

    assert names() == found


def test_three_blind_minutes_are_told_once(world: Any) -> None:
    desks.held()
    factories.link(state="BLIND", since_at=(clock.now() - timedelta(seconds=181)).isoformat())

    watching.watch()
    world.advance(10)
    watching.watch()

    assert RiskEvent.objects.filter(code="BLIND", threshold="CRITICAL").count() == 1


def test_blind_without_positions_is_nobodys_loss() -> None:
    factories.link(state="BLIND", since_at=(clock.now() - timedelta(seconds=61)).isoformat())

    assert watching.watch() == []


def test_a_silent_gateway_is_blind_since_its_last_comparison(world: Any) -> None:
    desks.held()
    client().delete(keys.connection().name)
    Reconciliation.objects.update(at=clock.now() - timedelta(seconds=61))

    watching.watch()

    assert names() == ["BLIND global"]


def told() -> list[tuple[str, str]]:
    return list(Notice.objects.order_by("pk").values_list("kind", "text"))


def test_an_outage_that_lasts_is_told_once_and_its_end_once(world: Any) -> None:
    factories.link(
        state="DISCONNECTED",
        has_orders=False,
        since_at=(clock.now() - timedelta(seconds=170)).isoformat(),
    )
    watching.watch()
    assert told() == []

    world.advance(11)
    watching.watch()
    watching.watch()
    assert [kind for kind, _ in told()] == ["OUTAGE"]
    assert "since 10:" in told()[0][1]

    factories.link()
    watching.watch()
    watching.watch()
    assert [kind for kind, _ in told()] == ["OUTAGE", "OUTAGE_OVER"]


def test_a_link_that_never_was_lost_or_is_lost_at_night_is_told_to_nobody(world: Any) -> None:
    factories.link()
    watching.watch()
    world.advance(11 * 3_600)
    factories.link(state="BLIND", since_at=(clock.now() - timedelta(seconds=600)).isoformat())
    watching.watch()

    assert told() == []


@pytest.mark.parametrize("state", ["DEGRADED", "BLIND"])
def test_data_that_are_silent_while_orders_go_are_no_outage(state: str) -> None:
    since_at = (clock.now() - timedelta(seconds=400)).isoformat()
    factories.link(state=state, has_orders=True, since_at=since_at)
    watching.watch()

    assert told() == []


def test_ten_failed_tasks_halt() -> None:
    for _ in range(10):
        watching.record_error("execution.book_intent", "KeyError: 'x'")

    watching.watch()

    assert names() == ["SYSTEM_ERRORS global"]


def test_a_shock_reduces_for_a_quarter_of_an_hour(world: Any) -> None:
    factories.reading("volatility", {"regime": "SHOCK", "since_at": clock.now().isoformat()})
    watching.watch()
    assert names() == ["VOL_SPIKE global"]

    world.advance(901)
    watching.watch()

    assert names() == []


def test_the_stress_grid_of_an_empty_book_is_calm() -> None:
    watching.watch()

    assert BookRisk.objects.get().worst_usd == 0


def test_a_book_that_could_lose_too_much_reduces_until_it_is_smaller() -> None:
    held = desks.held(quantity=1_000)
    watching.watch()
    assert "STRESS global" in names()

    Position.objects.filter(pk=held.pk).update(quantity_open=3)
    watching.watch()
    assert names() == []


def test_a_day_that_cannot_be_priced_is_watched_by_equity_and_says_so() -> None:
    held = desks.held()
    Position.objects.filter(pk=held.pk).update(marked_at=clock.now() - timedelta(seconds=61))
    AccountValues.objects.update(equity_usd=DAY - 20_000)

    watching.watch()

    assert "DAILY_LOSS global" in names()
    assert RiskEvent.objects.filter(code="DAY_UNPRICED", threshold="HIGH").count() == 1


def test_rehearsals_neither_make_a_streak_nor_end_one() -> None:
    for n in range(1, 4):
        lost("-100", n)
    probe = desks.closed(4, net="500")
    Position.objects.filter(pk=probe.pk).update(probe=True)
    watching.watch()
    assert names() == ["LOSS_STREAK 0DTE"]

    Position.objects.exclude(pk=probe.pk).update(probe=True)
    assert breaker_facts.gather().loss_streaks["0DTE"] == 0


def test_the_last_move_is_no_part_of_what_it_is_measured_by(turned: Turned) -> None:
    turned("execution.watching.min_moves_n", value=4)
    moves = [0.001, -0.001, 0.001, -0.001, 0.0031]
    opens = clock.now().replace(minute=0, second=0, microsecond=0)
    bars = [
        Bar("SPY", opens + timedelta(minutes=5 * n), 600, 600, 600, 600 * (1 + move), 1, None)
        for n, move in enumerate(moves)
    ]
    market.replace_bars("SPY", "5min", bars)

    assert breaker_facts.gather().spy_5m_sd == pytest.approx(3.1)


def test_without_a_store_money_is_watched_on(settings: Any) -> None:
    lost("-20001")
    settings.REDIS_URL = "unix:///tmp/qc-no-such-store.sock"
    client.cache_clear()

    trips = watching.watch()

    assert "DAILY_LOSS" in {str(trip.breaker) for trip in trips}


def reject(n: int) -> None:
    intent = factories.intent(100 + n, signal_changes={"state": "ended"})
    Order.objects.filter(intent=intent).update(state="REJECTED")
    for ref in intent.orders.values_list("pk", flat=True):
        OrderEvent.objects.create(
            order_ref=ref, kind="order", body={"status": "REJECTED"}, at=clock.now()
        )

"""From a signal to committed orders or a denial, once (DOMAIN 6.2, 6.6)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from redis.exceptions import RedisError

from analytics import selectors as analytics
from execution import selectors
from execution.models import AccountValues, Order, OrderIntent, Reconciliation, RiskEvent
from execution.services import opening, operating
from quanticity.domain import clock
from quanticity.domain.orders import TradingState
from quanticity.domain.signals import Acknowledgement
from quanticity.store import health, market
from quanticity.store.client import client
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


def opened(**changes: Any) -> OrderIntent:
    row = factories.signal(reference={"mid": str(factories.mid())}, **changes)
    return OrderIntent.objects.get(pk=opening.open_position(row.pk))


def test_an_allowed_signal_is_committed_with_its_bracket() -> None:
    intent = opened()

    assert (intent.state, intent.denied_by) == ("SUBMITTING", "")
    assert set(intent.orders.values_list("role", "state")) == {
        ("E", "RECORDED"), ("T", "RECORDED"), ("S", "RECORDED")
    }  # fmt: skip


def test_its_numbers_are_on_the_intent() -> None:
    intent = opened()
    entry = intent.orders.get(role="E")

    assert intent.quantity == entry.quantity > 0
    assert intent.limit_price == entry.limit_price
    assert intent.stop_price == intent.orders.get(role="S").stop_price < intent.limit_price
    assert intent.target_price == intent.orders.get(role="T").limit_price > intent.limit_price
    assert intent.arrival_mid == pytest.approx(factories.mid(), abs=Decimal("0.001"))


def test_children_hang_on_the_entry_and_have_its_size() -> None:
    intent = opened()
    entry = intent.orders.get(role="E")

    for child in intent.orders.exclude(role="E"):
        assert (child.parent_ref, child.side, child.quantity) == (entry.pk, "SELL", entry.quantity)


def test_the_same_signal_twice_is_one_intent() -> None:
    row = factories.signal(reference={"mid": str(factories.mid())})

    assert opening.open_position(row.pk) == opening.open_position(row.pk)
    assert (OrderIntent.objects.count(), Order.objects.count()) == (1, 3)


def spoil_link() -> None:
    factories.link(state="BLIND")


def spoil_quote() -> None:
    client().delete(f"market:opt:{factories.OCC}:quote")


def spoil_account() -> None:
    AccountValues.objects.update(at=factories.NOON - timedelta(hours=2))


def spoil_reconciliation() -> None:
    Reconciliation.objects.update(is_clean=False)


def spoil_funds() -> None:
    AccountValues.objects.update(available_usd=0, buying_power_usd=0)


def spoil_chain() -> None:
    client().delete("chain:SPY:current")


def halt() -> None:
    operating.halt(actor="test", reason="test")


def reduce() -> None:
    operating.set_state("0DTE", TradingState.REDUCING, actor="test", reason="test")


def lose_money() -> None:
    AccountValues.objects.update(high_water_usd=2_000_000)


DENIALS = [
    pytest.param(halt, "STATE_HALTED", "RISK_REJECTED", id="halted"),
    pytest.param(reduce, "STATE_REDUCING", "RISK_REJECTED", id="strategy reducing"),
    pytest.param(spoil_link, "NOT_CONNECTED", "RISK_REJECTED", id="link blind"),
    pytest.param(spoil_reconciliation, "NOT_RECONCILED", "RISK_REJECTED", id="books disagree"),
    pytest.param(spoil_quote, "NO_MARKET_DATA", "NO_MARKET_DATA", id="no quote"),
    pytest.param(spoil_account, "ACCOUNT_STALE", "RISK_REJECTED", id="old account"),
    pytest.param(spoil_chain, "CONTRACT_AMBIGUOUS", "RISK_REJECTED", id="no chain"),
    pytest.param(lose_money, "DRAWDOWN", "RISK_REJECTED", id="drawdown"),
    pytest.param(spoil_funds, "ZERO_SIZE", "RISK_REJECTED", id="no funds, seen after sizing"),
]


def shrink_account() -> None:
    AccountValues.objects.update(equity_usd=100_000, start_of_day_usd=100_000, high_water_usd=1)


def test_no_room_under_a_greek_limit_is_said_by_its_own_name_and_numbers() -> None:
    shrink_account()

    intent = opened()

    denial = RiskEvent.objects.get()
    assert (intent.denied_by, denial.code) == ("GREEK_LIMIT", "GREEK_LIMIT")
    assert float(denial.value) > float(denial.threshold)


@pytest.mark.parametrize(("spoil", "code", "answer"), DENIALS)
def test_a_denial_is_a_row_an_end_and_an_answer(
    spoil: Callable[[], None], code: str, answer: str
) -> None:
    spoil()

    intent = opened()

    assert (intent.state, intent.denied_by, intent.orders.count()) == ("BLOCKED", code, 0)
    assert RiskEvent.objects.get().code == code
    assert [(a.acknowledgement, a.code, a.ended) for a in selectors.owed_answers(9)] == [
        (Acknowledgement(answer), code, True)
    ]


def test_every_rule_that_ran_is_kept_with_its_numbers() -> None:
    halt()

    codes = [check["code"] for check in opened().checks]

    assert codes[0] == "STATE_HALTED"
    assert len(codes) > 25


def test_a_stale_signal_is_denied(world: Any) -> None:
    row = factories.signal(reference={"mid": str(factories.mid())})
    world.advance(5.1)

    intent = OrderIntent.objects.get(pk=opening.open_position(row.pk))

    assert (intent.denied_by, selectors.answer_of(intent).acknowledgement) == (
        "SIGNAL_STALE", Acknowledgement.STALE,
    )  # fmt: skip


def test_a_signal_from_another_price_is_denied() -> None:
    row = factories.signal(reference={"mid": str(factories.mid() * 2)})

    assert OrderIntent.objects.get(pk=opening.open_position(row.pk)).denied_by == "PRICE_MOVED"


def test_a_second_entry_of_the_strategy_waits_for_the_first() -> None:
    opened()

    second = opened(n=2, direction=1, state="ended")

    assert (second.state, second.denied_by) == ("BLOCKED", "MAX_PENDING")


def test_a_rehearsal_gets_no_more_than_it_asks_for() -> None:
    assert opened(probe=True, contracts_wanted=1).quantity == 1


def test_a_rehearsal_gets_no_more_than_the_rules_allow() -> None:
    allowed = opened().quantity
    Order.objects.all().delete()
    OrderIntent.objects.all().delete()

    assert opened(n=2, state="ended", probe=True, contracts_wanted=10_000).quantity == allowed


def test_a_crash_before_the_commit_leaves_no_order_and_an_answer_is_owed(
    world: Any, settings: Any
) -> None:
    row = factories.signal(reference={"mid": str(factories.mid())})
    settings.REDIS_URL = "unix:///tmp/qc-no-such-store.sock"
    client.cache_clear()
    with pytest.raises(RedisError):
        opening.open_position(row.pk)
    world.advance(31)

    given_up = opening.give_up_unfinished(timedelta(seconds=30))

    assert (given_up, Order.objects.count()) == (1, 0)
    assert [(a.acknowledgement, a.ended) for a in selectors.owed_answers(9)] == [
        (Acknowledgement.STALE, True)
    ]


def test_a_claim_that_is_being_worked_on_is_not_given_up() -> None:
    opened(n=1)
    OrderIntent.objects.update(state="CHECKED")

    assert opening.give_up_unfinished(timedelta(seconds=30)) == 0


@pytest.mark.parametrize(
    "spoil", [pytest.param(int, id="allowed"), pytest.param(halt, id="denied")]
)
def test_a_worker_that_slept_does_not_wake_a_given_up_intent(
    world: Any, spoil: Callable[[], Any]
) -> None:
    row = factories.signal(reference={"mid": str(factories.mid())})
    order = analytics.signal_order(row.pk)
    intent = opening._claim(order)
    assert intent is not None
    OrderIntent.objects.update(created_at=world.at - timedelta(seconds=31))
    opening.give_up_unfinished(timedelta(seconds=30))
    spoil()

    opening.pursue(intent, order)

    now = OrderIntent.objects.get()
    assert (now.state, now.denied_by, Order.objects.count()) == ("BLOCKED", "SIGNAL_STALE", 0)
    assert RiskEvent.objects.count() == 0


def test_the_gateway_is_woken_when_orders_are_committed(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        opened()

    assert health.wait("gateway", 0.01)


def test_no_wide_quote_is_bought() -> None:
    market.write_contract_quotes([factories.quote(bid=1.0, ask=3.0)])

    assert opened().denied_by == "SPREAD_TOO_WIDE"


class SlowDisk:
    """A database that takes its time over each order, on a machine whose seconds it counts."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s, self.now_s = takes_s, 1_000.0

    def seconds(self) -> float:
        return self.now_s

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        self.now_s += self.takes_s * sql.startswith('INSERT INTO "execution_order"')
        return execute(sql, *rest)


@pytest.mark.parametrize(
    ("takes_s", "state", "denied_by"),
    [
        pytest.param(0.4, "SUBMITTING", "", id="quick"),
        pytest.param(0.6, "BLOCKED", "SLOW_COMMIT", id="slow"),
    ],
)
def test_an_entry_that_is_committed_too_slowly_is_denied(
    monkeypatch: pytest.MonkeyPatch, takes_s: float, state: str, denied_by: str
) -> None:
    disk = SlowDisk(takes_s)
    monkeypatch.setattr(clock, "boot_seconds", disk.seconds)
    with connection.execute_wrapper(disk):
        intent = opened()

    assert (intent.state, intent.denied_by) == (state, denied_by)
    assert intent.orders.exists() is not bool(denied_by)
    assert [row.code for row in RiskEvent.objects.all()] == [denied_by] * bool(denied_by)

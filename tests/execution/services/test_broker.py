"""The gateway's side of the rows: claims that happen once, facts that mean the same in any order."""

import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from execution import selectors
from execution.models import Commission, Fill, Order, OrderEvent, OrderIntent
from execution.services import broker, costs, operating
from quanticity import leases
from quanticity.domain import clock
from quanticity.domain.orders import OrderUpdate, TradingState
from tests import factories
from tests.factories import fill, ref, update
from tests.racing import in_two_threads

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


def sent(**changes: Any) -> OrderIntent:
    """An intent whose three orders work at the broker."""
    intent = factories.intent(**changes)
    broker.take_submissions(1, 1)
    for role in "ETS":
        broker.record_order(update(ref(intent, role), "WORKING", 0.1))
    return intent


# --- submissions ---------------------------------------------------------------------------------


def test_a_chain_is_claimed_parent_first_and_stop_last() -> None:
    intent = factories.intent()

    (chain,) = broker.take_submissions(7, 1)

    assert [one.ticket.order_ref for one in chain] == [ref(intent, role) for role in "ETS"]
    assert [one.order_id for one in chain] == [1, 2, 3]
    assert set(intent.orders.values_list("state", "epoch")) == {("SENDING", 7)}


def test_a_claimed_chain_is_not_claimed_again() -> None:
    factories.intent()
    broker.take_submissions(1, 1)

    assert broker.take_submissions(1, 1) == []


def test_a_process_paused_past_its_lease_sends_nothing() -> None:
    intent = factories.intent()
    leases.hold("gateway", "the one that woke up late", 0.0)
    leases.hold("gateway", "its successor", 60.0)

    assert broker.take_submissions(1, 1) == []
    assert set(intent.orders.values_list("state", flat=True)) == {"RECORDED"}


def test_an_entry_whose_signal_grew_old_never_leaves(noon: Any) -> None:
    intent = factories.intent()
    noon.advance(5.1)

    assert broker.take_submissions(1, 1) == []
    assert set(intent.orders.values_list("state", flat=True)) == {"EXPIRED"}


def test_the_first_sending_is_dated() -> None:
    intent = factories.intent()
    broker.take_submissions(1, 1)

    intent.refresh_from_db()
    assert intent.recorded_at <= intent.first_sent_at == clock.now()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(1, [1, 2, 3, 4, 5, 6], id="a fresh broker"),
        pytest.param(500, [500, 501, 502, 503, 504, 505], id="the broker is ahead"),
    ],
)
def test_ids_rise_and_never_return(told: int, expected: list[int]) -> None:
    factories.intent(1)
    first = broker.take_submissions(1, told)
    factories.intent(2, signal_changes={"direction": -1})
    second = broker.take_submissions(1, 1)  # a broker that rolled its counter back (E12)

    assert [one.order_id for chain in first + second for one in chain] == expected


def test_ids_of_dead_orders_are_not_reused() -> None:
    factories.intent(1)
    broker.take_submissions(1, 40)
    Order.objects.update(state="REJECTED")
    factories.intent(2, signal_changes={"direction": -1})

    (chain,) = broker.take_submissions(1, 1)

    assert chain[0].order_id == 43


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(lambda: operating.halt(actor="a", reason="r"), id="halted"),
        pytest.param(lambda: state("global", "HALTED"), id="halted by row"),
        pytest.param(lambda: state("global", "REDUCING"), id="reducing"),
        pytest.param(lambda: state("0DTE", "HALTED"), id="strategy halted"),
        pytest.param(lambda: state("SPY", "REDUCING"), id="symbol reducing"),
    ],
)
def test_no_entry_leaves_unless_trading_is_active(stop: Callable[[], Any]) -> None:
    factories.intent()
    stop()

    assert broker.take_submissions(1, 1) == []


def test_an_entry_recorded_while_stopped_never_leaves_not_even_after_a_resume() -> None:
    state("0DTE", "HALTED")
    intent = factories.intent()
    assert broker.unsent_parents(entries=True) == []

    state("0DTE", "ACTIVE")

    assert broker.take_submissions(1, 1) == []
    assert set(intent.orders.values_list("state", flat=True)) == {"EXPIRED"}


def state(scope: str, name: str) -> None:
    operating.set_state(scope, TradingState(name), actor="a", reason="r")


def test_an_exit_leaves_while_halted() -> None:
    intent = sent()
    exit_order = factories.order(intent, "X", "SELL", parent_ref="", limit_price=Decimal("2.00"))
    operating.halt(actor="a", reason="r")

    ((one,),) = broker.take_submissions(1, 1)

    assert one.ticket.order_ref == exit_order.pk


def test_halting_ends_what_was_never_sent() -> None:
    intent = factories.intent()

    operating.halt(actor="a", reason="r")

    assert set(intent.orders.values_list("state", flat=True)) == {"EXPIRED"}


def test_an_entry_too_old_to_send_never_goes(noon: Any) -> None:
    intent = factories.intent()
    noon.advance(31)  # the link was down when it was recorded

    assert broker.take_submissions(1, 1) == []
    assert set(intent.orders.values_list("state", flat=True)) == {"EXPIRED"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("disk")
def test_two_gateways_claim_each_chain_once() -> None:
    for n in range(1, 6):
        factories.intent(n, signal_changes={"direction": n, "state": "ended"})

    claimed = in_two_threads(lambda: broker.take_submissions(1, 1))

    ids = [one.order_id for chain in claimed for one in chain]
    assert len(claimed) == 5
    assert sorted(ids) == list(range(1, 16))


# --- amendments and cancellations ----------------------------------------------------------------


def test_a_wanted_price_is_taken_once() -> None:
    intent = sent()
    Order.objects.filter(role="E").update(wanted_limit=Decimal("2.05"))

    (one,) = broker.take_amendments(1)

    assert (one.ticket.order_ref, one.ticket.limit_price) == (ref(intent, "E"), Decimal("2.05"))
    assert broker.take_amendments(1) == []


def test_a_wanted_stop_is_taken_once() -> None:
    sent()
    Order.objects.filter(role="S").update(wanted_stop=Decimal("1.20"))

    assert [one.ticket.stop_price for one in broker.take_amendments(1)] == [Decimal("1.20")]
    assert broker.take_amendments(1) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"state": "UNKNOWN"}, id="in doubt"),
        pytest.param({"state": "FILLED"}, id="over"),
        pytest.param({"oca_group": "QC-1"}, id="in an OCA group"),
        pytest.param({"cancel_wanted_at": factories.NOON}, id="being cancelled"),
    ],
)
def test_only_a_working_order_is_amended(changes: dict[str, Any]) -> None:
    sent()
    Order.objects.filter(role="E").update(wanted_limit=Decimal("2.05"), **changes)

    assert broker.take_amendments(1) == []


def test_a_cancellation_is_taken_once() -> None:
    intent = sent()
    Order.objects.filter(role="E").update(cancel_wanted_at=clock.now())

    assert broker.take_cancels(1) == [(ref(intent, "E"), 1)]
    assert broker.take_cancels(1) == []


def test_an_unanswered_cancellation_goes_again_after_five_seconds(noon: Any) -> None:
    sent()
    Order.objects.filter(role="E").update(cancel_wanted_at=clock.now())
    broker.take_cancels(1)
    noon.advance(5.1)

    assert (broker.take_back_unsent_cancels(), len(broker.take_cancels(1))) == (1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("disk")
def test_two_gateways_cancel_and_amend_once() -> None:
    sent()
    Order.objects.filter(role="E").update(cancel_wanted_at=clock.now())
    Order.objects.filter(role="S").update(wanted_stop=Decimal("1.20"))

    assert len(in_two_threads(lambda: broker.take_cancels(1))) == 1
    assert len(in_two_threads(lambda: broker.take_amendments(1))) == 1


# --- what the broker says of orders --------------------------------------------------------------


def order_row(order_ref: str) -> dict[str, Any]:
    return Order.objects.filter(pk=order_ref).values().get()


SAID = {
    "filled at last": ["PENDING", "WORKING", "WORKING", "FILLED"],
    "cancelled": ["WORKING", "PENDING", "CANCELLED", "CANCELLED"],
    "rejected": ["PENDING", "REJECTED"],
    "lost and found": ["WORKING", "UNKNOWN", "WORKING"],
    "lost": ["WORKING", "PENDING", "UNKNOWN"],
    "cancel crossed a fill": ["WORKING", "CANCELLED", "FILLED"],
}


@pytest.mark.parametrize(
    ("statuses", "final"),
    [pytest.param(statuses, statuses[-1], id=name) for name, statuses in SAID.items()],
)
def test_updates_in_any_order_end_in_the_same_row(statuses: list[str], final: str) -> None:
    intent = factories.intent()
    broker.take_submissions(1, 1)
    entry = ref(intent, "E")
    said = [update(entry, status, n, error_code=n or None) for n, status in enumerate(statuses)]
    before = Order.objects.get(pk=entry)

    ends = []
    for permuted in itertools.permutations(said):
        before.save()
        OrderEvent.objects.all().delete()
        tell(permuted)
        ends.append(order_row(entry))

    assert all(end == ends[0] for end in ends)
    assert (ends[0]["state"], ends[0]["seen_at"]) == (final, said[0].at)


def tell(updates: Sequence[OrderUpdate]) -> None:
    for one in updates:
        broker.record_order(one)


@pytest.mark.parametrize("ended", ["FILLED", "CANCELLED", "REJECTED", "EXPIRED"])
@pytest.mark.parametrize("late", ["WORKING", "UNKNOWN", "PENDING"])
def test_a_late_word_never_revives_an_ended_order(ended: str, late: str) -> None:
    intent = sent()
    Order.objects.filter(role="E").update(state=ended)

    broker.record_order(update(ref(intent, "E"), late, 9))

    assert order_row(ref(intent, "E"))["state"] == ended


def test_a_sell_that_its_group_reduced_unheard_owes_no_more_than_it_sold() -> None:
    intent = sent()
    target = ref(intent, "T")

    broker.record_order(update(target, "FILLED", 2, side="SELL", filled=1))
    broker.record_fill(fill(target, -1, "3.50", 2))

    row = Order.objects.get(pk=target)
    assert (row.state, row.quantity) == ("FILLED", 1)
    assert not selectors.awaits_sales(intent.pk)


def test_an_order_in_doubt_that_is_seen_again_begins_its_count_anew() -> None:
    intent = sent()
    Order.objects.filter(role="E").update(state="UNKNOWN", looked_for=1)

    broker.record_order(update(ref(intent, "E"), "WORKING", 9))

    row = order_row(ref(intent, "E"))
    assert (row["state"], row["looked_for"], row["unknown_since_at"]) == ("WORKING", 0, None)


def test_what_is_said_of_a_strangers_order_is_kept_and_changes_nothing() -> None:
    broker.record_order(update("", "WORKING"))

    assert (OrderEvent.objects.count(), Order.objects.count()) == (1, 0)


def test_a_refused_chain_is_rejected_with_its_reason() -> None:
    intent = factories.intent()
    broker.take_submissions(1, 1)

    broker.refuse([ref(intent, role) for role in "ETS"], "no such contract")

    assert set(intent.orders.values_list("state", "error")) == {("REJECTED", "no such contract")}


def test_doubt_touches_only_what_was_being_sent() -> None:
    intent = sent()
    Order.objects.filter(role="S").update(state="SENDING")

    broker.doubt([ref(intent, role) for role in "ETS"], "cut")

    assert list(Order.objects.filter(state="UNKNOWN").values_list("role", "error")) == [
        ("S", "cut")
    ]


def test_a_restart_doubts_what_was_being_sent() -> None:
    intent = factories.intent()
    broker.take_submissions(1, 1)

    assert broker.doubt_unanswered() == 3
    assert set(intent.orders.values_list("state", flat=True)) == {"UNKNOWN"}
    assert broker.take_submissions(1, 1) == []


# --- executions and their costs ------------------------------------------------------------------


def test_the_same_execution_three_times_is_one_row() -> None:
    intent = sent()
    bought = fill(ref(intent, "E"), 3, "2.00")

    assert [broker.record_fill(bought) for _ in range(3)] == [True, False, False]
    assert (Fill.objects.count(), OrderEvent.objects.filter(kind="fill").count()) == (1, 1)


def test_a_correction_is_a_row_of_its_own() -> None:
    intent = sent()
    broker.record_fill(fill(ref(intent, "E"), 3, "2.00", exec_id="0001.01"))

    assert broker.record_fill(fill(ref(intent, "E"), 2, "2.05", exec_id="0001.02"))
    assert list(Fill.objects.order_by("revision").values_list("base_exec_id", "revision")) == [
        ("0001", 1), ("0001", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(None, id="not said"),
        pytest.param(Decimal("1.7976931348623157e308"), id="unset double"),
        pytest.param(Decimal("NaN"), id="not a number"),
        pytest.param(Decimal(999), id="implausible"),
    ],
)
def test_a_sentinel_is_no_cost(raw: Decimal | None) -> None:
    intent = sent()
    bought = fill(ref(intent, "E"), 3, "2.00")
    broker.record_fill(bought)

    assert costs.record_commission(bought.exec_id, raw, "USD") == intent.pk

    row = Commission.objects.get()
    assert (row.status, row.commission_usd, row.rebate_usd) == ("PENDING", None, None)


def test_a_cost_in_another_currency_is_pending() -> None:
    costs.record_commission("e1.01", Decimal("1.95"), "EUR")

    assert Commission.objects.get().status == "PENDING"


@pytest.mark.parametrize(
    ("raw", "cost", "rebate"),
    [pytest.param("1.95", "1.95", "0", id="cost"), pytest.param("-0.40", "0", "0.40", id="rebate")],
)
def test_a_believable_cost_is_kept(raw: str, cost: str, rebate: str) -> None:
    costs.record_commission("e1.01", Decimal(raw), "USD")

    row = Commission.objects.get()
    assert (row.commission_usd, row.rebate_usd) == (Decimal(cost), Decimal(rebate))


def test_a_late_sentinel_does_not_unsay_a_cost() -> None:
    costs.record_commission("e1.01", Decimal("1.95"), "USD")

    costs.record_commission("e1.01", None, "")

    row = Commission.objects.get()
    assert (row.status, row.commission_usd) == ("OK", Decimal("1.95"))


def test_a_cost_may_come_before_its_execution() -> None:
    intent = sent()
    bought = fill(ref(intent, "E"), 3, "2.00")

    assert costs.record_commission(bought.exec_id, Decimal("1.95"), "USD") == ""
    broker.record_fill(bought)

    assert Commission.objects.get(pk=Fill.objects.get().pk).status == "OK"

"""Booking: the same facts in any order end in the same rows, to the cent and to the contract."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from execution import selectors
from execution.models import Commission, Fill, Order, OrderEvent, OrderIntent, Position
from execution.services import booking, broker, costs
from quanticity.domain.orders import Fill as Execution
from tests import factories
from tests.factories import fill, ref, update

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
Fact = Callable[[], Any]


class Trade:
    """One intent whose orders are at the broker, and facts about it as functions to be told."""

    def __init__(self, quantity: int = 3) -> None:
        self.intent = factories.intent(quantity=quantity)
        broker.take_submissions(1, 1)

    def said(self, role: str, status: str, second: float, **changes: Any) -> Fact:
        """The broker says a status."""
        return lambda: broker.record_order(
            update(ref(self.intent, role), status, second, **changes)
        )

    def execution(
        self, role: str, quantity: int, price: str, second: float, **changes: Any
    ) -> Execution:
        """An execution of one of its orders."""
        return fill(ref(self.intent, role), quantity, price, second, **changes)

    def filled(self, *args: Any, **changes: Any) -> Fact:
        """The broker reports an execution."""
        return lambda: broker.record_fill(self.execution(*args, **changes))

    def cost(self, usd: str | None, *args: Any, **changes: Any) -> Fact:
        """The broker reports what an execution cost."""
        raw = None if usd is None else Decimal(usd)
        exec_id = self.execution(*args, **changes).exec_id
        return lambda: costs.record_commission(exec_id, raw, "USD")

    def tell(self, facts: Iterable[Fact], *, book_each: bool = True) -> None:
        """Tell facts in this order, booking as each comes or only at the end."""
        for fact in facts:
            fact()
            if book_each:
                booking.book(self.intent.pk)
        booking.book(self.intent.pk)

    def position(self) -> Position:
        """Its position as the rows have it now."""
        return Position.objects.get(intent=self.intent)

    def kinds(self) -> list[str]:
        """Its events, in the order they were numbered."""
        return list(self.position().events.order_by("seq").values_list("kind", flat=True))

    def rows(self) -> dict[str, Any]:
        """Everything the facts amount to, but for what depends on when we heard of them."""
        position = Position.objects.filter(intent=self.intent)
        fields = {f.attname for f in Position._meta.concrete_fields} - {
            "naked_ms",
            "naked_since_at",
        }
        events = [
            (e.seq, e.kind, e.clock_at, {k: v for k, v in e.facts.items() if k != "commission_usd"})
            for e in self.position().events.order_by("seq")
        ]
        return {
            "intent": OrderIntent.objects.values().get(), "position": position.values(*fields).get(),
            "orders": list(Order.objects.order_by("pk").values(*ORDER_FACTS)),
            "fills": list(Fill.objects.order_by("pk").values()), "events": events,
        }  # fmt: skip


# What we wished on the way depends on it; what the broker did does not.
WISHES = {"wanted_limit", "wanted_stop", "wanted_quantity", "cancel_wanted_at"}
ORDER_FACTS = {f.attname for f in Order._meta.concrete_fields} - WISHES

E1, E2 = ("E", 1, "2.00", 1), ("E", 2, "2.03", 2)
OUT = ("T", -3, "3.50", 60)


def full_trade(trade: Trade) -> list[Fact]:
    """Entry in two executions, out at the target, every word of the broker."""
    return [
        trade.said("E", "WORKING", 0.5), trade.said("S", "WORKING", 0.6),
        trade.filled(*E1), trade.cost("0.65", *E1), trade.filled(*E2), trade.cost("1.30", *E2),
        trade.said("E", "FILLED", 2.1, filled=3), trade.filled(*OUT), trade.cost("1.95", *OUT),
        trade.said("T", "FILLED", 60.1, filled=3), trade.said("S", "CANCELLED", 60.2),
    ]  # fmt: skip


def test_a_full_trade_to_the_cent() -> None:
    trade = Trade()

    trade.tell(full_trade(trade))

    row = trade.position()
    assert (row.state, row.quantity_open, row.quantity_total) == ("CLOSED", 0, 3)
    assert (row.entry_price, row.exit_price) == (Decimal("2.0200"), Decimal("3.5000"))
    # 3 x 350 - (200 + 2 x 203) - 6 x 0.65
    assert (row.realised_net_usd, row.commission_usd) == (Decimal("440.10"), Decimal("3.90"))
    assert (row.exit_reason, row.naked_ms) == ("TARGET", 0)


def test_it_is_told_once_in_and_once_out() -> None:
    trade = Trade()
    trade.tell(full_trade(trade))

    booking.book_owed()
    booking.book(trade.intent.pk)

    events = list(trade.position().events.order_by("seq"))
    assert [(e.seq, e.kind) for e in events] == [(1, "ENTRY"), (2, "EXIT")]
    assert events[0].clock_at < events[1].clock_at
    assert events[1].facts["realised_net_usd"] == "440.10"
    assert (events[1].facts["result"], events[1].facts["holding_s"]) == ("WIN", 59.0)


def told_in_a_savepoint(
    make: Callable[[Trade], Sequence[Fact]], order: Sequence[int], *, book_each: bool
) -> Any:
    with transaction.atomic():
        trade = Trade()
        facts = make(trade)
        trade.tell([facts[n] for n in order], book_each=book_each)
        rows = trade.rows()
        transaction.set_rollback(True)
    return rows


@pytest.fixture
def in_order() -> dict[str, Any]:
    """The rows of a full trade whose facts came as they happened."""
    return dict(told_in_a_savepoint(full_trade, range(11), book_each=True))


@given(order=st.permutations(range(11)), book_each=st.booleans())
@budget(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_all_facts_ends_in_the_same_rows(
    in_order: dict[str, Any], order: list[int], book_each: bool
) -> None:
    assert told_in_a_savepoint(full_trade, order, book_each=book_each) == in_order


def essentials(trade: Trade) -> list[Fact]:
    return [
        trade.filled("E", 3, "2.00", 1), trade.said("E", "FILLED", 1.1, filled=3),
        trade.filled("S", -3, "0.98", 30), trade.said("S", "FILLED", 30.1, filled=3),
        trade.cost("1.95", "E", 3, "2.00", 1), trade.cost("1.95", "S", -3, "0.98", 30),
    ]  # fmt: skip


def test_orders_of_the_essential_facts_all_end_in_the_same_rows() -> None:
    ends = [
        told_in_a_savepoint(essentials, order, book_each=True)
        for order in list(itertools.permutations(range(6)))[::24]
    ]

    assert all(end == ends[0] for end in ends)
    assert [e[1] for e in ends[0]["events"]] == ["ENTRY", "EXIT"]


def callbacks(trade: Trade) -> list[Fact]:
    """openOrder, orderStatus, execDetails and commissionReport of one filled entry."""
    bought = ("E", 3, "2.00", 1)
    return [
        trade.said("E", "WORKING", 0.5), trade.said("E", "FILLED", 1.1, filled=3),
        trade.filled(*bought), trade.cost("1.95", *bought),
    ]  # fmt: skip


@pytest.mark.parametrize("twice", [None, 1, 2], ids=["once", "status again", "fill again"])
def test_every_order_of_the_four_callbacks_ends_in_the_same_rows(twice: int | None) -> None:
    facts = [*range(4), *([] if twice is None else [twice])]
    orders = sorted(set(itertools.permutations(facts)))

    ends = [told_in_a_savepoint(callbacks, order, book_each=True) for order in orders]

    assert len(orders) == (24 if twice is None else 60)
    assert all(end == ends[0] for end in ends)
    assert ends[0]["position"]["state"] == "OPEN"


def corrected(trade: Trade) -> list[Fact]:
    """A fill, the correction of its price, its cost late and as a sentinel, and the status."""
    first, again = ("E", 3, "2.00", 1), ("E", 3, "2.05", 1)
    ids = {"exec_id": "0001.01"}, {"exec_id": "0001.02"}
    return [
        trade.said("E", "FILLED", 1.1, filled=3), trade.filled(*first, **ids[0]),
        trade.filled(*again, **ids[1]), trade.cost(None, *again, **ids[1]),
        trade.cost("1.95", *again, **ids[1]),
    ]  # fmt: skip


@pytest.mark.parametrize("twice", [None, 1, 2, 4], ids=["once", "fill", "correction", "cost"])
def test_every_order_of_a_corrected_fill_with_a_late_cost_is_the_same_trade(
    twice: int | None,
) -> None:
    facts = [*range(5), *([] if twice is None else [twice])]
    orders = sorted(set(itertools.permutations(facts)))
    told = orders if twice is None else orders[::6]

    ends = [told_in_a_savepoint(corrected, order, book_each=True) for order in told]

    trades = [{**end["position"], "events_n": 0} for end in ends]
    assert all(one == trades[0] for one in trades)
    assert (trades[0]["entry_price"], trades[0]["commission_usd"]) == (
        Decimal("2.05"), Decimal("1.95"),
    )  # fmt: skip
    assert all(
        (end["intent"], end["orders"]) == (ends[0]["intent"], ends[0]["orders"]) for end in ends
    )


@pytest.mark.parametrize("repeats", [2, 3])
def test_repeated_facts_change_nothing(repeats: int) -> None:
    trade = Trade()
    facts = full_trade(trade)
    trade.tell(facts)
    before = trade.rows()

    trade.tell(facts * (repeats - 1))

    assert trade.rows() == before


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([-3], id="at once"),
        pytest.param([-1, -2], id="in two"),
        pytest.param([-1, -1, -1], id="one by one"),
    ],
)
def test_splitting_fills_changes_no_cent(parts: list[int]) -> None:
    trade = Trade()
    out = [("S", n, "0.95", 30 + at) for at, n in enumerate(parts)]
    costs = [trade.cost(str(Decimal("0.65") * -n), *one) for n, one in zip(parts, out, strict=True)]
    trade.tell([trade.filled("E", 3, "2.00", 1), trade.cost("1.95", "E", 3, "2.00", 1)])

    trade.tell([*(trade.filled(*one) for one in out), *costs])

    row = trade.position()
    assert (row.realised_net_usd, row.exit_price) == (Decimal("-318.90"), Decimal("0.95"))
    assert (row.state, row.exit_reason, trade.kinds()) == ("CLOSED", "STOP", ["ENTRY", "EXIT"])


def test_a_correction_replaces_what_it_corrects() -> None:
    trade = Trade()
    trade.tell([trade.filled("E", 3, "2.00", 1, exec_id="0001.01")])

    trade.tell([trade.filled("E", 3, "2.10", 1, exec_id="0001.02")])

    row = trade.position()
    assert (row.quantity_open, row.entry_price) == (3, Decimal("2.10"))


def test_a_lower_revision_that_comes_late_is_ignored() -> None:
    trade = Trade()

    trade.tell(
        [
            trade.filled("E", 3, "2.10", 1, exec_id="0001.02"),
            trade.filled("E", 2, "2.00", 1, exec_id="0001.01"),
        ]
    )

    assert (trade.position().quantity_open, trade.position().entry_price) == (3, Decimal("2.10"))


def test_an_entry_that_is_cancelled_after_a_part_is_a_trade_of_that_part() -> None:
    trade = Trade()

    trade.tell(
        [
            trade.said("E", "WORKING", 0.5), trade.filled(*E1),
            trade.said("E", "CANCELLED", 20, filled=1),
        ]
    )  # fmt: skip

    row = trade.position()
    assert (row.state, row.quantity_open, row.quantity_total) == ("OPEN", 1, 1)
    assert trade.kinds() == ["ENTRY"]
    assert row.events.get().facts["quantity"] == 1
    answer = selectors.answer_of(OrderIntent.objects.get())
    assert (answer.acknowledgement, answer.ended) == ("PARTIAL", False)


def test_an_entry_that_never_filled_is_no_trade() -> None:
    trade = Trade()

    trade.tell([trade.said("E", "WORKING", 0.5), trade.said("E", "CANCELLED", 20)])

    intent = OrderIntent.objects.get()
    assert (intent.state, intent.owes_acknowledgement, Position.objects.count()) == (
        "CANCELLED", True, 0,
    )  # fmt: skip


def test_a_status_adds_no_quantity() -> None:
    trade = Trade()

    trade.tell([trade.said("E", "FILLED", 1, filled=3)])

    assert (Position.objects.count(), Order.objects.get(role="E").filled) == (0, 0)
    assert OrderIntent.objects.get().state == "WORKING"


def test_an_entry_is_told_only_when_all_its_executions_are_here() -> None:
    trade = Trade()

    trade.tell([trade.said("E", "FILLED", 2.1, filled=3), trade.filled(*E1)])
    assert trade.kinds() == []

    trade.tell([trade.filled(*E2)])
    assert trade.position().events.get().facts["quantity"] == 3


def test_a_cancelled_entry_waits_for_the_executions_it_spoke_of() -> None:
    trade = Trade()

    trade.tell([trade.said("E", "CANCELLED", 20, filled=1)])
    assert Position.objects.count() == 0

    trade.tell([trade.filled(*E1)])
    assert trade.kinds() == ["ENTRY"]


@pytest.mark.parametrize(
    ("role", "reason"),
    [pytest.param("S", "STOP", id="stop"), pytest.param("T", "TARGET", id="target")],
)
def test_the_order_that_sold_says_why(role: str, reason: str) -> None:
    trade = Trade()

    trade.tell([trade.filled("E", 3, "2.00", 1), trade.filled(role, -3, "2.50", 9)])

    assert trade.position().exit_reason == reason


def test_what_sold_is_the_reason_whatever_was_decided() -> None:
    trade = Trade()
    trade.tell([trade.filled("E", 3, "2.00", 1)])
    Position.objects.update(exit_wanted="TIME")

    trade.tell([trade.filled("T", -3, "2.50", 9)])

    assert trade.position().exit_reason == "TARGET"


def test_selling_more_than_was_held_is_quarantined() -> None:
    trade = Trade()

    trade.tell([trade.filled("E", 3, "2.00", 1), trade.filled("S", -4, "2.50", 9)])

    assert (trade.position().state, trade.position().quantity_open) == ("QUARANTINED", -1)


def test_booking_does_not_lift_a_quarantine() -> None:
    trade = Trade()
    trade.tell([trade.filled("E", 3, "2.00", 1)])
    Position.objects.update(state="QUARANTINED")

    booking.book_owed()

    assert trade.position().state == "QUARANTINED"


@pytest.mark.parametrize(
    ("kinds", "usd", "seconds"),
    [
        pytest.param(["ENTRY"], None, 4, id="an exit waits for its commission"),
        pytest.param(["ENTRY", "EXIT"], "1.95", 4, id="and is told when it comes"),
        pytest.param(["ENTRY", "EXIT"], None, 66, id="or when it has waited long enough"),
    ],
)
def test_when_an_exit_is_told(noon: Any, kinds: list[str], usd: str | None, seconds: float) -> None:
    trade = Trade()
    noon.advance(60)
    trade.tell(
        [
            trade.filled("E", 3, "2.00", 1), trade.cost("1.95", "E", 3, "2.00", 1),
            trade.filled(*OUT), trade.cost(usd, *OUT),
        ]
    )  # fmt: skip

    noon.advance(seconds)
    booking.book_owed()

    assert trade.kinds() == kinds


def test_a_pending_cost_leaves_the_result_open() -> None:
    trade = Trade()

    trade.tell([trade.filled("E", 3, "2.00", 1), trade.filled(*OUT), trade.cost(None, *OUT)])

    row = trade.position()
    assert (row.commission_usd, row.realised_net_usd) == (None, None)


def test_a_late_cost_completes_the_result() -> None:
    trade = Trade()
    trade.tell([trade.filled("E", 3, "2.00", 1), trade.filled(*OUT), trade.cost("1.95", *OUT)])

    trade.tell([trade.cost("1.95", "E", 3, "2.00", 1)])

    assert trade.position().realised_net_usd == Decimal("446.10")
    assert Commission.objects.count() == 2


BOUGHT = ("E", 3, "2.00", 1)


def out_without_its_cost(noon: Any) -> Trade:
    trade = Trade()
    noon.advance(60)
    trade.tell([trade.filled(*BOUGHT), trade.cost("1.95", *BOUGHT), trade.filled(*OUT)])
    noon.advance(6)
    booking.book_owed()
    return trade


def test_an_exit_told_before_its_cost_is_provisional(noon: Any) -> None:
    trade = out_without_its_cost(noon)

    facts = trade.position().events.get(kind="EXIT").facts
    # 3 x 150 less the entry's 1.95, the only cost that is known
    assert (facts["provisional"], facts["realised_net_usd"]) == (True, "448.05")
    assert (facts["commission_usd"], facts["result"]) == (None, "WIN")


def test_when_the_cost_comes_the_final_figures_are_told_however_small(noon: Any) -> None:
    trade = out_without_its_cost(noon)

    trade.tell([trade.cost("1.95", *OUT)])
    booking.book_owed()

    assert trade.kinds() == ["ENTRY", "EXIT", "CORRECTION"]
    facts = trade.position().events.get(kind="CORRECTION").facts
    assert (facts["provisional"], facts["was"]["provisional"]) == (False, True)
    assert (facts["realised_net_usd"], facts["commission_usd"]) == ("446.10", "3.90")
    assert facts["reason"] == "All costs are known: what was told as #2 is now final."


def test_an_exit_with_all_its_costs_is_final(noon: Any) -> None:
    trade = Trade()
    trade.tell(full_trade(trade))

    assert trade.position().events.get(kind="EXIT").facts["provisional"] is False


def test_a_part_told_before_its_cost_is_provisional_and_told_again(noon: Any) -> None:
    trade = Trade()
    part_out = ("T", -1, "3.50", 60)
    noon.advance(60)
    trade.tell([trade.filled(*BOUGHT), trade.cost("1.95", *BOUGHT)])
    Order.objects.filter(role="T").update(quantity=1)
    trade.tell([trade.filled(*part_out)])
    noon.advance(6)
    booking.book_owed()
    part = trade.position().events.get(kind="SCALE_OUT").facts

    trade.tell([trade.cost("0.65", *part_out)])

    # 150 less a third of 1.95, of what cost 200.65; then less the sale's own 0.65
    assert (part["provisional"], part["realised_net_usd"]) == (True, "149.35")
    assert part["return_frac"] == str(round(Decimal("149.35") / Decimal("200.65"), 6))
    final = trade.position().events.get(kind="CORRECTION").facts
    assert (final["provisional"], final["realised_net_usd"]) == (False, "148.70")


def test_time_without_a_working_stop_is_added_up(noon: Any) -> None:
    trade = Trade()
    trade.tell([trade.filled("E", 3, "2.00", 0)])
    noon.advance(2)
    trade.tell([trade.said("S", "WORKING", 2)])
    noon.advance(5)

    booking.book(trade.intent.pk)

    assert (trade.position().naked_ms, trade.position().naked_since_at) == (2_000, None)


def test_a_stop_that_works_from_the_start_leaves_no_naked_time(noon: Any) -> None:
    trade = Trade()
    trade.tell([trade.said("S", "WORKING", 0), trade.filled("E", 3, "2.00", 1)])
    noon.advance(30)

    booking.book(trade.intent.pk)

    assert trade.position().naked_ms == 0


def test_trades_of_a_day_are_numbered() -> None:
    first = Trade()
    first.tell([first.filled("E", 3, "2.00", 1)])
    other = factories.intent(2, signal_changes={"direction": -1})
    broker.record_fill(fill(ref(other, "E"), 3, "2.00", 5, exec_id="other.01"))

    booking.book(other.pk)

    assert list(Position.objects.order_by("pk").values_list("pk", flat=True)) == [
        "T-20251121-001", "T-20251121-002",
    ]  # fmt: skip


def test_every_word_of_the_broker_is_kept() -> None:
    trade = Trade()

    trade.tell(
        [trade.said("E", "PENDING", 0.1), trade.said("E", "WORKING", 0.2), trade.filled(*E1)]
    )

    told = OrderEvent.objects.filter(kind__in=("fill", "order"))
    assert sorted(told.values_list("kind", flat=True)) == ["fill", "order", "order"]

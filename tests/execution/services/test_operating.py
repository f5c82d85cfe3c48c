"""What operators do: each act has a reason, an effect of once, and its line in the trail."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from execution.holds import Notice
from execution.models import Approval, Order, OrderIntent, Quarantine
from execution.services import broker, opening, operating
from quanticity.domain.errors import MalformedInput
from quanticity.models import AuditEntry
from quanticity.store import market
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
Turned = Callable[..., None]


@pytest.fixture
def waiting(turned: Turned) -> OrderIntent:
    """An entry that passed every rule and waits for an operator."""
    turned("execution.approvals.strategies", value=["0DTE"])
    row = factories.signal(reference={"mid": str(factories.mid())})
    return OrderIntent.objects.get(pk=opening.open_position(row.pk))


def quote_again() -> None:
    """The market goes on while somebody thinks."""
    was = market.contract_quote(factories.OCC)
    assert was is not None
    market.write_contract_quotes([factories.quote(bid=was.bid, ask=was.ask)])
    factories.link()
    desks.account_now()
    factories.reconciled()
    market.write_chain(factories.chain())


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_an_entry_that_wants_approval_is_put_before_an_operator(waiting: OrderIntent) -> None:
    assert waiting.orders.count() == 0
    assert waiting.approval.state == "PENDING"
    assert waiting.approval.summary.startswith("0DTE BUY ")


def test_an_approved_entry_goes(waiting: OrderIntent, world: Any) -> None:
    world.advance(20)
    quote_again()
    operating.approve(waiting.pk, actor="ada")
    operating.tend_approvals()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.orders.count()) == ("SUBMITTING", 3)
    assert [len(chain) for chain in broker.take_submissions(1, 1)] == [3]
    assert actions() == ["approval"]


def test_an_approved_entry_still_has_to_pass_the_gate(waiting: OrderIntent, world: Any) -> None:
    world.advance(20)
    quote_again()
    market.write_contract_quotes([factories.quote(bid=9.0, ask=9.1)])
    operating.approve(waiting.pk, actor="ada")
    operating.tend_approvals()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.denied_by) == ("BLOCKED", "PRICE_MOVED")


def test_a_declined_entry_is_over(waiting: OrderIntent) -> None:
    operating.decline(waiting.pk, actor="ada", reason="earnings tonight")

    waiting.refresh_from_db()
    assert (waiting.state, waiting.denied_by) == ("BLOCKED", "APPROVAL_DECLINED")
    assert waiting.owes_acknowledgement


def test_nobody_answering_is_a_no(waiting: OrderIntent, world: Any) -> None:
    world.advance(60)
    operating.tend_approvals()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.denied_by) == ("BLOCKED", "APPROVAL_EXPIRED")
    with pytest.raises(MalformedInput, match="not waiting"):
        operating.approve(waiting.pk, actor="ada")


def test_one_answer_counts(waiting: OrderIntent) -> None:
    operating.decline(waiting.pk, actor="ada", reason="no")

    with pytest.raises(MalformedInput, match="not waiting"):
        operating.approve(waiting.pk, actor="bob")
    assert Approval.objects.get().decided_by == "ada"


def test_a_waiting_entry_is_not_given_up_by_the_sweep(waiting: OrderIntent, world: Any) -> None:
    world.advance(40)

    assert opening.give_up_unfinished(timedelta(seconds=30)) == 0


def test_a_probe_waits_for_nobody(turned: Turned) -> None:
    turned("execution.approvals.strategies", value=["0DTE"])
    row = factories.signal(reference={"mid": str(factories.mid())}, probe=True, contracts_wanted=1)

    assert OrderIntent.objects.get(pk=opening.open_position(row.pk)).state == "SUBMITTING"


def test_a_working_entry_can_be_cancelled_once() -> None:
    intent = factories.intent()
    Order.objects.filter(intent=intent, role="E").update(state="WORKING", order_id=1)
    ref = factories.ref(intent, "E")
    Order.objects.filter(pk=ref).update(order_id=7)

    assert operating.cancel(ref, actor="ada", reason="news")
    assert not operating.cancel(ref, actor="ada", reason="news")
    assert [order_ref for order_ref, _ in broker.take_cancels(1)] == [ref]


def test_protection_of_an_open_position_is_not_cancelled() -> None:
    position = desks.held()

    with pytest.raises(MalformedInput, match="protects"):
        operating.cancel(factories.ref(position.intent, "S"), actor="ada", reason="oops")


def test_trading_does_not_resume_on_books_that_differ(world: Any) -> None:
    operating.halt(actor="ada", reason="lunch")
    world.advance(1)
    factories.reconciled(is_clean=False)

    with pytest.raises(MalformedInput, match="clean reconciliation"):
        operating.resume(actor="ada", reason="back")


def test_a_break_is_resolved_once_with_a_reason() -> None:
    row = desks.quarantine()
    with pytest.raises(MalformedInput, match="reason"):
        operating.resolve_quarantine(row.pk, actor="ada", reason="")

    operating.resolve_quarantine(row.pk, actor="ada", reason="sold by phone")

    assert Quarantine.objects.get().ended_by == "ada"
    with pytest.raises(MalformedInput, match="resolved already"):
        operating.resolve_quarantine(row.pk, actor="bob", reason="me too")


def test_an_unresolved_break_blocks_its_symbol() -> None:
    desks.quarantine("SPY")
    row = factories.signal(reference={"mid": str(factories.mid())})

    assert OrderIntent.objects.get(pk=opening.open_position(row.pk)).denied_by == "QUARANTINED"


def test_a_halt_is_told_once_and_names_no_playbook() -> None:
    for _ in range(2):
        operating.halt(actor="ada", reason="looking at something", scope="0DTE")
    operating.halt(actor="ada", reason="looking at everything")

    assert list(Notice.objects.order_by("pk").values_list("text", flat=True)) == [
        "Some new entries are halted. Open positions stay protected.",
        "New entries are halted. Open positions stay protected.",
    ]

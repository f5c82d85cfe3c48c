"""A tick becomes a message: the whole pipeline with eager Celery and a broker by hand (HOUSE 12)."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics.models import Decision, Signal
from analytics.services import scoring
from execution.models import Order, OrderIntent, Position, PositionEvent
from execution.services import broker, operating
from publishing.models import Announcement, Delivery
from quanticity import workflows
from quanticity.celery import app
from quanticity.domain import clock
from quanticity.domain.signals import Strategy
from quanticity.gateway import commands
from quanticity.management.gateway.listener import FactListener
from quanticity.management.gateway.scribe import write_facts
from tests import bullish, desks, factories
from tests.analytics import toy_chains
from tests.fakes import FakeBroker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("eager", "rally")]


@pytest.fixture
def eager() -> Iterator[None]:
    """Every task runs where it is sent from, and its error is ours."""
    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    yield
    app.conf.update(task_always_eager=before[0], task_eager_propagates=before[1])


@pytest.fixture
def rally(db: None, store: None, noon: Any) -> Iterator[Any]:
    """A market that pushes up, at eleven o'clock, and a broker account with a million."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    factories.quiet_world()
    bullish.write()
    with commands.answered_by(desks.enough):
        yield noon


class Gateway:
    """The gateway process, step by step."""

    def __init__(self) -> None:
        self.listener = FactListener(recorder=None)  # type: ignore[arg-type]
        self.broker = FakeBroker(self.listener)

    def dispatch(self) -> None:
        """Send what is owed; write and book what comes back."""
        for chain in broker.take_submissions(1, 1):
            self.broker.take([(one.order_id, 77, one.ticket) for one in chain])
        self.write()

    def write(self) -> None:
        """Write what the broker told, and hint at it."""
        facts = list(self.listener.money)
        self.listener.money.clear()
        for intent_id in write_facts(facts):
            workflows.book.delay(intent_id)

    def fill(self, role: str, price: str) -> None:
        """Fill one of the orders whole."""
        row = Order.objects.get(role=role)
        self.broker.fill(row.pk, row.quantity, price)
        self.write()


@pytest.fixture
def gateway() -> Gateway:
    """A broker with nothing in it."""
    return Gateway()


def enter(gateway: Gateway) -> None:
    workflows.score_and_open.delay("SPY")
    gateway.dispatch()
    gateway.fill("E", str(Order.objects.get(role="E").limit_price))


def leave(gateway: Gateway) -> None:
    gateway.fill("T", str(Order.objects.get(role="T").limit_price))


def kinds() -> list[str]:
    return list(Announcement.objects.order_by("pk").values_list("kind", flat=True))


def test_scoring_leads_to_one_committed_intent() -> None:
    workflows.score_and_open.delay("SPY")
    workflows.score_and_open.delay("SPY")

    intent = OrderIntent.objects.get()
    assert (intent.state, intent.denied_by, intent.orders.count()) == ("SUBMITTING", "", 3)


def test_nothing_is_told_before_a_fill(gateway: Gateway) -> None:
    workflows.score_and_open.delay("SPY")
    gateway.dispatch()
    workflows.announce_owed.delay()

    assert (OrderIntent.objects.get().state, Announcement.objects.count()) == ("WORKING", 0)


def test_a_fill_is_told_to_premium_at_once(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    enter(gateway)

    said = capsys.readouterr().out
    assert kinds() == ["ENTRY"]
    assert (said.count("premium | "), said.count("basic | "), said.count("free | ")) == (1, 0, 0)


def test_every_tier_has_its_time(gateway: Gateway) -> None:
    enter(gateway)

    filled_at = PositionEvent.objects.get().clock_at
    due = {
        d.tier: (d.due_at - filled_at).total_seconds()
        for d in Delivery.objects.filter(channel="console")
    }
    assert due == {"premium": 0, "basic": 60, "free": 300}


def test_no_tier_hears_early_and_all_hear_in_the_end(gateway: Gateway, rally: Any) -> None:
    enter(gateway)
    heard = []
    for seconds in (59, 1.1, 238, 2):
        rally.advance(seconds)
        workflows.deliver_owed.delay()
        sent = Delivery.objects.filter(channel="console", state="SENT")
        heard.append(set(sent.values_list("tier", flat=True)))

    assert heard == [
        {"premium"}, {"premium", "basic"}, {"premium", "basic"}, {"premium", "basic", "free"}
    ]  # fmt: skip
    assert all(d.sent_at >= d.due_at for d in Delivery.objects.filter(state="SENT"))


def test_a_whole_trade_is_one_entry_and_one_exit(gateway: Gateway, rally: Any) -> None:
    enter(gateway)
    rally.advance(40)
    leave(gateway)
    for task in (workflows.announce_owed, workflows.answer_owed, workflows.open_owed):
        task.delay()

    position = Position.objects.get()
    assert (kinds(), position.state, position.exit_reason) == (
        ["ENTRY", "EXIT"],
        "CLOSED",
        "TARGET",
    )
    assert position.realised_net_usd > 0
    assert Delivery.objects.filter(channel="console").count() == 6


def test_our_result_is_the_brokers(gateway: Gateway) -> None:
    enter(gateway)
    leave(gateway)

    cash = gateway.broker.values().cash_usd
    assert Position.objects.get().realised_net_usd == cash - Decimal(1_000_000)
    assert gateway.broker.quantity() == 0


def test_the_lock_is_held_while_the_trade_is_open_and_freed_by_its_end(gateway: Gateway) -> None:
    enter(gateway)
    open_now = Signal.objects.get()
    leave(gateway)
    ended = Signal.objects.get()

    assert (open_now.state, open_now.acknowledgement) == ("live", "FILLED")
    assert (ended.state, ended.acknowledged_by) == ("ended", "TARGET")


def test_a_denial_is_answered_and_frees_the_lock() -> None:
    admitted = scoring.score_all("SPY", {Strategy.ZERO_DTE: "ACTIVE"})
    operating.halt(actor="ann", reason="drill")

    workflows.open_all.delay(admitted)
    workflows.answer_owed.delay()

    row = Signal.objects.get()
    assert (row.state, row.acknowledgement, row.acknowledged_by) == (
        "ended", "RISK_REJECTED", "STATE_HALTED",
    )  # fmt: skip


def test_while_trading_is_halted_nothing_is_even_proposed() -> None:
    operating.halt(actor="ann", reason="drill")

    workflows.score_and_open.delay("SPY")

    reasons = {row.strategy: row.explanation["reasons"] for row in Decision.objects.all()}
    assert not Signal.objects.exists()
    assert reasons.pop("0DTE") == ["TRADING_STATE"]
    assert all("TRADING_STATE" in others for others in reasons.values())


def test_a_signal_whose_hint_was_lost_is_handed_over(rally: Any) -> None:
    scoring.score(Strategy.ZERO_DTE, "SPY")  # and nobody opened it
    rally.advance(2.5)
    factories.link()

    workflows.open_owed.delay()

    assert OrderIntent.objects.count() == 1


def test_an_intent_whose_hint_was_lost_is_booked(gateway: Gateway) -> None:
    workflows.score_and_open.delay("SPY")
    gateway.dispatch()
    row = Order.objects.get(role="E")
    gateway.broker.fill(row.pk, row.quantity, "1.50")
    write_facts(list(gateway.listener.money))

    workflows.execution_tasks.book_owed.delay()
    workflows.announce_owed.delay()

    assert kinds() == ["ENTRY"]


def test_a_rehearsal_goes_the_same_way_and_leaves_by_itself(gateway: Gateway, rally: Any) -> None:
    from analytics.services import scoring
    from analytics.signals.emit import Rehearsal
    from execution import tasks

    signal_id = scoring.rehearse("SPY", Rehearsal(1, 30.0)).signal_id
    tasks.open_position.delay(signal_id)
    gateway.dispatch()
    gateway.fill("E", str(Order.objects.get(role="E").limit_price))

    position = Position.objects.get()
    assert (position.probe, position.quantity_open) == (True, 1)
    assert position.exit_due_at - position.opened_at == timedelta(seconds=30)
    assert Announcement.objects.get().probe


def test_instants_never_run_backwards(gateway: Gateway, rally: Any) -> None:
    enter(gateway)
    rally.advance(40)
    leave(gateway)

    intent, position = OrderIntent.objects.get(), Position.objects.get()
    assert intent.created_at <= intent.recorded_at <= intent.first_sent_at <= position.opened_at
    assert position.opened_at <= position.closed_at <= clock.now() + timedelta(seconds=1)


def test_an_answer_that_was_lost_is_found_again(gateway: Gateway) -> None:
    enter(gateway)
    leave(gateway)
    # As after a crash between the two halves of an answer: execution believes it was given.
    Signal.objects.update(state="live", ended_at=None)
    OrderIntent.objects.update(owes_acknowledgement=False)

    workflows.answer_owed.delay()

    row = Signal.objects.get()
    assert (row.state, row.acknowledgement, row.acknowledged_by) == ("ended", "FILLED", "TARGET")


def test_while_its_trade_is_open_no_answer_is_invented(gateway: Gateway) -> None:
    enter(gateway)
    OrderIntent.objects.update(owes_acknowledgement=False)

    workflows.answer_owed.delay()

    assert Signal.objects.get().state == "live"

"""A signal's life, killed before every SQL statement of it: never two live, never a lock for ever.

    admitted | message | intent claimed | orders committed or denied | booked | answered

What a commit leaves behind is what the next statement's death finds; before the commit there is
nothing. The database is a file, the dead worker's connection is gone, and the next one opens its
own. A kill of real processes is in `tests/analytics/signals/test_admission_race.py`.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import selectors as analytics
from analytics.models import Decision, Signal
from analytics.signals import dedup, emit
from analytics.signals.emit import Proposed
from execution import selectors as execution
from execution.models import AccountValues, Order, OrderEvent, OrderIntent, RiskEvent
from execution.services import booking, opening, walking
from quanticity import workflows
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import Candidate, Features, Outcome, Strategy
from quanticity.domain.signals import Decision as Made
from quanticity.gateway import commands
from tests import desks, factories, racing
from tests.analytics import toy_chains
from tests.workflows.order_storm import Death, dies_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
SETTINGS = section("analytics.signals", dedup.Settings)
STRIDE = 4
EVERY = 1 if "ORDER_STORM" in os.environ else 3  # of the statements
Do = Callable[[], None]


@pytest.fixture
def at_eleven(transactional_db: None, store: None, noon: Any, tmp_path: Path) -> Iterator[Any]:
    """The clock, rows in a file, and a broker with margin for everything."""
    with racing.on_disk(tmp_path), commands.answered_by(desks.enough):
        yield noon


def anew(noon: Any) -> None:
    """The same morning, with no signal in it."""
    noon.at = toy_chains.AS_OF
    noon.advance(1)
    for model in (RiskEvent, OrderEvent, Order, OrderIntent, Signal, Decision):
        model.objects.all().delete()


def all_well() -> None:
    """Everything that the gate asks for, as of now."""
    AccountValues.objects.all().delete()
    factories.quiet_world()


def not_linked() -> None:
    """All is well but the link to the broker: the gate says no."""
    all_well()
    factories.link(state="DOWN")


def admit() -> str | None:
    """The strategy says the same again and again, as scoring does every five seconds."""
    at, mid = clock.now(), factories.mid()
    candidate = Candidate(parse_occ(factories.OCC), 100, mid, mid, 0.45, 0.15, 20_000, 500, 0)
    decision = Made(Strategy.ZERO_DTE, "SPY", at, Outcome.CANDIDATE, 1, 92.0)
    return emit.emit(
        Proposed(
            decision, Features("SPY", at, {}), candidate, {"mid": str(mid)},
            "analytics.strategies.zero_dte",
        ),
        SETTINGS,
    )  # fmt: skip


def refuse() -> None:
    """The broker refuses the entry, where there is one."""
    Order.objects.filter(role="E").update(state="REJECTED", sent_at=clock.now())
    for intent in OrderIntent.objects.filter(state="SUBMITTING"):
        booking.book(intent.pk)


def life() -> None:
    """One signal from its admission to its answer."""
    signal_id = admit()
    if signal_id is not None:
        opening.open_position(signal_id)
    refuse()
    workflows.answer_owed.run()


def sweep(noon: Any, morning: Do) -> None:
    """What beat brings to whoever comes after a death."""
    for _ in range(2):
        noon.advance(31)
        morning()
        for signal_id in execution.without_intent(analytics.unanswered_signals(2.0)):
            opening.open_position(signal_id)
        walking.manage_entries()
        refuse()
        workflows.answer_owed.run()


@pytest.mark.parametrize("first", range(STRIDE))
@pytest.mark.parametrize("morning", [all_well, not_linked], ids=["sent", "denied"])
def test_dying_anywhere_leaves_one_signal_and_no_lock(
    at_eleven: Any, morning: Do, first: int
) -> None:
    anew(at_eleven)
    morning()
    with CaptureQueriesContext(connection) as counted:
        life()
    assert Signal.objects.get().state == "ended"
    assert len(counted) > 20

    for number in range(1 + first, len(counted) + 1, STRIDE * EVERY):
        anew(at_eleven)
        morning()
        with contextlib.suppress(Death), dies_at(number):
            life()
        connection.close()
        admit()
        assert Signal.objects.filter(state="live").count() <= 1, number
        sweep(at_eleven, morning)

        assert Signal.objects.get().state == "ended", number
        assert (OrderIntent.objects.count(), count_entries() <= 1) == (1, True), number
        at_eleven.advance(SETTINGS.stop_out_cooldown_s)
        assert admit() is not None, number


def count_entries() -> int:
    return Order.objects.filter(role="E").count()

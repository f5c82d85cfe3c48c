"""From a signal to committed orders: the gate alone, its facts, and the whole of it."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from analytics import selectors as analytics
from execution.models import Order, OrderIntent
from execution.risk import facts, gate
from execution.services import facts as world
from execution.services import opening, watching
from quanticity.config.loader import section
from quanticity.gateway import commands
from tests import desks, factories
from tests.analytics import toy_chains

pytestmark = [pytest.mark.django_db]
ROUNDS = 100


@pytest.fixture
def signals(store: None, noon: Any) -> list[str]:
    """A quiet morning and many signals of which each is taken alone."""
    noon.at = toy_chains.AS_OF
    noon.advance(1)
    factories.quiet_world()
    reference = {"mid": str(factories.mid())}
    return [
        factories.signal(n, reference=reference, state="ended").pk for n in range(1, ROUNDS + 1)
    ]


def quantiles(name: str, work: Callable[[int], Any]) -> float:
    took = []
    for n in range(ROUNDS):
        started = time.perf_counter()
        work(n)
        took.append((time.perf_counter() - started) * 1_000)
    took.sort()
    print(f"{name:<44} p50 {took[ROUNDS // 2]:7.2f} ms   p99 {took[-2]:7.2f} ms")
    return took[ROUNDS // 2]


def test_signal_to_committed_orders(signals: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    limits = section("execution.risk", facts.Settings)
    order = analytics.signal_order(signals[0])
    seen = world.gather(order.signal, "QC:sim:x:E1")
    proposal = gate.Proposal(order.signal, live=True, limit=None, stop=None)

    def alone(n: int) -> None:
        with commands.answered_by(desks.enough):
            opening.open_position(signals[n])
        assert Order.objects.filter(intent__signal_id=signals[n]).exists()
        Order.objects.filter(intent__signal_id=signals[n]).delete()
        OrderIntent.objects.filter(signal_id=signals[n]).delete()

    with capsys.disabled():
        print()
        quantiles("the gate, 53 rules on given facts", lambda _: gate.check(proposal, seen, limits))
        quantiles("gathering the facts", lambda _: world.gather(order.signal, "QC:sim:x:E1"))
        quantiles("a look at every breaker", lambda _: watching.watch())
        quantiles("signal to orders committed, and undone", alone)

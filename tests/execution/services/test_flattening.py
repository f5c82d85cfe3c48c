"""Flat is what the broker's snapshot says; until then it is asked for again (DOMAIN 6.16)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from execution import selectors
from execution.models import BreakerTrip, Order, Position, Reconciliation
from execution.services import flattening, watching
from quanticity.domain import clock
from quanticity.models import AuditEntry
from tests import desks, factories
from tests.factories import ref

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


def seen(holdings: dict[str, int], *working: str) -> Reconciliation:
    moment = timedelta(milliseconds=1)
    return Reconciliation.objects.create(
        at=clock.now() + moment,
        is_clean=True,
        findings=[],
        holdings=holdings,
        working=list(working),
    )


def sold(position: Position) -> None:
    Position.objects.filter(pk=position.pk).update(quantity_open=0, state="CLOSED")


def test_it_halts_before_anything_else() -> None:
    flattening.begin(actor="ada", reason="drill")

    assert selectors.trading_state() == "HALTED"


def test_nothing_is_flat_before_the_broker_has_been_seen(world: Any) -> None:
    since = flattening.begin(actor="ada", reason="drill")
    world.advance(1)

    assert not flattening.look(since).flat


def test_an_older_snapshot_does_not_count(world: Any) -> None:
    seen({})
    world.advance(1)
    since = flattening.begin(actor="ada", reason="drill")

    assert not flattening.look(since).flat


def test_what_is_not_ours_is_named_and_does_not_keep_us_from_flat(world: Any) -> None:
    position = desks.held()
    since = flattening.begin(actor="ada", reason="drill")
    sold(position)
    seen({"AAPL": 100})

    left = flattening.look(since)

    assert (left.flat, left.positions, left.foreign) == (True, (), ("100 AAPL",))


def test_what_an_operator_accepted_beside_ours_is_not_left(world: Any) -> None:
    position = desks.held()
    desks.quarantine(occ=factories.OCC, difference=2, accepted=True, ended_at=clock.now())
    since = flattening.begin(actor="ada", reason="drill")
    sold(position)
    seen({factories.OCC: 2})

    assert flattening.look(since).flat


def test_what_the_broker_holds_is_left(world: Any) -> None:
    position = desks.held()
    since = flattening.begin(actor="ada", reason="drill")
    sold(position)
    seen({factories.OCC: 3})

    assert flattening.look(since).positions == (f"3 {factories.OCC}",)


@pytest.mark.parametrize(("role", "kind"), [("E", "entries"), ("S", "orphans")])
def test_an_order_that_works_without_a_position_is_left(role: str, kind: str) -> None:
    position = desks.held()
    since = flattening.begin(actor="ada", reason="drill")
    sold(position)
    order = ref(position.intent, role)
    seen({}, order)

    left = flattening.look(since)
    assert (left.flat, getattr(left, kind)) == (False, (order,))


def test_it_is_flat_once_a_snapshot_shows_nothing(world: Any) -> None:
    position = desks.held()
    since = flattening.begin(actor="ada", reason="drill")
    sold(position)
    world.advance(4)
    seen({})

    found = flattening.report(flattening.look(since), since, actor="ada")

    assert (found["flat"], found["time_to_flat_s"], found["state"]) == (True, 4.0, "HALTED")
    assert AuditEntry.objects.filter(action="flatten").count() == 1


def test_what_fills_after_the_halt_is_left_as_well() -> None:
    since = flattening.begin(actor="ada", reason="drill")
    late = desks.held()

    flattening.look(since)

    late.refresh_from_db()
    assert late.exit_wanted == "FLATTEN"


def test_entries_on_their_way_are_called_back() -> None:
    intent = factories.intent()
    Order.objects.filter(intent=intent).update(state="WORKING")

    flattening.begin(actor="ada", reason="drill")

    assert Order.objects.get(pk=ref(intent, "E")).cancel_wanted_at is not None


def test_after_hours_exits_wait_for_the_open(world: Any) -> None:
    world.advance(9 * 3_600)
    since = flattening.begin(actor="ada", reason="drill")

    found = flattening.report(flattening.look(since), since, actor="ada")

    assert found["pending_until"] == "2025-11-24T14:30:00+00:00"


def test_the_command_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    desks.held()

    with pytest.raises(SystemExit) as ended:
        call_command("flatten", "--reason", "drill", "--wait", "0", "--json")

    said = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert (said["flat"], len(said["positions"]), said["state"]) == (False, 1, "HALTED")


def test_clearing_a_halt_releases_what_an_operator_may_end(
    world: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("halt", "--reason", "lunch")
    desks.closed(net="-20001")
    watching.watch()
    for _ in range(10):
        watching.record_error("execution.x", "y")
    watching.watch()

    call_command("halt", "--clear", "--reason", "back")

    said = capsys.readouterr().out
    assert "still holding: DAILY_LOSS stands until the next session" in said
    assert not BreakerTrip.objects.filter(breaker="SYSTEM_ERRORS", ended_at=None).exists()
    assert selectors.trading_state() == "HALTED"


def test_no_halt_is_cleared_on_books_that_differ(world: Any) -> None:
    world.advance(1)
    factories.reconciled(is_clean=False)

    with pytest.raises(CommandError, match="clean reconciliation"):
        call_command("halt", "--clear", "--reason", "back")

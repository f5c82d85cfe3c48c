from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db.models import F

from quanticity import leases
from quanticity.domain import clock
from quanticity.models import LeaseRow

pytestmark = pytest.mark.django_db


def expire(name: str) -> None:
    LeaseRow.objects.filter(name=name).update(until_boot_s=clock.boot_seconds() - 1)


def test_the_first_to_ask_holds_the_lease() -> None:
    lease = leases.hold("beat", "one", 15)

    assert lease is not None
    assert (lease.holder, lease.epoch, leases.is_valid(lease)) == ("one", 1, True)


def test_a_second_holder_is_turned_away() -> None:
    leases.hold("beat", "one", 15)

    assert leases.hold("beat", "two", 15) is None


def test_renewing_keeps_the_epoch() -> None:
    leases.hold("beat", "one", 15)

    assert leases.hold("beat", "one", 15) == leases.Lease("beat", "one", 1)


def test_different_rights_are_held_apart() -> None:
    leases.hold("beat", "one", 15)

    assert leases.hold("gateway", "two", 15) == leases.Lease("gateway", "two", 1)


@pytest.mark.parametrize(
    "holder", [pytest.param("two", id="another"), pytest.param("one", id="the same")]
)
def test_taking_an_expired_lease_raises_the_epoch(holder) -> None:
    leases.hold("beat", "one", 15)
    expire("beat")

    assert leases.hold("beat", holder, 15) == leases.Lease("beat", holder, 2)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda _: expire("beat"), id="expired"),
        pytest.param(leases.release, id="released"),
    ],
)
def test_what_is_over_is_not_valid(end: Callable[[leases.Lease], None]) -> None:
    lease = leases.hold("beat", "one", 15)
    assert lease is not None

    end(lease)

    assert not leases.is_valid(lease)


def test_a_released_lease_is_free_at_once() -> None:
    lease = leases.hold("beat", "one", 15)
    assert lease is not None
    leases.release(lease)

    assert leases.hold("beat", "two", 15) == leases.Lease("beat", "two", 2)


def test_a_late_release_does_not_end_the_successors_lease() -> None:
    old = leases.hold("beat", "one", 15)
    assert old is not None
    expire("beat")
    new = leases.hold("beat", "two", 15)
    assert new is not None

    leases.release(old)

    assert leases.is_valid(new)


def test_a_lease_runs_on_the_machines_clock_not_the_simulated_one(noon) -> None:
    lease = leases.hold("beat", "one", 15)
    assert lease is not None

    noon.advance(86_400)

    assert leases.is_valid(lease)


class Clock:
    """A wall clock that somebody has set."""

    def __init__(self, hours: int) -> None:
        self.off = timedelta(hours=hours)

    def now(self) -> datetime:
        return clock.RealClock().now() + self.off


@pytest.mark.parametrize("hours", [pytest.param(1, id="ahead"), pytest.param(-1, id="behind")])
def test_a_wall_clock_that_is_off_takes_no_live_lease(
    hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases.hold("gateway", "one", 6)

    monkeypatch.setattr(leases, "_real", Clock(hours))

    assert leases.hold("gateway", "two", 6) is None


@pytest.mark.parametrize("hours", [pytest.param(1, id="ahead"), pytest.param(-1, id="behind")])
def test_a_lease_that_ended_is_free_whatever_the_wall_clock_said(
    hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_real", Clock(hours))
    leases.hold("gateway", "one", 6)
    monkeypatch.undo()
    expire("gateway")

    assert leases.hold("gateway", "two", 6) == leases.Lease("gateway", "two", 2)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A lease held on another machine; the list's last number is our own boot second."""
    seconds = [1_000.0]
    leases.hold("gateway", "one", 6)
    LeaseRow.objects.update(boot_id="another machine", until_boot_s=50.0)
    monkeypatch.setattr(leases, "boot_seconds", lambda: seconds[-1])
    yield seconds
    leases._watched.clear()


def test_a_lease_of_another_machine_is_taken_after_it_stood_still_for_its_length(
    elsewhere: list[float],
) -> None:
    answers = []
    for second in (1_000.0, 1_005.9, 1_006.0):
        elsewhere.append(second)
        answers.append(leases.hold("gateway", "two", 6))

    assert answers == [None, None, leases.Lease("gateway", "two", 2)]


def test_a_lease_that_another_machine_renews_is_not_taken(elsewhere: list[float]) -> None:
    answers = []
    for second in range(1_000, 1_040, 4):
        elsewhere.append(float(second))
        answers.append(leases.hold("gateway", "two", 6))
        LeaseRow.objects.update(until_boot_s=F("until_boot_s") + 4)

    assert answers == [None] * 10


def test_a_holder_gives_a_new_sign_of_life_with_each_renewal() -> None:
    signs = [leases.sign("beat")]
    for _ in range(2):
        lease = leases.hold("beat", "one", 15)
        signs.append(leases.sign("beat"))
    assert lease is not None
    leases.release(lease)
    signs.append(leases.sign("beat"))

    assert (signs[0], signs[3]) == (None, None)
    assert signs[1] is not None
    assert signs[2] is not None
    assert (signs[1][0], signs[2][0]) == ("one", "one")
    assert signs[2][1] > signs[1][1]


def test_a_lease_of_an_earlier_start_of_a_machine_that_keeps_its_name_is_free() -> None:
    leases.hold("gateway", "one", 6)
    LeaseRow.objects.update(until_boot_s=clock.boot_seconds() + 864_000)

    assert leases.hold("gateway", "two", 6) == leases.Lease("gateway", "two", 2)

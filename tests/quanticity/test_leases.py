from collections.abc import Callable
from datetime import timedelta

import pytest

from quanticity import leases
from quanticity.domain.clock import RealClock
from quanticity.models import LeaseRow

pytestmark = pytest.mark.django_db


def expire(name: str) -> None:
    LeaseRow.objects.filter(name=name).update(expires_at=RealClock().now() - timedelta(seconds=1))


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

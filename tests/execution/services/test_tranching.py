"""Parts of a position: what leaves is counted, also where references have no digit left (6.7)."""

import pytest

from execution.models import Position, Tranche
from execution.orders import brackets
from execution.services import tranching
from quanticity.domain import clock
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


@pytest.fixture
def full() -> Position:
    """A position whose ten tranches hold two contracts each."""
    factories.link()
    position = desks.held(quantity=20)
    for number in range(brackets.MOST_TRANCHES):
        Tranche.objects.create(
            position=position, number=number, quantity=2, target_price=desks.Decimal(3)
        )
    return position


def leaving(position: Position) -> int:
    rows = position.tranches.exclude(leaving_at=None)
    return sum(tranching.left(position)[row.number] for row in rows)


def test_half_of_a_tranche_leaves_in_the_place_of_one_that_is_over(full: Position) -> None:
    factories.order(full.intent, factories.orders.Role.TARGET, "SELL", n=2)
    sold = full.intent.orders.filter(role="T", order_ref__endswith="2")
    sold.update(tranche=4, filled=2, state="FILLED")

    assert tranching.part_with(full, 3) == leaving(full) == 3


def test_what_finds_no_place_is_not_counted_as_leaving(full: Position) -> None:
    assert tranching.part_with(full, 3) == leaving(full) == 2


def test_what_was_bought_by_hand_is_not_given_to_a_tranche_that_leaves(full: Position) -> None:
    full.tranches.filter(number=9).update(leaving_at=clock.now())
    Position.objects.update(quantity_open=21)
    full.refresh_from_db()

    tranching.match_holding(full)

    assert (leaving(full), sum(tranching.left(full).values())) == (2, 21)

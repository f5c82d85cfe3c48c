"""After the open one quote is no mark of what was held overnight; two, seconds apart, are (1.6)."""

from decimal import Decimal
from typing import Any

import pytest

from execution.models import Position
from execution.services import managing
from quanticity.domain import calendar
from quanticity.store import market
from tests import desks, factories

pytestmark = pytest.mark.django_db
EXPIRY = "SPY251219C00600000"
SILENT: tuple[float | None, float | None] = (None, None)
NARROW = (2.4, 2.44)


@pytest.fixture
def overnight(world: Any) -> Any:
    """Three calls of December, bought on Friday; the clock stands at Monday's open."""
    position = desks.held()
    Position.objects.filter(pk=position.pk).update(
        occ=EXPIRY, strategy="14DTE", mark_price=None, marked_at=None
    )
    world.at = calendar.next_session(factories.TODAY).open_at
    return world


def look(world: Any, seconds: float, quote: tuple[float | None, float | None]) -> Decimal | None:
    world.advance(seconds)
    market.write_contract_quotes([factories.quote(EXPIRY, *quote)])
    managing.manage_positions()
    return Position.objects.get().mark_price


@pytest.mark.parametrize(
    ("looks", "marked"),
    [
        pytest.param([(1, NARROW)], False, id="the first quote"),
        pytest.param([(1, NARROW), (4, NARROW)], False, id="four seconds apart"),
        pytest.param([(1, NARROW), (2, NARROW), (3, NARROW)], True, id="five seconds apart"),
        pytest.param([(1, NARROW), (3, SILENT), (3, NARROW)], False, id="one was no quote"),
        pytest.param([(119, NARROW)], False, id="late, and alone"),
        pytest.param([(120, NARROW)], True, id="two minutes after the open"),
    ],
)
def test_a_quote_is_a_mark_when(
    overnight: Any, looks: list[tuple[float, tuple[float | None, float | None]]], marked: bool
) -> None:
    for seconds, quote in looks:
        found = look(overnight, seconds, quote)

    assert (found == Decimal("2.42")) is marked


def test_the_next_open_begins_anew(overnight: Any) -> None:
    look(overnight, 1, NARROW)
    look(overnight, 6, NARROW)
    Position.objects.update(mark_price=None)
    overnight.at = calendar.next_session(overnight.at.date()).open_at

    assert look(overnight, 1, NARROW) is None

"""The grid holds what the totals hold, laid out by expiry and strike."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import aggregates, exposure_grid, inventory, tally
from analytics.calculators.exposure_grid import ExposureGrid
from tests.analytics.toy_chains import INVENTORY, chain, priced

TODAY, NEXT = date(2025, 11, 21), date(2025, 11, 28)
HELD = inventory.compute(
    priced(chain(days=(TODAY, NEXT), interest=lambda k, w: 300 if k > 600 else 20)).priced,
    INVENTORY,
)


def grid(strikes_n: int = 99) -> ExposureGrid:
    found = exposure_grid.compute(HELD, strikes_n)
    assert found is not None
    return found


def test_the_cells_of_an_expiry_sum_to_its_exposure() -> None:
    expected = aggregates.by_expiry(HELD, tally.compute(HELD))

    assert grid().expiries == tuple(e.expiry_date for e in expected)
    assert grid().vanna.totals == pytest.approx([e.vex_usd_per_volpt for e in expected])
    assert grid().charm.totals == pytest.approx([e.cex_usd_per_day for e in expected])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 20))
def test_fewer_strikes_change_no_total(strikes_n: int) -> None:
    found = grid(strikes_n)

    assert found.vanna.totals == grid().vanna.totals
    assert len(found.strikes) == len(found.charm.cells) == min(strikes_n, 13)


def test_the_strikes_nearest_spot_are_kept_in_order() -> None:
    assert grid(3).strikes == (595.0, 600.0, 605.0)


def test_what_is_not_held_has_no_cell() -> None:
    lopsided = chain(days=(NEXT,), interest=lambda k, _w: 0 if k == 600 else 100)
    found = exposure_grid.compute(inventory.compute(priced(lopsided).priced, INVENTORY), 99)

    assert found is not None
    assert 600.0 not in found.strikes


def test_nothing_held_is_no_grid() -> None:
    empty = priced(chain(interest=lambda _k, _w: 0)).priced

    assert exposure_grid.compute(inventory.compute(empty, INVENTORY), 9) is None

"""Forced flow: full reprice, and how far to believe its first-order parts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import forced_flow, inventory
from analytics.calculators.forced_flow import ForcedFlow, Scenario
from quanticity.config.loader import section
from tests.analytics.toy_chains import INVENTORY, chain, priced

SETTINGS = section("analytics.forced_flow", forced_flow.Settings)
HELD = inventory.compute(
    priced(chain(interest=lambda k, w: 300 if (k > 600) == (w > 0) else 20)).priced, INVENTORY
)


def test_nothing_moves_nothing_flows() -> None:
    found = forced_flow.cell(HELD, Scenario(0.0, 0.0, 0.0), SETTINGS)

    assert found.flow_shares == pytest.approx(0.0, abs=1e-9)
    assert found.residual_ratio == 0.0


def test_small_moves_are_all_first_order() -> None:
    assert forced_flow.cell(HELD, Scenario(0.001, 0.001, 1.0), SETTINGS).residual_ratio < 0.01


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 86_400))
def test_parts_and_residual_make_the_total(ds: float, dv: float, dt: float) -> None:
    found = forced_flow.cell(HELD, Scenario(ds, dv, dt), SETTINGS)
    linear = found.gamma_shares + found.vanna_shares + found.charm_shares

    assert linear + found.residual_shares == pytest.approx(found.flow_shares, abs=1e-6)
    assert found.flow_usd == pytest.approx(found.flow_shares * 600 * (1 + ds / 100))


def test_the_grid_has_42_cells_now_and_at_the_close() -> None:
    answer = forced_flow.compute(HELD.priced, SETTINGS, INVENTORY, t_close_s=18_000.0, adv_usd=1e9)

    assert isinstance(answer, ForcedFlow)
    assert len(answer.cells) == 42
    assert {cell.dt_s for cell in answer.cells} == {0.0, 18_000.0}


def test_only_the_total_counts_when_the_parts_have_the_wrong_sign() -> None:
    answer = forced_flow.compute(HELD.priced, SETTINGS, INVENTORY, t_close_s=18_000.0)

    assert isinstance(answer, ForcedFlow)
    assert all(
        cell.only_total
        for cell in answer.cells
        if cell.linear_sign_wrong or cell.residual_ratio > 0.25
    )
    assert all(cell.flow_frac_adv is None for cell in answer.cells)

"""A commission is a cost, a rebate, or not known yet (DOMAIN 6.11)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.ledger import commissions
from execution.ledger.commissions import Convention, Status, detect, normalize
from quanticity.config.loader import section

SETTINGS = section("execution.commissions", commissions.Settings)
RAWS = st.decimals(-1_000, 1_000, places=4)


@given(RAWS)
def test_the_two_conventions_are_mirror_images(raw: Decimal) -> None:
    assert normalize(raw, Convention.COST_POSITIVE, SETTINGS) == normalize(
        -raw, Convention.COST_NEGATIVE, SETTINGS
    )


@given(
    st.none() | st.floats(),
    st.sampled_from(Convention),
    st.none() | st.decimals(0, 10_000, places=2),
)
def test_cost_and_rebate_are_positive_or_unknown(
    raw: float | None, convention: Convention, notional: Decimal | None
) -> None:
    found = normalize(raw, convention, SETTINGS, notional_usd=notional)

    assert (found.status is Status.PENDING) is (found.net_usd is None)
    assert min(found.commission_usd or 0, found.rebate_usd or 0) == 0
    assert max(found.commission_usd or 0, found.rebate_usd or 0) <= SETTINGS.absurd_usd


@pytest.mark.parametrize(
    ("raw", "notional", "implausible"),
    [
        pytest.param(21, 200, True, id="more than a tenth of the notional and 5 dollars"),
        pytest.param(4.9, 20, False, id="small figures are never implausible"),
        pytest.param(21, 2_000, False, id="a large fill may cost as much"),
        pytest.param(1_001, 1_000_000, True, id="absurd whatever the notional"),
        pytest.param(-1_001, None, True, id="absurd as a rebate too"),
    ],
)
def test_an_implausible_figure_waits(raw: float, notional: int | None, implausible: bool) -> None:
    size = None if notional is None else Decimal(notional)
    found = normalize(raw, Convention.COST_POSITIVE, SETTINGS, notional_usd=size)

    assert found.implausible is implausible
    assert (found.status is Status.PENDING) is implausible


@given(st.lists(RAWS, min_size=3))
def test_only_the_first_three_reports_turn_the_sign(raws: list[Decimal]) -> None:
    negative = max(raws[:3]) < 0

    assert (detect(raws, SETTINGS) is Convention.COST_NEGATIVE) is negative

"""Forwards, yields and spot read off put-call parity."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import forward
from analytics.ingestion import admission
from tests.analytics.toy_chains import FORWARD, Q, R, chain

DAYS = (date(2025, 11, 28), date(2025, 12, 19))


def read(found, **options):  # type: ignore[no-untyped-def]
    usable = np.ones(len(found), dtype=bool)
    pairs = forward.pair_up(found, admission.pairs(found), usable)
    return forward.compute(found, pairs, FORWARD, r=R, q=Q, **options)


def test_parity_gives_the_forward_the_chain_was_made_with() -> None:
    answer = read(chain(days=DAYS))
    t = np.array([e.t_s for e in chain(days=DAYS).expiries]) / 31_536_000

    assert answer.forward == pytest.approx(600 * np.exp((R - Q) * t), rel=1e-9)
    assert answer.q == pytest.approx([Q, Q], abs=1e-7)
    assert not answer.spot_is_implied


@pytest.mark.parametrize(
    ("header", "spot"),
    [
        pytest.param(600.9, 600.9, id="near enough"),
        pytest.param(606.0, 600.0, id="contradicted by parity"),
        pytest.param(None, 600.0, id="none"),
        pytest.param(float("nan"), 600.0, id="no number"),
        pytest.param(-1.0, 600.0, id="negative"),
    ],
)
def test_the_header_spot_stands_unless_parity_contradicts(
    header: float | None, spot: float
) -> None:
    found = chain(header_spot=header)
    made = type(found)(
        **{name: getattr(found, name) for name in found.__slots__} | {"spot": header}
    )

    assert read(made).spot == pytest.approx(spot, rel=1e-9)


def test_a_spot_an_operator_gives_is_not_replaced() -> None:
    assert read(chain(header_spot=606.0), spot_is_certain=True).spot == 606.0


def test_an_index_takes_its_spot_from_the_forward() -> None:
    answer = read(chain(header_spot=600.5, root="SPXW", european=True))

    assert answer.spot == pytest.approx(600.0, rel=1e-9)


def test_too_few_pairs_leave_the_configured_carry() -> None:
    answer = read(chain(strikes=(600, 605)))

    assert not answer.from_parity.any()
    assert answer.forward[0] == pytest.approx(
        600 * np.exp((R - Q) * chain().expiries[0].t_s / 31_536_000)
    )


def test_neither_spot_nor_pairs_is_nothing() -> None:
    found = chain(strikes=(600,), header_spot=float("nan"))

    assert read(found) is None


def test_implied_yields_are_clipped() -> None:
    assert read(chain(header_spot=605.0), spot_is_certain=True).q[0] == FORWARD.max_implied_q


@settings(deadline=None)
@given(st.permutations(range(26)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    found = chain()
    columns = {
        n: getattr(found, n)[order]
        for n in ("right", "strike", "expiry_idx", "bid", "ask", "open_interest")
    }
    turned = type(found)(**{name: getattr(found, name) for name in found.__slots__} | columns)

    assert read(turned).forward == pytest.approx(read(found).forward)


def test_a_wrong_rate_is_seen_in_the_boxes() -> None:
    found = chain(root="SPXW", european=True)
    pairs = forward.pair_up(found, admission.pairs(found), np.ones(len(found), dtype=bool))
    answer = forward.compute(found, pairs, FORWARD, r=0.0, q=Q)

    assert answer is not None
    assert answer.market_discount[0] == pytest.approx(
        np.exp(-R * found.expiries[0].t_s / 31_536_000), abs=1e-9
    )

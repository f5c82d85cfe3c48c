"""The flip is where repriced dealer gamma is zero, or there is none."""

import math

import numpy as np
import pytest

from analytics.calculators import flip, inventory
from analytics.calculators.inventory import Inventory
from tests.analytics.toy_chains import INVENTORY, PARTS, chain, priced


def held(interest) -> Inventory:  # type: ignore[no-untyped-def]
    return inventory.compute(priced(chain(interest=interest)).priced, INVENTORY)


def textbook(book: Inventory, spot: float) -> float:
    """The sum, one contract at a time."""
    p, total = book.priced, 0.0
    for w, k, t, v, r, q in zip(book.weight, p.strike, p.t, p.sigma, p.r, p.q, strict=True):
        d1 = (math.log(spot / k) + (r - q + v * v / 2) * t) / (v * math.sqrt(t))
        total += w * math.exp(-q * t - d1 * d1 / 2) / (math.sqrt(2 * math.pi * t) * v) * spot * 0.01
    return total


CALLS_ABOVE = held(lambda k, w: 1000 if (k > 600) == (w > 0) else 5)


def test_gamma_is_zero_at_the_flip() -> None:
    found = flip.compute(CALLS_ABOVE, PARTS.flip)

    assert found.flip is not None
    assert abs(textbook(CALLS_ABOVE, found.flip)) < 1e-6 * abs(textbook(CALLS_ABOVE, 620))
    assert found.flips[0].slope_sign == 1


def test_the_profile_is_the_textbook_sum() -> None:
    spots = np.array([560.0, 600.0, 633.0])

    assert flip.gamma_exposure(CALLS_ABOVE, spots) == pytest.approx(
        [textbook(CALLS_ABOVE, s) for s in spots]
    )


def test_only_calls_never_flip() -> None:
    found = flip.compute(held(lambda _, w: 100 if w > 0 else 0), PARTS.flip)

    assert (found.flip, found.flip_reason, found.flips) == (None, "NO_CROSSING", ())


def test_the_accepted_crossing_nearest_spot_wins() -> None:
    two_sided = held(lambda k, w: 1000 if (abs(k - 600) > 12) == (w > 0) else 5)
    found = flip.compute(two_sided, PARTS.flip)

    assert len(found.flips) == 2
    assert abs(found.flip - 600) == min(abs(c.spot_price - 600) for c in found.flips)


@pytest.mark.parametrize(
    ("profile", "cells"),
    [
        pytest.param([-1.0, -0.5, 0.5, 1.0], [(1, 2)], id="a crossing"),
        pytest.param([-1.0, 0.0, 1.0], [(0, 2)], id="one dead point inside"),
        pytest.param([-1.0, 0.0, 0.0, 1.0], [], id="two dead points inside"),
        pytest.param([-1.0, 1e-9, -1.0], [], id="a dead point is no crossing"),
        pytest.param([0.0, 0.0], [], id="nothing lives"),
    ],
)
def test_which_cells_hold_a_crossing(profile: list[float], cells: list[tuple[int, int]]) -> None:
    assert flip.brackets(np.array(profile), 1e-6) == cells

"""From which tranches contracts are taken: whole ones first, then the pair that can be amended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders.parts import ATTACHED, Part, take


@pytest.mark.parametrize(
    ("held", "quantity", "given_up"),
    [
        pytest.param({1: 1, 2: 1, 0: 1}, 1, {1: 1}, id="the nearest target goes first"),
        pytest.param({1: 1, 2: 2, 0: 2}, 2, {1: 1, 0: 1}, id="the rest is amended away"),
        pytest.param({1: 3, 2: 3, 0: 4}, 5, {1: 3, 0: 2}, id="half of ten"),
        pytest.param({0: 3}, 1, {0: 1}, id="a single pair shrinks"),
        pytest.param({0: 3}, 3, {0: 3}, id="or goes"),
        pytest.param({1: 3, 2: 3}, 1, {1: 1}, id="without a pair a tranche is replaced"),
        pytest.param({1: 1, 0: 1}, 5, {1: 1, 0: 1}, id="never more than is held"),
        pytest.param({1: 0, 0: 2}, 1, {0: 1}, id="an empty tranche gives nothing"),
    ],
)
def test_taking(held: dict[int, int], quantity: int, given_up: dict[int, int]) -> None:
    assert take([Part(number, left) for number, left in held.items()], quantity) == given_up


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 50)), st.integers(0, 200))
def test_what_is_taken_is_what_was_asked_as_far_as_it_is_there(
    held: dict[int, int], quantity: int
) -> None:
    given_up = take([Part(number, left) for number, left in held.items()], quantity)

    assert sum(given_up.values()) == min(quantity, sum(held.values()))
    assert all(0 < n <= held[number] for number, n in given_up.items())


@given(st.integers(2, 100))
def test_half_of_a_whole_position_replaces_nothing(quantity: int) -> None:
    first = max(1, quantity // 3)
    second = max(1, (quantity - first) // 2)
    held = {1: first, 2: second, ATTACHED: quantity - first - second}

    given_up = take([Part(number, left) for number, left in held.items()], quantity // 2)

    partly = [n for n, taken in given_up.items() if taken < held[n]]
    assert set(partly) <= {ATTACHED}

"""Market data lines go to what is held, then to what is near the money, then in turns."""

from hypothesis import given
from hypothesis import strategies as st

from quanticity.gateway.ibkr.allocation import HELD, Width, Wish, allocate, reaches

wishes = st.lists(
    st.builds(Wish, st.sampled_from([HELD, 0, 1, 2]), st.integers(0, 20), st.integers(1, 60))
)


def test_everything_fits_most_urgent_first() -> None:
    assert allocate([Wish(1, 0, 5), Wish(0, 2, 7), Wish(HELD, 0, 9)], 10, 3, 0) == (9, 7, 5)


def test_a_held_contract_is_wanted_once() -> None:
    assert allocate([Wish(1, 0, 5), Wish(HELD, 0, 5)], 10, 3, 0) == (5,)


def test_the_far_ones_take_turns() -> None:
    chain = [Wish(0, n, n) for n in range(8)]

    assert [allocate(chain, 4, 2, turn) for turn in (0, 2, 4, 6)] == [
        (0, 1, 2, 3),
        (0, 1, 4, 5),
        (0, 1, 6, 7),
        (0, 1, 2, 3),
    ]


def test_held_contracts_never_rotate() -> None:
    held = [Wish(HELD, 0, n) for n in range(3)]

    assert allocate([*held, *(Wish(0, n, 10 + n) for n in range(9))], 4, 4, 5)[:3] == (0, 1, 2)


@given(wishes, st.integers(0, 30), st.integers(0, 10), st.integers(0, 100))
def test_the_budget_holds_and_nothing_is_idle(
    some: list[Wish], budget: int, rotating: int, cursor: int
) -> None:
    given_lines = allocate(some, budget, rotating, cursor)
    wanted = {wish.con_id for wish in some}

    assert len(given_lines) == len(set(given_lines)) == min(budget, len(wanted))
    assert set(given_lines) <= wanted


@given(wishes, st.integers(1, 30), st.integers(1, 10))
def test_every_wish_gets_its_turn(some: list[Wish], budget: int, rotating: int) -> None:
    held = {wish.con_id for wish in some if wish.tier == HELD}
    turns = [allocate(some, budget, rotating, turn) for turn in range(0, 200, 1)]
    served = set().union(*turns)
    wanted = {wish.con_id for wish in some}

    assert served == wanted or len(held) >= budget


def width(narrowest: int = 4, *, deep: bool = False) -> Width:
    return Width(lambda reach: 4 * (2 * reach + 1), narrowest, deep)


def test_few_chains_are_as_wide_as_they_may_be() -> None:
    assert reaches([width(), width()], 20, 400) == (20, 20)


def test_many_chains_are_narrowed_alike_and_the_deep_ones_last() -> None:
    assert reaches([width(6, deep=True), width(), width()], 20, 4 * (41 + 13 + 13)) == (20, 6, 6)
    assert reaches([width(6, deep=True), width(), width()], 20, 4 * (21 + 9 + 9)) == (10, 4, 4)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=15), st.integers(0, 1_000),
)  # fmt: skip
def test_all_fit_or_all_are_as_narrow_as_they_may_be(
    chains: list[tuple[int, bool]], capacity: int
) -> None:
    widths = [width(narrowest, deep=deep) for narrowest, deep in chains]
    found = reaches(widths, 20, capacity)
    size = sum(w.size(n) for w, n in zip(widths, found, strict=True))

    assert size <= capacity or all(n == w.narrowest for w, n in zip(widths, found, strict=True))
    assert all(w.narrowest <= n <= 20 for w, n in zip(widths, found, strict=True))

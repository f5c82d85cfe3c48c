"""Which side of the book waits with more size (DOMAIN 3.11)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import order_book
from quanticity.config.loader import section
from quanticity.domain.market import Book, Level
from quanticity.domain.readings import Unavailable

SETTINGS = section("analytics.order_book", order_book.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
SIZES = st.lists(st.integers(1, 10_000), min_size=1, max_size=10)


def book(
    bids: list[float],
    asks: list[float],
    *,
    after_s: float = 0,
    synthetic: bool = False,
    spread: float = 0.02,
) -> Book:
    return Book(
        "SPY",
        tuple(Level(100 - 0.01 * n, size) for n, size in enumerate(bids)),
        tuple(Level(100 + spread + 0.01 * n, size) for n, size in enumerate(asks)),
        AT + timedelta(seconds=after_s),
        synthetic,
    )


def reading(one: Book, state: order_book.State | None = None) -> order_book.OrderBook:
    found = order_book.compute(one, state or order_book.State(), SETTINGS)
    assert isinstance(found, order_book.OrderBook)
    return found


def after(*books: Book) -> order_book.State:
    state = order_book.State()
    for each in books:
        state = order_book.update(state, each, SETTINGS)
    return state


@given(SIZES, SIZES)
def test_mirroring_the_book_turns_the_sign(bids: list[float], asks: list[float]) -> None:
    ours, theirs = reading(book(bids, asks)), reading(book(asks, bids))

    assert ours.obi_l1 == pytest.approx(-theirs.obi_l1)
    assert ours.obi_l5 == pytest.approx(-(theirs.obi_l5 or 0))


@given(SIZES, SIZES, st.integers(2, 50))
def test_only_proportions_matter(bids: list[float], asks: list[float], times: int) -> None:
    larger = book([times * size for size in bids], [times * size for size in asks])

    assert reading(larger).obi_l5 == pytest.approx(reading(book(bids, asks)).obi_l5)


@given(SIZES, SIZES)
def test_the_micro_price_lies_inside_the_spread(bids: list[float], asks: list[float]) -> None:
    assert 100 <= reading(book(bids, asks)).micro_price <= 100.02


@pytest.mark.parametrize(
    ("bids", "asks", "spread", "reason"),
    [
        pytest.param([], [], 0.02, "NO_QUOTE", id="empty"),
        pytest.param([1], [], 0.02, "ONE_SIDED", id="no asks"),
        pytest.param([0], [1], 0.02, "ONE_SIDED", id="bids of size zero"),
        pytest.param([1], [1], -0.02, "CROSSED", id="crossed"),
        pytest.param([1], [1], 0.0, "LOCKED", id="locked"),
    ],
)
def test_an_unusable_book_is_unavailable(
    bids: list[float], asks: list[float], spread: float, reason: str
) -> None:
    found = order_book.compute(book(bids, asks, spread=spread), order_book.State(), SETTINGS)

    assert isinstance(found, Unavailable)
    assert found.reason == reason


def test_a_synthetic_book_knows_its_best_level_only() -> None:
    found = reading(book([300], [100], synthetic=True))

    assert (found.obi_l1, found.obi_l5, found.state) == (0.5, None, None)
    assert found.reasons["obi_l5"] == "NOT_APPLICABLE"


def test_velocity_looks_four_samples_back() -> None:
    books = [book([100 + 100 * n], [100], after_s=n) for n in range(5)]

    found = reading(books[-1], after(*books))

    assert found.velocity_per_s == pytest.approx((4 / 6 - 0) / 4)
    assert reading(books[3], after(*books[:4])).reasons["velocity_per_s"] == "INSUFFICIENT_SAMPLES"


@pytest.mark.parametrize(
    "break_off",
    [
        pytest.param(book([100], [100], after_s=60), id="a gap in time"),
        pytest.param(book([100], [], after_s=4), id="a one-sided book"),
        pytest.param(book([100], [100], after_s=4, synthetic=True), id="a book without depth"),
    ],
)
def test_a_break_begins_a_new_past(break_off: Book) -> None:
    state = after(*(book([200], [100], after_s=n) for n in range(4)), break_off)

    assert len(state.samples) <= 1


def test_the_mean_halves_its_distance_in_five_seconds() -> None:
    state = after(book([100], [100]), book([300], [100], after_s=5))

    assert state.ema == pytest.approx(0.25)


def test_the_past_stays_short() -> None:
    assert len(after(*(book([100], [100], after_s=n) for n in range(100))).samples) == 5

"""Weighted lengths: the golden cases, and what never changes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from publishing.messages import weight
from publishing.vectors import CHECKS
from quanticity import golden


def test_the_golden_posts(shared: Any) -> None:
    tally = golden.run(shared / "vectors" / "tweets.json", CHECKS)

    assert tally.failures == []
    assert tally.cases >= 20


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300).filter(
        lambda t: "://" not in t
    )
)
def test_plain_latin_weighs_its_length(text: str) -> None:
    assert weight.weighted_length(text) == len(text)


@given(st.integers(1, 500))
def test_a_url_weighs_the_same_however_long(length: int) -> None:
    assert weight.weighted_length("https://q.co/" + "x" * length) == weight.URL_WEIGHT

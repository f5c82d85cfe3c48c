"""Sale conditions as the tapes say them."""

import pytest

from quanticity.gateway.ibkr import conditions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", (), id="none"),
        pytest.param("  I", ("I",), id="odd lot"),
        pytest.param(" FTI", ("F", "T", "I"), id="several of no weight"),
        pytest.param("O X", ("AUCTION", "COMPLEX"), id="an opening cross"),
        pytest.param("6", ("AUCTION",), id="closing"),
        pytest.param("M9", ("AUCTION",), id="once each"),
        pytest.param("TZ", ("T", "OUT_OF_SEQUENCE"), id="out of sequence"),
        pytest.param("L", ("LATE",), id="late"),
        pytest.param("4", ("COMPLEX",), id="derivatively priced"),
        pytest.param("AUCTION", ("AUCTION",), id="a word of ours"),
    ],
)
def test_letters_of_the_tapes_become_words(text: str, expected: tuple[str, ...]) -> None:
    assert conditions.words(text) == expected

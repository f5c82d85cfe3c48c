"""Frames and fields of the wire format."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated.wire import Fields, Frames, frame

TEXTS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1
)


@given(st.lists(TEXTS, max_size=5), st.integers(1, 7))
def test_messages_survive_any_chunking(messages: list[list[str]], chunk: int) -> None:
    stream = b"".join(frame(*fields) for fields in messages)
    frames = Frames()

    parts = [stream[n : n + chunk] for n in range(0, len(stream), chunk)]

    assert [fields for part in parts for fields in frames.feed(part)] == messages


@pytest.mark.parametrize(
    ("field", "text"),
    [
        pytest.param("SPY", b"SPY", id="text"),
        pytest.param(None, b"", id="absent"),
        pytest.param(True, b"1", id="yes"),
        pytest.param(7, b"7", id="whole number"),
        pytest.param(0.01, b"0.01", id="float"),
        pytest.param(Decimal("1.10"), b"1.10", id="decimal"),
    ],
)
def test_a_field_is_its_text_and_a_nul(field: object, text: bytes) -> None:
    assert frame(field)[4:] == text + b"\0"  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "1.7976931348623157E308", "1.7976931348623157e+308"])
def test_an_unset_number_reads_none(text: str) -> None:
    assert Fields([text]).amount() is None


@pytest.mark.parametrize("text", ["True", "x", "nan"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput, match=text):
        Fields([text]).amount()


def test_a_false_length_is_refused() -> None:
    with pytest.raises(MalformedInput, match="at most"):
        list(Frames().feed(b"\xff\xff\xff\xff1\0"))


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_refused(data: bytes) -> None:
    try:
        found = list(Frames().feed(data))
    except MalformedInput:
        found = []

    assert all(isinstance(field, str) for fields in found for field in fields)

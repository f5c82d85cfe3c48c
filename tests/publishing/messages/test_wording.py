"""How numbers are written for people."""

import pytest

from publishing.messages import wording


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("842.60", "$842.60"), ("45600", "$45.6K"), ("1230000", "$1.23M"), ("999.99", "$999.99"), ("999.995", "$1.0K"),
        ("999949", "$999.9K"), ("999950", "$1.00M"), ("0", "$0.00"), ("-1200", "-$1.2K"), (None, "pending"), ("1234567890", "$1.23B"),
    ],
)  # fmt: skip
def test_money(usd: str | None, text: str) -> None:
    assert wording.money(usd) == text


@pytest.mark.parametrize(
    ("usd", "text"), [("842.60", "+$842.60"), ("-2379.60", "-$2.4K"), ("0", "$0.00")]
)
def test_signed_money(usd: str, text: str) -> None:
    assert wording.money(usd, signed=True) == text


@pytest.mark.parametrize(
    ("frac", "text"),
    [
        ("0.581611", "+58.2%"),
        ("-0.455", "-45.5%"),
        ("0.0001", "0.0%"),
        ("-0.0001", "0.0%"),
        (None, "pending"),
    ],
)
def test_percent(frac: str | None, text: str) -> None:
    assert wording.percent(frac) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (45.9, "45 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (5_520, "1 h 32 min"),
        (3_660, "1 h 01 min"),
        (None, "n/a"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [("2", "2.00"), ("2.005", "2.01"), (0.05, "0.05"), (None, "pending")]
)
def test_option_prices_have_two_decimals(value: object, text: str) -> None:
    assert wording.price(value) == text


@pytest.mark.parametrize(("value", "text"), [("601.25", "601.25"), (605.0, "605"), (None, "n/a")])
def test_levels(value: object, text: str) -> None:
    assert wording.level(value) == text

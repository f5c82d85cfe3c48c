"""The table of codes: every one has a meaning, and the decisive ones the right kind."""

import pytest

from quanticity.domain.errors import PermanentError, TemporaryError
from quanticity.gateway.ibkr import errors
from quanticity.gateway.ibkr.errors import Kind


@pytest.mark.parametrize("code", [10349, 399, 2109, 10311, 161, 10148, 202, 404, 10167])
def test_what_leaves_an_order_working_is_informational(code: int) -> None:
    assert errors.meaning(code).kind is Kind.INFORMATIONAL


@pytest.mark.parametrize("code", [103, 104, 110, 201, 321, 200, 434, 10326, 10327])
def test_a_refusal_is_permanent(code: int) -> None:
    assert isinstance(errors.as_error(code, "no"), PermanentError)


@pytest.mark.parametrize("code", [100, 162, 322, 326, 10197, 7777])
def test_what_may_pass_is_temporary(code: int) -> None:
    assert isinstance(errors.as_error(code, "later"), TemporaryError)


@pytest.mark.parametrize(
    "code", [1100, 1101, 1102, 2110, *errors.FARMS_BROKEN, *errors.FARMS_WELL, 504]
)
def test_links_and_farms_are_connectivity(code: int) -> None:
    assert errors.meaning(code).kind is Kind.CONNECTIVITY


def test_an_unknown_warning_is_a_notice() -> None:
    assert errors.meaning(2199).kind is Kind.INFORMATIONAL


def test_an_error_says_code_and_text() -> None:
    assert str(errors.as_error(201, "both sides")) == "201: both sides"


def test_every_refused_stream_is_in_the_table() -> None:
    assert set(errors.MEANINGS) >= errors.STREAM_REFUSED

"""OCC codes are read exactly, or refused (DOMAIN 1.2)."""

import pytest

from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ


@pytest.mark.parametrize("code", ["SPY251121C00600000", "SPY   251121C00600000"])
def test_both_forms_are_one_contract(code: str) -> None:
    assert parse_occ(code).occ == "SPY251121C00600000"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("SPY251121C00600000\n", id="a line's end"),
        pytest.param(
            "SPY\u0662\u0665\u0661\u0661\u0662\u0661C00600000", id="digits of another script"
        ),
        pytest.param("spy251121C00600000", id="lower case"),
        pytest.param("SPY251131C00600000", id="no such day"),
        pytest.param("SPY251121C00000000", id="strike zero"),
        pytest.param("SPYSPYS251121C00600000", id="a long root"),
        pytest.param("251121C00600000", id="no root"),
    ],
)
def test_anything_else_is_refused(code: str) -> None:
    with pytest.raises(MalformedInput):
        parse_occ(code)

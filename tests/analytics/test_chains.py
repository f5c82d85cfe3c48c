"""The hash of a chain stands for all that a reading may rest on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analytics import chains
from quanticity.domain.calendar import Settlement
from quanticity.domain.options import Chain
from tests.analytics import toy_chains

CHAIN = toy_chains.chain()
# What a number cannot rest on: names that follow from others, cross-checks, words.
UNHASHED = {"occ", "vendor", "warnings", "as_of", "feed"}
COLUMNS = [
    name for name in Chain.__dataclass_fields__
    if isinstance(getattr(CHAIN, name), np.ndarray) and name not in UNHASHED
]  # fmt: skip
OTHERS: dict[str, Any] = {
    "underlying": "QQQ", "spot": 601.0, "spot_low": 599.0, "spot_high": 601.0, "multiplier": 10,
    "european": True, "delayed": True,
    "expiries": (replace(CHAIN.expiries[0], settlement=Settlement.AM_CASH),),
}  # fmt: skip


def hashed(chain: Chain) -> str:
    return chains.input_of(chain).hash


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("row", [0, -1], ids=["first row", "last row"])
def test_another_entry_of_a_column_is_another_hash(name: str, row: int) -> None:
    column = getattr(CHAIN, name).copy()
    column[row] += 1

    assert hashed(replace(CHAIN, **{name: column})) != hashed(CHAIN)


@pytest.mark.parametrize("name", OTHERS)
def test_another_fact_of_the_header_is_another_hash(name: str) -> None:
    assert hashed(replace(CHAIN, **{name: OTHERS[name]})) != hashed(CHAIN)


def test_everything_a_chain_says_is_in_its_hash_or_named_here() -> None:
    assert {*COLUMNS, *OTHERS, *UNHASHED} == set(Chain.__dataclass_fields__)


def test_the_same_content_at_another_instant_has_the_same_hash() -> None:
    later = replace(CHAIN, as_of=CHAIN.as_of.replace(minute=5))

    assert hashed(later) == hashed(CHAIN)

from datetime import timedelta

import pytest

from quanticity.management.gateway.paces import Paces
from tests.factories import NOON


def at(second: float):
    return NOON + timedelta(seconds=second)


@pytest.mark.parametrize(
    ("second", "is_due"), [(10, False), (26, False), (28, True), (60, True), (-5, True)]
)
def test_a_symbol_is_let_through_once_a_cadence(second: float, is_due: bool) -> None:
    paces = Paces()

    assert paces.is_due("SPY", NOON, 30.0)
    assert paces.is_due("SPY", at(second), 30.0) is is_due


def test_symbols_do_not_wait_for_each_other() -> None:
    paces = Paces()

    assert paces.is_due("SPY", NOON, 30.0)
    assert paces.is_due("QQQ", NOON, 30.0)

"""The operators' pages while something is missing."""

from collections.abc import Callable

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("no_store")
def test_a_silent_store_is_said(signed_in: Callable[..., Client]) -> None:
    answer = signed_in(staff=True).get("/dashboard/symbol/SPY/plots/")

    assert b"The store does not answer" in answer.content


@pytest.mark.parametrize("path", ["", "plots/"], ids=["page", "plots"])
def test_an_unknown_symbol_is_not_found(signed_in: Callable[..., Client], path: str) -> None:
    assert signed_in(staff=True).get(f"/dashboard/symbol/NOPE/{path}").status_code == 404

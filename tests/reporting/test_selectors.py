"""Reads for the dashboard."""

from collections.abc import Callable
from typing import Any

import pytest

from publishing.models import Delivery
from quanticity.domain import clock
from quanticity.domain.tiers import Tier
from reporting import selectors

pytestmark = pytest.mark.django_db


def load(tier: Tier) -> selectors.Load:
    return next(found for found in selectors.loads(clock.now()) if found.tier is tier)


def test_what_is_owed_is_waiting_until_due_and_late_after(
    released: Callable[..., Any], noon: Any
) -> None:
    released()
    Delivery.objects.update(state="PENDING")
    noon.advance(60)

    assert load(Tier.BASIC) == selectors.Load(Tier.BASIC, waiting=0, late=1, sent=0, unwell=0)
    assert load(Tier.FREE) == selectors.Load(Tier.FREE, waiting=1, late=0, sent=0, unwell=0)


def test_what_was_sent_this_session_is_counted(released: Callable[..., Any]) -> None:
    released()

    assert load(Tier.FREE).sent == 1


@pytest.mark.parametrize("state", ["DEAD", "EXPIRED", "AMBIGUOUS"])
def test_what_went_wrong_is_counted_apart(released: Callable[..., Any], state: str) -> None:
    released()
    Delivery.objects.filter(tier="premium").update(state=state)

    assert load(Tier.PREMIUM) == selectors.Load(Tier.PREMIUM, waiting=0, late=0, sent=0, unwell=1)


@pytest.mark.usefixtures("noon")
def test_without_deliveries_every_tier_has_zeros() -> None:
    assert [found.tier for found in selectors.loads(clock.now())] == list(Tier)

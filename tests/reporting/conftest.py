"""People with their tiers, and trades as publishing released them."""

import copy
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from publishing.models import Announcement, Delivery
from publishing.scenarios import SCENARIOS
from publishing.subscriptions.models import Entitlement
from quanticity.domain import clock
from quanticity.domain.tiers import Tier
from quanticity.store.client import client

DELAY_S = {"premium": 0, "basic": 60, "free": 300}
Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def fast_passwords(settings: Any) -> None:
    """Hash as tests may: a real hash takes half a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def no_store(settings: Any) -> Iterator[None]:
    """The platform with its store down."""
    settings.REDIS_URL = "unix:///tmp/qc-nobody-listens.sock"
    settings.BROKER_URL = "redis+socket:///tmp/qc-nobody-listens.sock"
    client.cache_clear()
    yield
    client.cache_clear()


@pytest.fixture
def person(db: None) -> Make:
    """Make a user; `tier` gives an entitlement, `staff` the operators' door."""
    count = itertools.count(1)

    def make(tier: str | None = None, *, staff: bool = False, **changes: Any) -> User:
        user = User.objects.create_user(
            f"user{next(count)}", password="x-long-enough", is_staff=staff, is_superuser=staff
        )
        known = {"tier": tier or "free", "state": "ACTIVE", "evidence": "test", **changes}
        Entitlement.objects.create(user=user, **known)
        return user

    return make


@pytest.fixture
def signed_in(person: Make) -> Callable[..., Client]:
    """A browser session of a new user."""

    def make(tier: str | None = None, *, staff: bool = False, **changes: Any) -> Client:
        client = Client()
        client.force_login(person(tier, staff=staff, **changes))
        return client

    return make


@pytest.fixture
def released(db: None, noon: Any) -> Make:
    """Announce one event of a trade; its web deliveries are due after each tier's delay."""
    count = itertools.count(1)

    def make(kind: str = "ENTRY", **changes: Any) -> Announcement:
        n = next(count)
        facts = next(
            copy.deepcopy(step.facts) for step in SCENARIOS["winner"].steps if step.kind == kind
        )
        told = Announcement.objects.create(
            trade_id=f"T-20251121-{n:03}", seq=1, kind=kind, symbol="SPY", clock_at=clock.now(),
            facts={**facts, "trade_no": f"T-20251121-{n:03}"}, created_at=clock.now(), source="sim", **changes,
        )  # fmt: skip
        for tier in Tier:
            Delivery.objects.create(
                announcement=told, tier=tier, channel="web", due_at=told.clock_at + timedelta(seconds=DELAY_S[tier]),
                priority=1, created_at=told.clock_at, feed_seq=n, state="SENT",
            )  # fmt: skip
        return told

    return make

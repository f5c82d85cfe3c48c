"""The world that browsers visit, written by a process of its own: `world.py begin` or `world.py release N`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402

from publishing.models import Announcement, Delivery  # noqa: E402
from publishing.scenarios import SCENARIOS  # noqa: E402
from publishing.subscriptions.models import Entitlement  # noqa: E402
from quanticity.domain import clock  # noqa: E402
from quanticity.domain.tiers import Tier  # noqa: E402


def begin() -> None:
    """One member per tier and one operator."""
    for tier in Tier:
        user = User.objects.create_user(tier, password="x-long-enough")
        Entitlement.objects.create(user=user, tier=tier, state="ACTIVE", evidence="test")
    User.objects.create_superuser("operator", password="x-long-enough")
    release(1)


def release(number: int) -> None:
    """One entry, due now for premium and later for the others, as the web delivery leaves it."""
    facts = next(step.facts for step in SCENARIOS["winner"].steps if step.kind == "ENTRY")
    now, trade_id = clock.now(), f"T-20251121-{number:03}"
    told = Announcement.objects.create(
        trade_id=trade_id, seq=1, kind="ENTRY", symbol="SPY", clock_at=now, facts={**facts, "trade_no": trade_id},
        created_at=now, source="sim",
    )  # fmt: skip
    Delivery.objects.create(
        announcement=told, tier="premium", channel="web", due_at=now, priority=1, created_at=now, feed_seq=number, state="SENT"
    )  # fmt: skip


if sys.argv[1] == "begin":
    begin()
else:
    release(int(sys.argv[2]))

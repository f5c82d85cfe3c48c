"""The world that browsers visit, written by a process of its own: `world.py begin` or `world.py release N`."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402

from execution.models import Approval, Order, OrderIntent  # noqa: E402
from publishing.models import Announcement, Delivery  # noqa: E402
from publishing.scenarios import SCENARIOS  # noqa: E402
from publishing.subscriptions.models import Entitlement  # noqa: E402
from quanticity.domain import clock  # noqa: E402
from quanticity.domain.tiers import Tier  # noqa: E402

# Libraries ship packages called `tests`; ours is none (HOUSE 13.3) and would be looked for last.
ours = ModuleType("tests")
ours.__path__ = [str(Path(__file__).parents[1])]
sys.modules["tests"] = ours

from tests import desks, factories  # noqa: E402


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


def trade() -> None:
    """A trade that is held, an entry that works, one that waits for a yes, books that agree."""
    factories.account()
    factories.reconciled()
    held = desks.held(1)
    working, waiting = (factories.intent(n, signal_changes={"state": "ended"}) for n in (2, 3))
    Order.objects.filter(intent=working).update(state="WORKING", sent_at=clock.now())
    OrderIntent.objects.filter(pk=waiting.pk).update(state="CHECKED")
    Order.objects.filter(intent=waiting).delete()
    Approval.objects.create(
        intent=waiting, summary="0DTE SPY: buy 3 SPY251121C00600000 at 2.00",
        created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1),
    )  # fmt: skip
    named = {"held": held.pk, "working": factories.ref(working, "E"), "waiting": waiting.pk}
    sys.stdout.write(json.dumps(named))


if sys.argv[1] == "begin":
    begin()
elif sys.argv[1] == "trade":
    trade()
else:
    release(int(sys.argv[2]))

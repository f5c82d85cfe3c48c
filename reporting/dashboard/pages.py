"""Pages for visitors and members: what this is, the track record, the fine print, the feed."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from publishing import selectors as publishing
from publishing import tiers
from publishing.subscriptions.selectors import tier_of
from quanticity.config.loader import section
from quanticity.domain import clock
from reporting import selectors
from reporting.dashboard.feed import card

SHOWN = 50


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, on one screen."""
    return render(request, "dashboard/home.html")


@require_safe
def track_record(request: HttpRequest) -> HttpResponse:
    """Executed trades of the live account, and nothing else."""
    trades = selectors.live_trades()[:SHOWN]
    return render(request, "dashboard/track_record.html", {"trades": trades})


@require_safe
def disclaimer(request: HttpRequest) -> HttpResponse:
    """The fine print."""
    return render(request, "dashboard/disclaimer.html")


@never_cache
@login_required
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """A member's feed: what their tier may see at this moment."""
    tier = tier_of(request.user)
    if tier is None:
        raise PermissionDenied
    items = publishing.visible_to(tier, clock.now(), limit=SHOWN)
    context: dict[str, Any] = {
        "tier": tier,
        "delay_s": int(section("publishing.tiers", tiers.Settings).delay_s[tier]),
        "items": [(item, card(item.kind, item.data)) for item in items],
        "after_seq": max((item.seq for item in items if item.seq is not None), default=0),
    }
    return render(request, "dashboard/feed.html", context)

"""Pages for visitors and members: what this is, the track record, the fine print, the feed."""

import json
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.models import Source
from execution import selectors as execution
from execution.models import Position
from publishing import engagement, tiers
from publishing import selectors as publishing
from publishing import track_record as record
from publishing.subscriptions.selectors import tier_of
from quanticity.config.loader import section
from quanticity.domain import clock
from reporting import selectors
from reporting.dashboard import tier_curves
from reporting.dashboard.feed import card
from reporting.dashboard.formats import signed_percent, whole

SHOWN = 50
FOLLOWED = ("/pricing/", "/track-record/", "/track-record/receipts/", "/legal/disclaimer/")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, on one screen."""
    return render(request, "dashboard/home.html")


@require_safe
def track_record(request: HttpRequest) -> HttpResponse:
    """Executed trades of the live account, and nothing else."""
    now = clock.now()
    trades = [_in_public(row) for row in selectors.live_trades(now)[:SHOWN]]
    curves = tier_curves.draw(selectors.achieved(Source.LIVE, now))
    agreed = execution.zero_break_days() if settings.TRADING_MODE == "live" else 0
    context = {"trades": trades, "curves": curves, "zero_break_days": agreed}
    return render(request, "dashboard/track_record.html", context)


def _in_public(row: Position) -> dict[str, object]:
    """A closed trade as everybody may see it: what it returned, no dollars of ours (7.3)."""
    stake = (row.entry_price or 0) * row.quantity_total * row.multiplier
    net = row.realised_net_usd
    return {
        "closed_at": row.closed_at, "trade_id": row.trade_id, "occ": row.occ,
        "entry_price": row.entry_price, "exit_price": row.exit_price,
        "net_return": signed_percent(None if net is None or not stake else net / stake),
    }  # fmt: skip


@require_safe
def receipts(request: HttpRequest) -> HttpResponse:
    """The ledger as everybody may see it, and the proof of one record."""
    now, asked = clock.now(), request.GET.get("seq", "")
    seq = whole(asked)
    context = {
        "sessions": record.sessions(SHOWN),
        "latest": record.public(now).order_by("-seq")[:SHOWN],
        "asked": "" if seq is None else asked,
        "proof": None if seq is None else record.inclusion(seq, now),
    }
    return render(request, "dashboard/receipts.html", context)


@require_safe
def receipts_export(_request: HttpRequest) -> StreamingHttpResponse:
    """The public chain, one record per line, as `verify_receipts` reads it."""
    rows = record.public(clock.now()).order_by("seq").values(*record.FIELDS)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows.iterator(chunk_size=1_000))
    answer = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    answer["Content-Disposition"] = 'attachment; filename="quanticity-receipts.ndjson"'
    return answer


@never_cache
@require_safe
def follow(request: HttpRequest, delivery_id: int, path: str) -> HttpResponse:
    """Count a click on a link of one of our posts, and go on; nowhere but to pages of ours."""
    place = f"/{path}"
    if place not in FOLLOWED:
        raise Http404
    if engagement.note_click(delivery_id):
        request.session["came_from"] = delivery_id
    return redirect(place)


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
        "items": [(item, card(item.kind, item.data, item.lines)) for item in items],
        "after_seq": max((item.seq for item in items if item.seq is not None), default=0),
    }
    return render(request, "dashboard/feed.html", context)

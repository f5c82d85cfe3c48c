"""The operators' door to announcements and deliveries."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import display

from publishing import services
from publishing.models import Announcement, Delivery, Engagement, Receipt, Root, Route
from quanticity.admin import FactAdmin
from quanticity.domain.tiers import Tier

_SHOWN = 100


@admin.register(Announcement)
class AnnouncementAdmin(FactAdmin):
    """Facts about executed trades that are to be told."""

    list_display = ("clock_at", "trade_id", "seq", "kind", "symbol", "probe", "source")
    list_filter = ("kind", "symbol", "probe", "source")
    search_fields = ("trade_id", "symbol")
    date_hierarchy = "clock_at"


@admin.register(Delivery)
class DeliveryAdmin(FactAdmin):
    """One message to one tier on one channel."""

    list_display = (
        "due_at", "announcement", "tier", "channel", "state", "late", "sent_at", "attempts",
        "receipt", "error",
    )  # fmt: skip
    list_filter = ("state", "tier", "channel", "ambiguous")
    list_select_related = ("announcement",)
    search_fields = ("announcement__trade_id", "receipt", "error")
    date_hierarchy = "due_at"
    actions = ("redrive", "approve")

    @admin.action(description="Redrive dead and doubtful ones (shows first what would be sent)")
    def redrive(self, request: HttpRequest, rows: QuerySet[Delivery]) -> HttpResponse | None:
        """Show what would be sent; with a reason given, give it another life."""
        reason = request.POST.get("reason", "").strip()
        ids = list(rows.values_list("pk", flat=True))
        if not reason:
            context: dict[str, Any] = {
                **self.admin_site.each_context(request),
                "title": "Redrive deliveries",
                "rows": services.redrivable(ids)[:_SHOWN],
                "chosen": ids,
                "opts": self.opts,
            }
            return TemplateResponse(request, "publishing/redrive.html", context)
        done = services.redrive(ids, actor=_who(request), reason=reason)
        self.message_user(request, f"{len(done)} deliveries are owed again.", messages.SUCCESS)
        return None

    @admin.action(description="Approve posts that wait for it")
    def approve(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        """Let held posts go out."""
        done = services.approve(list(rows.values_list("pk", flat=True)), actor=_who(request))
        self.message_user(request, f"{done} posts approved.", messages.SUCCESS)

    @display(description="late by")  # type: ignore[untyped-decorator]
    def late(self, row: Delivery) -> str:
        """Seconds between the release time and the sending."""
        return f"{(row.sent_at - row.due_at).total_seconds():.1f} s" if row.sent_at else "—"


@admin.register(Receipt)
class ReceiptAdmin(FactAdmin):
    """The track record's hash chain."""

    list_display = ("seq", "kind", "at", "trade_id", "hash")
    list_filter = ("kind",)
    search_fields = ("trade_id", "hash")


@admin.register(Route)
class RouteAdmin(FactAdmin):
    """Channels that may not be used now, and why."""

    list_display = ("channel", "tier", "closed_until_at", "revoked_at", "reason")
    list_filter = ("channel", "tier")
    actions = ("reopen",)

    @admin.action(description="Use these again: the credential was mended")
    def reopen(self, request: HttpRequest, rows: QuerySet[Route]) -> None:
        """Open routes that were closed or revoked; what is parked there goes out."""
        for row in list(rows):
            services.reopen_route(
                row.channel, Tier(row.tier), actor=_who(request), reason="reopened in the admin"
            )
            self.message_user(request, f"{row} is used again.", messages.SUCCESS)


@admin.register(Root)
class RootAdmin(FactAdmin):
    """Session roots as they were posted."""

    list_display = ("session_date", "first_seq", "last_seq", "root", "head", "made_at")


@admin.register(Engagement)
class EngagementAdmin(FactAdmin):
    """What readers did with each delivery."""

    list_display = (
        "fetched_at", "delivery", "after_h", "impressions", "likes", "reposts", "replies",
        "clicks", "signups", "reason",
    )  # fmt: skip
    list_filter = ("delivery__channel", "delivery__announcement__kind", "after_h")
    list_select_related = ("delivery",)


def _who(request: HttpRequest) -> str:
    return str(request.user)

"""The operators' door to announcements and deliveries."""

from django.contrib import admin
from unfold.decorators import display

from publishing.models import Announcement, Delivery, Receipt, Route
from quanticity.admin import FactAdmin


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

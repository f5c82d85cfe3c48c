"""The operators' door to memberships."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from publishing.subscriptions.models import Endpoint, Entitlement, Letter
from quanticity import audit
from quanticity.admin import FactAdmin


@admin.register(Entitlement)
class EntitlementAdmin(ModelAdmin):  # type: ignore[misc] # untyped library
    """Which tier a member has, and the evidence for it."""

    list_display = ("user", "tier", "state", "until_at", "evidence", "changed_at")
    list_filter = ("tier", "state")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "evidence")
    autocomplete_fields = ("user",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A membership ends by its state, so that its evidence stays."""
        return False

    def save_model(self, request: HttpRequest, obj: Entitlement, form: Any, change: bool) -> None:
        """Write the grant into the audit trail."""
        before = Entitlement.objects.filter(pk=obj.pk).values("tier", "state").first()
        super().save_model(request, obj, form, change)
        audit.record(
            request.user.get_username(), "entitlement", obj.user.get_username(),
            before=before, after={"tier": obj.tier, "state": obj.state}, reason=obj.evidence,
        )  # fmt: skip


@admin.register(Endpoint)
class EndpointAdmin(FactAdmin):
    """Members' webhook addresses; their secrets are shown to nobody."""

    list_display = ("pk", "user", "url", "created_at", "failing_since_at", "disabled_at", "reason")
    list_select_related = ("user",)
    fields = ("user", "url", "created_at", "failing_since_at", "disabled_at", "reason")


@admin.register(Letter)
class LetterAdmin(FactAdmin):
    """Mail about accounts."""

    list_display = ("created_at", "user", "subject", "state", "sent_at", "attempts", "error")
    list_filter = ("state",)
    list_select_related = ("user",)

"""The operators' door to decisions and signals."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from analytics import selectors
from analytics.models import (
    CalculatorState,
    Decision,
    DiscoveredParameter,
    MetricHistory,
    ScheduledEvent,
    Signal,
)
from quanticity.admin import FactAdmin


class ExplainedAdmin(FactAdmin):
    """Facts whose page begins with the explanation of a decision."""

    change_form_before_template = "analytics/explanation.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Put the explanation before the fields."""
        decision = self.decision_of(object_id)
        if decision is not None:
            after = selectors.decision_after(decision)
            extra_context = (extra_context or {}) | {
                "decision": decision,
                "explained": selectors.explained(decision),
                "stood_until": None if after is None else after.at,
            }
        response: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return response

    @staticmethod
    def decision_of(object_id: str) -> Decision | None:
        """The decision to explain."""
        return Decision.objects.filter(pk=object_id).first() if object_id.isdigit() else None


@admin.register(Decision)
class DecisionAdmin(ExplainedAdmin):
    """Why something happened at 10:42, or did not."""

    fieldsets = (
        (None, {"fields": ("at", ("strategy", "symbol"), ("outcome", "confidence"))}),
        ("As it is stored", {"fields": ("explanation",), "classes": ("collapse",)}),
    )
    list_display = ("at", "strategy", "symbol", "outcome", "way", "confidence", "source")
    list_filter = ("strategy", "symbol", "outcome", "direction", "source")
    search_fields = ("symbol", "strategy", "outcome", "config_hash")
    date_hierarchy = "at"


@admin.register(Signal)
class SignalAdmin(ExplainedAdmin):
    """Admitted decisions with a contract."""

    list_display = (
        "created_at", "strategy", "symbol", "way", "confidence", "occ", "mode", "state",
        "acknowledgement", "acknowledged_by", "probe", "source",
    )  # fmt: skip
    list_filter = (
        "strategy", "symbol", "direction", "mode", "state", "acknowledgement", "probe", "source",
    )  # fmt: skip
    search_fields = ("signal_id", "symbol", "occ", "acknowledged_by")
    date_hierarchy = "created_at"

    @staticmethod
    def decision_of(object_id: str) -> Decision | None:
        """The decision it was admitted from."""
        return Decision.objects.filter(signal=object_id).first()


@admin.register(ScheduledEvent)
class ScheduledEventAdmin(ModelAdmin):  # type: ignore[misc] # untyped library
    """Releases and results around which nothing is entered; operators keep them."""

    list_display = ("at", "kind", "symbol", "source")
    list_filter = ("kind", "symbol")
    date_hierarchy = "at"


@admin.register(MetricHistory)
class MetricHistoryAdmin(FactAdmin):
    """Samples that z-scores are made from."""

    list_display = ("as_of", "symbol", "metric", "value", "source")
    list_filter = ("symbol", "metric", "source")
    date_hierarchy = "as_of"


@admin.register(CalculatorState)
class CalculatorStateAdmin(FactAdmin):
    """What incremental calculators remember."""

    list_display = ("symbol", "name", "saved_at", "source")
    list_filter = ("symbol", "name", "source")


@admin.register(DiscoveredParameter)
class DiscoveredParameterAdmin(FactAdmin):
    """What was learned of each symbol, from how much, and whether it is in force."""

    list_display = (
        "valid_from", "symbol", "name", "value", "unit", "n", "method", "is_applied", "source",
    )  # fmt: skip
    list_filter = ("symbol", "name", "is_applied", "source")
    date_hierarchy = "valid_from"

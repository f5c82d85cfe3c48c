"""The operators' door to decisions and signals."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from analytics import selectors
from analytics.models import (
    BackfillRow,
    BackfillRun,
    BlindSpan,
    CalculatorState,
    Decision,
    DiscoveredParameter,
    FeedEvent,
    Grade,
    JobSlot,
    MetricHistory,
    Quarantined,
    ScheduledEvent,
    Signal,
)
from analytics.services import quarantine
from quanticity import audit
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


@admin.register(Quarantined)
class QuarantinedAdmin(FactAdmin):
    """Records that were refused, and what came of judging them again."""

    list_display = (
        "recv_at", "kind", "instrument", "reason", "feed", "judged_at", "verdict", "source",
    )  # fmt: skip
    list_filter = ("reason", "kind", "feed", "source", ("judged_at", admin.EmptyFieldListFilter))
    search_fields = ("instrument", "reason", "verdict")
    date_hierarchy = "recv_at"
    actions = ("judge_again",)

    @admin.action(description="Judge again by the rules of today")
    def judge_again(self, request: HttpRequest, queryset: QuerySet[Quarantined]) -> None:
        """Judge the chosen records, and put back what passes and still matters."""
        found = quarantine.judge_again(queryset)
        said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(found.items()))
        audit.record(
            request.user.get_username(), "quarantine judged again",
            f"{sum(found.values())} records", reason=said,
        )  # fmt: skip
        self.message_user(request, said or "nothing was chosen", messages.INFO)


@admin.register(BlindSpan)
class BlindSpanAdmin(FactAdmin):
    """When we did not see the market, and why."""

    list_display = ("from_at", "to_at", "feed", "symbol", "cause", "session_date", "source")
    list_filter = ("feed", "symbol", "cause", "source")
    date_hierarchy = "from_at"


@admin.register(FeedEvent)
class FeedEventAdmin(FactAdmin):
    """What happened to the sources: switched, suspended, restored, contradicted."""

    list_display = ("at", "kind", "feed", "symbol", "detail", "source")
    list_filter = ("kind", "feed", "symbol", "source")
    search_fields = ("detail",)
    date_hierarchy = "at"


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


@admin.register(Grade)
class GradeAdmin(FactAdmin):
    """How right estimates were once the truth was known."""

    list_display = (
        "session_date", "name", "symbol", "subject", "estimate", "came", "score", "hit", "n",
        "source",
    )  # fmt: skip
    list_filter = ("name", "symbol", "hit", "source")
    search_fields = ("subject",)
    date_hierarchy = "session_date"


@admin.register(JobSlot)
class JobSlotAdmin(FactAdmin):
    """When each job of the timetable last began."""

    list_display = ("job", "subject", "began_at", "source")
    list_filter = ("job", "source")


@admin.register(BackfillRun)
class BackfillRunAdmin(FactAdmin):
    """Backfills: what of, how far, what was refused, and the hash of what came out."""

    list_display = (
        "moved_at", "job", "state", "path", "read_n", "written_n", "refused", "unreadable",
        "result_hash",
    )  # fmt: skip
    list_filter = ("job", "state")
    search_fields = ("run_id", "path")


@admin.register(BackfillRow)
class BackfillRowAdmin(FactAdmin):
    """Results of backfills, which no live history holds."""

    list_display = ("as_of", "symbol", "run", "source")
    list_filter = ("symbol", "run__job")
    list_select_related = ("run",)
    date_hierarchy = "as_of"

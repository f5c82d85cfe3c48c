"""The operators' door to decisions and signals."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from analytics.models import (
    BlindSpan,
    CalculatorState,
    Decision,
    DiscoveredParameter,
    FeedEvent,
    MetricHistory,
    Quarantined,
    Signal,
)
from analytics.services import quarantine
from quanticity import audit
from quanticity.admin import FactAdmin


@admin.register(Decision)
class DecisionAdmin(FactAdmin):
    """Why something happened at 10:42, or did not."""

    list_display = ("at", "strategy", "symbol", "outcome", "way", "confidence", "source")
    list_filter = ("strategy", "symbol", "outcome", "direction", "source")
    search_fields = ("symbol", "strategy", "outcome", "config_hash")
    date_hierarchy = "at"


@admin.register(Signal)
class SignalAdmin(FactAdmin):
    """Admitted decisions with a contract."""

    list_display = (
        "created_at", "strategy", "symbol", "way", "confidence", "occ", "state",
        "acknowledgement", "acknowledged_by", "probe", "source",
    )  # fmt: skip
    list_filter = (
        "strategy", "symbol", "direction", "state", "acknowledgement", "probe", "source",
    )  # fmt: skip
    search_fields = ("signal_id", "symbol", "occ", "acknowledged_by")
    date_hierarchy = "created_at"


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

"""The operators' door to decisions and signals."""

from django.contrib import admin

from analytics.models import (
    CalculatorState,
    Decision,
    DiscoveredParameter,
    Grade,
    JobSlot,
    MetricHistory,
    Signal,
)
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

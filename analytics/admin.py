"""The operators' door to decisions and signals."""

from django.contrib import admin

from analytics.models import Decision, Signal
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

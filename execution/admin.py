"""The operators' door to intents, orders, fills, positions and the broker's word."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline

from execution import models
from execution.orders.shadows import Settings as Shadows
from execution.services import shadows
from quanticity.admin import FactAdmin
from quanticity.config.loader import section


class FactInline(TabularInline):  # type: ignore[misc] # untyped library
    """Facts that belong to another fact, shown on its page."""

    extra = 0
    can_delete = False
    show_change_link = True
    tab = True

    def has_add_permission(self, *_: Any) -> bool:
        """Nobody adds a fact by hand."""
        return False

    def has_change_permission(self, *_: Any) -> bool:
        """Nobody changes a fact."""
        return False


class OrderInline(FactInline):
    """Orders of an intent."""

    model = models.Order
    fields = ("order_ref", "role", "side", "quantity", "limit_price", "stop_price", "state")


class FillInline(FactInline):
    """Fills of a position."""

    model = models.Fill
    fields = ("exec_id", "order_ref", "quantity", "price", "executed_at")


class EventInline(FactInline):
    """What was told of a position."""

    model = models.PositionEvent
    fields = ("seq", "kind", "clock_at", "announced")


@admin.register(models.OrderIntent)
class OrderIntentAdmin(FactAdmin):
    """What we meant to do because of a signal, and which rule denied it."""

    list_display = (
        "created_at", "symbol", "strategy", "way", "occ", "quantity", "limit_price",
        "notional_usd", "state", "denied_by", "probe", "source",
    )  # fmt: skip
    list_filter = ("state", "denied_by", "strategy", "symbol", "role", "probe", "source")
    search_fields = ("intent_id", "occ", "symbol", "denied_by", "reason")
    date_hierarchy = "created_at"
    inlines = (OrderInline,)


@admin.register(models.Order)
class OrderAdmin(FactAdmin):
    """What we want of an order beside what the broker says of it."""

    list_display = (
        "recorded_at", "order_ref", "role", "side", "quantity", "filled", "occ", "order_type",
        "limit_price", "stop_price", "state", "error",
    )  # fmt: skip
    list_filter = ("state", "role", "side", "order_type")
    search_fields = ("order_ref", "occ", "perm_id", "error")
    date_hierarchy = "recorded_at"


@admin.register(models.OrderEvent)
class OrderEventAdmin(FactAdmin):
    """What the broker said, before it was interpreted."""

    list_display = ("at", "kind", "order_ref")
    list_filter = ("kind",)
    search_fields = ("order_ref",)
    date_hierarchy = "at"


@admin.register(models.Fill)
class FillAdmin(FactAdmin):
    """Executions as the broker reports them."""

    list_display = ("executed_at", "occ", "quantity", "price", "position", "order_ref", "source")
    list_filter = ("source",)
    list_select_related = ("position",)
    search_fields = ("exec_id", "order_ref", "occ", "position__trade_id")
    date_hierarchy = "executed_at"


@admin.register(models.Commission)
class CommissionAdmin(FactAdmin):
    """What each execution cost."""

    list_display = ("at", "exec_id", "commission_usd", "rebate_usd", "status")
    list_filter = ("status",)
    search_fields = ("exec_id",)
    date_hierarchy = "at"


@admin.register(models.Position)
class PositionAdmin(FactAdmin):
    """Trades from their first fill to their last."""

    list_display = (
        "opened_at", "trade_id", "symbol", "strategy", "way", "occ", "quantity_open",
        "entry_price", "stop_price", "mark_price", "exit_price", "realised_net_usd", "exit_reason",
        "naked_ms", "state", "probe", "source",
    )  # fmt: skip
    list_filter = ("state", "symbol", "strategy", "exit_reason", "probe", "source")
    search_fields = ("trade_id", "occ", "symbol")
    date_hierarchy = "opened_at"
    inlines = (FillInline, EventInline)


@admin.register(models.PositionEvent)
class PositionEventAdmin(FactAdmin):
    """What is to be told of a trade."""

    list_display = ("clock_at", "position", "seq", "kind", "announced")
    list_filter = ("kind", "announced")
    list_select_related = ("position",)
    search_fields = ("position__trade_id",)
    date_hierarchy = "clock_at"


@admin.register(models.RiskEvent)
class RiskEventAdmin(FactAdmin):
    """Denials, each with the value and the threshold that made it."""

    list_display = ("at", "code", "value", "threshold", "intent")
    list_filter = ("code",)
    list_select_related = ("intent",)
    search_fields = ("code", "intent__intent_id")
    date_hierarchy = "at"


@admin.register(models.Reconciliation)
class ReconciliationAdmin(FactAdmin):
    """Comparisons of our book with the broker's."""

    list_display = ("at", "is_clean", "findings")
    list_filter = ("is_clean",)
    date_hierarchy = "at"


@admin.register(models.AccountValues)
class AccountValuesAdmin(FactAdmin):
    """The broker account as last reported."""

    list_display = ("account", "equity_usd", "buying_power_usd", "available_usd", "cash_usd", "at")


@admin.register(models.TradingScope)
class TradingScopeAdmin(FactAdmin):
    """What may be sent; `halt` and the breakers change it, with a reason."""

    list_display = ("scope", "state", "reason", "actor", "changed_at")
    list_filter = ("state",)


@admin.register(models.ShadowTrade)
class ShadowTradeAdmin(FactAdmin):
    """What was never sent, followed in shadow; before the list, what each gate is worth."""

    list_before_template = "execution/gate_values.html"
    list_display = (
        "opened_at", "gate", "is_sole", "strategy", "symbol", "way", "occ", "entry_price",
        "mark_price", "exit_price", "exit_reason", "net_usd", "state", "source",
    )  # fmt: skip
    list_filter = ("gate", "is_sole", "strategy", "symbol", "state", "exit_reason", "source")
    search_fields = ("gate", "symbol", "occ")
    date_hierarchy = "opened_at"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Put the gates' values before the list."""
        own = section("execution.shadows", Shadows)
        found = {"gate_values": shadows.gate_values(), "min_trades": own.min_trades}
        response: HttpResponse = super().changelist_view(request, (extra_context or {}) | found)
        return response

"""The operators' door to intents, orders, fills, positions and the broker's word."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold.admin import TabularInline
from unfold.decorators import action

from execution import models
from execution.orders.shadows import Settings as Shadows
from execution.services import shadows
from quanticity.admin import FactAdmin
from quanticity.config.loader import section


def to(operation: str, subject: str = "") -> HttpResponse:
    """The page of one operation."""
    asked = "?" + urlencode({"subject": str(subject)}) if subject else ""
    return HttpResponseRedirect(reverse("operate", args=(operation,)) + asked)


def _of(fill: models.Fill, name: str) -> Any:
    return getattr(getattr(fill, "quality", None), name, None)


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
    fields = (
        "exec_id", "order_ref", "quantity", "price", "executed_at", "spread_paid", "time_to_fill",
        "markouts",
    )  # fmt: skip
    readonly_fields = ("spread_paid", "time_to_fill", "markouts")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fills with how well they were made."""
        return super().get_queryset(request).select_related("quality")

    @admin.display(description="Paid of the half-spread")
    def spread_paid(self, fill: models.Fill) -> str:
        """1 at the touch, 0 at mid."""
        paid = _of(fill, "spread_paid")
        return "unknown" if paid is None else f"{paid:.0%}"

    @admin.display(description="Time to fill")
    def time_to_fill(self, fill: models.Fill) -> str:
        """From sent to executed."""
        took_s = _of(fill, "time_to_fill_s")
        return "unknown" if took_s is None else f"{took_s:.1f} s"

    @admin.display(description="Mid 1 / 5 / 30 min later, in our favor")
    def markouts(self, fill: models.Fill) -> str:
        """Dollars per share; a dash where it is not known, or not yet."""
        found = [_of(fill, name) for name in ("markout_1m", "markout_5m", "markout_30m")]
        return " / ".join("-" if one is None else f"{one:+.2f}" for one in found)


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
    actions_row = actions_detail = ("cancel",)

    @action(description="Cancel…", icon="cancel")  # type: ignore[untyped-decorator]
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that cancels it."""
        return to("cancel", object_id)


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

    list_display = ("at", "exec_id", "commission_usd", "rebate_usd", "status", "stated")
    list_filter = ("status", "stated")
    search_fields = ("exec_id",)
    date_hierarchy = "at"


@admin.register(models.BrokerConnection)
class BrokerConnectionAdmin(FactAdmin):
    """Connections to the broker, and how each reports costs."""

    list_display = ("opened_at", "costs")
    list_filter = ("costs",)


@admin.register(models.ShareOrder)
class ShareOrderAdmin(FactAdmin):
    """Orders that close shares of an exercise."""

    list_display = ("recorded_at", "symbol", "side", "quantity", "limit_price", "state", "filled")
    list_filter = ("state", "symbol")
    search_fields = ("order_ref",)


@admin.register(models.ShareFill)
class ShareFillAdmin(FactAdmin):
    """Executions in shares of symbols that were exercised."""

    list_display = (
        "executed_at", "symbol", "quantity", "price", "order_ref", "account", "source",
    )  # fmt: skip
    list_filter = ("symbol", "source")
    search_fields = ("exec_id", "order_ref")


@admin.register(models.Position)
class PositionAdmin(FactAdmin):
    """Trades from their first fill to their last."""

    list_display = (
        "opened_at", "trade_id", "symbol", "strategy", "way", "occ", "quantity_open",
        "entry_price", "stop_price", "mark_price", "exit_price", "realised_net_usd", "exit_reason",
        "mae_pct", "mfe_pct", "naked_ms", "blind_s", "state", "probe", "source",
    )  # fmt: skip
    list_filter = ("state", "symbol", "strategy", "exit_reason", "probe", "source")
    search_fields = ("trade_id", "occ", "symbol")
    date_hierarchy = "opened_at"
    inlines = (FillInline, EventInline)
    actions_row = actions_detail = ("close",)
    actions_list = ("flatten",)

    @action(description="Close…", icon="logout")  # type: ignore[untyped-decorator]
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that closes it."""
        return to("close", object_id)

    @action(description="Close everything…", icon="emergency_home")  # type: ignore[untyped-decorator]
    def flatten(self, request: HttpRequest) -> HttpResponse:
        """To the page that closes everything."""
        return to("flatten")


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

    list_display = (
        "account", "equity_usd", "buying_power_usd", "available_usd", "cash_usd",
        "start_of_day_usd", "high_water_usd", "at",
    )  # fmt: skip
    actions_list = ("cash",)

    @action(description="Deposit or withdrawal…", icon="payments")  # type: ignore[untyped-decorator]
    def cash(self, request: HttpRequest) -> HttpResponse:
        """To the page that takes cash out of the result."""
        return to("cash")


@admin.register(models.CashMove)
class CashMoveAdmin(FactAdmin):
    """Deposits and withdrawals: whose word each is, and whether the broker shows it."""

    list_display = ("account", "usd", "seen_at", "recorded_at", "recorded_by", "reason")


@admin.register(models.StatementFetch)
class StatementFetchAdmin(FactAdmin):
    """Statements asked of the broker by themselves."""

    list_display = ("due_at", "state", "fetched_at", "file", "tried_at", "error")


@admin.register(models.TradingScope)
class TradingScopeAdmin(FactAdmin):
    """What may be sent; `halt` and the breakers change it, with a reason."""

    list_display = ("scope", "state", "reason", "actor", "changed_at")
    list_filter = ("state",)
    actions_list = ("halt", "resume", "flatten")
    actions_row = ("resume_one",)

    @action(description="Halt…", icon="front_hand")  # type: ignore[untyped-decorator]
    def halt(self, request: HttpRequest) -> HttpResponse:
        """To the page that halts."""
        return to("halt")

    @action(description="Resume…", icon="play_arrow")  # type: ignore[untyped-decorator]
    def resume(self, request: HttpRequest) -> HttpResponse:
        """To the page that lets trading go on."""
        return to("resume")

    @action(description="Resume…", icon="play_arrow")  # type: ignore[untyped-decorator]
    def resume_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that lets one scope go on."""
        return to("resume", object_id)

    @action(description="Close everything…", icon="emergency_home")  # type: ignore[untyped-decorator]
    def flatten(self, request: HttpRequest) -> HttpResponse:
        """To the page that closes everything."""
        return to("flatten")


@admin.register(models.BreakerTrip)
class BreakerTripAdmin(FactAdmin):
    """Breakers: what tripped, what it holds, how it ended."""

    list_display = (
        "at", "breaker", "scope", "state", "multiplier", "value", "threshold", "rearm", "until",
        "ended_at", "ended_by",
    )  # fmt: skip
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "breaker", "scope", "state")
    search_fields = ("breaker", "scope", "reason")
    date_hierarchy = "at"
    actions_row = actions_detail = ("release",)

    @action(description="Release…", icon="lock_open")  # type: ignore[untyped-decorator]
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that releases it."""
        return to("release", object_id)


@admin.register(models.Quarantine)
class QuarantineAdmin(FactAdmin):
    """Breaks that nothing explained, until somebody did."""

    list_display = ("opened_at", "symbol", "kind", "detail", "seen_at", "ended_at", "ended_by")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "kind", "symbol")
    search_fields = ("symbol", "detail", "reason")
    date_hierarchy = "opened_at"
    actions_row = actions_detail = ("resolve",)

    @action(description="Resolve…", icon="task_alt")  # type: ignore[untyped-decorator]
    def resolve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that resolves it."""
        return to("resolve", object_id)


@admin.register(models.Approval)
class ApprovalAdmin(FactAdmin):
    """Entries that wait, or waited, for an operator's yes."""

    list_display = ("created_at", "summary", "state", "expires_at", "decided_at", "decided_by")
    list_filter = ("state",)
    search_fields = ("summary", "reason")
    date_hierarchy = "created_at"
    actions_row = actions_detail = ("approve", "decline")

    @action(description="Approve…", icon="check")  # type: ignore[untyped-decorator]
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that says yes."""
        return to("approve", object_id)

    @action(description="Decline…", icon="close")  # type: ignore[untyped-decorator]
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that says no."""
        return to("decline", object_id)


@admin.register(models.SessionResult)
class SessionResultAdmin(FactAdmin):
    """Sessions as they ended."""

    list_display = (
        "session_date",
        "account",
        "start_usd",
        "end_usd",
        "day_pnl_usd",
        "broker_pnl_usd",
        "source",
    )
    list_filter = ("account", "source")
    date_hierarchy = "session_date"


@admin.register(models.ClosingMark)
class ClosingMarkAdmin(FactAdmin):
    """What positions held overnight had come to at each close."""

    list_display = ("session_date", "position", "quantity", "mark_price", "total_usd")
    list_select_related = ("position",)
    date_hierarchy = "session_date"


@admin.register(models.StatementCheck)
class StatementCheckAdmin(FactAdmin):
    """Comparisons with the broker's statements."""

    list_display = ("at", "name", "from_date", "to_date", "fills_n", "breaks_n")
    search_fields = ("name", "digest")
    date_hierarchy = "at"

    @admin.display(description="breaks")
    def breaks_n(self, row: models.StatementCheck) -> int:
        """How many differences there were."""
        return len(row.breaks)


@admin.register(models.BookRisk)
class BookRiskAdmin(FactAdmin):
    """What the book could lose: value at risk and the stress grid."""

    list_display = ("account", "at", "var_usd", "worst_usd", "sessions_n", "missing")


@admin.register(models.Notice)
class NoticeAdmin(FactAdmin):
    """What followers of our trades were told beside the trades."""

    list_display = ("at", "kind", "text", "announced", "source")
    list_filter = ("kind", "announced")


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

"""Rows as JSON: fields by name, numbers as numbers, instants as ISO-8601 UTC."""

from typing import Any

from django.db.models import DecimalField
from rest_framework import serializers

from analytics.models import Signal
from execution.models import Fill, Order, Position
from publishing.models import Announcement, Delivery
from reporting.dashboard.feed import numbered


class RowSerializer(serializers.ModelSerializer[Any]):
    """A row, read only; Decimal columns are written as JSON numbers."""

    def build_standard_field(
        self, field_name: str, model_field: Any
    ) -> tuple[type[serializers.Field[Any, Any, Any, Any]], dict[str, Any]]:
        """Choose the field for a column."""
        if isinstance(model_field, DecimalField):
            return serializers.FloatField, {"read_only": True, "allow_null": model_field.null}
        return super().build_standard_field(field_name, model_field)


class SignalSerializer(RowSerializer):
    """An admitted signal."""

    class Meta:
        """Which columns."""

        model = Signal
        fields = (
            "signal_id", "strategy", "symbol", "direction", "confidence", "occ", "multiplier",
            "reference", "session_date", "episode_seq", "created_at", "valid_until", "state",
            "acknowledgement", "acknowledged_by", "ended_at", "probe", "source",
        )  # fmt: skip


class PositionSerializer(RowSerializer):
    """A trade."""

    class Meta:
        """Which columns."""

        model = Position
        fields = (
            "trade_id", "symbol", "strategy", "direction", "occ", "multiplier", "con_id", "state",
            "quantity_open", "quantity_total", "entry_price", "exit_price", "stop_price",
            "mark_price", "marked_at", "commission_usd", "realised_net_usd", "exit_reason",
            "naked_ms", "opened_at", "closed_at", "session_date", "probe", "source",
        )  # fmt: skip


class OrderSerializer(RowSerializer):
    """An order."""

    class Meta:
        """Which columns."""

        model = Order
        fields = (
            "order_ref", "intent", "parent_ref", "role", "occ", "con_id", "side", "quantity",
            "filled", "order_type", "time_in_force", "limit_price", "stop_price", "state",
            "order_id", "perm_id", "recorded_at", "sent_at", "seen_at", "error_code", "error",
        )  # fmt: skip


class FillSerializer(RowSerializer):
    """An execution."""

    class Meta:
        """Which columns."""

        model = Fill
        fields = (
            "exec_id", "order_ref", "perm_id", "position", "con_id", "occ", "quantity", "price",
            "executed_at", "recorded_at", "source",
        )  # fmt: skip


class AnnouncementSerializer(RowSerializer):
    """A fact that is to be told, with everything known of it: operators only."""

    facts = serializers.SerializerMethodField()

    def get_facts(self, row: Announcement) -> dict[str, Any]:
        """The facts, with amounts as numbers."""
        return numbered(row.facts)

    class Meta:
        """Which columns."""

        model = Announcement
        fields = (
            "id", "trade_id", "seq", "kind", "symbol", "clock_at", "facts", "created_at", "probe",
            "source",
        )  # fmt: skip


class DeliverySerializer(RowSerializer):
    """One message to one tier on one channel."""

    class Meta:
        """Which columns."""

        model = Delivery
        fields = (
            "id", "announcement", "tier", "channel", "due_at", "state", "attempts", "sent_at",
            "receipt", "ambiguous", "error", "created_at",
        )  # fmt: skip

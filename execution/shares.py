"""Rows of shares that an exercise left us with: orders that close them, and their executions."""

from django.db import models
from django.db.models import Q

from analytics.models import Source

_ALIVE = ("RECORDED", "SENDING", "WORKING", "UNKNOWN")


class ShareOrder(models.Model):
    """One order in shares, prepared and confirmed by an operator; sent once, never resent."""

    class State(models.TextChoices):
        """As of orders in contracts."""

        RECORDED = "RECORDED"
        SENDING = "SENDING"
        WORKING = "WORKING"
        FILLED = "FILLED"
        CANCELLED = "CANCELLED"
        REJECTED = "REJECTED"
        UNKNOWN = "UNKNOWN"
        EXPIRED = "EXPIRED"

    order_ref = models.CharField(max_length=64, primary_key=True)
    account = models.CharField(max_length=20)
    symbol = models.CharField(max_length=8)
    con_id = models.PositiveBigIntegerField()
    side = models.CharField(max_length=4)
    quantity = models.PositiveIntegerField(help_text="shares")
    limit_price = models.DecimalField(max_digits=12, decimal_places=4)
    state = models.CharField(max_length=10, choices=State, default=State.RECORDED)
    order_id = models.PositiveBigIntegerField(null=True, unique=True)
    perm_id = models.PositiveBigIntegerField(null=True)
    epoch = models.PositiveBigIntegerField(null=True, help_text="lease under which it was sent")
    filled = models.PositiveIntegerField(default=0, help_text="shares, as the broker says")
    looked_for = models.PositiveIntegerField(default=0)
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=300)
    recorded_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True, help_text="the broker's last word of it")
    error = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=6)

    class Meta:
        """One at a time in a symbol: the next sees what this one left."""

        ordering = ("-recorded_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("account", "symbol"), condition=Q(state__in=_ALIVE),
                name="shares_close_once_at_a_time",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} at {self.limit_price:.2f} {self.state}"


class ShareFill(models.Model):
    """One execution in shares of a symbol that was exercised; its cost is a Commission.

    Ours by an order of an operator's, or somebody's at the broker.
    """

    exec_id = models.CharField(max_length=64, primary_key=True)
    base_exec_id = models.CharField(max_length=64, help_text="without the correction number")
    revision = models.PositiveSmallIntegerField()
    order_ref = models.CharField(max_length=64, blank=True)
    account = models.CharField(max_length=20)
    symbol = models.CharField(max_length=8)
    con_id = models.PositiveBigIntegerField()
    quantity = models.IntegerField(help_text="shares, + bought")
    price = models.DecimalField(max_digits=12, decimal_places=4)
    executed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        """The newest first."""

        ordering = ("-executed_at", "-pk")
        indexes = (models.Index(fields=("account", "recorded_at"), name="share_fill_recorded"),)

    def __str__(self) -> str:
        return f"{self.exec_id}: {self.quantity:+} {self.symbol} at {self.price:.4f}"

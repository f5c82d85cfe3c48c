"""Rows of shares that an exercise left us with: the order by which an operator closes them."""

from django.db import models
from django.db.models import Q

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

"""Rows of the third stage: what is to be told, to whom, when, and whether it was."""

from django.db import models

from analytics.models import Source


class Announcement(models.Model):
    """The fact that something about an executed trade is to be told."""

    trade_id = models.CharField(max_length=16)
    seq = models.PositiveIntegerField(help_text="gapless per trade")
    kind = models.CharField(max_length=10, help_text="ENTRY, EXIT, ...")
    symbol = models.CharField(max_length=8)
    clock_at = models.DateTimeField(help_text="tier delays count from here")
    facts = models.JSONField(help_text="everything known; each tier is shown its part")
    created_at = models.DateTimeField()
    probe = models.BooleanField(default=False, help_text="an operator's rehearsal, never public")
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-clock_at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("trade_id", "seq"), name="announcement_once_per_event"),
        )

    def __str__(self) -> str:
        return f"{self.trade_id}-{self.seq} {self.kind} {self.symbol}"


class Delivery(models.Model):
    """One message to one tier on one channel, sent at most once."""

    class State(models.TextChoices):
        """AMBIGUOUS: the call was begun and its end is not known."""

        PENDING = "PENDING"
        CLAIMED = "CLAIMED"
        SENDING = "SENDING"
        SENT = "SENT"
        DEAD = "DEAD"
        EXPIRED = "EXPIRED"
        AMBIGUOUS = "AMBIGUOUS"

    announcement = models.ForeignKey(Announcement, models.PROTECT, related_name="deliveries")
    tier = models.CharField(max_length=8)
    channel = models.CharField(max_length=16)
    due_at = models.DateTimeField(help_text="never sent before; clock_at plus the tier's delay")
    not_before_at = models.DateTimeField(null=True, help_text="a retry waits until then")
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0, help_text="also the fence of a claim")
    claimed_by = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    receipt = models.CharField(max_length=64, blank=True, help_text="the channel's own id")
    ambiguous = models.BooleanField(default=False, help_text="may have been posted twice")
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ("-due_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("announcement", "tier", "channel"),
                name="delivery_once_per_tier_and_channel",
            ),
        )
        # The sweep asks every second: what is due and nobody's?
        indexes = (models.Index(fields=("state", "due_at"), name="delivery_due"),)

    def __str__(self) -> str:
        return f"{self.channel}/{self.tier} #{self.announcement_id}: {self.state}"

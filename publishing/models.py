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
    withheld = models.BooleanField(default=False, help_text="an entry that was old news already")
    probe = models.BooleanField(default=False, help_text="an operator's rehearsal, never public")
    source = models.CharField(max_length=6, choices=Source)
    receipt = models.CharField(max_length=40, blank=True, help_text="number and hash in the ledger")

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
        """AMBIGUOUS: the call was begun, its end is not known, and it is not repeated."""

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
    priority = models.PositiveSmallIntegerField(help_text="0 exits, 1 entries, 2 trims, 3 the rest")
    due_at = models.DateTimeField(help_text="never sent before; clock_at plus the tier's delay")
    boot_id = models.CharField(max_length=36, blank=True, help_text="the machine that made it")
    boot_due_s = models.FloatField(null=True, help_text="due by that machine's uptime as well")
    not_before_at = models.DateTimeField(null=True, help_text="a retry waits until then")
    hinted_at = models.DateTimeField(null=True, help_text="when the sweep last named it")
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0, help_text="claims so far; the fence of one")
    failures = models.PositiveIntegerField(default=0, help_text="tries that failed")
    claimed_by = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    price_now = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="mid when this tier was told"
    )
    receipt = models.CharField(max_length=64, blank=True, help_text="the channel's own id")
    feed_seq = models.PositiveBigIntegerField(null=True, help_text="place in the tier's web feed")
    ambiguous = models.BooleanField(default=False, help_text="may have been posted twice")
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ("-due_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("announcement", "tier", "channel"),
                name="delivery_once_per_tier_and_channel",
            ),
            models.UniqueConstraint(fields=("tier", "feed_seq"), name="feed_once_per_place"),
        )
        indexes = (
            # The sweep asks every second: what is due and nobody's?
            models.Index(fields=("state", "due_at"), name="delivery_due"),
            # Each page and socket asks: what has this tier's feed released?
            models.Index(fields=("channel", "tier", "due_at"), name="delivery_feed"),
        )

    def __str__(self) -> str:
        return f"{self.channel}/{self.tier} #{self.announcement_id}: {self.state}"


class Route(models.Model):
    """One channel for one tier, while it may not be used: rate-limited or revoked."""

    channel = models.CharField(max_length=16)
    tier = models.CharField(max_length=8)
    closed_until_at = models.DateTimeField(null=True, help_text="the service asked us to wait")
    revoked_at = models.DateTimeField(null=True, help_text="the service refused our credential")
    credential = models.CharField(max_length=12, blank=True, help_text="fingerprint of the refused")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("channel", "tier"), name="route_once"),)

    def __str__(self) -> str:
        return f"{self.channel}/{self.tier}"


class Counter(models.Model):
    """One gapless sequence; its row's lock puts those who draw from it in order."""

    name = models.CharField(max_length=24, primary_key=True)
    value = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


class Receipt(models.Model):
    """One record of the track record's hash chain; never changed, never deleted."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    kind = models.CharField(max_length=10)
    at = models.CharField(max_length=24, help_text="as hashed: ISO-8601 with milliseconds and Z")
    trade_id = models.CharField(max_length=16)
    body = models.JSONField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("-seq",)

    def __str__(self) -> str:
        return f"R{self.seq} {self.kind} {self.trade_id}"

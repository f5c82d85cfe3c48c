"""Rows of the third stage: what is to be told, to whom, when, and whether it was."""

from django.db import models

from analytics.models import Source


class Announcement(models.Model):
    """The fact that something about an executed trade is to be told; or a post of ours.

    A post's `trade_id` names its slot (`SUM-20251121`), so that no slot is told twice.
    """

    trade_id = models.CharField(max_length=16)
    seq = models.PositiveIntegerField(help_text="gapless per trade")
    kind = models.CharField(max_length=10, help_text="ENTRY, EXIT, ..., or a post's: SUMMARY, ...")
    symbol = models.CharField(max_length=8, blank=True)
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
    priority = models.PositiveSmallIntegerField(help_text="what goes first, 0 before all")
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
    held = models.BooleanField(default=False, help_text="waits for an operator's approval")
    price_now = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="mid when this tier was told"
    )
    bid_now = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="what this tier could have sold at"
    )
    ask_now = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="what this tier could have bought at"
    )
    receipt = models.CharField(max_length=64, blank=True, help_text="the channel's own id")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the text as sent")
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
            # Each route asks: what is mine, due and nobody's?
            models.Index(
                fields=("channel", "tier", "state", "priority", "due_at"), name="delivery_route"
            ),
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
    ref = models.CharField(  # noqa: DJ001 - unique where it is known
        max_length=80, unique=True, null=True, help_text="the row it records, so that none is twice"
    )
    body = models.JSONField()
    opening = models.JSONField(
        default=dict, help_text="facts and salt that open the seal in the body; never shown"
    )
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("-seq",)
        # "From where on may not everybody see the records yet?"
        indexes = (models.Index(fields=("at",), name="receipt_at"),)

    def __str__(self) -> str:
        return f"R{self.seq} {self.kind} {self.trade_id}"


class Root(models.Model):
    """One session's Merkle root and the chain's head after it, as they were posted."""

    session_date = models.DateField(primary_key=True)
    first_seq = models.PositiveBigIntegerField()
    last_seq = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    head = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("-session_date",)

    def __str__(self) -> str:
        return f"{self.session_date}: R{self.first_seq} to R{self.last_seq}"


class Engagement(models.Model):
    """What readers did with one delivery, as a service counted it after so many hours."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="engagement")
    after_h = models.PositiveSmallIntegerField(help_text="hours since it was sent")
    impressions = models.PositiveIntegerField(null=True)
    likes = models.PositiveIntegerField(null=True)
    reposts = models.PositiveIntegerField(null=True)
    replies = models.PositiveIntegerField(null=True)
    clicks = models.PositiveIntegerField(default=0, help_text="through our own redirect")
    signups = models.PositiveIntegerField(default=0, help_text="accounts opened within 7 days")
    fetched_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True, help_text="why a count is not known")

    class Meta:
        verbose_name_plural = "engagement"
        ordering = ("-fetched_at",)
        constraints = (
            models.UniqueConstraint(fields=("delivery", "after_h"), name="engagement_once_per_age"),
        )

    def __str__(self) -> str:
        return f"delivery {self.delivery_id} after {self.after_h} h"


class Visit(models.Model):
    """Somebody followed a link of one delivery, or opened an account after doing so."""

    class Kind(models.TextChoices):
        """What they did."""

        CLICK = "CLICK"
        SIGNUP = "SIGNUP"

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="visits")
    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.kind} of delivery {self.delivery_id}"

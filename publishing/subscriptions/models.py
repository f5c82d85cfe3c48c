"""Rows of membership: which tier a user has, and why."""

from django.conf import settings
from django.db import models

from quanticity.domain.tiers import Tier


class Entitlement(models.Model):
    """What one user may see, and the evidence for it (DOMAIN 8.3)."""

    class State(models.TextChoices):
        """How the tier is held; anything ended is FREE."""

        FREE = "FREE"
        TRIALING = "TRIALING"
        ACTIVE = "ACTIVE"
        PAST_DUE = "PAST_DUE"
        CANCELING = "CANCELING"
        BANNED = "BANNED"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="entitlement", primary_key=True
    )
    tier = models.CharField(
        max_length=8, choices=[(t.value, t.value) for t in Tier], default="free"
    )
    state = models.CharField(max_length=9, choices=State, default=State.FREE)
    until_at = models.DateTimeField(null=True, blank=True, help_text="null: no end")
    evidence = models.CharField(max_length=300, help_text="who granted it, or Stripe's object id")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.tier} ({self.state})"


class LoginFailure(models.Model):
    """One failed sign-in: enough to slow guessing, nothing of what was typed."""

    account = models.CharField(max_length=64, help_text="SHA-256 of the name that was typed")
    address = models.GenericIPAddressField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at",)
        # "How many failures of this account, of this address, within the window?"
        indexes = (
            models.Index(fields=("account", "at"), name="failure_by_account"),
            models.Index(fields=("address", "at"), name="failure_by_address"),
        )

    def __str__(self) -> str:
        return f"{self.address} {self.at:%Y-%m-%d %H:%M:%S}"


class KnownAddress(models.Model):
    """Where an operator has signed in from: strangers' failures elsewhere do not close it."""

    account = models.CharField(max_length=64, help_text="SHA-256 of the name")
    address = models.GenericIPAddressField()
    at = models.DateTimeField(help_text="last signed in")

    class Meta:
        ordering = ("-at",)
        constraints = (
            models.UniqueConstraint(fields=("account", "address"), name="address_known_once"),
        )

    def __str__(self) -> str:
        return f"{self.address} {self.at:%Y-%m-%d %H:%M:%S}"


class Endpoint(models.Model):
    """A member's address for signed webhooks, and the secrets that sign for it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="endpoints")
    url = models.URLField(max_length=300)
    secret = models.CharField(max_length=80)
    previous_secret = models.CharField(max_length=80, blank=True, help_text="signs as well until")
    previous_until_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    failing_since_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"endpoint {self.pk} of user {self.user_id}"


class Letter(models.Model):
    """One mail about an account, sent once."""

    class State(models.TextChoices):
        """A letter whose sending was begun and not finished is sent again after a while."""

        PENDING = "PENDING"
        SENDING = "SENDING"
        SENT = "SENT"
        DEAD = "DEAD"

    key = models.CharField(max_length=80, unique=True, help_text="what makes it the same letter")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="letters")
    subject = models.CharField(max_length=160)
    text = models.TextField()
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    not_before_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("state", "not_before_at"), name="letter_owed"),)

    def __str__(self) -> str:
        return f"{self.subject} to user {self.user_id}: {self.state}"


class TelegramLink(models.Model):
    """Which Telegram account is a member's: one of each."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="telegram", primary_key=True
    )
    telegram_id = models.BigIntegerField(unique=True)
    linked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Telegram account of user {self.user_id}"


class LinkCode(models.Model):
    """A code by which a member shows who is behind a Telegram account, used once."""

    digest = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of the code")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="link_codes")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code of user {self.user_id} until {self.expires_at:%H:%M:%S}"


class TelegramUpdate(models.Model):
    """What somebody wrote to the bot, stored before it is answered; each update once."""

    class State(models.TextChoices):
        """IGNORED: no command, too many of them, or too old to be answered."""

        PENDING = "PENDING"
        CLAIMED = "CLAIMED"
        ANSWERED = "ANSWERED"
        IGNORED = "IGNORED"
        DEAD = "DEAD"

    update_id = models.BigIntegerField(primary_key=True)
    telegram_id = models.BigIntegerField(null=True, help_text="who wrote, in a private chat")
    text = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, help_text="by the machine's clock")
    reply = models.TextField(blank=True, help_text="written once, however often it is sent")
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-received_at",)
        indexes = (
            models.Index(fields=("state", "received_at"), name="update_owed"),
            # "How many commands of this person within the window?"
            models.Index(fields=("telegram_id", "received_at"), name="update_by_person"),
        )

    def __str__(self) -> str:
        return f"update {self.update_id}: {self.state}"

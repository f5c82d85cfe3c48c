"""Rows of the frame itself: what operators turned, what they did, and who may act alone."""

from django.db import models
from simple_history.models import HistoricalRecords


class ConfigOverride(models.Model):
    """One number an operator turned: laid over defaults.toml, with author and reason."""

    key = models.CharField(
        max_length=120, unique=True, help_text="section.key, e.g. analytics.vpin.n"
    )
    value = models.JSONField(help_text="as JSON: 40, 0.25, true, [1, 2]")
    reason = models.CharField(max_length=300)
    author = models.CharField(max_length=150, editable=False)
    changed_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"


class AuditEntry(models.Model):
    """One thing somebody did, or a breaker did for us; never changed, never deleted."""

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=300)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.subject}"


class LeaseRow(models.Model):
    """Who alone may do one thing (beat, gateway), until when; the epoch fences off the past."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=120)
    epoch = models.PositiveBigIntegerField(default=1)
    expires_at = models.DateTimeField(help_text="for people; by the holder's clock")
    boot_id = models.CharField(
        max_length=64, blank=True, default="", help_text="the holder's machine since it started"
    )
    until_boot_s = models.FloatField(default=0.0, help_text="in seconds since that start")

    class Meta:
        verbose_name = "lease"

    def __str__(self) -> str:
        return f"{self.name}: {self.holder} #{self.epoch}"


class Environment(models.Model):
    """What this database was first started for: the one row that a start must agree with."""

    ONLY = 1

    mode = models.CharField(max_length=6)
    account = models.CharField(max_length=20, blank=True, help_text="of paper and live")
    bound_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.mode} {self.account}".strip()

"""Rows of the first stage: decisions, the signals admitted from them, and their episodes."""

from django.db import models
from django.db.models import Q


class Source(models.TextChoices):
    """Which world a row comes from; live and the others never mix."""

    LIVE = "live"
    PAPER = "paper"
    SIM = "sim"
    REPLAY = "replay"


class Decision(models.Model):
    """One evaluation of one strategy on one symbol, with everything it looked at."""

    strategy = models.CharField(max_length=8)
    symbol = models.CharField(max_length=8)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=16)
    direction = models.SmallIntegerField(default=0)
    confidence = models.FloatField(null=True, help_text="rank 0-100, not a probability")
    explanation = models.JSONField(help_text="gates, votes, components, inputs with their ages")
    config_hash = models.CharField(max_length=16)
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-at", "-pk")
        # "Why did nothing happen at 10:42?"
        indexes = (
            models.Index(fields=("strategy", "symbol", "at"), name="decision_lookup"),
            # The dashboard asks for the latest every second.
            models.Index(fields=("-at", "-id"), name="decision_latest"),
        )

    def __str__(self) -> str:
        return f"{self.strategy} {self.symbol} {self.outcome}"


class Signal(models.Model):
    """An admitted decision with a contract; its id is its fingerprint."""

    class State(models.TextChoices):
        """Whether execution still owes an answer."""

        LIVE = "live"
        ENDED = "ended"

    signal_id = models.CharField(max_length=32, primary_key=True)
    strategy = models.CharField(max_length=8)
    symbol = models.CharField(max_length=8)
    direction = models.SmallIntegerField(help_text="+1 bullish, -1 bearish")
    confidence = models.FloatField()
    occ = models.CharField(max_length=21)
    multiplier = models.PositiveIntegerField()
    reference = models.JSONField(help_text="bid, ask, mid, delta, iv, spot when it was chosen")
    session_date = models.DateField()
    episode_seq = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State, default=State.LIVE)
    acknowledgement = models.CharField(max_length=16, blank=True)
    acknowledged_by = models.CharField(max_length=40, blank=True, help_text="denial code, if any")
    ended_at = models.DateTimeField(null=True)
    decision = models.ForeignKey(Decision, models.PROTECT, null=True)
    probe = models.BooleanField(default=False, help_text="an operator's rehearsal, never public")
    contracts_wanted = models.PositiveIntegerField(null=True, help_text="probes only")
    exit_after_s = models.FloatField(null=True, help_text="probes only: seconds after the fill")
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=(
                    "strategy",
                    "symbol",
                    "direction",
                    "session_date",
                    "episode_seq",
                    "source",
                    "probe",
                ),
                name="signal_once_per_episode",
            ),
            # The live lock: nobody may open a second episode of the same kind.
            models.UniqueConstraint(
                fields=("strategy", "symbol", "direction"),
                condition=Q(state="live", probe=False),
                name="one_live_signal_per_triple",
            ),
        )

    def __str__(self) -> str:
        return f"{self.strategy} {self.symbol} {self.occ}"


class MetricHistory(models.Model):
    """One sample of one metric of one symbol, for z-scores; one per distinct as_of."""

    symbol = models.CharField(max_length=8)
    metric = models.CharField(max_length=40)
    as_of = models.DateTimeField()
    value = models.FloatField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        verbose_name_plural = "metric histories"
        ordering = ("-as_of",)
        constraints = (
            models.UniqueConstraint(
                fields=("symbol", "metric", "as_of", "source"), name="sample_once_per_as_of"
            ),
        )

    def __str__(self) -> str:
        return f"{self.symbol} {self.metric} = {self.value}"


class CalculatorState(models.Model):
    """What an incremental calculator remembers of one symbol, so that a restart loses nothing."""

    symbol = models.CharField(max_length=8)
    name = models.CharField(max_length=20)
    state = models.JSONField()
    saved_at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("symbol", "name", "source"), name="state_once_per_calculator"
            ),
        )

    def __str__(self) -> str:
        return f"{self.symbol} {self.name}"


class DiscoveredParameter(models.Model):
    """One number (or curve) learned from past sessions; the latest one of its name is in force."""

    symbol = models.CharField(max_length=8)
    name = models.CharField(max_length=32)
    value = models.JSONField()
    unit = models.CharField(max_length=24)
    n = models.PositiveIntegerField(help_text="samples behind it")
    method = models.CharField(max_length=120)
    is_applied = models.BooleanField(help_text="calculators use it; else a report to operators")
    valid_from = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-valid_from", "symbol", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("symbol", "name", "valid_from", "source"), name="parameter_once_per_instant"
            ),
        )

    def __str__(self) -> str:
        return f"{self.symbol} {self.name} = {self.value}"


class Grade(models.Model):
    """One estimate held against what came: of a symbol, a session, a contract where there is one.

    `score` is the error in the estimate's own measure (named in `detail`); `hit` says whether it
    was right, where that is a question.
    """

    class Name(models.TextChoices):
        """What was estimated."""

        OI_LIVE = "oi_live", "open interest during the session"
        UNUSUAL = "unusual", "a flagged contract opened interest"
        MOC = "moc", "closing imbalance"

    name = models.CharField(max_length=12, choices=Name)
    symbol = models.CharField(max_length=8)
    session_date = models.DateField()
    subject = models.CharField(max_length=21, blank=True, help_text="contract, if it is about one")
    estimate = models.FloatField(null=True)
    came = models.FloatField(null=True)
    score = models.FloatField(null=True)
    hit = models.BooleanField(null=True)
    n = models.PositiveIntegerField(default=1, help_text="samples behind it")
    detail = models.JSONField(default=dict)
    graded_at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-graded_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("name", "symbol", "session_date", "subject", "source"),
                name="grade_once_per_session_and_subject",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.symbol} {self.session_date} {self.subject}"


class JobSlot(models.Model):
    """When a job last began its slot: whoever moves `began_at` on runs it, nobody else."""

    job = models.CharField(max_length=60)
    subject = models.CharField(max_length=24, blank=True)
    began_at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("job", "subject", "source"), name="slot_once_per_job"),
        )

    def __str__(self) -> str:
        return f"{self.job} {self.subject}".strip()

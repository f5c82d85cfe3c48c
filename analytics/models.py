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
    code_version = models.CharField(
        max_length=12, default="", help_text="hash of the code that decides"
    )
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

    class Mode(models.TextChoices):
        """Whether it may be sent, or is only followed on paper of our own."""

        LIVE = "live"
        SHADOW = "shadow"

    signal_id = models.CharField(max_length=32, primary_key=True)
    strategy = models.CharField(max_length=8)
    symbol = models.CharField(max_length=8)
    direction = models.SmallIntegerField(help_text="+1 bullish, -1 bearish")
    confidence = models.FloatField()
    last_confidence = models.FloatField(null=True, help_text="of the last material change")
    updates_n = models.PositiveIntegerField(default=0, help_text="material changes while live")
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.LIVE)
    config_hash = models.CharField(max_length=16, default="")
    code_version = models.CharField(max_length=12, default="")
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
                fields=("strategy", "symbol", "direction", "source"),
                condition=Q(state="live", probe=False),
                name="one_live_signal_per_triple",
            ),
        )

    def __str__(self) -> str:
        return f"{self.strategy} {self.symbol} {self.occ}"


class AdmissionTurn(models.Model):
    """The one row that admissions queue for, so that two cannot count the same room at once."""

    name = models.CharField(max_length=16, primary_key=True)
    taken_n = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.taken_n}"


class ScheduledEvent(models.Model):
    """One instant at which nobody enters: a release for the whole market, or one symbol's."""

    class Kind(models.TextChoices):
        """What happens then (DOMAIN 5.9)."""

        FOMC = "FOMC"
        CPI = "CPI"
        NFP = "NFP"
        EARNINGS = "EARNINGS"

    kind = models.CharField(max_length=8, choices=Kind)
    symbol = models.CharField(max_length=8, blank=True, help_text="empty: the whole market")
    at = models.DateTimeField()
    source = models.CharField(max_length=80, help_text="who says so: an address or a name")

    class Meta:
        ordering = ("at",)
        constraints = (models.UniqueConstraint(fields=("kind", "symbol", "at"), name="event_once"),)
        indexes = (models.Index(fields=("at",), name="event_at"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol} {self.at:%Y-%m-%d %H:%M}"


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


class Quarantined(models.Model):
    """A record that was refused: as it came, why, from whom; judged again after a rule change.

    A sample, bounded in number; the counts by reason are complete and live in the store.
    """

    kind = models.CharField(max_length=16, help_text="quote, trade, bar, chain row, …")
    instrument = models.CharField(max_length=21)
    reason = models.CharField(max_length=24)
    raw = models.JSONField()
    feed = models.CharField(max_length=16)
    recv_at = models.DateTimeField()
    session_date = models.DateField()
    source = models.CharField(max_length=6, choices=Source)
    judged_at = models.DateTimeField(null=True, help_text="when it was judged again")
    verdict = models.CharField(max_length=80, blank=True, help_text="what came of that")

    class Meta:
        verbose_name = "quarantined record"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("reason", "-recv_at"), name="quarantine_by_reason"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.instrument} {self.reason}"


class BlindSpan(models.Model):
    """A stretch of a session in which we did not see the market; open while `to_at` is null."""

    feed = models.CharField(max_length=16)
    symbol = models.CharField(max_length=8, blank=True, help_text="empty: the whole connection")
    cause = models.CharField(max_length=80)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    session_date = models.DateField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-from_at",)
        indexes = (models.Index(fields=("session_date", "feed"), name="blind_by_session"),)

    def __str__(self) -> str:
        return f"{self.feed} {self.symbol} {self.cause}".replace("  ", " ")


class BlindWatch(models.Model):
    """How long one feed was blind in one session, and when somebody last looked."""

    feed = models.CharField(max_length=16)
    session_date = models.DateField()
    blind_s = models.FloatField()
    looked_at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-session_date",)
        constraints = (
            models.UniqueConstraint(
                fields=("feed", "session_date", "source"), name="watch_once_per_session"
            ),
        )

    def __str__(self) -> str:
        return f"{self.feed} {self.session_date}: {self.blind_s:.0f} s"


class FeedEvent(models.Model):
    """Something happened to a source, or to what is read from it.

    It was switched, suspended, restored, contradicted; flow clusters drifted from yesterday's.
    """

    class Kind(models.TextChoices):
        """What happened."""

        SWITCHED = "SWITCHED"
        SUSPENDED = "SUSPENDED"
        RESTORED = "RESTORED"
        DISAGREE = "DISAGREE"
        DRIFT = "DRIFT"
        GREEKS = "GREEKS"

    kind = models.CharField(max_length=10, choices=Kind)
    feed = models.CharField(max_length=16)
    symbol = models.CharField(max_length=8, blank=True)
    detail = models.CharField(max_length=200)
    at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("feed", "symbol", "-at"), name="feed_event_latest"),)

    def __str__(self) -> str:
        return f"{self.feed} {self.symbol} {self.kind}".replace("  ", " ")


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


class BackfillRun(models.Model):
    """One job over one source with one configuration; its id is the hash of all that."""

    class State(models.TextChoices):
        """Whether it has reached the end of its source."""

        RUNNING = "running"
        DONE = "done"

    run_id = models.CharField(max_length=32, primary_key=True)
    job = models.CharField(max_length=16)
    path = models.CharField(max_length=400, help_text="where the source lay")
    terms = models.JSONField(help_text="source, window, configuration and code that it is of")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    cursor = models.CharField(max_length=120, blank=True, help_text="key of the last record done")
    read_n = models.PositiveBigIntegerField(default=0)
    written_n = models.PositiveBigIntegerField(default=0)
    refused = models.JSONField(default=dict, help_text="refused so far, by reason")
    unreadable = models.JSONField(default=dict, help_text="refused before it had a key, by reason")
    result_hash = models.CharField(max_length=64, blank=True)
    began_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=Source, default=Source.REPLAY)

    class Meta:
        ordering = ("-moved_at",)

    def __str__(self) -> str:
        return f"{self.job} {self.run_id}: {self.state}"


class BackfillState(models.Model):
    """What a run remembers of one symbol after its cursor."""

    run = models.ForeignKey(BackfillRun, models.CASCADE, related_name="states")
    symbol = models.CharField(max_length=8, blank=True)
    state = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("run", "symbol"), name="backfill_state_once"),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.symbol}"


class BackfillRow(models.Model):
    """One result of a run; live histories are never written by one."""

    run = models.ForeignKey(BackfillRun, models.CASCADE, related_name="rows")
    symbol = models.CharField(max_length=8, blank=True)
    as_of = models.DateTimeField()
    data = models.JSONField()
    digest = models.CharField(max_length=64)
    source = models.CharField(max_length=6, choices=Source, default=Source.REPLAY)

    class Meta:
        ordering = ("symbol", "as_of")
        constraints = (
            models.UniqueConstraint(fields=("run", "symbol", "as_of"), name="backfill_row_once"),
        )

    def __str__(self) -> str:
        return f"{self.symbol} {self.as_of:%Y-%m-%d %H:%M:%S}"

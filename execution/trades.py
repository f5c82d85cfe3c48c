"""Rows of trades: what we hold or held, in which parts, under which stops, and how it ended.

Quantity and P&L of a position are derived from its fills, never counted by hand.
"""

from django.db import models
from django.db.models import Q

from analytics.models import Source
from quanticity.domain import orders


class Position(models.Model):
    """One trade from its first fill to its last; quantity and P&L are derived from fills."""

    trade_id = models.CharField(max_length=16, primary_key=True, help_text="T-YYYYMMDD-nnn")
    intent = models.OneToOneField("OrderIntent", models.PROTECT, related_name="position")
    account = models.CharField(max_length=20)
    con_id = models.PositiveBigIntegerField()
    occ = models.CharField(max_length=21)
    multiplier = models.PositiveIntegerField()
    symbol = models.CharField(max_length=8)
    strategy = models.CharField(max_length=8)
    direction = models.SmallIntegerField()
    state = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in orders.PositionState], default="OPENING"
    )
    quantity_open = models.IntegerField(default=0, help_text="sum of fills, rewritten at each")
    quantity_total = models.PositiveIntegerField(default=0)
    entry_price = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="average of entry fills"
    )
    exit_price = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="average of exit fills"
    )
    commission_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="null while one is pending"
    )
    realised_net_usd = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    stop_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    peak_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    mark_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    marked_at = models.DateTimeField(null=True)
    exit_reason = models.CharField(max_length=16, blank=True, help_text="what ended it")
    exit_wanted = models.CharField(max_length=16, blank=True, help_text="why we decided to leave")
    breach_marks = models.PositiveIntegerField(default=0, help_text="marks in a row at the stop")
    breach_since_at = models.DateTimeField(null=True)
    rules_fired = models.JSONField(default=list, help_text="timed rules that acted, with session")
    replaced_at = models.DateTimeField(null=True, help_text="last replacement of a stop began")
    naked_ms = models.PositiveBigIntegerField(default=0)
    naked_since_at = models.DateTimeField(null=True)
    opening_at = models.DateTimeField(
        null=True, help_text="first believable quote after the open, before it is a mark"
    )
    blind_s = models.FloatField(default=0.0, help_text="held without a mark")
    mae_pct = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, help_text="worst mark, % of entry"
    )
    mfe_pct = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, help_text="best mark, % of entry"
    )
    exit_started_at = models.DateTimeField(null=True)
    exit_due_at = models.DateTimeField(null=True, help_text="probes: leave by then")
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    session_date = models.DateField()
    events_n = models.PositiveIntegerField(default=0, help_text="last event number, gapless")
    probe = models.BooleanField(default=False)
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-opened_at",)
        indexes = (
            models.Index(fields=("state",), name="position_state"),
            # The gate: what was closed in this session, and the last trades of a strategy.
            models.Index(fields=("closed_at",), name="position_closed"),
            models.Index(fields=("strategy", "session_date"), name="position_by_strategy"),
        )

    def __str__(self) -> str:
        return f"{self.trade_id} {self.occ} {self.quantity_open}"


class Tranche(models.Model):
    """A part of a position that leaves at its own target, under a stop of its own.

    Number 0 keeps the pair that came with the entry; the others have an OCA group each.
    """

    position = models.ForeignKey(Position, models.PROTECT, related_name="tranches")
    number = models.PositiveSmallIntegerField()
    quantity = models.PositiveIntegerField(help_text="contracts given to it, sold ones included")
    target_price = models.DecimalField(max_digits=12, decimal_places=4)
    generation = models.PositiveSmallIntegerField(default=0, help_text="of its last stop")
    leaving_at = models.DateTimeField(null=True, help_text="decided to be sold")

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("position", "number"), name="tranche_once_per_number"),
        )

    def __str__(self) -> str:
        return f"{self.position_id}/{self.number}: {self.quantity}"


class BracketReplace(models.Model):
    """One replacement of a tranche's stop and target, written before its first message (6.7)."""

    position = models.ForeignKey(Position, models.PROTECT, related_name="replacements")
    number = models.PositiveSmallIntegerField(help_text="of the tranche")
    oca_group = models.CharField(max_length=64)
    phase = models.CharField(max_length=10)
    reason = models.CharField(max_length=8, help_text="PLACE, TRAIL, REPAIR, SIZE, TWIN")
    quantity = models.PositiveIntegerField()
    old_stop = models.DecimalField(max_digits=12, decimal_places=4)
    new_stop = models.DecimalField(max_digits=12, decimal_places=4)
    stop_ref = models.CharField(max_length=64, blank=True, help_text="the new stop, once made")
    target_ref = models.CharField(max_length=64, blank=True, help_text="the new target, once made")
    began_at = models.DateTimeField()
    since_at = models.DateTimeField(help_text="of this phase")
    gap_since_at = models.DateTimeField(null=True)
    naked_ms = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-began_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("position", "number"), condition=Q(ended_at=None),
                name="replace_once_at_a_time",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.position_id}/{self.number} {self.reason} {self.phase}"


class Settlement(models.Model):
    """What an option we still held at its expiry came to, at the official value."""

    position = models.OneToOneField(Position, models.PROTECT, related_name="settlement")
    quantity = models.PositiveIntegerField(help_text="contracts")
    price = models.DecimalField(max_digits=12, decimal_places=4, help_text="value of one share")
    underlying = models.DecimalField(max_digits=12, decimal_places=4, help_text="official close")
    exercised = models.BooleanField(help_text="in the money: shares change hands")
    settled_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.position_id}: {self.quantity} at {self.price}"


class PositionEvent(models.Model):
    """A fact about a trade that is to be told, written in one transaction with the fact."""

    class Kind(models.TextChoices):
        """What happened."""

        ENTRY = "ENTRY"
        ADJUSTMENT = "ADJUSTMENT"
        SCALE_OUT = "SCALE_OUT"
        EXIT = "EXIT"
        EXPIRY = "EXPIRY"
        CORRECTION = "CORRECTION"

    position = models.ForeignKey(Position, models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    clock_at = models.DateTimeField(help_text="tier delays count from here")
    created_at = models.DateTimeField()
    facts = models.JSONField()
    about = models.CharField(max_length=64, blank=True, help_text="order or event it is about")
    announced = models.BooleanField(default=False, help_text="publishing has taken it over")

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("position", "seq"), name="event_once_per_seq"),
        )
        indexes = (models.Index(fields=("announced",), name="event_owed"),)

    def __str__(self) -> str:
        return f"{self.position_id}-{self.seq} {self.kind}"


class ShadowTrade(models.Model):
    """One contract that was never bought: what a gate stopped, or a strategy in shadow wanted."""

    class State(models.TextChoices):
        """UNPRICED expired without a quote: what it came to is not known."""

        OPEN = "open"
        CLOSED = "closed"
        UNPRICED = "unpriced"

    decision = models.ForeignKey("analytics.Decision", models.PROTECT)
    signal = models.ForeignKey("analytics.Signal", models.PROTECT, null=True)
    gate = models.CharField(max_length=40, help_text="what stopped it; SHADOW: its own mode")
    is_sole = models.BooleanField(help_text="no other gate would have stopped it")
    strategy = models.CharField(max_length=8)
    symbol = models.CharField(max_length=8)
    direction = models.SmallIntegerField()
    occ = models.CharField(max_length=21)
    multiplier = models.PositiveIntegerField()
    entry_price = models.DecimalField(max_digits=12, decimal_places=4)
    stop_price = models.DecimalField(max_digits=12, decimal_places=4)
    target_price = models.DecimalField(max_digits=12, decimal_places=4)
    mark_price = models.DecimalField(max_digits=12, decimal_places=4)
    exit_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    exit_reason = models.CharField(max_length=8, blank=True)
    net_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="one contract, after commissions"
    )
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-opened_at",)
        constraints = (
            models.UniqueConstraint(fields=("decision", "gate"), name="shadow_once_per_decision"),
            models.UniqueConstraint(
                fields=("gate", "strategy", "symbol", "direction", "source"),
                condition=Q(state="open"),
                name="one_open_shadow_of_a_kind",
            ),
        )
        indexes = (models.Index(fields=("state",), name="shadow_state"),)

    def __str__(self) -> str:
        return f"{self.gate} {self.occ} {self.state}"

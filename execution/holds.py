"""Rows of what holds trading back: breakers, quarantines, approvals, sessions, statements.

They live in SQL because a restart must not clear any of them.
"""

from django.db import models
from django.db.models import Q

from quanticity.domain import orders


class BreakerTrip(models.Model):
    """One breaker holding one scope, from the trip to its end; at most one holds at a time."""

    breaker = models.CharField(max_length=20)
    scope = models.CharField(max_length=24, help_text="global, a strategy or a symbol")
    state = models.CharField(
        max_length=8, choices=[(state.value, state.value) for state in orders.TradingState]
    )
    multiplier = models.DecimalField(max_digits=4, decimal_places=2, help_text="of the stake")
    value = models.CharField(max_length=60, help_text="what it saw")
    threshold = models.CharField(max_length=60, help_text="what it tripped at")
    at = models.DateTimeField()
    rearm = models.CharField(max_length=16, help_text="who or what ends it")
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="why it was released")

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("breaker", "scope"), condition=Q(ended_at=None), name="trip_holds_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.breaker} on {self.scope}: {self.value} against {self.threshold}"


class BreakerLatch(models.Model):
    """A condition that was true at the last look: its breaker waits until it has gone."""

    breaker = models.CharField(max_length=20)
    scope = models.CharField(max_length=24)

    class Meta:
        verbose_name_plural = "breaker latches"
        constraints = (
            models.UniqueConstraint(fields=("breaker", "scope"), name="latch_once_per_scope"),
        )

    def __str__(self) -> str:
        return f"{self.breaker} on {self.scope}"


class Quarantine(models.Model):
    """A difference with the broker that nothing explains: no entries until it is resolved."""

    account = models.CharField(max_length=20)
    con_id = models.PositiveBigIntegerField()
    occ = models.CharField(max_length=21, blank=True)
    symbol = models.CharField(max_length=8, blank=True, help_text="empty: every symbol")
    kind = models.CharField(max_length=20)
    intent = models.ForeignKey(
        "execution.OrderIntent", models.PROTECT, null=True, help_text="the trade it is about"
    )
    detail = models.CharField(max_length=300)
    opened_at = models.DateTimeField()
    difference = models.IntegerField(null=True, help_text="broker's contracts less ours")
    accepted = models.BooleanField(default=False, help_text="taken into our book by hand")
    seen_at = models.DateTimeField(help_text="last reconciliation that found it")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-opened_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "con_id", "kind"), condition=Q(ended_at=None),
                name="quarantine_open_once",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol} {self.con_id}: {self.detail}"


class Approval(models.Model):
    """An order that waits for an operator's yes; without one it is over at `expires_at`."""

    class State(models.TextChoices):
        """PENDING until somebody or time decides."""

        PENDING = "PENDING"
        APPROVED = "APPROVED"
        DECLINED = "DECLINED"
        EXPIRED = "EXPIRED"

    intent = models.OneToOneField(
        "execution.OrderIntent", models.PROTECT, related_name="approval", primary_key=True
    )
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    summary = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.summary}: {self.state}"


class SessionResult(models.Model):
    """One account's session as it ended: what breakers count and statements are held against."""

    account = models.CharField(max_length=20)
    session_date = models.DateField()
    source = models.CharField(max_length=6)
    start_usd = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    end_usd = models.DecimalField(max_digits=16, decimal_places=4)
    day_pnl_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="null when a mark was missing"
    )
    broker_pnl_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="the day as the broker counts it"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ("-session_date",)
        constraints = (
            models.UniqueConstraint(fields=("account", "session_date"), name="session_ends_once"),
        )

    def __str__(self) -> str:
        return f"{self.session_date}: {self.day_pnl_usd}"


class ClosingMark(models.Model):
    """What a position held overnight had come to when its session ended."""

    position = models.ForeignKey("execution.Position", models.PROTECT, related_name="closing_marks")
    session_date = models.DateField()
    quantity = models.IntegerField()
    mark_price = models.DecimalField(max_digits=12, decimal_places=4)
    total_usd = models.DecimalField(
        max_digits=16, decimal_places=4, help_text="realised and open, since its entry"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ("-session_date",)
        constraints = (
            models.UniqueConstraint(fields=("position", "session_date"), name="mark_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.position_id} {self.session_date}: {self.mark_price}"


class StatementCheck(models.Model):
    """One comparison of our book with a broker's statement, with every break."""

    name = models.CharField(max_length=200, help_text="the file")
    digest = models.CharField(max_length=64, help_text="SHA-256 of its bytes")
    from_date = models.DateField(null=True)
    to_date = models.DateField(null=True)
    fills_n = models.PositiveIntegerField()
    breaks = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.name}: {len(self.breaks)} breaks"


class StatementFetch(models.Model):
    """A statement owed by the broker's Flex service: what became of asking for it."""

    class State(models.TextChoices):
        """OWED is asked for again until it is there, refused, or the next one is due."""

        OWED = "OWED"
        FETCHED = "FETCHED"
        FAILED = "FAILED"

    due_at = models.DateTimeField(unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.OWED)
    reference = models.CharField(max_length=40, blank=True, help_text="of the request")
    url = models.CharField(max_length=300, blank=True, help_text="where the statement will be")
    tried_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=100, blank=True, help_text="in the folder of statements")
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-due_at",)
        verbose_name_plural = "statement fetches"

    def __str__(self) -> str:
        return f"{self.due_at:%Y-%m-%d %H:%M}: {self.state}"


class Notice(models.Model):
    """Something that those who follow our trades are to be told: a halt, an outage (7.1)."""

    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=300)
    at = models.DateTimeField()
    announced = models.BooleanField(default=False, help_text="publishing has taken it over")
    source = models.CharField(max_length=6)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("announced",), name="notice_owed"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class DeskVersion(models.Model):
    """How often orders were recorded: who gates on an older number looks again (6.5)."""

    name = models.CharField(max_length=20, primary_key=True)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} #{self.version}"


class CashMove(models.Model):
    """A deposit (+) or withdrawal (-): shown by the broker, recorded by an operator, or both."""

    account = models.CharField(max_length=20)
    usd = models.DecimalField(max_digits=16, decimal_places=4, help_text="deposits are plus")
    seen_at = models.DateTimeField(null=True, help_text="when the broker's cash showed it")
    recorded_at = models.DateTimeField(null=True, help_text="when an operator said so")
    recorded_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        word = "deposit" if self.usd > 0 else "withdrawal"
        return f"{word} of {abs(self.usd):.2f} USD, {self.account}"


class BookRisk(models.Model):
    """What the book of one account could lose, as last computed; one row per account."""

    account = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    var_usd = models.FloatField(null=True, help_text="95 %, one day; null when not computable")
    worst_usd = models.FloatField(null=True, help_text="worst cell of the grid, a loss is plus")
    sessions_n = models.PositiveIntegerField(help_text="days of history behind the VaR")
    cells = models.JSONField(help_text="spot move, volatility move, P&L in dollars")
    gauges = models.JSONField(default=list, help_text="each measure beside its breaker's limit")
    missing = models.CharField(max_length=60, blank=True, help_text="why something is null")

    class Meta:
        verbose_name_plural = "book risk"

    def __str__(self) -> str:
        return f"{self.account}: VaR {self.var_usd}"


class ExtraOrder(models.Model):
    """A second order at the broker under one reference of ours, to be cancelled (E13)."""

    perm_id = models.PositiveBigIntegerField(primary_key=True)
    order_id = models.PositiveBigIntegerField()
    order_ref = models.CharField(max_length=64)
    found_at = models.DateTimeField()
    cancel_sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.order_ref}: extra {self.perm_id}"

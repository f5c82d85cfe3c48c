"""Rows of the second stage: intents, orders, what the broker said, and what it came to.

Money is Decimal dollars, prices are dollars per share, quantities are contracts. The broker is the
truth for orders, fills and positions; these rows are the truth for intent.
"""

from enum import StrEnum

from django.db import models
from django.db.models import Q

from analytics.models import Source
from execution.holds import (
    Approval,
    BookRisk,
    BreakerLatch,
    BreakerTrip,
    CashMove,
    ClosingMark,
    DeskVersion,
    ExtraOrder,
    Notice,
    Quarantine,
    SessionResult,
    StatementCheck,
    StatementFetch,
)
from execution.qualities import FillQuality
from execution.shares import ShareFill, ShareOrder
from execution.trades import (
    BracketReplace,
    Position,
    PositionEvent,
    Settlement,
    ShadowTrade,
    Tranche,
)
from quanticity.domain import orders

# What holds trading back and what is held have rooms of their own; all rows are found here.
__all__ = [
    "AccountValues", "Approval", "BookRisk", "BracketReplace", "BreakerLatch", "BreakerTrip",
    "BrokerConnection", "CashMove", "ClosingMark", "Commission", "DeskVersion", "ExtraOrder",
    "Fill", "FillQuality", "Notice", "Order", "OrderEvent", "OrderIntent", "Position",
    "PositionEvent", "Quarantine", "Reconciliation", "RiskEvent", "SessionResult", "Settlement",
    "ShadowTrade", "ShareFill", "ShareOrder", "StatementCheck", "StatementFetch", "TradingScope",
    "Tranche",
]  # fmt: skip


def _choices(states: type[StrEnum]) -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in states]


class TradingScope(models.Model):
    """What may be sent in one scope: global, one strategy or one symbol; survives restarts."""

    scope = models.CharField(max_length=24, primary_key=True, help_text="global, 0DTE, SPY, ...")
    state = models.CharField(max_length=8, choices=_choices(orders.TradingState), default="ACTIVE")
    reason = models.CharField(max_length=300)
    actor = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.scope}: {self.state}"


class OrderIntent(models.Model):
    """What we mean to do because of one signal, written before anything is sent."""

    intent_id = models.CharField(max_length=26, primary_key=True)
    signal = models.ForeignKey("analytics.Signal", models.PROTECT, related_name="intents")
    role = models.CharField(max_length=1, choices=[(r.value, r.name) for r in orders.Role])
    state = models.CharField(max_length=14, choices=_choices(orders.IntentState), default="NEW")
    strategy = models.CharField(max_length=8)
    symbol = models.CharField(max_length=8)
    direction = models.SmallIntegerField()
    occ = models.CharField(max_length=21)
    multiplier = models.PositiveIntegerField()
    con_id = models.PositiveBigIntegerField(null=True)
    quantity = models.PositiveIntegerField(null=True)
    limit_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    arrival_mid = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="mid when it was sized"
    )
    arrival_spread = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    notional_usd = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    stop_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    target_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    checks = models.JSONField(default=list, help_text="every rule with value and threshold")
    trades_until_at = models.DateTimeField(
        null=True, help_text="end of the contract's hours on that day, as the broker says"
    )
    denied_by = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True, help_text="committed with its orders")
    first_sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    owes_acknowledgement = models.BooleanField(default=False, help_text="analytics is to be told")
    coarse_ticks = models.BooleanField(default=False, help_text="a finer tick was refused (110)")
    probe = models.BooleanField(default=False)
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("signal", "role"), name="intent_once_per_signal_role"),
        )
        # "Which intents are not over?" is asked every second.
        indexes = (models.Index(fields=("state",), name="intent_state"),)

    def __str__(self) -> str:
        return f"{self.symbol} {self.occ} {self.state}"


class Order(models.Model):
    """One order: what we want of it (ours) beside what the broker says of it."""

    class State(models.TextChoices):
        """RECORDED is committed and unsent; UNKNOWN is asked about, never resent blindly."""

        RECORDED = "RECORDED"
        SENDING = "SENDING"
        WORKING = "WORKING"
        FILLED = "FILLED"
        CANCELLED = "CANCELLED"
        REJECTED = "REJECTED"
        UNKNOWN = "UNKNOWN"
        EXPIRED = "EXPIRED"

    order_ref = models.CharField(max_length=64, primary_key=True)
    intent = models.ForeignKey(OrderIntent, models.PROTECT, related_name="orders")
    parent_ref = models.CharField(max_length=64, blank=True)
    role = models.CharField(max_length=1, choices=[(r.value, r.name) for r in orders.Role])
    occ = models.CharField(max_length=21)
    con_id = models.PositiveBigIntegerField(null=True)
    side = models.CharField(max_length=4)
    quantity = models.PositiveIntegerField()
    order_type = models.CharField(max_length=4)
    time_in_force = models.CharField(max_length=3)
    limit_price = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="as the broker works it"
    )
    stop_price = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="as the broker works it"
    )
    wanted_limit = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    wanted_stop = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    wanted_quantity = models.PositiveIntegerField(null=True)
    tranche = models.PositiveSmallIntegerField(null=True, help_text="part of the position it sells")
    oca_group = models.CharField(max_length=64, blank=True, help_text="explicit: never amended")
    oca_type = models.PositiveSmallIntegerField(default=0, help_text="2: reduce with block")
    cancel_wanted_at = models.DateTimeField(null=True)
    cancel_sent_at = models.DateTimeField(null=True)
    amended_at = models.DateTimeField(null=True, help_text="an amendment is on its way since")
    amend_refused_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.RECORDED)
    order_id = models.PositiveBigIntegerField(null=True, unique=True)
    perm_id = models.PositiveBigIntegerField(null=True, db_index=True)
    filled = models.PositiveIntegerField(default=0, help_text="sum of distinct executions")
    epoch = models.PositiveBigIntegerField(null=True, help_text="lease under which it was sent")
    recorded_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="first time the broker spoke of it")
    unknown_since_at = models.DateTimeField(null=True)
    looked_for = models.PositiveIntegerField(default=0)
    error_code = models.IntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-recorded_at", "order_ref")
        # The gateway process asks for what to send, amend or cancel several times a second.
        indexes = (
            models.Index(fields=("state",), name="order_state"),
            # The gate: what was sent in the last second, what is alive on a contract.
            models.Index(fields=("sent_at",), name="order_sent"),
            models.Index(fields=("occ", "state"), name="order_contract"),
        )

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.occ} {self.state}"


class OrderEvent(models.Model):
    """One thing the broker said, kept before it is interpreted."""

    order_ref = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=12)
    body = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.kind} {self.order_ref}"


class Fill(models.Model):
    """One execution as the broker reports it; a higher revision replaces a lower one."""

    exec_id = models.CharField(max_length=64, primary_key=True)
    base_exec_id = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    order_ref = models.CharField(max_length=64, db_index=True, blank=True)
    perm_id = models.PositiveBigIntegerField(null=True)
    position = models.ForeignKey(Position, models.PROTECT, null=True, related_name="fills")
    account = models.CharField(max_length=20)
    con_id = models.PositiveBigIntegerField()
    occ = models.CharField(max_length=21)
    quantity = models.IntegerField(help_text="signed contracts, + bought")
    price = models.DecimalField(max_digits=12, decimal_places=4)
    executed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    booked = models.BooleanField(default=False, help_text="its position has been recomputed")
    source = models.CharField(max_length=6, choices=Source)

    class Meta:
        ordering = ("-executed_at", "-exec_id")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "base_exec_id", "revision"), name="fill_once_per_revision"
            ),
            # A correction may take the whole execution back: a bust.
            models.CheckConstraint(
                condition=~Q(quantity=0) | Q(revision__gt=1), name="fill_is_not_empty"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity:+d} {self.occ} @ {self.price}"


class BrokerConnection(models.Model):
    """One connection to the broker: its first reports decide what a positive cost means (6.11)."""

    opened_at = models.DateTimeField()
    costs = models.CharField(
        max_length=13, default="cost_positive", help_text="cost_negative: found out, and read so"
    )

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.opened_at:%Y-%m-%d %H:%M:%S} {self.costs}"


class Commission(models.Model):
    """The cost of one execution; pending until the broker has said a believable number."""

    class Status(models.TextChoices):
        """OK once believable."""

        OK = "OK"
        PENDING = "PENDING"

    exec_id = models.CharField(max_length=64, primary_key=True)
    raw = models.CharField(max_length=32, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    commission_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="cost, never negative"
    )
    rebate_usd = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    status = models.CharField(max_length=7, choices=Status)
    stated = models.BooleanField(default=False, help_text="by a statement, which has the last word")
    connection = models.ForeignKey(
        BrokerConnection, models.PROTECT, null=True, help_text="that last reported it"
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.exec_id}: {self.commission_usd}"


class RiskEvent(models.Model):
    """One denial, with the value and the threshold that made it."""

    intent = models.ForeignKey(OrderIntent, models.PROTECT, null=True, related_name="denials")
    code = models.CharField(max_length=40, db_index=True)
    value = models.CharField(max_length=120, blank=True)
    threshold = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, help_text="an alarm: when it was last so")

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.code} ({self.value} against {self.threshold})"


class AccountValues(models.Model):
    """The broker account as last reported; one row per account."""

    account = models.CharField(max_length=20, primary_key=True)
    equity_usd = models.DecimalField(max_digits=16, decimal_places=4)
    buying_power_usd = models.DecimalField(max_digits=16, decimal_places=4)
    available_usd = models.DecimalField(max_digits=16, decimal_places=4)
    cash_usd = models.DecimalField(max_digits=16, decimal_places=4)
    day_pnl_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="as the broker counts it"
    )
    start_of_day_usd = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    high_water_usd = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    quiet_cash_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="of the last report all explained"
    )
    quiet_equity_usd = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    quiet_pnl_usd = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, help_text="of the day, by the broker"
    )
    quiet_at = models.DateTimeField(null=True)
    session_date = models.DateField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "account values"

    def __str__(self) -> str:
        return f"{self.account}: {self.equity_usd}"


class Reconciliation(models.Model):
    """One comparison of our book with the broker's."""

    at = models.DateTimeField()
    is_clean = models.BooleanField()
    findings = models.JSONField()
    holdings = models.JSONField(default=dict, help_text="the broker's contracts by OCC code")
    working = models.JSONField(default=list, help_text="references of ours the broker works")

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {'clean' if self.is_clean else 'unclean'}"

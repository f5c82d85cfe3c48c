"""What is held, on its way, just left or still to be interpreted."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum

from execution.models import (
    Fill,
    Order,
    OrderIntent,
    Position,
    PositionEvent,
)
from execution.orders import lifecycle
from execution.orders.lifecycle import TERMINAL
from execution.orders.references import intent_id, parse_order_ref
from execution.orders.sizing import Stats
from execution.reads.sells import ALIVE
from execution.risk import trips
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, orders
from quanticity.domain.instruments import OptionContract, parse_occ

_TOLD_WITHIN = timedelta(minutes=6)  # the free tier's delay, and a minute
_STATS_SPAN = timedelta(days=87)  # 60 sessions
_HELD = ("OPENING", "OPEN", "REDUCING", "CLOSING", "QUARANTINED")


def submit_patience() -> timedelta:
    """How long the broker may take to speak of an order for the first time."""
    return timedelta(seconds=_patience().submit_answer_s)


def cancel_patience() -> timedelta:
    """How long the broker may take to answer a cancellation or a change."""
    return timedelta(seconds=_patience().cancel_answer_s)


def unknown_patience() -> timedelta:
    """How long an order may be in doubt before somebody is told."""
    return timedelta(seconds=_patience().unknown_alarm_s)


def _patience() -> lifecycle.Settings:
    found: lifecycle.Settings = section("execution.lifecycle", lifecycle.Settings)
    return found


def open_positions() -> QuerySet[Position]:
    """Positions that hold contracts or are about to."""
    return Position.objects.filter(state__in=_HELD).select_related("intent")


def trading_late(now: datetime) -> QuerySet[Position]:
    """What is held and trades still, past the close as well, as the broker said when it was bought.

    It says so of the day of the purchase; of later ones nothing is known.
    """
    held = open_positions().filter(quantity_open__gt=0, intent__trades_until_at__gt=now)
    return held.filter(session_date=calendar.session_date(now))


def are_trading_late(now: datetime) -> bool:
    """Say whether all that is held trades still."""
    held = open_positions().filter(quantity_open__gt=0).count()
    return 0 < held == trading_late(now).count()


def recent_positions(count: int) -> QuerySet[Position]:
    """The latest trades, open or not."""
    return Position.objects.order_by("-opened_at")[:count]


def recent_orders(count: int) -> QuerySet[Order]:
    """The latest orders."""
    return Order.objects.select_related("intent")[:count]


def closed_in(session_date: date) -> QuerySet[Position]:
    """Trades that were closed in one session, after hours before it included."""
    ends_at = calendar.session(session_date).close_at + calendar.AFTER_HOURS
    began_at = calendar.previous_session(session_date).close_at + calendar.AFTER_HOURS
    return Position.objects.filter(closed_at__gte=began_at, closed_at__lt=ends_at)


def live_intents() -> QuerySet[OrderIntent]:
    """Intents that are not over."""
    return OrderIntent.objects.exclude(state__in=[s.value for s in TERMINAL])


def intents_to_book() -> list[str]:
    """Intents with something new to interpret: unbooked fills, or an order still in motion."""
    unbooked = Fill.objects.filter(booked=False).values("order_ref")
    moving = live_intents().exclude(state__in=("NEW", "CHECKED", "SIZED"))
    open_trades = Position.objects.filter(state__in=_HELD).values("intent_id")
    # An exit waits for its commissions, but is told in the end.
    # One whose every execution was taken back has no end to tell.
    ended = Position.objects.filter(state__in=("CLOSED", "SETTLED"), quantity_total__gt=0)
    over = ended.values("intent_id")
    ends = (PositionEvent.Kind.EXIT, PositionEvent.Kind.EXPIRY)
    untold = over.exclude(events__kind__in=ends)
    rows = OrderIntent.objects.filter(
        Q(orders__order_ref__in=unbooked)
        | Q(position__fills__booked=False)
        | Q(pk__in=moving)
        | Q(pk__in=open_trades)
        | Q(pk__in=untold)
    )
    return list(rows.values_list("pk", flat=True).distinct())


def working_entries(scope: str = trips.GLOBAL) -> QuerySet[Order]:
    """Entries of a scope that are on their way and not asked to come back."""
    rows = Order.objects.filter(role=orders.Role.ENTRY, state__in=ALIVE, cancel_wanted_at=None)
    if scope == trips.GLOBAL:
        return rows
    return rows.filter(Q(intent__strategy=scope) | Q(intent__symbol=scope))


def contracts_to_hold() -> list[OptionContract]:
    """Contracts whose quotes come first: held, just left, or with an order on the way.

    What was just left is quoted until the slowest tier has heard of it: what that tier could have
    sold at is part of the record (DOMAIN 6.18).
    """
    held = set(open_positions().values_list("occ", flat=True))
    left = Position.objects.filter(closed_at__gt=clock.now() - _TOLD_WITHIN)
    held |= set(left.values_list("occ", flat=True))
    states = ("NEW", "CHECKED", "SIZED", "SUBMITTING", "WORKING", "PARTIAL", "CANCEL_PENDING")
    pending = OrderIntent.objects.filter(state__in=states).values_list("occ", flat=True)
    return [parse_occ(occ) for occ in sorted(held | set(pending))]


def has_unfinished() -> bool:
    """Say whether an intent, a position or an event that is to be told is not over."""
    return (
        live_intents().exists()
        or open_positions().exists()
        or PositionEvent.objects.filter(announced=False).exists()
        or OrderIntent.objects.filter(owes_acknowledgement=True).exists()
    )


def naked_ms(session_date: date) -> int:
    """Milliseconds that contracts of this session were held without a working stop, till now."""
    rows = Position.objects.filter(session_date=session_date)
    past = int(rows.aggregate(total=Sum("naked_ms"))["total"] or 0)
    return past + sum(naked_now_ms(row) for row in rows.exclude(naked_since_at=None))


def naked_now_ms(position: Position) -> int:
    """Milliseconds of the stretch without full protection that is running; 0 when none is."""
    since = position.naked_since_at
    return 0 if since is None else max(0, round((clock.now() - since).total_seconds() * 1_000))


def without_intent(signal_ids: Sequence[str]) -> list[str]:
    """Those of these signals that nothing was begun for."""
    begun = OrderIntent.objects.filter(signal_id__in=signal_ids).values_list("signal_id", flat=True)
    return [signal_id for signal_id in signal_ids if signal_id not in set(begun)]


def entry_intent_id(signal_id: str) -> str:
    """The id that the entry intent of a signal has, or will have."""
    return intent_id(signal_id, orders.Role.ENTRY)


def intent_of(order_ref: str) -> str:
    """The intent an order reference belongs to; "" when the order is not ours."""
    parsed = parse_order_ref(order_ref)
    return "" if parsed is None else parsed.intent_id


def trade_of(signal_id: str) -> dict[str, Any] | None:
    """What became of a signal, for whoever asks about it; None while nothing was begun."""
    intent = OrderIntent.objects.filter(signal_id=signal_id).select_related("position").first()
    if intent is None:
        return None
    found: dict[str, Any] = {
        "intent": intent.pk, "state": intent.state, "denied_by": intent.denied_by,
        "quantity": intent.quantity, "reason": intent.reason,
    }  # fmt: skip
    position = getattr(intent, "position", None)
    if position is None:
        return found
    net = position.realised_net_usd
    return found | {
        "trade_id": position.trade_id, "position": position.state,
        "entry": None if position.entry_price is None else float(position.entry_price),
        "exit": None if position.exit_price is None else float(position.exit_price),
        "exit_reason": position.exit_reason,
        "realised_net_usd": None if net is None else float(net),
    }  # fmt: skip


def trade_stats(strategy: str) -> Stats:
    """Wins and losses of a strategy's executed trades over the last sessions; flats left out."""
    first = clock.now().date() - _STATS_SPAN
    rows = Position.objects.filter(
        strategy=strategy,
        probe=False,
        session_date__gte=first,
        realised_net_usd__isnull=False,
        entry_price__gt=0,
    )
    shares = [
        (row.realised_net_usd or Decimal(0))
        / ((row.entry_price or Decimal(1)) * row.quantity_total * row.multiplier)
        for row in rows
        if row.quantity_total
    ]
    won = [share for share in shares if share > 0]
    lost = [-share for share in shares if share < 0]
    return Stats(len(won), len(lost), _mean(won), _mean(lost))


def _mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, Decimal(0)) / len(values) if values else None

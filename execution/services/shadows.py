"""Following what was never sent: signals in shadow, and what a gate stopped (DOMAIN 5.13).

Every decision that keeps a contract and became no order is followed as a trade of one contract, at
most one at a time for each gate, strategy, symbol and direction. Nothing here can send anything.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings as django_settings
from django.db import IntegrityError, transaction

from analytics import selectors as analytics
from execution.models import OrderIntent, ShadowTrade
from execution.orders import exits, shadows, stops
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import Strategy
from quanticity.store import market

IN_SHADOW = "SHADOW"
State = ShadowTrade.State


def follow() -> None:
    """Begin what is new, and go on with what is open."""
    own = section("execution.shadows", shadows.Settings)
    since = clock.now() - timedelta(seconds=own.follow_within_s)
    for stopped in (*analytics.stopped_decisions(since), *_denied(since)):
        _begin(stopped, own)
    for trade in ShadowTrade.objects.filter(state=State.OPEN):
        _go_on(trade, own)


def _denied(since: Any) -> Iterable[analytics.Stopped]:
    """Signals that the order path refused: the rule that did is the gate."""
    rows = OrderIntent.objects.filter(state="BLOCKED", probe=False, created_at__gte=since)
    for intent in rows.select_related("signal"):
        signal = intent.signal
        if signal.decision_id is None:
            continue
        # A strategy in shadow is refused by its mode: that is no gate, it is the trade itself.
        gate = IN_SHADOW if intent.denied_by == "MODE_SHADOW" else f"RISK {intent.denied_by}"
        yield analytics.Stopped(
            signal.decision_id, signal.pk, gate, is_sole=True, strategy=signal.strategy,
            symbol=signal.symbol, direction=signal.direction, occ=signal.occ,
            multiplier=signal.multiplier, source=signal.source,
        )  # fmt: skip


def _begin(stopped: analytics.Stopped, own: shadows.Settings) -> None:
    touch = _touch(stopped.symbol, stopped.occ, own)
    if touch is None:
        return
    entry = shadows.bought(*touch, own)
    profile = section("execution.stops", stops.Settings).profiles[Strategy(stopped.strategy)]
    found = shadows.plan(entry, profile.initial_risk_pct, profile.targets_pct[0])
    try:
        with transaction.atomic():
            ShadowTrade.objects.create(
                decision_id=stopped.decision_id, signal_id=stopped.signal_id, gate=stopped.gate,
                is_sole=stopped.is_sole, strategy=stopped.strategy, symbol=stopped.symbol,
                direction=stopped.direction, occ=stopped.occ, multiplier=stopped.multiplier,
                entry_price=found.entry, stop_price=found.stop, target_price=found.target,
                mark_price=found.entry, opened_at=clock.now(), source=stopped.source,
            )  # fmt: skip
    except IntegrityError:
        return  # it is followed already, or one of its kind still is


def _go_on(trade: ShadowTrade, own: shadows.Settings) -> None:
    contract, now = parse_occ(trade.occ), clock.now()
    touch = _touch(trade.symbol, trade.occ, own)
    if touch is None:
        if now > calendar.session(contract.expiry).close_at:
            # It expired unseen: what it came to is not known, and not guessed.
            _end(trade, State.UNPRICED, "EXPIRY", None, own)
        return
    price = shadows.sold(*touch, own)
    held = exits.Held(
        Strategy(trade.strategy), contract.expiry, calendar.session_date(trade.opened_at),
        trade.entry_price, price,
    )  # fmt: skip
    plan = shadows.Plan(trade.entry_price, trade.stop_price, trade.target_price)
    is_due = exits.is_due(held, now, section("execution.exits", exits.Settings))
    reason = shadows.reason_to_leave(price, plan, time_is_up=is_due)
    if reason is None:
        ShadowTrade.objects.filter(pk=trade.pk, state=State.OPEN).update(mark_price=price)
    else:
        _end(trade, State.CLOSED, reason, price, own)


def _end(
    trade: ShadowTrade, state: str, reason: str, price: Decimal | None, own: shadows.Settings
) -> None:
    net = None
    if price is not None:
        net = shadows.net_usd(trade.entry_price, price, trade.multiplier, own)
    ShadowTrade.objects.filter(pk=trade.pk, state=State.OPEN).update(
        state=state, exit_reason=reason, exit_price=price, net_usd=net, closed_at=clock.now()
    )


def gate_values() -> list[shadows.GateValue]:
    """What each gate saved or cost in this world, the dearest first."""
    own = section("execution.shadows", shadows.Settings)
    nets: dict[str, list[Decimal]] = defaultdict(list)
    still: dict[str, int] = defaultdict(int)
    rows = ShadowTrade.objects.filter(source=django_settings.TRADING_MODE)
    for gate, state, net in rows.values_list("gate", "state", "net_usd"):
        nets[gate] += [] if net is None else [net]
        still[gate] += state == State.OPEN
    found = [shadows.value_of(gate, known, still[gate], own) for gate, known in nets.items()]
    return sorted(found, key=lambda value: (value.net_usd, value.gate), reverse=True)


def _touch(symbol: str, occ: str, own: shadows.Settings) -> tuple[Decimal, Decimal] | None:
    """Bid and ask of a contract: its own quote, else its row of the chain; None when too old."""
    quote = market.contract_quote(occ)
    seen = None if quote is None else (quote.bid, quote.ask, quote.event_at)
    for bid, ask, at in (each for each in (seen, analytics.contract_touch(symbol, occ)) if each):
        age_s = (clock.now() - at).total_seconds()
        if bid and ask and bid <= ask and age_s <= own.max_quote_age_s:
            return Decimal(str(bid)), Decimal(str(ask))
    return None

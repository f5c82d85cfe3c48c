"""From a signal to orders that are committed and not yet sent (DOMAIN 6.2, 6.6).

`open_position` claims the signal by its intent row, asks the gate, sizes, asks again, and records
intent and bracket in one transaction. The gateway process does the rest.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from analytics import selectors as analytics
from execution import selectors
from execution.models import Order, OrderIntent, RiskEvent
from execution.orders import brackets, pricing, sizing, stops
from execution.orders.references import intent_id, order_ref
from execution.risk import gate, room
from execution.risk.facts import Facts, Greeks, Proposal
from execution.risk.facts import Settings as Limits
from execution.risk.verdict import Denied, Verdict
from execution.services import approving, desk, margin, moving
from execution.services import facts as world
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.orders import Bracket, Role, Ticket
from quanticity.domain.readings import plain
from quanticity.domain.signals import Signal
from quanticity.store import health

_HUNDRED = Decimal(100)
_LOOKS = 4  # as many entries may overtake one; after that the market has moved as well
_RACED = Denied("RATE_LIMIT", "other entries were recorded meanwhile", f"{_LOOKS} looks")


def open_position(signal_id: str) -> str:
    """Take one signal as far as committed orders or a denial; return the intent's id.

    Doing it twice has the effect of once: the intent row is unique per signal.
    """
    order = analytics.signal_order(signal_id)
    intent = _claim(order)
    if intent is None:
        return intent_id(signal_id, Role.ENTRY)
    pursue(intent, order)
    return intent.pk


def pursue(intent: OrderIntent, order: analytics.SignalOrder) -> None:
    """Take a claimed intent to its orders or its denial; one given up meanwhile stays so."""
    denied = _prepare(intent, order)
    if denied is not None:
        block(intent, denied)


def pursue_approved(intent: OrderIntent) -> None:
    """Take an entry that an operator approved through every rule again, on facts of now.

    The signal is as old as the approval, within the time that it was valid for.
    """
    order = analytics.signal_order(intent.signal_id)
    renewed_at = min(intent.approval.decided_at or clock.now(), order.signal.valid_until)
    pursue(intent, replace(order, signal=replace(order.signal, created_at=renewed_at)))


def _claim(order: analytics.SignalOrder) -> OrderIntent | None:
    """Write the intent, or return None when somebody already has."""
    signal = order.signal
    try:
        with transaction.atomic():
            return OrderIntent.objects.create(
                intent_id=intent_id(signal.signal_id, Role.ENTRY), signal_id=signal.signal_id,
                role=Role.ENTRY, strategy=signal.strategy, symbol=signal.symbol,
                direction=signal.direction, occ=signal.contract.occ,
                multiplier=signal.multiplier, created_at=clock.now(), probe=order.probe,
                source=settings.TRADING_MODE,
            )  # fmt: skip
    except IntegrityError:
        return None


def _prepare(intent: OrderIntent, order: analytics.SignalOrder) -> Denied | None:
    for _ in range(_LOOKS):
        seen = desk.version()
        outcome = _attempt(intent, order, seen)
        if outcome is not _RACED:
            return outcome
    return _RACED


def _attempt(intent: OrderIntent, order: analytics.SignalOrder, seen: int) -> Denied | None:
    """Gate, size, gate again and record; _RACED when another order was recorded meanwhile."""
    signal = order.signal
    ref = order_ref(settings.TRADING_MODE, intent.pk, Role.ENTRY, 1)
    facts = world.gather(signal, ref)
    if order.probe:
        facts = _rehearsed(facts)
    limits = section("execution.risk", Limits)
    stop_settings = section("execution.stops", stops.Settings)
    entry = _entry_plan(signal, facts)
    proposal = _proposal(order, entry, facts, stop_settings)
    verdict = gate.check(proposal, facts, limits)
    _note(intent, verdict)
    if isinstance(verdict.answer, Denied):
        return verdict.answer
    if isinstance(entry, Denied):
        return entry
    moving.move_intent(intent, "NEW", "CHECKED", checks=intent.checks)
    room_n = _greek_room(signal, facts)
    sized = _size(order, entry, facts, stop_settings, room_n)
    weighed = sized if room_n else _weighed(sized)
    proposal = _sized(proposal, weighed, signal, stop_settings)
    verdict = gate.recheck(proposal, facts, limits)
    _note(intent, verdict)
    if isinstance(verdict.answer, Denied):
        return verdict.answer
    bracket = _bracket(intent, signal, sized.contracts, entry, facts, stop_settings)
    if isinstance(bracket, Denied):
        return bracket
    verdict = gate.last(proposal, margin.asked(facts, bracket.entry), limits)
    _note(intent, verdict)
    denied = verdict.answer if isinstance(verdict.answer, Denied) else None
    return denied or _commit(intent, bracket, sized, facts, seen)


def _rehearsed(facts: Facts) -> Facts:
    """A rehearsal may happen outside a strategy's entry window; every other rule holds."""
    return replace(facts, market=replace(facts.market, in_window=True))


def _entry_plan(signal: Signal, facts: Facts) -> pricing.EntryPlan | Denied:
    return pricing.plan_entry(
        signal.strategy, signal.confidence, facts.market.quote, facts.market.increments,
        section("execution.pricing", pricing.Settings),
    )  # fmt: skip


def _proposal(
    order: analytics.SignalOrder,
    entry: pricing.EntryPlan | Denied,
    facts: Facts,
    stop_settings: stops.Settings,
) -> Proposal:
    limit = None if isinstance(entry, Denied) else entry.first
    stop = None
    if limit is not None:
        stop = stops.initial(
            order.signal.strategy, limit, facts.market.increments, stop_settings
        ).stop
    return Proposal(signal=order.signal, live=order.live, limit=limit, stop=stop)


def _size(
    order: analytics.SignalOrder,
    entry: pricing.EntryPlan,
    facts: Facts,
    stop_settings: stops.Settings,
    greek_room_n: int,
) -> sizing.Sizing:
    signal, account = order.signal, facts.account
    sizes = section("execution.sizing", sizing.Settings)
    listing = analytics.listing(signal.symbol, signal.contract.occ)
    risk_pct = stop_settings.profiles[signal.strategy].initial_risk_pct
    found = sizing.compute(
        sizing.Request(
            strategy=signal.strategy,
            confidence=signal.confidence,
            limit_price=entry.first,
            multiplier=signal.multiplier,
            stop_loss_frac=risk_pct / _HUNDRED,
            equity_usd=None if account is None else account.equity_usd,
            buying_power_usd=None if account is None else account.buying_power_usd,
            account_age_s=None if account is None else (facts.at - account.at).total_seconds(),
            stats=selectors.trade_stats(signal.strategy),
            risk_multiplier=selectors.risk_multiplier(signal.strategy, signal.symbol),
            liquidity_cap_contracts=min(
                sizing.liquidity_cap(listing.open_interest, listing.ask_size, sizes),
                greek_room_n,
            ),
        ),
        sizes,
    )
    if order.contracts_wanted is None or found.per_contract_usd is None:
        return found
    # A rehearsal asks for so many contracts, and gets no more than the rules allow.
    contracts = min(order.contracts_wanted, found.contracts)
    return replace(found, contracts=contracts, notional_usd=contracts * found.per_contract_usd)


def _weighed(sized: sizing.Sizing) -> sizing.Sizing:
    """Size one contract that there is money but no room for, so that the Greek limit says so."""
    budget, price = sized.budget_usd, sized.per_contract_usd
    if sized.contracts or budget is None or price is None or budget < price:
        return sized
    return replace(sized, contracts=1, notional_usd=price, reasons=())


def _greek_room(signal: Signal, facts: Facts) -> int:
    """Contracts that fit under the book's Greek limits; nothing fits where one is unknown."""
    equity = None if facts.account is None else facts.account.equity_usd
    one = _contract_greeks(signal, 1)
    if equity is None:
        return 0
    limits = section("execution.risk", Limits)
    return room.contracts_within(facts.holdings.greeks, one, equity, limits) or 0


def _contract_greeks(signal: Signal, contracts: int) -> Greeks | None:
    one = analytics.contract_greeks(signal.contract, signal.symbol)
    many = contracts * signal.multiplier
    return None if one is None else Greeks(*(Decimal(str(v)) * many for v in one))


def _sized(
    proposal: Proposal, sized: sizing.Sizing, signal: Signal, stop_settings: stops.Settings
) -> Proposal:
    risk = stop_settings.profiles[signal.strategy].initial_risk_pct / _HUNDRED
    return replace(
        proposal,
        contracts=sized.contracts,
        notional_usd=sized.notional_usd,
        risk_usd=gate.risk_to_stop(sized.notional_usd, risk),
        greeks=_contract_greeks(signal, sized.contracts),
        sizing_reasons=sized.reasons,
    )


def _bracket(
    intent: OrderIntent,
    signal: Signal,
    contracts: int,
    entry: pricing.EntryPlan,
    facts: Facts,
    stop_settings: stops.Settings,
) -> Bracket | Denied:
    wanted = brackets.Entry(
        settings.TRADING_MODE, intent.pk, signal.strategy, signal.contract, contracts, entry.first
    )
    return brackets.plan(wanted, facts.market.increments, stop_settings)


def _commit(
    intent: OrderIntent, bracket: Bracket, sized: sizing.Sizing, facts: Facts, seen: int
) -> Denied | None:
    """Record what passed every rule, or put it before an operator first."""
    if approving.is_needed(intent):
        intent.save(update_fields=["checks"])
        approving.ask(intent, bracket, sized)
        return None
    return _record(intent, bracket, sized, facts, seen)


def _record(
    intent: OrderIntent, bracket: Bracket, sized: sizing.Sizing, facts: Facts, seen: int
) -> Denied | None:
    """Commit intent and orders together, unless it was given up; nothing has left yet.

    _RACED when another order was recorded since `seen`: the facts are of a world before it. A
    database that takes too long is no entry (C7): what was looked at is of then.
    """
    quote, now, began_s = facts.market.quote, clock.now(), clock.boot_seconds()
    with transaction.atomic():
        if not desk.advance(seen):
            return _RACED
        # Sized and submitting are one step: nobody sees the one without the other.
        # A worker that slept finds its intent given up, and must not wake it.
        if not moving.move_intent(
            intent, "CHECKED", "SUBMITTING", checks=intent.checks, quantity=sized.contracts,
            limit_price=bracket.entry.limit_price, stop_price=bracket.stop.stop_price,
            target_price=bracket.target.limit_price, notional_usd=sized.notional_usd,
            arrival_mid=None if quote is None else quote.mid,
            arrival_spread=None if quote is None else quote.spread, recorded_at=now,
        ):  # fmt: skip
            return None
        Order.objects.bulk_create(
            Order(
                **order_fields(
                    intent, ticket, "" if ticket is bracket.entry else bracket.entry.order_ref
                ),
                recorded_at=now,
            )
            for ticket in (bracket.entry, bracket.target, bracket.stop)
        )
        took_s, most_s = clock.boot_seconds() - began_s, _desk().commit_max_s
        if took_s > most_s:
            transaction.set_rollback(True)
            intent.state = "CHECKED"  # as before
            return Denied("SLOW_COMMIT", f"{took_s:.2f} s", f"{most_s} s")
        transaction.on_commit(lambda: health.wake("gateway"))
    return None


def _desk() -> world.Settings:
    found: world.Settings = section("execution.desk", world.Settings)
    return found


def order_fields(intent: OrderIntent, ticket: Ticket, parent_ref: str) -> dict[str, Any]:
    """The columns of an order row that come from its ticket."""
    return {
        "order_ref": ticket.order_ref, "intent": intent, "parent_ref": parent_ref,
        "role": ticket.role, "occ": ticket.contract.occ, "con_id": intent.con_id,
        "side": ticket.side, "quantity": ticket.quantity, "order_type": ticket.order_type,
        "time_in_force": ticket.time_in_force, "limit_price": ticket.limit_price,
        "stop_price": ticket.stop_price, "oca_group": ticket.oca_group,
        "oca_type": ticket.oca_type,
    }  # fmt: skip


def block(intent: OrderIntent, denied: Denied) -> None:
    """Write the denial: a row, the intent's end, and an answer owed to analytics."""
    with transaction.atomic():
        if not moving.move_intent(intent, intent.state, "BLOCKED"):
            return
        RiskEvent.objects.create(
            intent=intent, code=denied.code, value=str(denied.value)[:120],
            threshold=str(denied.threshold)[:120], at=clock.now(),
        )  # fmt: skip
        intent.denied_by, intent.reason = denied.code, str(denied)[:300]
        intent.ended_at, intent.owes_acknowledgement = clock.now(), True
        intent.save()


# Written with the state that the checks led to: each write by itself is a commit of its own.
def _note(intent: OrderIntent, verdict: Verdict) -> None:
    intent.checks = [*intent.checks, *({**plain(g), "value": str(g.value)} for g in verdict.gates)]


def give_up_unfinished(older_than: timedelta) -> int:
    """End intents that a crash left between claim and commit: nothing was sent for them."""
    rows = OrderIntent.objects.filter(
        state__in=("NEW", "CHECKED", "SIZED"), created_at__lt=clock.now() - older_than
    ).exclude(approval__isnull=False)  # an operator has been asked, who has a clock of his own
    return sum(
        moving.move_intent(
            row, row.state, "BLOCKED", denied_by="SIGNAL_STALE", ended_at=clock.now(),
            reason="stopped before it was recorded", owes_acknowledgement=True,
        )
        for row in rows
    )  # fmt: skip

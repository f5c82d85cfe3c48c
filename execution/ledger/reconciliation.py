"""Reconciliation: the broker's facts against our book, finding by finding with its action (6.14).

A pure comparison: the same facts twice give the same findings, and once the actions are taken,
none. New executions are taken into account before quantities are compared, so what they explain
is adopted and only what nothing explains is a break. A snapshot that is not whole judges nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from execution.ledger.executions import latest
from execution.ledger.positions import Key, quantities
from execution.orders.protection import Violation
from execution.orders.references import parse_order_ref
from quanticity.domain.orders import Fill, Holding, OrderStatus, OrderUpdate
from quanticity.gateway.ports import BrokerFacts

_OPEN = frozenset({OrderStatus.PENDING, OrderStatus.WORKING})


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.reconciliation]."""

    ask_again_s: float
    absent_looks_n: int


class Kind(StrEnum):
    """What was found."""

    FILL_OURS = "FILL_OURS"
    FILL_CORRECTED = "FILL_CORRECTED"
    FILL_MANUAL = "FILL_MANUAL"
    FILL_EXTERNAL = "FILL_EXTERNAL"
    QUANTITY_ABOVE = "QUANTITY_ABOVE"
    QUANTITY_BELOW = "QUANTITY_BELOW"
    ORDER_ALIVE = "ORDER_ALIVE"
    ORDER_ENDED = "ORDER_ENDED"
    ORDER_ABSENT = "ORDER_ABSENT"
    ORDER_TWICE = "ORDER_TWICE"
    ORDER_UNRECORDED = "ORDER_UNRECORDED"
    ORDER_FOREIGN = "ORDER_FOREIGN"
    SHARES_EXERCISED = "SHARES_EXERCISED"
    PROTECTION = "PROTECTION"
    DAY_PNL = "DAY_PNL"


class Action(StrEnum):
    """What is to be done about it."""

    ADOPT = "ADOPT"
    ATTACH = "ATTACH"
    RECORD_AND_QUARANTINE = "RECORD_AND_QUARANTINE"
    QUARANTINE = "QUARANTINE"
    ASK_AGAIN = "ASK_AGAIN"
    DECLARE_ABSENT = "DECLARE_ABSENT"
    CANCEL_EXTRA = "CANCEL_EXTRA"
    REPAIR = "REPAIR"
    BLOCK_CONTRACT = "BLOCK_CONTRACT"
    REPORT = "REPORT"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: what, about which order or execution, on which contract, and the remedy."""

    kind: Kind
    action: Action
    subject: str
    con_id: int
    detail: str


@dataclass(frozen=True, slots=True)
class OurOrder:
    """An order as our rows have it; `looks` counts earlier snapshots in which it was missing."""

    order_ref: str
    con_id: int
    terminal: bool
    sent: bool
    looks: int = 0


@dataclass(frozen=True, slots=True)
class OurBook:
    """Our side: every fill and order we know, contracts with an open position, time short.

    `settled` is what expiry, exercise and operators took out of positions, signed contracts.
    `short_for_s` says since when the broker has reported less than we have. `just_traded` holds
    the executions heard while the snapshot was made, newest first: its list of holdings may be
    older than they are.
    """

    fills: tuple[Fill, ...]
    orders: tuple[OurOrder, ...]
    open_contracts: frozenset[Key]
    settled: Mapping[Key, int]
    short_for_s: Mapping[Key, float]
    just_traded: Mapping[Key, tuple[int, ...]]


def diff(
    broker: BrokerFacts,
    ours: OurBook,
    settings: Settings,
    *,
    protection: Mapping[int, tuple[Violation, ...]] | None = None,
) -> tuple[Finding, ...]:
    """Compare a whole snapshot with our book; no finding means clean."""
    return (
        *_fills(broker.fills, ours),
        *_quantities(broker, ours, settings),
        *_orders(broker, ours, settings),
        *_protection(protection or {}),
    )


def _fills(theirs: Iterable[Fill], ours: OurBook) -> Iterable[Finding]:
    known = {(f.account, f.base_exec_id): f.revision for f in latest(ours.fills)}
    for fill in latest(theirs):
        revision = known.get((fill.account, fill.base_exec_id))
        if revision is not None and revision >= fill.revision:
            continue
        kind, action = _origin(fill, ours)
        if revision is not None:
            kind, action = Kind.FILL_CORRECTED, Action.ADOPT
        detail = f"{fill.quantity:+d} at {fill.price} by {fill.order_ref or 'nobody of ours'}"
        yield Finding(kind, action, fill.exec_id, fill.con_id, detail)


def _origin(fill: Fill, ours: OurBook) -> tuple[Kind, Action]:
    if parse_order_ref(fill.order_ref) is not None:
        return Kind.FILL_OURS, Action.ADOPT
    if (fill.account, fill.con_id) in ours.open_contracts:
        return Kind.FILL_MANUAL, Action.ATTACH
    return Kind.FILL_EXTERNAL, Action.RECORD_AND_QUARANTINE


def _quantities(broker: BrokerFacts, ours: OurBook, settings: Settings) -> Iterable[Finding]:
    expected = Counter(quantities((*ours.fills, *broker.fills)))
    expected.update(ours.settled)
    reported = _reported(broker.holdings)
    for key in sorted(expected.keys() | reported.keys()):
        theirs, mine = reported.get(key, 0), expected[key]
        detail = f"broker {theirs}, fills {mine}"
        if theirs > mine:
            is_older = mine - theirs in accumulate(ours.just_traded.get(key, ()))
            action = Action.ASK_AGAIN if is_older else Action.QUARANTINE
            yield Finding(Kind.QUANTITY_ABOVE, action, str(key[1]), key[1], detail)
        if theirs < mine:
            patient = ours.short_for_s.get(key, 0) < settings.ask_again_s
            action = Action.ASK_AGAIN if patient else Action.QUARANTINE
            yield Finding(Kind.QUANTITY_BELOW, action, str(key[1]), key[1], detail)


def _reported(holdings: Iterable[Holding]) -> dict[Key, int]:
    found: Counter[Key] = Counter()
    for holding in holdings:
        found[holding.account, holding.con_id] += holding.quantity
    return dict(found)


def _orders(broker: BrokerFacts, ours: OurBook, settings: Settings) -> Iterable[Finding]:
    mine = {order.order_ref: order for order in ours.orders}
    alive = [u for u in broker.open_orders if u.status in _OPEN]
    watched = {con_id for _, con_id in ours.open_contracts} | {
        order.con_id for order in ours.orders if not order.terminal
    }
    for update in alive:
        yield from _alive(update, mine, watched)
    yield from _twice(alive)
    yield from _gone(broker, ours, settings, {u.order_ref for u in alive})


def _gone(
    broker: BrokerFacts, ours: OurBook, settings: Settings, open_refs: set[str]
) -> Iterable[Finding]:
    ended = {u.order_ref: u for u in broker.completed_orders}
    for order in ours.orders:
        ref, con_id = order.order_ref, order.con_id
        if order.terminal or not order.sent or ref in open_refs:
            continue
        if ref in ended:
            detail = f"{ended[ref].status}, {ended[ref].filled} of {ended[ref].quantity} filled"
            yield Finding(Kind.ORDER_ENDED, Action.ADOPT, ref, con_id, detail)
        else:  # what filled whole is over by its executions, and is not looked for
            final = order.looks + 1 >= settings.absent_looks_n
            action = Action.DECLARE_ABSENT if final else Action.ASK_AGAIN
            detail = f"not found in {order.looks + 1} snapshots"
            yield Finding(Kind.ORDER_ABSENT, action, ref, con_id, detail)


def _alive(
    update: OrderUpdate, mine: Mapping[str, OurOrder], watched: set[int]
) -> Iterable[Finding]:
    ref, con_id = update.order_ref, update.con_id
    if parse_order_ref(ref) is None:
        if con_id in watched:
            detail = f"{update.side} {update.quantity} that is not ours"
            yield Finding(
                Kind.ORDER_FOREIGN,
                Action.BLOCK_CONTRACT,
                ref or str(update.perm_id),
                con_id,
                detail,
            )
    elif ref not in mine:
        # Never cancelled for that: after a restore from backup it may be our only protection.
        detail = f"{update.side} {update.quantity} works without a row of ours"
        yield Finding(Kind.ORDER_UNRECORDED, Action.ADOPT, ref, con_id, detail)
    elif mine[ref].terminal:
        detail = f"{update.status} at the broker, ended here"
        yield Finding(Kind.ORDER_ALIVE, Action.ADOPT, ref, con_id, detail)


def _twice(alive: list[OrderUpdate]) -> Iterable[Finding]:
    by_ref: dict[str, set[int]] = {}
    for update in alive:
        if parse_order_ref(update.order_ref) is not None and update.perm_id:
            by_ref.setdefault(update.order_ref, set()).add(update.perm_id)
    con_ids = {update.order_ref: update.con_id for update in alive}
    for ref, perm_ids in sorted(by_ref.items()):
        if len(perm_ids) > 1:
            # The first the broker numbered is ours; the others came of a resend.
            detail = f"perm ids {sorted(perm_ids)}, cancel all but the first"
            yield Finding(Kind.ORDER_TWICE, Action.CANCEL_EXTRA, ref, con_ids[ref], detail)


def _protection(found: Mapping[int, tuple[Violation, ...]]) -> Iterable[Finding]:
    for con_id, violations in sorted(found.items()):
        for one in violations:
            action = Action.CANCEL_EXTRA if one.critical else Action.REPAIR
            subject = one.offender.order_ref if one.offender is not None else str(con_id)
            detail = f"{one.breakage}: {one.working} against {one.position}"
            yield Finding(Kind.PROTECTION, action, subject, con_id, detail)

"""Breaks with the broker as rows: opened by what nothing explains, ended by agreement or by hand.

A symbol with an open break takes no entries; a foreign order blocks only its own contract. A
difference that an operator accepts becomes part of our book, or it would be found for ever.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from django.db import IntegrityError, transaction

from execution.ledger.reconciliation import Action, Finding, Kind
from execution.models import OrderIntent, Position, Quarantine
from execution.services import moving
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.universe import universe
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.gateway.ports import BrokerFacts

_HELD = ("OPENING", "OPEN", "REDUCING", "CLOSING")
OPENING = frozenset({Action.QUARANTINE, Action.RECORD_AND_QUARANTINE, Action.BLOCK_CONTRACT})
_QUANTITIES = re.compile(r"broker (-?\d+), fills (-?\d+)")
# What is no longer so is no longer a break; an unexplained trade remains one until somebody looks.
_ENDS_BY_ITSELF = (
    Kind.QUANTITY_ABOVE,
    Kind.QUANTITY_BELOW,
    Kind.ORDER_FOREIGN,
    Kind.SHARES_EXERCISED,
)


def keep(findings: Iterable[Finding], facts: BrokerFacts) -> None:
    """Open a row for each new break, and end those that this comparison no longer finds."""
    found = [one for one in findings if one.action in OPENING]
    occs = _occs(facts)
    for one in found:
        _open(one, facts, occs.get(one.con_id, ""))
    seen = {(one.con_id, one.kind.value) for one in found}
    waiting = {(one.con_id, one.kind.value) for one in findings if one.action is Action.ASK_AGAIN}
    for row in Quarantine.objects.filter(ended_at=None, kind__in=_ENDS_BY_ITSELF):
        if (row.con_id, row.kind) not in seen | waiting:
            Quarantine.objects.filter(pk=row.pk, ended_at=None).update(
                ended_at=clock.now(), ended_by="reconciliation", reason="the books agree again"
            )


def accepted() -> Mapping[tuple[str, int], int]:
    """Contracts that operators took into our book without a fill, signed."""
    found: Counter[tuple[str, int]] = Counter()
    for row in Quarantine.objects.filter(accepted=True, difference__isnull=False):
        found[row.account, row.con_id] += row.difference or 0
    return found


def accepted_by_occ() -> Counter[str]:
    """The same by OCC code, over all accounts."""
    found: Counter[str] = Counter()
    for row in Quarantine.objects.filter(accepted=True, difference__isnull=False):
        found[row.occ] += row.difference or 0
    return found


def accept(row: Quarantine) -> None:
    """Take a difference of quantity into our book, unless a trade of ours would go wrong by it."""
    held = Position.objects.filter(account=row.account, con_id=row.con_id, quantity_open__gt=0)
    if row.difference is None or row.kind not in (Kind.QUANTITY_ABOVE, Kind.QUANTITY_BELOW):
        return
    if row.difference < 0 and held.exists():
        raise MalformedInput(
            f"{held[0].pk} still holds {held[0].quantity_open}; its contracts left the account "
            "without a fill: book them by the broker's statement first"
        )
    Quarantine.objects.filter(pk=row.pk).update(accepted=True)


def trades_held(code: str) -> frozenset[str]:
    """Intents whose trade could not be worked through, by the kind of work."""
    rows = Quarantine.objects.filter(kind=code, ended_at=None).exclude(intent=None)
    return frozenset(rows.values_list("intent_id", flat=True))


def hold_trade(intent_id: str, code: str, detail: str) -> None:
    """Quarantine a trade that cannot be worked through; its symbol takes no entries."""
    intent = OrderIntent.objects.filter(pk=intent_id).first()
    if intent is None:
        return
    held = Position.objects.filter(intent=intent)
    for position in held.filter(state__in=_HELD):
        moving.move_position(position, "QUARANTINED")
    account = held.values_list("account", flat=True).first() or ""
    now = clock.now()
    Quarantine.objects.update_or_create(
        account=account, con_id=intent.con_id or 0, kind=code, ended_at=None,
        defaults={"seen_at": now, "detail": detail[:300], "intent": intent},
        create_defaults={
            "occ": intent.occ, "symbol": intent.symbol, "detail": detail[:300], "intent": intent,
            "opened_at": now, "seen_at": now,
        },
    )  # fmt: skip


def let_trade_go(intent_id: str, code: str) -> None:
    """The trade is worked through again; reconciliation moves its state when the books agree."""
    Quarantine.objects.filter(intent_id=intent_id, kind=code, ended_at=None).update(
        ended_at=clock.now(), ended_by="execution", reason="it is worked through again"
    )


def _open(one: Finding, facts: BrokerFacts, occ: str) -> None:
    account = _account(facts, one.con_id)
    known = Quarantine.objects.filter(
        account=account, con_id=one.con_id, kind=one.kind, ended_at=None
    )
    now = clock.now()
    if known.update(seen_at=now, detail=one.detail[:300], difference=_difference(one)):
        return
    try:
        with transaction.atomic():
            Quarantine.objects.create(
                account=account, con_id=one.con_id, kind=one.kind, occ=occ,
                symbol=_symbol(one.con_id, occ), detail=one.detail[:300], opened_at=now,
                seen_at=now, difference=_difference(one),
            )  # fmt: skip
    except IntegrityError:  # another comparison wrote it
        return
    raise_alarm(
        "RECONCILIATION", f"{one.kind} {occ or one.con_id}: {one.detail}", Severity.CRITICAL
    )


def _difference(one: Finding) -> int | None:
    """Broker's quantity less ours, where that is what was found."""
    match = _QUANTITIES.fullmatch(one.detail)
    return None if match is None else int(match[1]) - int(match[2])


def _account(facts: BrokerFacts, con_id: int) -> str:
    named = (h.account for h in facts.holdings if h.con_id == con_id)
    traded = (f.account for f in facts.fills if f.con_id == con_id)
    ours = Position.objects.filter(con_id=con_id).values_list("account", flat=True).first()
    first = next(named, None) or next(traded, None) or ours
    return first or ("" if facts.account is None else facts.account.account)


def _occs(facts: BrokerFacts) -> dict[int, str]:
    found: dict[int, str] = {holding.con_id: holding.occ for holding in facts.holdings}
    found |= {fill.con_id: fill.contract.occ for fill in facts.fills}
    rows = OrderIntent.objects.filter(con_id__isnull=False).values_list("con_id", "occ")
    return {con_id: occ for con_id, occ in rows if con_id is not None} | found


def _symbol(con_id: int, occ: str) -> str:
    """The underlying, as far as it is known; "" blocks every symbol."""
    ours = OrderIntent.objects.filter(con_id=con_id).values_list("symbol", flat=True).first()
    if ours is not None:
        return ours
    try:
        return parse_occ(occ).root
    except MalformedInput:
        return occ if occ in universe().symbols else ""

"""Chains that are recorded and not sent: what the gateway process looks up before it claims one."""

import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from execution.models import Order, OrderIntent, RiskEvent
from execution.orders import listed
from execution.risk.verdict import Denied
from execution.services import broker, ticking
from quanticity.domain import clock
from quanticity.domain.instruments import OptionContract, parse_occ
from quanticity.domain.orders import Role
from quanticity.gateway.ports import ContractDetails

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Owed:
    """One chain by its first order; an entry names its prices, which are judged by the contract."""

    ref: str
    contract: OptionContract
    con_id: int | None
    is_entry: bool
    multiplier: int
    prices: tuple[Decimal, ...] = ()


def chains(*, entries: bool) -> list[Owed]:
    """Every chain that may go, oldest first; entries that are too old end here."""
    broker.expire_stale()
    refs = broker.unsent_parents(entries=entries)
    rows = Order.objects.filter(pk__in=refs).select_related("intent").order_by("recorded_at")
    return [_owed(row) for row in rows]


def deny_unlisted(chain: Owed, said: str) -> None:
    """End a chain whose contract the broker does not find exactly once."""
    _deny(chain.ref, Denied("CONTRACT_AMBIGUOUS", said, "exactly one contract"))


def deny_mistaken(chain: Owed, details: ContractDetails) -> bool:
    """End an entry whose contract is not what it was taken for; say whether it was not.

    Prices that miss the broker's ticks are rounded to coarse ones first.
    """
    denied = listed.refusal(details, chain.multiplier, chain.prices, clock.now())
    if denied is not None and denied.code == "TICK" and ticking.round_chain(chain.ref):
        row = Order.objects.select_related("intent").get(pk=chain.ref)
        denied = listed.refusal(details, chain.multiplier, _owed(row).prices, clock.now())
    if not chain.is_entry or denied is None:
        return False
    _deny(chain.ref, denied)
    return True


def trades_until(details: ContractDetails) -> datetime | None:
    """Till when the contract trades today, as the broker says; None when it does not say."""
    return listed.trades_until(details, clock.now())


def _deny(ref: str, denied: Denied) -> None:
    """End a chain that was never claimed; a row says which rule refused it."""
    logger.warning("refused: %s: %s", ref, denied)
    with transaction.atomic():
        chain = Order.objects.filter(Q(pk=ref) | Q(parent_ref=ref), state=Order.State.RECORDED)
        intents = list(chain.values_list("intent_id", flat=True)[:1])
        if not chain.update(state=Order.State.REJECTED, error=str(denied)[:200]):
            return
        RiskEvent.objects.create(
            intent_id=intents[0], code=denied.code, value=str(denied.value)[:120],
            threshold=str(denied.threshold)[:120], at=clock.now(),
        )  # fmt: skip
        OrderIntent.objects.filter(pk=intents[0], denied_by="").update(
            denied_by=denied.code, reason=str(denied)[:300]
        )


def _owed(row: Order) -> Owed:
    is_entry = row.role == Role.ENTRY
    prices: tuple[Decimal, ...] = ()
    if is_entry:
        chain = Order.objects.filter(Q(pk=row.pk) | Q(parent_ref=row.pk))
        said = chain.values_list("limit_price", "stop_price")
        prices = tuple(price for pair in said for price in pair if price is not None)
    return Owed(row.pk, parse_occ(row.occ), row.con_id, is_entry, row.intent.multiplier, prices)

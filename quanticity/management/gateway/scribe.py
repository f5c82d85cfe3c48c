"""Money facts become rows, in the order in which the broker told them."""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import InterfaceError, OperationalError

from execution import selectors as execution_selectors
from execution.services import broker, cash, costs, share_orders
from execution.services.alarms import Severity, raise_alarm
from quanticity.domain import orders
from quanticity.management.gateway.listener import CommissionFact, Opened

logger = logging.getLogger(__name__)


def write_facts(facts: Sequence[Any]) -> set[str]:
    """Write money facts in order; return the intents they are about.

    One that cannot be written is an alarm, and stands in nobody's way: the next comparison with
    the broker finds what it was about. A database that is away is let through.
    """
    touched: set[str] = set()
    for fact in facts:
        try:
            touched.add(_write(fact))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("a fact cannot be written: %s", fact)
            detail = f"{type(error).__name__}: {error}: {fact}"
            raise_alarm("NOT_WRITTEN", detail, Severity.CRITICAL)
    return touched - {""}


def _write(fact: Any) -> str:
    """Write one money fact; return the intent it is about, "" when none."""
    match fact:
        case orders.OrderUpdate():
            broker.record_order(fact)
            share_orders.record(fact)
            return execution_selectors.intent_of(fact.order_ref)
        case orders.Fill():
            broker.record_fill(fact)
            return broker.owner_of(fact)
        case CommissionFact():
            return costs.record_commission(fact.exec_id, fact.raw, fact.currency)
        case Opened():
            costs.begin_connection(fact.at)
        case orders.Account():
            cash.record_account(fact)
    return ""

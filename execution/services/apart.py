"""One trade after the other, none in the way of the rest: what fails is named and quarantined."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from execution.models import Position
from execution.services import quarantining
from execution.services.alarms import Severity, raise_alarm
from quanticity.domain.errors import TemporaryError
from quanticity.store.client import StoreDown

logger = logging.getLogger(__name__)
T = TypeVar("T")


def each(code: str, subjects: Iterable[T], work: Callable[[T], object]) -> None:
    """Do `work` for each trade (a position or its intent's id); one that fails is quarantined.

    A database that cannot be reached fails for all of them, and is let through; one that refuses a
    row (a number taken, a value too long) concerns this trade alone. What may pass by itself is an
    alarm and no more; a trade that is worked through again is let go.
    """
    failed_before = quarantining.trades_held(code)
    for subject in subjects:
        intent_id = subject.intent_id if isinstance(subject, Position) else str(subject)
        try:
            work(subject)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("%s: %s", code, subject)
            detail = f"{subject}: {type(error).__name__}: {error}"
            raise_alarm(code, detail, Severity.CRITICAL)
            if not isinstance(error, (TemporaryError, StoreDown)):
                quarantining.hold_trade(intent_id, code, detail)
        else:
            if intent_id in failed_before:
                quarantining.let_trade_go(intent_id, code)

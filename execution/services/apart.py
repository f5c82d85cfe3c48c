"""One trade after the other, none in the way of the rest: what fails is named and passed over."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from execution.services.alarms import Severity, raise_alarm

logger = logging.getLogger(__name__)
T = TypeVar("T")


def each(code: str, subjects: Iterable[T], work: Callable[[T], object]) -> None:
    """Do `work` for each subject; an error of one is an alarm `code` that names it.

    A database that cannot be reached fails for all of them, and is let through; one that refuses a
    row (a number taken, a value too long) concerns this subject alone.
    """
    for subject in subjects:
        try:
            work(subject)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("%s: %s", code, subject)
            raise_alarm(code, f"{subject}: {type(error).__name__}: {error}", Severity.CRITICAL)

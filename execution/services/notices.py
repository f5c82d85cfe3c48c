"""What those who follow our trades are told beside the trades: a halt (DOMAIN 7.1)."""

from django.conf import settings

from execution import selectors
from execution.models import Notice
from quanticity.domain import clock


def of_halt(scope: str) -> None:
    """Tell of a halt, in the caller's transaction; which playbook stands still is not said."""
    what = "New entries are halted" if scope == selectors.GLOBAL else "Some new entries are halted"
    Notice.objects.create(
        kind="HALT", at=clock.now(), source=settings.TRADING_MODE,
        text=f"{what}. Open positions stay protected.",
    )  # fmt: skip

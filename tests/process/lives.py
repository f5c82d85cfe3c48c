"""Lives of gateway processes that end at one step of one order, by SIGKILL."""

import signal
from collections.abc import Callable
from pathlib import Path

from django.db import transaction

from execution.models import Reconciliation
from quanticity.domain import clock
from tests.process.desks import Desk
from tests.process.places import until

APP = str(Path(__file__).parent / "crash_app.py")


def live_and_die(desk: Desk, n: int, step: str, order: Callable[[], str]) -> str:
    """Start a doomed process, record an order for it, and see it die of that; its reference.

    The process settles first what the one before left.
    """
    began = clock.now()
    (desk.place.var / "doomed").unlink(missing_ok=True)
    desk.gateway = desk.place.python(f"life-{n}", APP, step, str(desk.port))
    until(lambda: Reconciliation.objects.filter(at__gt=began).exists(), 120, f"life {n}")
    with transaction.atomic():
        ref = order()
        (desk.place.var / "doomed").write_text(ref)
    until(
        lambda: desk.gateway is not None and desk.gateway.poll() is not None, 120, f"death {step}"
    )
    assert desk.gateway.returncode == -signal.SIGKILL, desk.place.log(f"life-{n}")
    return ref

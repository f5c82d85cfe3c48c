"""What came over HTTP, on a tape beside the gateway's, so that a replay hears it too."""

import threading
from functools import cache
from typing import Any

from django.conf import settings

from quanticity.config.loader import section
from quanticity.gateway.tape_writer import Settings, TapeWriter

_lock = threading.Lock()


def capture(feed: str, kind: str, value: Any) -> None:
    """Append one fact at once: answers are few, and a worker may end at any time."""
    with _lock:
        tape = _tape()
        tape.take(feed, kind, value)
        tape.flush()


@cache
def _tape() -> TapeWriter:
    folder = settings.VAR / "tapes" / settings.TRADING_MODE
    return TapeWriter(folder, "feeds", section("gateway.tape", Settings))

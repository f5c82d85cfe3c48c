"""When historical bars were asked for, across restarts: the broker counts them by login (1.8)."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from quanticity.domain.clock import RealClock
from quanticity.runtime.embedded import write_private

logger = logging.getLogger(__name__)


def read(path: Path, now_s: float) -> tuple[float, ...]:
    """Instants of the loop's clock, oldest first; none of a file that is missing or unreadable."""
    if not path.exists():
        return ()
    try:
        asked = sorted(float(at) for at in json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        logger.warning("%s: expected a list of instants (%s)", path, type(error).__name__)
        return ()
    shift_s = RealClock().now().timestamp() - now_s
    # A clock that was set back must not make them future: they would be waited for.
    return tuple(min(at - shift_s, now_s) for at in asked)


def write(path: Path, taken: Sequence[float], now_s: float) -> None:
    """Keep them as seconds of the machine's clock: the loop's may begin anew."""
    shift_s = RealClock().now().timestamp() - now_s
    write_private(path, json.dumps([round(at + shift_s, 3) for at in taken]))

"""The halt that needs no database: a file that stands in the way of entries until it is cleared.

It is asked before each order leaves. What cannot be read halts; so does a file made by hand.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from quanticity.domain.clock import RealClock
from quanticity.domain.readings import instant
from quanticity.runtime.embedded import write_private


@dataclass(frozen=True, slots=True)
class Halt:
    """Who halted trading, why, and when by the machine's clock ("" by hand)."""

    actor: str
    reason: str
    at: str = ""


def path() -> Path:
    """Where it stands: QC_HALT_FILE, or HALT under QC_VAR."""
    return Path(settings.HALT_FILE)


def write(actor: str, reason: str) -> None:
    """Halt; raise OSError when the file cannot be written."""
    write_private(path(), json.dumps(asdict(Halt(actor, reason, instant(RealClock().now())))))


def standing() -> Halt | None:
    """The halt that stands, None without one."""
    try:
        text = path().read_text()
    except FileNotFoundError:
        here = path().parent.is_dir()
        return None if here else Halt("halt file", f"expected a folder {path().parent}, was none")
    except (OSError, UnicodeDecodeError) as error:
        return Halt("halt file", f"{path()} cannot be read: {type(error).__name__}")
    try:
        return Halt(**json.loads(text))
    except (ValueError, TypeError):
        return Halt("halt file", text.strip()[:200] or f"{path()} was made by hand")


def clear() -> None:
    """Take it away; nothing happens without one."""
    path().unlink(missing_ok=True)

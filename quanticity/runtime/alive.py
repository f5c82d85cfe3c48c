"""Signs of life for the supervisor: a file that a process writes from the loop that does its work.

Not in the store: with the store away everybody would look dead at once. Instants are seconds of
the machine's monotonic clock, which all its processes share.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

FILE = "QC_ALIVE_FILE"  # set by the supervisor for each of its children


def note() -> None:
    """Say that this process goes on; without a supervisor there is nobody to tell."""
    name = os.environ.get(FILE)
    if name:
        with suppress(OSError):  # a full disk must stop nothing
            Path(name).write_text(f"{time.monotonic():.3f}")


def seen_s(file: Path) -> float | None:
    """When a process was last heard; None when it never was, or is just writing."""
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return None

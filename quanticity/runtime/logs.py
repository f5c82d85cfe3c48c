"""The processes' log files: bounded by rotation, and asked for the last error in them."""

import re
import shutil
from pathlib import Path

LIMIT_BYTES = 10_000_000
KEPT = 5
_TAIL_BYTES = 65_536
_LEVEL = re.compile(r"\b(ERROR|CRITICAL)\b")
_RAISED = re.compile(r"^(?:[\w.]+(?:Error|Exception|Exit|Interrupt)|[A-Z]\w+Error)\b.*")


def rotate(path: Path) -> None:
    """Move a log that is too long aside and empty it; its process goes on appending to it."""
    if not path.exists() or path.stat().st_size < LIMIT_BYTES:
        return
    for n in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{n}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{n + 1}"))
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    with path.open("r+b") as file:
        file.truncate(0)


def last_error(path: Path) -> str | None:
    """The last line of a log that reports an error, None when its end shows none."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    for line in reversed(lines):
        if _LEVEL.search(line) or _RAISED.match(line):
            return line.strip()[:300]
    return None

"""Who holds a delivery, so that others on this machine can tell when its holder is gone.

A killed worker's rows need not wait until its lease is over. A holder on another machine, in
another namespace of processes, or where the system has no /proc is never judged: its lease is.
"""

import hashlib
import os
import socket
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_STATE, _STARTED = 0, 19  # of what /proc/<pid>/stat says behind the process's name
_ENDED = ("Z", "X")


def me() -> str:
    """This process: host, number, start, and where those mean something: `host:12:345@place`."""
    pid = os.getpid()
    said = _said_of(pid)
    started = said[_STARTED] if said else ""
    return f"{socket.gethostname()[:20]}:{pid}:{started}@{place()}"


def is_gone(holder: str) -> bool:
    """Say whether a holder was a process of this place and has ended; False when nobody knows."""
    name, _, rest = holder.partition("@")
    _, _, numbers = name.partition(":")
    pid, _, started = numbers.partition(":")
    if not place() or rest.partition("#")[0] != place() or not pid.isdigit():
        return False
    try:
        said = _said_of(int(pid))
    except OSError:  # no descriptor left, not allowed: that says nothing
        return False
    return said is None or said[_STATE] in _ENDED or said[_STARTED] != started


@cache
def boot_id() -> str:
    """Which start of which machine this is; empty where the system does not say."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""


@cache
def place() -> str:
    """Where numbers of processes are unique: one start of one machine, one namespace."""
    space = _PROC / "self/ns/pid"
    if not boot_id() or not space.is_symlink():
        return ""
    return hashlib.sha256(f"{boot_id()} {space.readlink()}".encode()).hexdigest()[:8]


def _said_of(pid: int) -> list[str] | None:
    try:
        said = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return said.rpartition(")")[2].split()

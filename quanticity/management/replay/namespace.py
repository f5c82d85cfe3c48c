"""The world of a replay: a store and a database of its own, and no credential in reach.

Isolation is by what the process has, not by what it is told: it knows no address of the platform,
no gateway and no channel.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quanticity.domain.errors import NotConnected
from quanticity.runtime import embedded
from quanticity.store import client

_PATIENCE_S = 10.0
_PREFIXES = ("DISCORD_", "TELEGRAM_", "X_", "STRIPE_", "OPENAI_", "ALPHAVANTAGE_", "QC_")
_KEPT = "QC__"  # one number of the configuration
# It seals the records of a replay, whose root has to be the same wherever the day is played.
_SEAL = "the records of a replay are nobody's secret"


@contextmanager
def world(folder: Path) -> Iterator[dict[str, str]]:
    """Run a store in this folder; what the environment of the replay is to be."""
    # A socket's path is short everywhere.
    with tempfile.TemporaryDirectory(prefix="qc-") as short:
        socket = Path(short) / "store"
        command = [
            str(embedded.server_binary()), "--port", "0", "--unixsocket", str(socket),
            "--save", "", "--appendonly", "no", "--dir", str(folder),
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                _wait(f"unix://{socket}")
                yield _environment(folder, f"unix://{socket}")
            finally:
                server.terminate()


def _environment(folder: Path, store: str) -> dict[str, str]:
    hidden = {
        name: "" for name in os.environ if name.startswith(_PREFIXES) and not name.startswith(_KEPT)
    }
    return hidden | {
        "QC_VAR": str(folder), "QC_TRADING_MODE": "replay", "QC_REDIS_URL": store,
        "QC_BROKER_URL": "memory://", "QC_SECRET_KEY": _SEAL,
    }  # fmt: skip


def _wait(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            client.ping(url)
        except NotConnected:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return

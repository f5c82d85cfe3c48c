"""Places of real processes: servers, workers, whole platforms, each under a QC_VAR of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis

from quanticity.runtime import embedded, launch, states
from quanticity.runtime.states import Seen

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def until(condition: Callable[[], Any], seconds: float = 60.0, what: str = "it") -> Any:
    """Wait until the condition holds, and return what it said."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return found


@dataclass
class Place:
    """One QC_VAR with what runs in it."""

    var: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a fresh shell, with this place in it."""
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("QC_", "DISCORD_", "STRIPE_"))
        }
        paths = os.pathsep.join([str(ROOT), str(HERE)])
        return kept | {
            "QC_VAR": str(self.var), "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "quanticity.settings",
        } | self.more  # fmt: skip

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a process of this place; its output goes to a log."""
        with (self.var / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def python(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Start this Python."""
        return self.start(name, sys.executable, *words)

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.var / f"{name}.log").read_text()

    def manage(self, *words: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one management command to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        return dict(json.loads(self.manage("status", "--json").stdout))

    def seen(self, name: str) -> Seen:
        """What the supervisor says of one process."""
        return states.processes(self.var)[name]

    def is_ready(self) -> bool:
        """Say whether /readyz answers 200."""
        keeper = states.keeper(self.var)
        return keeper is not None and launch.not_ready(keeper.port, "localhost") == []

    def close(self) -> None:
        """Kill what is left."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def residents(self) -> list[psutil.Process]:
        """Every process of this machine that runs in this place."""
        return [p for p in psutil.process_iter() if _place_of(p) == str(self.var)]


def _place_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("QC_VAR")
    except psutil.Error:
        return None


@dataclass
class Server:
    """The embedded server, as `up` would start it."""

    place: Place
    url: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = self.place.start("redis", *embedded.command(self.place.var))
        until(self.answers, what="the server")

    def answers(self) -> bool:
        """Say whether it answers."""
        try:
            return bool(self.client().ping())
        except redis.ConnectionError:
            return False

    def client(self, database: int = 0) -> "redis.Redis":
        """A connection to one of its databases."""
        return redis.Redis.from_url(self.url.removesuffix("/0") + f"/{database}")

    def freeze(self) -> None:
        """Let it hold every connection and answer nobody."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word to it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

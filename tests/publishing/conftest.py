"""Trades as execution records them, and a stand-in for Discord."""

import copy
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from analytics.models import Signal
from execution.models import OrderIntent, Position, PositionEvent
from publishing.scenarios import SCENARIOS
from quanticity.domain import clock
from quanticity.store.client import client
from tests.publishing.fake_service import FakeService, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture
def facts() -> dict[str, dict[str, Any]]:
    """What execution says of each kind of event of one trade."""
    steps = (*SCENARIOS["winner"].steps, *SCENARIOS["expiry"].steps)
    return {step.kind: copy.deepcopy(step.facts) for step in steps}


@pytest.fixture
def trade(db: None, noon: Any) -> Callable[..., Any]:
    """Open a position as execution would; returns the row."""
    count = itertools.count(1)

    def make(**changes: Any) -> Any:
        n = next(count)
        known = {"strategy": "0DTE", "symbol": "SPY", "direction": 1, "occ": "SPY251121C00600000", "multiplier": 100, "source": changes.get("source", "sim")}  # fmt: skip
        signal = Signal.objects.create(
            signal_id=f"s{n}", confidence=92.4, reference={}, session_date=noon.at.date(), episode_seq=n,
            created_at=noon.at, valid_until=noon.at, state="ended", **known,
        )  # fmt: skip
        intent = OrderIntent.objects.create(
            intent_id=f"i{n}", signal=signal, role="E", created_at=noon.at, **known
        )
        return Position.objects.create(
            trade_id=f"T-20251121-{n:03}", intent=intent, account="DU1", con_id=n, session_date=noon.at.date(), **{**known, **changes},
        )  # fmt: skip

    return make


@pytest.fixture
def record(facts: dict[str, Any]) -> Callable[..., Any]:
    """Write one event of a trade as execution would; `age` is seconds between fill and record."""

    def write(position: Any, kind: str, age: float = 0.0, **changes: Any) -> Any:
        now = clock.now()
        position.events_n += 1
        position.save()
        told = {**facts[kind], "trade_no": position.trade_id, **changes}
        return PositionEvent.objects.create(
            position=position, seq=position.events_n, kind=kind, facts=told,
            clock_at=now - timedelta(seconds=age), created_at=now,
        )  # fmt: skip

    return write


@pytest.fixture
def no_store(settings: Any) -> Iterator[None]:
    """The store cannot be reached, so that nothing here depends on it."""
    settings.REDIS_URL = "unix:///tmp/qc-no-such-store.sock"
    client.cache_clear()
    yield
    client.cache_clear()


class FakeDiscord:
    """A server that answers as Discord does, by a script of answers; the last one repeats."""

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str], str]] = [(200, {}, '{"id": "m1"}')]
        self.requests: list[dict[str, Any]] = []
        self.hanging, self.let_go = Event(), Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/webhooks/1/s3cr3t-token"

    def answer(self, status: int, body: Any = None, **headers: str) -> None:
        """Answer every request from now on like this."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script = [(status, names, json.dumps(body) if body is not None else "")]

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.requests.append(
                    {"path": self.path, "body": json.loads(body), "headers": dict(self.headers)}
                )
                status, headers, text = (
                    fake.script.pop(0) if len(fake.script) > 1 else fake.script[0]
                )
                if status == 0:  # accepted, and then nothing
                    fake.hanging.set()
                    fake.let_go.wait(30)
                    return
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text.encode())), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@pytest.fixture
def fake_discord() -> Iterator[FakeDiscord]:
    """A local server that behaves like Discord's webhooks."""
    fake = FakeDiscord()
    yield fake
    fake.close()


@pytest.fixture
def at() -> Callable[[float], datetime]:
    """An instant so many seconds after noon."""
    return lambda seconds: (
        datetime.fromisoformat("2025-11-21T17:00:00+00:00") + timedelta(seconds=seconds)
    )


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A service of a test's own making."""
    with serving() as fake:
        yield fake


@pytest.fixture
def ended_process() -> str:
    """The name of a worker that ran on this machine and has ended."""
    command = [sys.executable, "-c", "from publishing import holders; print(holders.me())"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return ran.stdout.strip()

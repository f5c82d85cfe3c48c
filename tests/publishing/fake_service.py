"""A service over real HTTP that answers as a test says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], str]


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.raw.decode()).items()}

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass
class FakeService:
    """Answers by the longest known beginning of `METHOD /path`; a list is used up to its last."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    let_go: Event = field(default_factory=Event)
    url: str = ""

    def on(self, where: str, *bodies: Any, status: int = 200, **headers: str) -> None:
        """Answer so; `None` for a body takes the request and hangs up."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[where] = [
            (0, {}, "") if body is None else (status, named, json.dumps(body)) for body in bodies
        ]

    def answer(self, where: str) -> Answer:
        found = max(
            (known for known in self.answers if where.startswith(known)), key=len, default=None
        )
        script = self.answers.get(found or "", [(404, {}, '{"message": "no such path"}')])
        return script.pop(0) if len(script) > 1 else script[0]


@contextmanager
def serving() -> Iterator[FakeService]:
    """A service of a test's own making."""
    fake = FakeService()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.asked.append(Asked(self.command, self.path, dict(self.headers), raw))
            status, headers, text = fake.answer(f"{self.command} {self.path}")
            if status == 0:
                fake.let_go.wait(10)
                return
            self.send_response(status)
            content = {
                "Content-Type": "application/json",
                "Content-Length": str(len(text.encode())),
            }
            for name, value in {**content, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            self.handle_any()

        def do_POST(self) -> None:
            self.handle_any()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    yield fake
    fake.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join()

"""A provider of data by hand: a real HTTP server whose answers a test scripts."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the server says: a status, a body, and how badly."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    how: str = "whole"  # whole, reset (no answer at all), cut (half the body), drip (a byte a time)


class Provider:
    """Answers in the order of the script, and with its last line for ever."""

    def __init__(self) -> None:
        self.script: deque[Answer] = deque([Answer()])
        self.asked: list[str] = []
        self.stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def says(self, *answers: Answer) -> None:
        """Replace the script."""
        self.script = deque(answers)

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self.thread.join()

    def _next(self, path: str) -> Answer:
        self.asked.append(path)
        return self.script.popleft() if len(self.script) > 1 else self.script[0]

    def _handler(self) -> Any:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                HOW[(answer := provider._next(self.path)).how](self, answer, provider)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def _head(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response(answer.status)
    for name, value in answer.headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()


def _whole(handler: BaseHTTPRequestHandler, answer: Answer, _: Provider) -> None:
    _head(handler, answer)
    handler.wfile.write(answer.body)


def _reset(handler: BaseHTTPRequestHandler, _: Answer, __: Provider) -> None:
    handler.connection.close()


def _cut(handler: BaseHTTPRequestHandler, answer: Answer, _: Provider) -> None:
    _head(handler, answer)
    handler.wfile.write(answer.body[: len(answer.body) // 2])
    handler.wfile.flush()
    handler.connection.close()


def _drip(handler: BaseHTTPRequestHandler, answer: Answer, provider: Provider) -> None:
    _head(handler, answer)
    for byte in answer.body:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        provider.stopping.wait(0.05)


HOW: dict[str, Callable[..., None]] = {
    "whole": _whole, "reset": _reset, "cut": _cut, "drip": _drip,
}  # fmt: skip

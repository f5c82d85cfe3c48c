"""A stand-in for Discord on this machine: takes webhook posts over HTTP and remembers them."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived: real seconds, which tier's webhook, its title."""

    at_s: float
    tier: str
    title: str


class Receiver:
    """Listens on a free port until closed."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def webhook(self, tier: str) -> str:
        """The address that stands for this tier's Discord webhook."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/api/webhooks/demo/{tier}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                tier = self.path.split("?")[0].rsplit("/", 1)[1]
                title = body["embeds"][0]["title"] if body.get("embeds") else body["content"]
                received.append(Received(time.monotonic(), tier, title))
                answer = json.dumps({"id": str(1_000 + len(received))}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass  # the demo tells its own story

        return Handler

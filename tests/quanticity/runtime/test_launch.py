import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from quanticity.domain.errors import ConfigError
from quanticity.runtime import launch, ports


@pytest.fixture
def web():
    """A web process that answers what the test wants; yields its port and a setter."""
    answer = [200, b"{}"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer[0])
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield (
            server.server_port,
            lambda status, body: answer.__setitem__(slice(None), [status, body]),
        )
        server.shutdown()
        thread.join()


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(200, b"{}", [], id="ready"),
        pytest.param(
            503, b'{"reasons": ["gateway: silent"]}', ["gateway: silent"], id="its reasons"
        ),
        pytest.param(503, b"<html>", ["/readyz answers 503"], id="no JSON"),
        pytest.param(503, b"[]", ["/readyz answers 503"], id="no object"),
        pytest.param(400, b"{}", ["/readyz answers 400"], id="no reasons"),
    ],
)
def test_why_it_is_not_ready(web, status, body, expected) -> None:
    port, answer = web
    answer(status, body)

    assert launch.not_ready(port, "localhost") == expected


@pytest.mark.enable_socket
def test_before_web_listens_it_is_web_that_is_missing() -> None:
    assert launch.not_ready(ports.usable(None), "localhost") == ["web"]


def test_a_store_that_evicts_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected noeviction, was allkeys-lru"):
        launch.refuse_evicting("allkeys-lru")


def test_a_store_that_keeps_everything_is_accepted() -> None:
    launch.refuse_evicting("noeviction")

"""An idle WebSocket lives (ECOSYSTEM 0.1): redis-py 8 would end it after five seconds."""

import os
import time

import pytest
from websockets.sync.client import connect

from quanticity.runtime import ports
from tests.process.places import until

pytestmark = [pytest.mark.process, pytest.mark.enable_socket]
IDLE_S = float(os.environ.get("QC_IDLE_S", "8"))  # a whole minute: QC_IDLE_S=65


def test_an_idle_websocket_is_still_served(place, server, free_port) -> None:
    place.python(
        "web",
        "-m",
        "uvicorn",
        "idle_app:application",
        "--port",
        str(free_port),
        "--lifespan",
        "off",
    )
    until(lambda: not ports.is_free(free_port), what="the web process")

    with connect(f"ws://127.0.0.1:{free_port}/") as socket:
        began_s = time.monotonic()
        with pytest.raises(TimeoutError):
            socket.recv(timeout=IDLE_S)
        socket.send('"still there"')

        assert socket.recv(timeout=5) == '"still there"'
        assert time.monotonic() - began_s > IDLE_S

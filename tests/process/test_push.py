"""Members' sockets, for real: store, web process, sessions and clients; every event arrives once."""

import os
import subprocess
import sys

import pytest

from tests.process.places import ROOT

pytestmark = [pytest.mark.process, pytest.mark.enable_socket]
PROGRAM = ROOT / "tests/benchmarks/socket_push.py"


def test_every_member_receives_every_event_of_their_tier(free_port) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QC_")}

    ran = subprocess.run(
        [sys.executable, str(PROGRAM), "6", "3", "0.2"],
        env=environment | {"QC_PORT": str(free_port)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "6 clients, 9 releases, 18 of 18 received" in ran.stdout, ran.stderr[-2000:]

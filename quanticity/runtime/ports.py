"""Loopback ports: one that is free, preferably the one used last time."""

import socket

LOOPBACK = "127.0.0.1"
POSSIBLE = range(1_024, 65_536)


def is_free(port: int) -> bool:
    """Say whether we could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def usable(wanted: int | None) -> int:
    """The wanted port when it is possible and free, else any free one."""
    if wanted is not None and wanted in POSSIBLE and is_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])

import socket

import pytest

from quanticity.runtime import ports

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind((ports.LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_not_free(taken) -> None:
    assert not ports.is_free(taken)


def test_a_taken_port_is_replaced_by_a_free_one(taken) -> None:
    found = ports.usable(taken)

    assert (found != taken, ports.is_free(found)) == (True, True)


def test_a_free_port_is_kept() -> None:
    wanted = ports.usable(None)

    assert ports.usable(wanted) == wanted

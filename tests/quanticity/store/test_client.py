from pathlib import Path
from typing import Any

import pytest

from quanticity.domain.errors import NotConnected
from quanticity.store import client

NOBODY = "redis://127.0.0.1:1/0"


@pytest.mark.enable_socket
def test_a_living_server_answers(server_url) -> None:
    client.ping(server_url)


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(client.ping, id="ping"),
        pytest.param(lambda url: client.queue_depths(url, ("market",)), id="queue depths"),
    ],
)
def test_where_nobody_listens_the_error_says_so(ask) -> None:
    with pytest.raises(NotConnected, match="no answer from the"):
        ask(NOBODY)


@pytest.mark.enable_socket
def test_the_servers_settings_are_readable(store) -> None:
    found = client.server_settings()

    assert (found["eviction"], found["append_only"], found["evicted"]) == ("noeviction", "no", "0")


@pytest.mark.enable_socket
def test_a_queues_depth_is_its_length(store, server_url) -> None:
    client.client().lpush("market", b"one", b"two")

    assert client.queue_depths(server_url, ("market", "execution")) == {"market": 2, "execution": 0}


@pytest.mark.enable_socket
def test_a_store_that_did_not_answer_is_not_asked_again_at_once(
    settings: Any, tmp_path: Path
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    asked = []

    def ask(store: Any) -> None:
        asked.append(store)
        store.ping()

    for _ in range(3):
        with pytest.raises(client.StoreDown):
            client.quickly(ask)

    assert len(asked) == 1


@pytest.mark.enable_socket
def test_what_a_broker_throws_away_is_asked_of_the_broker(server_url: str) -> None:
    assert client.eviction_of(server_url) == "noeviction"

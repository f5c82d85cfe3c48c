"""Sockets: who may listen, what they hear, and when they stop hearing it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.test import Client

from publishing.subscriptions.models import Entitlement
from quanticity.asgi import application
from reporting.dashboard import consumers, hub, live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store", "quick")]
Make = Callable[..., Any]
ORIGIN = b"http://localhost"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets that tick a hundred times a second."""
    monkeypatch.setattr(consumers, "EVERY_S", 0.01)
    monkeypatch.setattr(hub, "EVERY_S", 0.01)
    monkeypatch.setattr(hub, "RECHECK_S", 0.03)
    for memo in (live.snapshot_text, live.health_text, live.missed):
        monkeypatch.setattr(memo, "_seconds", 0.0)


class Socket(ApplicationCommunicator):
    """One visitor's socket, in process."""

    def __init__(self, path: str, client: Client | None = None, origin: bytes = ORIGIN) -> None:
        cookies = (
            "" if client is None else client.cookies.output(attrs=[], header="", sep=";").strip()
        )
        headers = [(b"host", b"localhost"), (b"origin", origin), (b"cookie", cookies.encode())]
        where, _, query = path.partition("?")
        scope = {
            "type": "websocket",
            "path": where,
            "query_string": query.encode(),
            "headers": headers,
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def open(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout=5)
        return bool(answer["type"] == "websocket.accept")

    async def hear(self, kind: str) -> dict[str, Any]:
        while True:
            message = json.loads((await self.receive_output(timeout=5))["text"])
            if message["type"] == kind:
                return dict(message)

    async def closed(self) -> int:
        while True:
            output = await self.receive_output(timeout=5)
            if output["type"] == "websocket.close":
                return int(output["code"])

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=5)


@pytest.mark.parametrize("path", ["/ws/dashboard/", "/ws/feed/"])
def test_strangers_are_closed_with_4403(path: str) -> None:
    async def play() -> int:
        visitor = Socket(path)
        await visitor.open()
        return await visitor.closed()

    assert async_to_sync(play)() == 4403


def test_members_may_not_watch_the_dashboard(signed_in: Make) -> None:
    async def play(client: Client) -> int:
        visitor = Socket("/ws/dashboard/", client)
        await visitor.open()
        return await visitor.closed()

    assert async_to_sync(play)(signed_in("premium")) == 4403


@pytest.mark.parametrize("path", ["/ws/dashboard/", "/ws/feed/", "/ws/nothing/"])
def test_another_site_is_denied_at_the_handshake(signed_in: Make, path: str) -> None:
    async def play(client: Client) -> bool:
        return await Socket(path, client, b"http://evil.example").open()

    assert async_to_sync(play)(signed_in(staff=True)) is False


def test_operators_get_snapshots_and_health(signed_in: Make) -> None:
    async def play(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
        visitor = Socket("/ws/dashboard/", client)
        await visitor.open()
        heard = await visitor.hear("snapshot"), await visitor.hear("health")
        await visitor.leave()
        return heard

    snapshot, health = async_to_sync(play)(signed_in(staff=True))

    assert set(snapshot) == {"seq", "type", "as_of", "data"}
    assert {table["key"] for table in snapshot["data"]["tables"]} >= {
        "positions",
        "signals",
        "decisions",
        "deliveries",
    }
    assert health["seq"] > snapshot["seq"]
    assert health["data"]["ready"] is False


def test_a_member_hears_an_event_when_its_time_has_come(
    signed_in: Make, released: Make, noon: Any
) -> None:
    async def play(client: Client) -> tuple[bool, dict[str, Any]]:
        visitor = Socket("/ws/feed/", client)
        await visitor.open()
        await visitor.hear("heartbeat")
        early = not await visitor.receive_nothing(timeout=0.05)
        noon.advance(60)
        event = await visitor.hear("event")
        await visitor.leave()
        return early, event

    released()
    early, event = async_to_sync(play)(signed_in("basic"))

    assert early is False
    assert (event["seq"], event["data"]["facts"]["trade_no"]) == (1, "T-20251121-001")


def test_a_feed_goes_on_where_the_client_stopped(signed_in: Make, released: Make) -> None:
    async def play(client: Client) -> int:
        visitor = Socket("/ws/feed/?after_seq=1", client)
        await visitor.open()
        event = await visitor.hear("event")
        await visitor.leave()
        return int(event["seq"])

    released(), released()

    assert async_to_sync(play)(signed_in("premium")) == 2


def test_a_place_beyond_the_end_of_the_feed_begins_anew(signed_in: Make, released: Make) -> None:
    async def play(client: Client) -> tuple[int, int]:
        visitor = Socket("/ws/feed/?after_seq=500", client)
        await visitor.open()
        reset = await visitor.hear("reset")
        await sync_to_async(released)()
        event = await visitor.hear("event")
        await visitor.leave()
        return reset["seq"], event["seq"]

    released()

    assert async_to_sync(play)(signed_in("premium")) == (1, 2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda: Entitlement.objects.update(tier="free"), id="downgraded"),
        pytest.param(lambda: Entitlement.objects.update(state="BANNED"), id="banned"),
        pytest.param(lambda: User.objects.update(is_active=False), id="deactivated"),
        pytest.param(lambda: User.objects.update(password="changed"), id="new password"),
    ],
)
def test_a_socket_ends_with_the_right_to_it(signed_in: Make, change: Callable[[], Any]) -> None:
    async def play(client: Client) -> int:
        visitor = Socket("/ws/feed/", client)
        await visitor.open()
        await visitor.hear("heartbeat")
        await sync_to_async(change)()
        return await visitor.closed()

    assert async_to_sync(play)(signed_in("premium")) == 4403


def test_what_a_client_says_is_ignored(signed_in: Make) -> None:
    async def play(client: Client) -> dict[str, Any]:
        visitor = Socket("/ws/dashboard/", client)
        await visitor.open()
        await visitor.send_input({"type": "websocket.receive", "text": '{"type": "halt"}'})
        heard = await visitor.hear("snapshot")
        await visitor.leave()
        return heard

    assert async_to_sync(play)(signed_in(staff=True))["type"] == "snapshot"

"""An ASGI app of one consumer on the platform's own channel layer, for the idle-socket drill."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402


class Echo(AsyncJsonWebsocketConsumer):
    """Sends what it hears to a group, and what the group hears to its socket."""

    groups = ["idle"]

    async def receive_json(self, content: object, **_: object) -> None:
        await self.channel_layer.group_send("idle", {"type": "said", "content": content})

    async def said(self, event: dict[str, object]) -> None:
        await self.send_json(event["content"])


application = ProtocolTypeRouter({"websocket": Echo.as_asgi()})

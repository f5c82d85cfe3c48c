"""Scripted faults: what goes wrong, and when."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quanticity.gateway.simulated.connection import Connection
    from quanticity.gateway.simulated.orders import Order
    from quanticity.gateway.simulated.server import Server


class Faults:
    """No faults yet."""

    is_silent = False

    def before_request(self, link: Connection, kind: int) -> bool:
        """Say whether the request is swallowed."""
        return False

    def after_request(self, link: Connection, kind: int) -> None:
        """Act after a request."""

    def meet_order(self, link: Connection, order: Order) -> bool:
        """Say whether an order is dealt with here."""
        return False

    def beat(self, server: Server, now: datetime) -> None:
        """Act by time."""

    def outgoing(self, link: Connection, data: bytes) -> bytes:
        """Change what is sent."""
        return data

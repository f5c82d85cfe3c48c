"""What the market and the link are like now: from this process's own memory, else from the store.

The gateway process hears quotes before anybody else, and hears them with the store away.
"""

from collections.abc import Callable
from dataclasses import dataclass

from quanticity.domain.market import Quote
from quanticity.gateway.ports import ConnectionState
from quanticity.store import health, market
from quanticity.store.client import StoreDown


@dataclass(frozen=True, slots=True)
class Here:
    """A process that hears for itself."""

    quote: Callable[[str], Quote | None]
    is_connected: Callable[[], bool]


_here: Here | None = None


def hear(here: Here | None) -> None:
    """Ask this process's own memory from now on; None asks the store again."""
    global _here  # noqa: PLW0603 - where this process looks
    _here = here


def contract_quote(occ: str) -> Quote | None:
    """The latest quote of one option contract; None without one, or without the store."""
    if _here is not None:
        return _here.quote(occ)
    try:
        return market.contract_quote(occ)
    except StoreDown:
        return None


def is_connected() -> bool:
    """Say whether the link is whole, as far as can be known."""
    if _here is not None:
        return _here.is_connected()
    try:
        link = health.connection() or {}
    except StoreDown:
        return False
    return link.get("state") == ConnectionState.CONNECTED

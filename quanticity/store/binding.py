"""Which mode the store serves: kept at the first start, read at every other."""

from quanticity.store import keys
from quanticity.store.client import client


def keep(mode: str) -> str:
    """Bind the store to a mode unless it is bound; return the mode that it is bound to."""
    client().set(keys.environment().name, mode, nx=True)
    return kept() or mode


def kept() -> str | None:
    """The mode that the store is bound to."""
    raw = client().get(keys.environment().name)
    return None if raw is None else str(raw.decode())

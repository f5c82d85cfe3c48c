"""What goes over the sockets, as text: one envelope for everything (INTERFACES 5)."""

import json
from itertools import count
from typing import Any, TypeAlias

from django.db import DatabaseError

from publishing import selectors as publishing
from quanticity.domain import clock
from quanticity.domain.readings import plain
from quanticity.domain.tiers import Tier
from reporting.dashboard import snapshot
from reporting.dashboard.feed import Card, card, numbered
from reporting.dashboard.memo import Memo

SNAPSHOT_S = 0.9  # real seconds; sockets ask once a second
HEALTH_S = 4.5
FEED_S = 0.4  # who comes back after a restart comes with all the others
AT_ONCE = 50
_numbers = count(1)
Events: TypeAlias = tuple[tuple[int, str], ...]


def envelope(seq: int, kind: str, data: Any) -> str:
    """Encode one message."""
    message = {"seq": seq, "type": kind, "as_of": clock.now(), "data": data}
    return json.dumps(plain(message), allow_nan=False)


def event(item: publishing.FeedItem) -> dict[str, Any]:
    """One feed item for page, API and socket alike."""
    return {
        "seq": item.seq,
        "kind": item.kind,
        "symbol": item.symbol,
        "released_at": item.released_at,
        "facts": numbered(item.data),
    }


def drawn(item: publishing.FeedItem) -> Card:
    """One feed item as a page draws it."""
    return card(item.kind, item.data, item.lines)


def _snapshot() -> str:
    try:
        return envelope(next(_numbers), "snapshot", snapshot.take())
    except DatabaseError:
        return envelope(next(_numbers), "trouble", "The database does not answer.")


def _health() -> str:
    return envelope(next(_numbers), "health", snapshot.health())


def events(tier: Tier, after_seq: int) -> Events:
    """The next events of a tier's feed after a place in it, with their places, as text."""
    items = publishing.feed(tier, after_seq, AT_ONCE, clock.now())
    return tuple(
        (
            item.seq,
            envelope(
                item.seq, "event", {**event(item), "card": card(item.kind, item.data, item.lines)}
            ),
        )
        for item in items
        if item.seq is not None
    )


def newest_seq(tier: Tier) -> int:
    """The last place in a tier's feed at this moment."""
    return publishing.newest_seq(tier, clock.now())


snapshot_text = Memo(_snapshot, SNAPSHOT_S)
health_text = Memo(_health, HEALTH_S)
missed = Memo(events, FEED_S)

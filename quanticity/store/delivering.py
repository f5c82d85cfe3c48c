"""Hot counts of what was published: engagement, and each session's outcomes. Rows are the truth."""

from collections.abc import Mapping
from datetime import datetime

from quanticity.domain.readings import instant
from quanticity.store import keys
from quanticity.store.client import client


def write_engagement(
    channel: str, delivery_id: int, counts: Mapping[str, int | None], at: datetime
) -> None:
    """Replace what readers did with one delivery; what is not known is left out."""
    key = keys.engagement(channel, delivery_id)
    known = {name: value for name, value in counts.items() if value is not None}
    with client().pipeline(transaction=True) as pipe:
        pipe.delete(key.name)
        pipe.hset(key.name, mapping={**known, "fetched_at": instant(at)})
        pipe.expire(key.name, key.ttl or keys.DAY)
        pipe.execute()


def engagement(channel: str, delivery_id: int) -> dict[str, str]:
    """What readers did with one delivery, as it was last read."""
    found = client().hgetall(keys.engagement(channel, delivery_id).name)
    return {name.decode(): value.decode() for name, value in found.items()}

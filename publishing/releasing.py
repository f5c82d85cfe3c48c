"""Our own feed: the effect is the row itself, so there is never a doubt, and no call."""

import hashlib
import json
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from publishing import outbox, sequences
from publishing.models import Delivery
from publishing.selectors import facts_for
from quanticity.domain.tiers import Tier
from quanticity.store import bell


def release(row: Delivery, now: datetime, **seen: Decimal | None) -> bool:
    """Give a delivery that we hold its place in the tier's feed; False: no call follows."""
    with transaction.atomic():
        place = sequences.draw(f"feed:{row.tier}")
        to, digest = Delivery.State.SENT, _digest_of_facts(row)
        if outbox.move(row, to=to, sent_at=now, feed_seq=place, digest=digest, **seen):
            transaction.on_commit(bell.ring)
        else:
            transaction.set_rollback(True)
    return False


def _digest_of_facts(row: Delivery) -> str:
    # What the feed shows is facts; their canonical text is what the ledger commits to.
    shown = facts_for(row, Tier(row.tier))
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()

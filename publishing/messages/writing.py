"""One door to all messages: `render` finds the writer for a kind of event."""

from dataclasses import replace

from publishing.messages import moc, performance, trade
from publishing.messages.lines import Facts
from publishing.messages.message import Message
from quanticity.domain.tiers import Tier


def render(facts: Facts, tier: Tier) -> Message:
    """Write one event for one tier, from what that tier may see; MalformedInput if it is none."""
    kind = facts.get("kind")
    if kind == "MOC":
        written = moc.render(facts)
    elif kind in performance.KINDS:
        written = performance.render(facts, tier)
    else:
        written = trade.render(facts, tier)
    return replace(written, data=dict(facts))

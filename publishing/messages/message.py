"""Messages: title and lines for one tier, with no channel's syntax in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

DISCLAIMER = (
    "Trades executed in our own account. Not investment advice. Options can lose their full "
    "value. Your results will differ; delayed tiers cannot obtain the same prices. Past "
    "performance does not predict future results."
)


class Tone(StrEnum):
    """What a message's color says."""

    BULLISH = "bullish"
    BEARISH = "bearish"
    NEUTRAL = "neutral"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Link:
    """A page of ours, by its path; the channel knows our address."""

    label: str
    path: str


@dataclass(frozen=True, slots=True)
class Field:
    """One labeled line or block; inline ones may stand side by side."""

    name: str
    value: str
    inline: bool = False
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What one tier is told of one event.

    `token` (`#trade-seq`) is in every rendering, so that a duplicate can be recognized. Fields
    stand in design order: where a channel has too little room it drops them from the end. `data`
    is the same for programs; `follows` is the channel's own id of the trade's first message;
    `via` stands before the path of every link, so that a click can be counted.
    """

    token: str
    kind: str
    headline: str
    title: str
    tone: Tone
    fields: tuple[Field, ...]
    footer: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    follows: str = ""
    via: str = ""

    def text(self) -> str:
        """Everything that is said, one line each: what the ledger keeps the digest of."""
        lines = (f"{one.name}: {one.value}" for one in self.fields)
        return "\n".join((self.title, *lines, self.footer))


TERMS = Field("Disclaimer", DISCLAIMER, link=Link("Terms", "/legal/disclaimer/"))

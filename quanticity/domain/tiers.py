"""Tiers: who hears of an executed trade, and how long after the fill."""

from enum import StrEnum


class Tier(StrEnum):
    """A level of membership; the order of members is from most to least entitled."""

    PREMIUM = "premium"
    BASIC = "basic"
    FREE = "free"

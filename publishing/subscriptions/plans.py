"""The plans: what each tier costs, waits and includes (DOMAIN 8.1)."""

from dataclasses import dataclass

from publishing import tiers
from quanticity.config.loader import section
from quanticity.domain.tiers import Tier


@dataclass(frozen=True, slots=True)
class Settings:
    """US dollars per month."""

    price_usd: dict[Tier, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """One card of the price list."""

    tier: Tier
    price_usd: int
    delay_s: int
    includes: tuple[str, ...]


_INCLUDES = {
    Tier.PREMIUM: (
        "Every trade the moment it is filled",
        "Size, stop, all targets and what it cost",
        "Why: confidence, its components, the dealer context",
        "Corrections and adjustments as they happen",
    ),
    Tier.BASIC: (
        "Every trade one minute after the fill",
        "Size, stop and the first target",
        "Confidence as a band, reasons as tags",
        "Holding time and exact return at the exit",
    ),
    Tier.FREE: (
        "Every trade five minutes after the fill, winners and losers",
        "Contract, direction and fill price",
        "Result at the exit, return rounded",
    ),
}


def plans() -> list[Plan]:
    """The price list, from most to least."""
    prices = section("publishing.subscriptions.plans", Settings).price_usd
    return [Plan(tier, prices[tier], delay_s(tier), _INCLUDES[tier]) for tier in Tier]


def delay_s(tier: Tier) -> int:
    """Platform seconds between a trade's last fill and its release to a tier."""
    return int(section("publishing.tiers", tiers.Settings).delay_s[tier])

"""The tier curves of a page: the picture, its words and its table, from what was achievable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from publishing import tiers
from quanticity.config.loader import section
from quanticity.domain.tiers import Tier
from reporting.dashboard import formats
from reporting.dashboard.charts.canvas import NARROW, WIDE, Picture
from reporting.dashboard.charts.tiers import Sum, sums
from reporting.measures.achievable import Achieved, Curve, curve

_LOOKS = {Tier.PREMIUM: "line-1", Tier.BASIC: "line-2", Tier.FREE: "line-3"}


@dataclass(frozen=True, slots=True)
class Row:
    """One tier in words."""

    tier: str
    delay: str
    trades: str
    known: str
    net: str
    tone: str


@dataclass(frozen=True, slots=True)
class Curves:
    """What the template draws; without a picture there is nothing yet."""

    wide: Picture | None
    narrow: Picture | None
    rows: tuple[Row, ...]


def draw(achieved: Mapping[Tier, Sequence[Achieved]]) -> Curves:
    """Draw every tier's curve."""
    found = {tier: curve(trades) for tier, trades in achieved.items()}
    lines = [Sum(tier, [float(v) for _, v in c.points], _LOOKS[tier]) for tier, c in found.items()]
    rows = tuple(_row(tier, one) for tier, one in found.items())
    return Curves(sums(lines, WIDE), sums(lines, NARROW), rows)


def _row(tier: Tier, one: Curve) -> Row:
    delay = int(section("publishing.tiers", tiers.Settings).delay_s[tier])
    net = one.net_usd if one.known else None
    tone = "" if net is None else "up" if net > 0 else "down" if net < 0 else ""
    return Row(
        tier=str(tier),
        delay=f"+{delay} s",
        trades=formats.count(one.n),
        known=formats.count(one.known),
        net=formats.dollars(net),
        tone=tone,
    )

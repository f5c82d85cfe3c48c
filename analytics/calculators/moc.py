"""Closing imbalance: the auction's real ticks, and a model estimate, never merged (DOMAIN 3.16).

The estimate adds five flows in dollars, + = buy imbalance: dealers' gamma and charm hedges,
leveraged funds' rebalancing sum AUM (x^2 - x) r, momentum, and the book. V_rem is what is left of
an average day's dollars at today's pace: the volume that was heard, against what is usual over the
minutes that were; the rest is a gap that is told. The imbalance is read against it. sd = half the
root of the summed squares gives a 90 % band. It is a MODEL ESTIMATE wherever it is shown.
Leveraged funds after Cheng and Madhavan, Journal of Investment Management 7(4), 2009; the square
root of the indicative price after Almgren et al., Risk 18(7), 2005.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from quanticity.domain.market import Imbalance
from quanticity.domain.readings import Reading, Unavailable

LABEL = "MODEL ESTIMATE"
_Z90 = 1.645
_BPS = 10_000


class Lean(StrEnum):
    """Which way the close leans."""

    BUY = "BUY"
    SELL = "SELL"
    FLAT = "FLAT"


@dataclass(frozen=True, slots=True)
class Fund:
    """A leveraged fund on the symbol: its multiple (-3 is inverse) and its assets."""

    leverage: float
    aum_usd: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Weights of the flows, limits, the funds, and when the estimate exists."""

    window_min: float
    heard_min: float
    heard_full: float
    omega_gamma: float
    omega_momentum: float
    omega_book: float
    sd_share: float
    pace_min: float
    pace_max: float
    paired_floor: float
    flat_frac: float
    impact_y: float
    funds: dict[str, tuple[Fund, ...]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the estimate needs; None is missing. Signs: gex long +, charm flow of dealers' book.

    Shares of a usual day's volume: `curve_share` by now, `heard_share` over the minutes in which
    `volume_shares` traded, `gap_share` over those that were never heard.
    """

    spot: float | None
    adv_usd: float | None
    adv_shares: float | None
    volume_shares: float | None
    heard_share: float | None
    gap_share: float | None
    curve_share: float | None
    gex_usd_per_1pct: float | None
    charm_to_close_usd: float | None
    day_return_pct: float | None
    sigma_day_frac: float | None
    obi_l5: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The modelled imbalance, + buy, with its parts and its band, all in dollars.

    `gap_volume_shares` is what minutes that were never heard have traded at the others' pace.
    """

    imbalance_usd: float
    imbalance_frac_adv: float
    imbalance_ratio: float
    paired_usd: float
    remaining_volume_usd: float
    gap_volume_shares: float
    side: Lean
    ci90_low_usd: float
    ci90_high_usd: float
    indicative_price: float
    indicative_offset_bps: float
    components: dict[str, float]
    label: str = LABEL


@dataclass(frozen=True, slots=True)
class ClosingImbalance(Reading):
    """Estimate and real auction side by side; either may be missing with its reason."""

    name: ClassVar[str] = "moc"

    estimate: Estimate | None
    auction: Imbalance | None
    minutes_to_close: float
    reasons: dict[str, str] = field(default_factory=dict)


def compute(
    symbol: str,
    inputs: Inputs,
    auction: Imbalance | None,
    minutes_to_close: float,
    settings: Settings,
) -> ClosingImbalance | Unavailable:
    """The closing imbalance of one symbol in the last hours of its session."""
    if not 0 <= minutes_to_close <= settings.window_min:
        return Unavailable("moc", "SESSION_CLOSED", f"{minutes_to_close:.0f} min to the close")
    funds = settings.funds.get(symbol)
    found = estimate(inputs, funds, settings)
    share = heard_frac(inputs)
    reasons = {}
    if found is None:
        is_deaf = share is not None and share < settings.heard_min
        reasons["estimate"] = "LOW_COVERAGE" if is_deaf else "NO_DATA"
    elif share is not None and share < settings.heard_full:
        reasons["gap_volume_shares"] = "LOW_COVERAGE"
    if auction is None:
        reasons["auction"] = "NO_DATA"
    if found is not None and inputs.obi_l5 is None:
        reasons["book"] = "NO_DATA"
    if found is not None and funds is None:
        reasons["letf"] = "NO_DATA"
    return ClosingImbalance(found, auction, minutes_to_close, reasons)


def estimate(inputs: Inputs, funds: tuple[Fund, ...] | None, settings: Settings) -> Estimate | None:
    """The modelled imbalance; None unless everything but the book and the funds is known.

    Funds that nobody has told of (None) are no component; an empty tuple says that there are none.
    A pace is none where too little of the day was heard.
    """
    known, share = _known(inputs), heard_frac(inputs)
    if known is None or share is None or share < settings.heard_min:
        return None
    remaining = _remaining_usd(known, settings)
    flows = _flows(known, inputs.obi_l5, remaining, funds, settings)
    total = sum(flows.values())
    sd = settings.sd_share * math.sqrt(sum(flow**2 for flow in flows.values()))
    paired = max(remaining - abs(total), settings.paired_floor * remaining)
    way = (total > 0) - (total < 0)
    impact = settings.impact_y * known["sigma_day_frac"] * math.sqrt(abs(total) / known["adv_usd"])
    return Estimate(
        imbalance_usd=total,
        imbalance_frac_adv=total / known["adv_usd"],
        imbalance_ratio=abs(total) / (abs(total) + paired) if total else 0.0,
        paired_usd=paired,
        remaining_volume_usd=remaining,
        gap_volume_shares=known["volume_shares"] * known["gap_share"] / known["heard_share"],
        side=_side(total, settings.flat_frac * remaining),
        ci90_low_usd=total - _Z90 * sd,
        ci90_high_usd=total + _Z90 * sd,
        indicative_price=known["spot"] * (1 + way * impact),
        indicative_offset_bps=way * impact * _BPS,
        components=flows,
    )


def heard_frac(inputs: Inputs) -> float | None:
    """Share of the volume that is usual by now whose minutes were heard."""
    share, gap = inputs.heard_share, inputs.gap_share
    return None if share is None or gap is None or not share + gap else share / (share + gap)


def leveraged_flow_usd(fund: Fund, day_return_pct: float) -> float:
    """What the fund must buy at the close to be leveraged again; +3x and -3x trade alike."""
    return fund.aum_usd * (fund.leverage**2 - fund.leverage) * day_return_pct / 100


def _known(inputs: Inputs) -> dict[str, float] | None:
    values = {
        "spot": inputs.spot,
        "adv_usd": inputs.adv_usd,
        "adv_shares": inputs.adv_shares,
        "volume_shares": inputs.volume_shares,
        "heard_share": inputs.heard_share,
        "gap_share": inputs.gap_share,
        "curve_share": inputs.curve_share,
        "gex": inputs.gex_usd_per_1pct,
        "charm": inputs.charm_to_close_usd,
        "return_pct": inputs.day_return_pct,
        "sigma_day_frac": inputs.sigma_day_frac,
    }
    known = {name: value for name, value in values.items() if value is not None}
    scaled = all(known.get(name, 0) > 0 for name in ("adv_usd", "adv_shares", "heard_share"))
    return known if len(known) == len(values) and scaled else None


def _remaining_usd(known: dict[str, float], settings: Settings) -> float:
    pace = known["volume_shares"] / (known["adv_shares"] * known["heard_share"])
    clipped = max(settings.pace_min, min(settings.pace_max, pace))
    return known["adv_usd"] * (1 - known["curve_share"]) * clipped


def _flows(
    known: dict[str, float],
    obi_l5: float | None,
    remaining_usd: float,
    funds: tuple[Fund, ...] | None,
    settings: Settings,
) -> dict[str, float]:
    return_pct = known["return_pct"]
    rebalancing = (
        {}
        if funds is None
        else {"letf": sum(leveraged_flow_usd(fund, return_pct) for fund in funds)}
    )
    return {
        "gamma": -settings.omega_gamma * known["gex"] * return_pct,
        "charm": -known["charm"],
        **rebalancing,
        "momentum": settings.omega_momentum * return_pct * known["adv_usd"],
        "book": settings.omega_book * (obi_l5 or 0.0) * remaining_usd,
    }


def _side(total: float, flat_usd: float) -> Lean:
    if abs(total) < flat_usd:
        return Lean.FLAT
    return Lean.BUY if total > 0 else Lean.SELL

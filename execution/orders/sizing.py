"""Sizing: how many contracts a signal is worth; zero is a normal answer (DOMAIN 6.5).

Fractions are of account equity (net liquidation). The stake is the smallest of what confidence,
risk to the stop and Kelly allow, times the confidence band and the breakers' multiplier; the
budget is that stake, or a quarter of buying power; contracts are floored, never raised to one.
"""

import math
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from quanticity.domain.signals import Strategy

_ZERO = Decimal(0)
_ONE = Decimal(1)
# Thirds and forty-fifths do not end in decimals: 999.999... contracts' worth is 1,000.
_EXACT = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.sizing]."""

    confidence_base_frac: Decimal
    confidence_slope_frac: Decimal
    risk_frac: dict[Strategy, Decimal]
    kelly_prior_wins: int
    kelly_prior_losses: int
    kelly_min_trades: int
    kelly_divisor: Decimal
    max_stake_frac: Decimal
    bands: tuple[tuple[float, Decimal], ...]  # (confidence below, share of the stake), rising
    buying_power_frac: Decimal
    commission_per_contract_usd: Decimal
    max_contracts: dict[Strategy, int]
    liquidity_oi_frac: Decimal
    liquidity_ask_multiple: int
    account_max_age_s: float


@dataclass(frozen=True, slots=True)
class Stats:
    """Executed trades of one strategy over the window; flats excluded, means as fractions > 0."""

    wins: int
    losses: int
    mean_win_frac: Decimal | None
    mean_loss_frac: Decimal | None


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a size depends on; None is unknown, and unknown money sizes to nothing."""

    strategy: Strategy
    confidence: float
    limit_price: Decimal
    multiplier: int
    stop_loss_frac: Decimal
    equity_usd: Decimal | None
    buying_power_usd: Decimal | None
    account_age_s: float | None
    stats: Stats | None
    risk_multiplier: Decimal
    liquidity_cap_contracts: int


@dataclass(frozen=True, slots=True)
class Sizing:
    """How many contracts, and every number on the way there."""

    contracts: int
    notional_usd: Decimal
    reasons: tuple[str, ...]
    f_confidence: Decimal | None = None
    f_risk: Decimal | None = None
    kelly_p: Decimal | None = None
    kelly_f_star: Decimal | None = None
    f_kelly: Decimal | None = None
    binding: str | None = None
    band: Decimal | None = None
    stake_frac: Decimal | None = None
    budget_usd: Decimal | None = None
    per_contract_usd: Decimal | None = None


def compute(request: Request, settings: Settings) -> Sizing:
    """Size one entry; the reasons say why it is zero."""
    if not _is_account_known(request, settings):
        return Sizing(0, _ZERO, ("ACCOUNT_STALE",))
    staked = _stake(request, settings)
    equity, power = request.equity_usd or _ZERO, request.buying_power_usd or _ZERO
    budget = min((staked.stake_frac or _ZERO) * equity, settings.buying_power_frac * power)
    per_contract = request.limit_price * request.multiplier + settings.commission_per_contract_usd
    contracts = _whole(budget, per_contract, request, settings)
    return replace(
        staked,
        contracts=contracts,
        notional_usd=contracts * per_contract,
        reasons=staked.reasons or (() if contracts else ("ZERO_SIZE",)),
        budget_usd=budget,
        per_contract_usd=per_contract,
    )


def kelly(p: Decimal, loss_frac: Decimal, win_frac: Decimal) -> Decimal:
    """f* = p/A - (1-p)/B: the staked premium fraction, A the mean loss, B the mean win of it.

    p - q/b, the better known form, is the fraction at risk, which is f* A and no stake.
    """
    return p / loss_frac - (1 - p) / win_frac


def liquidity_cap(open_interest: int | None, ask_size: int | None, settings: Settings) -> int:
    """Contracts the market can bear: 5 % of open interest, five times the displayed ask."""
    if open_interest is None or ask_size is None:
        return 0
    by_interest = int(settings.liquidity_oi_frac * open_interest)
    return max(0, min(by_interest, settings.liquidity_ask_multiple * ask_size))


def _is_account_known(request: Request, settings: Settings) -> bool:
    age = request.account_age_s
    money = (request.equity_usd, request.buying_power_usd)
    if age is None or not math.isfinite(age) or age > settings.account_max_age_s:
        return False
    return all(value is not None and value.is_finite() for value in money)


def _stake(request: Request, settings: Settings) -> Sizing:
    c = Decimal(str(request.confidence)) / 100
    f_confidence = settings.confidence_base_frac + settings.confidence_slope_frac * c
    f_risk = settings.risk_frac[request.strategy] / request.stop_loss_frac
    sized = _kelly_part(request, settings)
    bounds = {"confidence": f_confidence, "risk": f_risk, "cap": settings.max_stake_frac}
    if sized.f_kelly is not None:
        bounds["kelly"] = sized.f_kelly
    binding = min(bounds, key=lambda name: bounds[name])
    shares = (share for below, share in settings.bands if request.confidence < below)
    band = next(shares, _ONE)
    return replace(
        sized,
        f_confidence=f_confidence,
        f_risk=f_risk,
        binding=binding,
        band=band,
        stake_frac=max(_ZERO, bounds[binding] * band * request.risk_multiplier),
    )


def _kelly_part(request: Request, settings: Settings) -> Sizing:
    stats = request.stats
    if stats is None or stats.wins + stats.losses < settings.kelly_min_trades:
        return Sizing(0, _ZERO, ())
    prior = settings.kelly_prior_wins + settings.kelly_prior_losses
    p = Decimal(stats.wins + settings.kelly_prior_wins) / (stats.wins + stats.losses + prior)
    if not stats.mean_win_frac:  # never won: there is no edge to size
        return Sizing(0, _ZERO, ("KELLY_NO_EDGE",), kelly_p=p, f_kelly=_ZERO)
    # Never lost: the loss we plan for is the stop's.
    f_star = kelly(p, stats.mean_loss_frac or request.stop_loss_frac, stats.mean_win_frac)
    reasons = () if f_star > 0 else ("KELLY_NO_EDGE",)
    f_kelly = max(_ZERO, f_star / settings.kelly_divisor)
    return Sizing(0, _ZERO, reasons, kelly_p=p, kelly_f_star=f_star, f_kelly=f_kelly)


def _whole(budget: Decimal, per_contract: Decimal, request: Request, settings: Settings) -> int:
    if budget <= 0 or per_contract <= 0:
        return 0
    wanted = int((budget / per_contract).quantize(_EXACT).to_integral_value(ROUND_FLOOR))
    return max(
        0,
        min(wanted, settings.max_contracts[request.strategy], request.liquidity_cap_contracts),
    )

"""Roll-ups: symbols to sector and portfolio (DOMAIN 3.20).

Exposures are summed in dollars, each times the symbol's 60-day beta to SPY (`_bw`), and only over
members that share one sign model and one open-interest basis; mixed members give None,
MODEL_MISMATCH. Ratios and shares are plain means over the members that have them. What nobody has
is None, never 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import ClassVar

from quanticity.domain.readings import Reading, Unavailable

# Field of the roll-up -> field of the member, summed with beta weights.
_WEIGHTED = {
    "gex_usd_per_1pct_bw": "gex_usd_per_1pct",
    "dex_usd_bw": "dex_usd",
    "vex_usd_per_volpt_bw": "vex_usd_per_volpt",
    "cex_usd_per_day_bw": "cex_usd_per_day",
}
_MEANS = {
    "mean_vpin_cdf": "vpin_cdf",
    "mean_rr25_volpts": "rr25_volpts",
    "mean_momentum_share": "momentum_share",
}
_TOXIC = "HIGH"


@dataclass(frozen=True, slots=True)
class Member:
    """What one symbol brings; None is missing."""

    symbol: str
    beta: float | None
    adv_usd: float | None
    sign_model: str | None = None
    oi_basis: str | None = None
    toxicity_level: str | None = None
    values: Mapping[str, float | None] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float | None:
        """A value of the member, None when it has none."""
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The symbol with the largest value."""

    symbol: str
    value: float


@dataclass(frozen=True, slots=True)
class Rollup(Reading):
    """Sums and means over the members of one group; `n` counts the members behind each mean."""

    name: ClassVar[str] = "rollup"

    group: str
    symbols: tuple[str, ...]
    n_valid: int
    n_missing: int
    gex_usd_per_1pct_bw: float | None
    dex_usd_bw: float | None
    vex_usd_per_volpt_bw: float | None
    cex_usd_per_day_bw: float | None
    net_oi_delta_usd: float | None
    elasticity_total_adv_weighted: float | None
    mean_vpin_cdf: float | None
    mean_rr25_volpts: float | None
    mean_momentum_share: float | None
    n_toxic: int
    volume_shares: float | None
    max_vpin_cdf: Extreme | None
    n: dict[str, int]
    reasons: dict[str, str]


def compute(group: str, members: Sequence[Member]) -> Rollup | Unavailable:
    """Roll the members of a sector, or of the whole universe, up into one reading."""
    valid = [member for member in members if any(v is not None for v in member.values.values())]
    if not valid:
        return Unavailable("rollup", "NO_DATA", f"{len(members)} members of {group}")
    mixed = len(_models(valid)) > 1
    exposures = {
        ours: None if mixed else _beta_weighted(valid, theirs) for ours, theirs in _WEIGHTED.items()
    }
    means = {ours: _mean(_present(valid, theirs)) for ours, theirs in _MEANS.items()}
    sums = {
        "net_oi_delta_usd": None if mixed else _total(_present(valid, "net_oi_delta_usd")),
        "volume_shares": _total(_present(valid, "volume_shares")),
        "elasticity_total_adv_weighted": _by_adv(valid, "elasticity_total"),
    }
    highest = _largest(valid, "vpin_cdf")
    modeled = (*exposures, "net_oi_delta_usd")
    everything = {**exposures, **means, **sums}
    return Rollup(
        group=group,
        symbols=tuple(member.symbol for member in members),
        n_valid=len(valid),
        n_missing=len(members) - len(valid),
        **exposures,
        **means,
        **sums,
        n_toxic=sum(member.toxicity_level == _TOXIC for member in valid),
        max_vpin_cdf=highest,
        n={ours: len(_present(valid, theirs)) for ours, theirs in _MEANS.items()},
        reasons={
            name: "MODEL_MISMATCH" if mixed and name in modeled else "NO_DATA"
            for name, value in (everything | {"max_vpin_cdf": highest}).items()
            if value is None
        },
    )


def _models(members: Iterable[Member]) -> set[tuple[str | None, str | None]]:
    with_exposure = (member for member in members if member["gex_usd_per_1pct"] is not None)
    return {(member.sign_model, member.oi_basis) for member in with_exposure}


def _beta_weighted(members: Iterable[Member], name: str) -> float | None:
    return _total(
        [
            value * member.beta
            for member in members
            if (value := member[name]) is not None and member.beta is not None
        ]
    )


def _by_adv(members: Iterable[Member], name: str) -> float | None:
    pairs = [
        (value, member.adv_usd)
        for member in members
        if (value := member[name]) is not None and member.adv_usd
    ]
    if not pairs:
        return None
    return sum(value * adv for value, adv in pairs) / sum(adv for _, adv in pairs)


def _present(members: Iterable[Member], name: str) -> list[float]:
    return [value for member in members if (value := member[name]) is not None]


def _total(values: Sequence[float]) -> float | None:
    return sum(values) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _largest(members: Iterable[Member], name: str) -> Extreme | None:
    found = [
        Extreme(member.symbol, value) for member in members if (value := member[name]) is not None
    ]
    return max(found, key=lambda extreme: extreme.value, default=None)

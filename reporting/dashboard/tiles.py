"""Tiles: one value of one reading as it is shown: text, unit, sign, age, source. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reporting.dashboard import formats, stamps


@dataclass(frozen=True, slots=True)
class Spec:
    """Which field of which family, and how it is shown."""

    family: str
    field: str
    label: str
    unit: str
    show: Callable[[Any], str]
    hint: str
    is_signed: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """What a page draws; `text` is an em dash exactly when there is a `reason`."""

    key: str
    label: str
    unit: str
    hint: str
    value: Any
    text: str
    sign: int
    as_of: str
    age_s: float | None
    source: str
    freshness: str
    reason: str

    @property
    def missing(self) -> str:
        """The reason in words."""
        return formats.word(self.reason) if self.reason else ""


SPECS = (
    Spec(
        "gex", "gex_usd_per_1pct", "Net GEX", "per 1 %", formats.dollars,
        "Modelled dealer gamma: dollars of hedging per 1 % move. Plus dampens, minus amplifies.",
        is_signed=True,
    ),
    Spec(
        "gex", "flip", "Flip", "$ per share", formats.price,
        "Spot at which modelled dealer gamma changes sign, by full repricing.",
    ),
    Spec(
        "gex", "regime", "Gamma regime", "", formats.word,
        "Positive: dealers dampen moves. Negative: they amplify. Unclear: zero is within error.",
    ),
    Spec("gex", "call_wall", "Call wall", "$ per share", formats.price, "Most call gamma."),
    Spec("gex", "put_wall", "Put wall", "$ per share", formats.price, "Most put gamma."),
    Spec(
        "vpin", "vpin", "VPIN", "0 to 1", formats.ratio,
        "Order-flow imbalance over the last 50 volume buckets. It has no direction.",
    ),
    Spec(
        "vpin", "vpin_cdf", "VPIN rank", "of 20 sessions", formats.percent,
        "Where this VPIN stands among those of the last 20 sessions.",
    ),
    Spec(
        "obi", "obi_l5", "Book imbalance", f"{formats.MINUS}1 to +1", formats.signed_ratio,
        "Weighted sizes of five levels. Plus is bid heavy.", is_signed=True,
    ),
    Spec(
        "toxicity", "toxicity", "Toxicity", "0 to 1", formats.ratio,
        "How costly it is to trade against this flow. High from 0.70.",
    ),
    Spec(
        "volatility", "regime", "Volatility regime", "", formats.word,
        "Class of the day's de-biased implied volatility.",
    ),
)  # fmt: skip


def tiles(envelopes: Mapping[str, Mapping[str, Any]], now: datetime) -> list[Tile]:
    """Every tile of one symbol, in order, present or not."""
    return [_tile(spec, envelopes.get(spec.family), now) for spec in SPECS]


def _tile(spec: Spec, envelope: Mapping[str, Any] | None, now: datetime) -> Tile:
    key = f"{spec.family}-{spec.field}"
    if envelope is None:
        return _silent(spec, key)
    age_s = (now - datetime.fromisoformat(envelope["as_of"])).total_seconds()
    freshness = stamps.freshness(envelope, now)
    value = None if freshness == "gone" else (envelope["data"] or {}).get(spec.field)
    return Tile(
        key=key,
        label=spec.label,
        unit=spec.unit,
        hint=spec.hint,
        value=value,
        text=spec.show(value),
        sign=_sign(value) if spec.is_signed else 0,
        as_of=envelope["as_of"],
        age_s=max(0.0, age_s),
        source=f"{envelope['source']}/{envelope['feed']}",
        freshness=freshness,
        reason="" if value is not None else _reason(spec, envelope, freshness),
    )


def _silent(spec: Spec, key: str) -> Tile:
    return Tile(
        key, spec.label, spec.unit, spec.hint, value=None, text=formats.DASH, sign=0, as_of="",
        age_s=None, source="", freshness="gone", reason="NO_DATA",
    )  # fmt: skip


def _reason(spec: Spec, envelope: Mapping[str, Any], freshness: str) -> str:
    return "STALE" if freshness == "gone" else stamps.reason(envelope, spec.family, spec.field)


def _sign(value: float | None) -> int:
    return 0 if not value else 1 if value > 0 else -1

"""A feed item as a card: what a tier may see, in the order people read it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporting.dashboard import formats

Show = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Card:
    """One event as a page draws it; made of nothing but the facts that the tier was given."""

    key: str
    title: str
    kind: str
    tone: str
    badges: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]


def card(kind: str, facts: Mapping[str, Any], lines: Sequence[tuple[str, str]] = ()) -> Card:
    """Draw one event: of a trade its facts, of a post the lines that were written."""
    return Card(
        key=f"{facts['trade_no']}-{facts['seq']}",
        title=str(facts.get("title") or facts.get("contract") or facts["symbol"]),
        kind=formats.word(kind),
        tone=_tone(facts),
        badges=tuple(_badges(facts)),
        fields=tuple(lines) or tuple(_fields(facts)),
    )


def _tone(facts: Mapping[str, Any]) -> str:
    """What the edge shows: how it ended, else which way it points."""
    if facts.get("result"):
        return str(facts["result"]).lower()
    return {1: "bullish", -1: "bearish"}.get(facts.get("direction") or 0, "")


def numbered(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts for programs: amounts and prices as numbers instead of decimal strings."""
    return {name: _number(value) if _is_amount(name) else value for name, value in facts.items()}


def _is_amount(name: str) -> bool:
    return name.endswith(("_usd", "_price", "_frac")) or name in ("strike", "price_now", "targets")


def _number(value: Any) -> Any:
    if isinstance(value, list):
        return [_number(item) for item in value]
    return float(value) if isinstance(value, str) else value


def _badges(facts: Mapping[str, Any]) -> list[str]:
    source = str(facts.get("source", "")).upper()
    badges = [] if source in ("", "LIVE") else [source]
    badges += ["PROBE"] if facts.get("probe") else []
    badges += ["PROVISIONAL"] if facts.get("provisional") else []
    return badges + ([str(facts["result"])] if facts.get("result") else [])


def _fields(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = ((name, label, show) for name, label, show in FIELDS if name in facts)
    # An empty receipt, reason or list says nothing; a price that is not known is a dash.
    shown = [
        (label, show(facts[name])) for name, label, show in known if facts[name] not in ("", [])
    ]
    return shown + ([("Was", _was(facts))] if "was" in facts else [])


def _was(facts: Mapping[str, Any]) -> str:
    """What a correction takes back, beside what is so now."""
    before = {name: value for name, value in facts["was"].items() if value != facts.get(name)}
    said = [f"{label} {value}" for label, value in _fields(before)]
    return " · ".join([*said, "provisional"] if before.get("provisional") else said) or "as told"


def _money(value: str | None) -> str:
    return formats.DASH if value is None else f"${formats.price(float(value))}"


def _signed_money(value: str | None) -> str:
    return formats.DASH if value is None else formats.dollars(float(value))


def _about(value: str | None) -> str:
    return formats.DASH if value is None else f"about {float(value) * 100:+.0f} %"


def _return(value: str | None) -> str:
    return formats.DASH if value is None else formats.signed_percent(float(value))


def _share(value: str | None) -> str:
    return formats.DASH if value is None else f"about {float(value) * 100:.0f} % of entry"


def _prices(values: list[str] | None) -> str:
    return ", ".join(_money(value) for value in values) if values else formats.DASH


def _components(values: list[Mapping[str, Any]] | None) -> str:
    return " · ".join(f"{v['name']} {v['value']}" for v in values) if values else formats.DASH


def _tags(values: list[str] | None) -> str:
    return ", ".join(formats.word(value) for value in values) if values else formats.DASH


def _score(value: Any) -> str:
    return formats.DASH if value is None else f"{float(value):.0f} of 100"


def _context(values: Mapping[str, Any] | None) -> str:
    if not values:
        return formats.DASH
    known = ((name, value) for name, value in values.items() if value is not None)
    shown = (f"{CONTEXT.get(name, formats.word(name))} {_said(value)}" for name, value in known)
    return " · ".join(shown) or formats.DASH


def _said(value: Any) -> str:
    return formats.word(value) if isinstance(value, str) else formats.price(value)


CONTEXT = {"regime": "gamma", "vol_regime": "volatility"}
FIELDS: tuple[tuple[str, str, Show], ...] = (
    ("direction", "Direction", formats.direction),
    ("strategy", "Strategy", str),
    ("entry_price", "Entry", _money),
    ("fill_price", "Fill", _money),
    ("price_now", "Price at release", _money),
    ("quantity", "Contracts", formats.count),
    ("remaining_quantity", "Contracts left", formats.count),
    ("notional_usd", "Notional", _money),
    ("commission_usd", "Commission", _money),
    ("stop_price", "Stop", _money),
    ("stop_share_frac", "Stop", _share),
    ("targets", "Targets", _prices),
    ("confidence", "Confidence", _score),
    ("confidence_band", "Confidence band", formats.word),
    ("realised_net_usd", "Realised, net", _signed_money),
    ("return_frac", "Return", _return),
    ("return_about_frac", "Return", _about),
    ("holding_s", "Held for", formats.duration),
    ("exit_reason", "Exit", formats.word),
    ("reason", "Reason", str),
    ("components", "Components", _components),
    ("tags", "Reasons", _tags),
    ("dealer_context", "Modelled dealer context", _context),
    ("receipt", "Receipt", str),
)

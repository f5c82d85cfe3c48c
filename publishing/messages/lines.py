"""The lines that messages about trades are made of; each prints what it is given."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from publishing.messages.message import Field, Tone
from publishing.messages.wording import about, duration, level, money, percent, points, price, share

Facts = Mapping[str, Any]
Written = tuple[str, Tone, list[Field]]  # what happened, its color, the lines
DRIVERS = 3

_LABELS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "contract": ("Contract", str),
    "fill_price": ("Price", price),
    "quantity": ("Contracts", str),
    "remaining_quantity": ("Remaining", str),
    "notional_usd": ("Notional", money),
    "commission_usd": ("Fees", money),
    "realised_net_usd": ("Realised", lambda usd: money(usd, signed=True)),
    "return_frac": ("Return", percent),
    "return_about_frac": ("Return", about),
    "result": ("Result", str),
    "provisional": ("Figures", lambda still: "provisional" if still else "final"),
    "stop_price": ("Stop", price),
    "holding_s": ("Holding", duration),
    "exit_reason": ("Reason", str),
}


def contract(facts: Facts) -> Field:
    """What was traded, and by which playbook where the tier may know."""
    return Field("Contract", " · ".join((facts["contract"], *_known(facts, "strategy"))))


def execution(facts: Facts) -> Field:
    """Price, then size and dollars as far as they are given."""
    parts = [price(facts["fill_price"])]
    if "quantity" in facts:
        parts.append(f"\u00d7 {facts['quantity']}")  # the multiplication sign
    if "notional_usd" in facts:
        parts.append(f"= {money(facts['notional_usd'])}")
    if "commission_usd" in facts:
        parts.append(f"(fees {money(facts['commission_usd'])})")
    return Field("Execution" if "quantity" in facts else "Fill price", " ".join(parts))


def risk_plan(facts: Facts) -> Field:
    """Entry, stop and targets, or the stop as a share of the entry."""
    if "stop_share_frac" in facts:
        return Field("Stop", f"about {share(facts['stop_share_frac'])} of entry")
    targets = facts.get("targets") or []
    parts = [f"entry {price(facts['fill_price'])}", f"stop {price(facts.get('stop_price'))}"]
    if targets:
        word = "target" if len(targets) == 1 else "targets"
        parts.append(f"{word} {', '.join(price(target) for target in targets)}")
    return Field("Risk plan", " · ".join(parts))


def confidence(facts: Facts) -> list[Field]:
    """The band, with the figure where it is given."""
    band = facts.get("confidence_band")
    if band is None:
        return []
    figure = facts.get("confidence")
    text = band if figure is None else f"{points(figure)}% ({band})"
    return [Field("Confidence", text, inline=True)]


def drivers(facts: Facts) -> list[Field]:
    """The strongest components with their points, or tags."""
    components = facts.get("components") or []
    if components:
        strongest = sorted(components, key=lambda part: -abs(part["value"] or 0))[:DRIVERS]
        said = [f"{part['name']} {points(part['value'], signed=True)}" for part in strongest]
        return [Field("Drivers", "\n".join(said))]
    tags = [tag.replace("_", " ").lower() for tag in facts.get("tags") or []]
    return [Field("Drivers", ", ".join(tags))] if tags else []


def dealer_context(facts: Facts) -> list[Field]:
    """What the model says of dealers; the words never claim to know (DOMAIN 0.1)."""
    context = facts.get("dealer_context")
    if not context:
        return []
    said = (
        f"Regime {context.get('regime') or 'n/a'}",
        f"Flip {level(context.get('flip'))}",
        f"Put wall {level(context.get('put_wall'))}",
        f"Call wall {level(context.get('call_wall'))}",
        f"Volatility {context.get('vol_regime') or 'n/a'}",
    )
    return [Field("Modelled dealer exposure", "\n".join(said), inline=True)]


def price_now(facts: Facts) -> list[Field]:
    """The mid when this tier is told; nothing when it is not known."""
    mid = facts.get("price_now")
    return [] if mid is None else [Field("Price now", f"{price(mid)} (mid)", inline=True)]


def round_trip(facts: Facts) -> Field:
    """Exit price beside the entry's."""
    name = "Settlement" if facts["kind"] == "EXPIRY" else "Exit price"
    entry = [f"(entry {price(facts['entry_price'])})"] if "entry_price" in facts else []
    return Field(name, " ".join((price(facts["fill_price"]), *entry)))


def outcome(facts: Facts) -> list[Field]:
    """Dollars and return, as exactly as they are given."""
    names = ("realised_net_usd", "return_frac", "return_about_frac")
    said = [_LABELS[name][1](facts[name]) for name in names if name in facts]
    label = "Realised" if "realised_net_usd" in facts else "Return"
    label += provisional(facts)
    return [Field(label, " · ".join(said), inline=True)] if said else []


def provisional(facts: Facts) -> str:
    """Say so behind a result for which the broker still owes a cost (DOMAIN 6.11)."""
    return " (provisional)" if facts.get("provisional") else ""


def inline(facts: Facts, **labels: str) -> list[Field]:
    """One short line for each of these facts that is given."""
    return [
        Field(label, _LABELS[name][1](facts[name]), inline=True)
        for name, label in labels.items()
        if name in facts
    ]


def listed(facts: Facts, names: Iterable[str]) -> str:
    """Facts under their labels, one per line."""
    known = (name for name in names if name in _LABELS)
    said = [f"{_LABELS[name][0]}: {_LABELS[name][1](facts[name])}" for name in known]
    return "\n".join(said) or "as published"


def _known(facts: Facts, name: str) -> list[str]:
    return [str(facts[name])] if facts.get(name) else []

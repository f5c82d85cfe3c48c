"""The closing-auction analysis: modelled imbalances at their slots, with premium only (7.4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from publishing.messages import trade
from publishing.messages.lines import Facts
from publishing.messages.message import Field, Message, Tone
from publishing.messages.wording import money, points


def render(facts: Facts) -> Message:
    """Write one slot's analysis."""
    token = f"#{facts['trade_no']}-{facts['seq']}"
    at = datetime.fromisoformat(facts["event_at"])
    minutes = points(facts["minutes_to_close"]).removesuffix(".0")
    title = f"{trade.label(facts)}Closing auction, {minutes} min to the close · {facts['label']}"
    return Message(
        token=token,
        kind="MOC",
        headline=title,
        title=title,
        tone=Tone.NEUTRAL,
        fields=(*trade.lateness(facts), *_body(facts)),
        footer=trade.footer(facts, token, at),
        at=at,
    )


def _body(facts: Facts) -> list[Field]:
    if facts.get("missing"):
        return [Field("No estimate", str(facts["missing"]))]
    fields = [Field(str(one["symbol"]), _leader(one)) for one in facts["leaders"]]
    if not fields:
        fields = [Field("Quiet", "No modelled imbalance above the threshold.")]
    watched = [
        f"{one['symbol']} {_side(one)} ratio {one['ratio']:.2f}" for one in facts["watchlist"]
    ]
    return fields + ([Field("Watchlist", "\n".join(watched))] if watched else [])


def _leader(one: Mapping[str, Any]) -> str:
    said = [f"{_side(one)} {money(abs(one['imbalance_usd']))}"]
    if one.get("adv_frac") is not None:
        said.append(f"{one['adv_frac']:.1%} of average volume")
    if one.get("ratio") is not None:
        said.append(f"ratio {one['ratio']:.2f}")
    if one.get("low_usd") is not None and one.get("high_usd") is not None:
        low, high = (money(one[end], signed=True) for end in ("low_usd", "high_usd"))
        said.append(f"90 % interval {low} to {high}")
    if one.get("indicative_bps") is not None:
        said.append(f"indicative {one['indicative_bps']:+.0f} bps")
    before = one.get("previous_usd")
    said.append("" if before is None else f"previous session {money(before, signed=True)}")
    return " · ".join(text for text in said if text)


def _side(one: Mapping[str, Any]) -> str:
    return "buy" if (one.get("imbalance_usd") or 0) > 0 else "sell"

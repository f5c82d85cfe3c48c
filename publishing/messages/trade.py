"""Messages about a trade: entry, trim, adjustment, exit, settlement, correction (DOMAIN 7.4).

`render` is given what its tier may see and prints what it was given: no condition here names a
tier, and there is nothing to hide.
"""

from collections.abc import Callable
from datetime import datetime

from publishing.messages import lines
from publishing.messages.lines import Facts
from publishing.messages.message import Field, Link, Message, Tone
from publishing.messages.wording import PENDING, duration, percent, price
from quanticity.domain import clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.tiers import Tier

PLANS = Link("Plans", "/pricing/")
_SIDE = {1: Tone.BULLISH, -1: Tone.BEARISH}
_ICON = {Tone.BULLISH: "🟢", Tone.BEARISH: "🔴", Tone.NEUTRAL: "🔵", Tone.CORRECTION: "🟡"}
_UPGRADE = {
    Tier.PREMIUM: "",
    Tier.BASIC: "Premium hears at the fill, with size in dollars, all targets and the drivers.",
    Tier.FREE: "Basic hears after one minute, premium at the fill.",
}


def render(facts: Facts, tier: Tier) -> Message:
    """Write one event for one tier, from what that tier may see; MalformedInput if it is none."""
    kind = facts.get("kind")
    if kind not in _WRITERS:
        raise MalformedInput(f"expected an event of a trade that {tier} is told of, was {kind!r}")
    writer = _withheld if facts.get("withheld") else _WRITERS[kind]
    what, tone, body = writer(facts)
    badge, token = label(facts), f"#{facts['trade_no']}-{facts['seq']}"
    at = datetime.fromisoformat(facts["event_at"])
    return Message(
        token=token,
        kind=kind,
        headline=f"{badge}{_ICON[tone]} {facts['symbol']} {_headline(tone, what)}",
        title=f"{badge}{facts['symbol' if facts.get('withheld') else 'contract']} {what}",
        tone=tone,
        fields=(*lateness(facts), *body, *closing(facts, tier)),
        footer=footer(facts, token, at),
        at=at,
    )


def label(facts: Facts) -> str:
    """Say which world it is of, before anything else is said: `[SIM PROBE] `."""
    # A rehearsal, or another world than the live one, is named before anything else is said.
    words = [] if facts["source"] == "live" else [facts["source"].upper()]
    words += ["PROBE"] if facts["probe"] else []
    return f"[{' '.join(words)}] " if words else ""


def _headline(tone: Tone, what: str) -> str:
    return f"{tone} filled" if what == "entry" else what


def footer(facts: Facts, token: str, at: datetime) -> str:
    """Token, New York time, and how long this tier waited."""
    delay = [f"delayed {duration(facts['delay_s'])}"] if facts["delay_s"] else []
    return " · ".join((token, clock.display(at), *delay))


def lateness(facts: Facts) -> list[Field]:
    """Say so when it comes late."""
    late = facts.get("late_by_s")
    return [] if late is None else [Field("Late", f"Sent late by {duration(late)}.")]


def closing(facts: Facts, tier: Tier) -> list[Field]:
    """Its place in the ledger, and what more another plan would show."""
    fields = [Field("Receipt", facts["receipt"])] if facts.get("receipt") else []
    return fields + ([Field("Upgrade", _UPGRADE[tier], link=PLANS)] if "upgrade" in facts else [])


def _withheld(_facts: Facts) -> lines.Written:
    # An entry that would be copied too late names no contract.
    return (
        "entry withheld",
        Tone.NEUTRAL,
        [Field("Notice", "Entry withheld, outcome will be posted.")],
    )


def _entry(facts: Facts) -> lines.Written:
    fields = [lines.contract(facts), lines.execution(facts), lines.risk_plan(facts)]
    fields += lines.confidence(facts)
    fields += lines.drivers(facts) + lines.dealer_context(facts) + lines.price_now(facts)
    return "entry", _SIDE[facts["direction"]], fields


def _scale_out(facts: Facts) -> lines.Written:
    fields = lines.inline(facts, fill_price="Fill", quantity="Sold", remaining_quantity="Remaining")
    fields += lines.outcome(facts) + lines.inline(facts, stop_price="Stop now")
    return "trimmed", Tone.NEUTRAL, [lines.contract(facts), *fields, *lines.price_now(facts)]


def _exit(facts: Facts) -> lines.Written:
    settled = facts["kind"] == "EXPIRY"
    what = f"settled at {price(facts['fill_price'])}" if settled else "closed"
    fields = [lines.contract(facts), lines.round_trip(facts), *lines.outcome(facts)]
    fields += lines.inline(
        facts,
        quantity="Contracts",
        holding_s="Holding",
        exit_reason="Reason",
        commission_usd="Fees",
    )
    fields += lines.dealer_context(facts) + lines.price_now(facts)
    came_to = facts["result"] or f"result {PENDING}"
    return f"{what} - {came_to}{lines.provisional(facts)}", Tone.NEUTRAL, fields


def _adjustment(facts: Facts) -> lines.Written:
    moved = Field("Stop", f"{price(facts['stop_from'])} → {price(facts['stop_price'])}")
    fields = [lines.contract(facts), moved]
    if "locked_in_frac" in facts:
        fields.append(Field("Locked in", percent(facts["locked_in_frac"]), inline=True))
    fields += lines.inline(facts, remaining_quantity="Contracts", exit_reason="Reason")
    return "adjusted", Tone.NEUTRAL, fields


def _correction(facts: Facts) -> lines.Written:
    was = facts["was"]
    changed = [name for name in was if name in facts and was[name] != facts[name]]
    fields = [
        lines.contract(facts),
        Field("Was", lines.listed(was, changed)),
        Field("Is", lines.listed(facts, changed)),
        Field("Why", str(facts["reason"])),
    ]
    return "corrected", Tone.CORRECTION, fields


_WRITERS: dict[str, Callable[[Facts], lines.Written]] = {
    "ENTRY": _entry,
    "SCALE_OUT": _scale_out,
    "EXIT": _exit,
    "EXPIRY": _exit,
    "ADJUSTMENT": _adjustment,
    "CORRECTION": _correction,
}

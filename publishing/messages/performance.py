"""Messages about many trades, and those about none: summaries, heads of the ledger, notices."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from publishing.messages import trade
from publishing.messages.lines import Facts, provisional
from publishing.messages.message import Field, Link, Message, Tone
from publishing.messages.wording import about, money, percent, points
from quanticity.domain.tiers import Tier

_RECORD = Link("Every trade, with its receipt", "/track-record/")
_RECEIPTS = Link("Check it yourself", "/track-record/receipts/")
_SHOWN = 12


def render(facts: Facts, tier: Tier) -> Message:
    """Write one post for one tier, from what that tier may see."""
    token = f"#{facts['trade_no']}-{facts['seq']}"
    at = datetime.fromisoformat(facts["event_at"])
    title = f"{trade.label(facts)}{facts['title']}"
    body = _WRITERS[facts["kind"]](facts)
    return Message(
        token=token,
        kind=facts["kind"],
        headline=title,
        title=title,
        tone=Tone.NEUTRAL,
        fields=(*trade.lateness(facts), *body, *trade.closing(facts, tier)),
        footer=trade.footer(facts, token, at),
        at=at,
    )


def _summary(facts: Facts) -> list[Field]:
    if not facts["n_trades"]:
        none = Field("Closed trades", f"None in {facts['period']}.", link=_RECORD)
        return [none, *_unfinished(facts)]
    fields = [*_statistics(facts), *_extremes(facts)]
    shown = [_line(one) for one in facts["trades"][:_SHOWN]]
    rest = len(facts["trades"]) - len(shown)
    shown += [f"and {rest} more on the track record"] if rest > 0 else []
    return [*fields, Field("Every closed trade", "\n".join(shown), link=_RECORD)]


def _teaser(facts: Facts) -> list[Field]:
    if not facts["n_trades"]:
        return [Field("Last session", f"No trade was closed in {facts['period']}.", link=_RECORD)]
    return [*_statistics(facts), Field("All trades", "Winners and losers.", link=_RECORD)]


def _performance(facts: Facts) -> list[Field]:
    fields = [*_statistics(facts)]
    if facts.get("win_rate_low_frac") is not None:
        low, high = (_share(facts[f"win_rate_{end}_frac"]) for end in ("low", "high"))
        fields.append(Field("Win rate, 95 % interval", f"{low} to {high}", inline=True))
    factor = facts.get("profit_factor")
    shown = "none lost yet" if factor is None else points(factor)
    fields.append(Field("Profit factor", shown, inline=True))
    sessions = Field("Period", f"{facts['period']}, {facts['n_sessions']} sessions", link=_RECORD)
    return [*fields, sessions]


def _statistics(facts: Facts) -> list[Field]:
    decided = facts["n_wins"] + facts["n_losses"]
    rate = _share(facts["n_wins"] / decided) if decided else "n/a"
    flats = f", {facts['n_flats']} flat" if facts["n_flats"] else ""
    counts = f"{facts['n_trades']} ({facts['n_wins']} won, {facts['n_losses']} lost{flats})"
    net = [money(facts["net_usd"], signed=True)] if "net_usd" in facts else []
    net += [] if facts["net_frac"] is None else [f"{percent(facts['net_frac'])} of capital"]
    return [
        Field("Closed trades", counts, inline=True),
        Field("Win rate", f"{rate} (n = {decided})", inline=True),
        Field("Net of commissions", " · ".join(net) or "n/a", inline=True),
        *_unfinished(facts),
    ]


def _unfinished(facts: Facts) -> list[Field]:
    """What is not final, and what is not in it: nothing is left out without a word."""
    said = {
        "Provisional": (facts.get("n_provisional"), "whose last cost the broker still owes"),
        "Still settling": (facts.get("n_settling"), "held to expiry, told when settled"),
    }
    return [Field(name, f"{count} {what}") for name, (count, what) in said.items() if count]


def _extremes(facts: Facts) -> list[Field]:
    named = {"Best": facts.get("best"), "Worst": facts.get("worst")}
    return [Field(name, _line(one), inline=True) for name, one in named.items() if one]


def _line(one: Mapping[str, Any]) -> str:
    gained = percent(one["return_frac"]) if "return_frac" in one else None
    if gained is None:
        gained = about(one.get("return_about_frac"))
    return f"{one['contract']}: {one['result'] or 'pending'} {gained}{provisional(one)}"


def _share(frac: Any) -> str:
    return f"{float(frac):.0%}"


def _head(facts: Facts) -> list[Field]:
    span = f"R{facts['first_seq']} to R{facts['last_seq']}"
    return [
        Field("Session", f"{facts['session_date']}, records {span}"),
        Field("Merkle root", facts["root"]),
        Field("Head of the chain", facts["head"], link=_RECEIPTS),
    ]


def _notice(facts: Facts) -> list[Field]:
    return [Field("Notice", str(facts["text"]))]


_WRITERS: dict[str, Callable[[Facts], list[Field]]] = {
    "SUMMARY": _summary,
    "RECAP": _summary,
    "PERFORM": _performance,
    "TEASER": _teaser,
    "HEAD": _head,
    "NOTICE": _notice,
}
KINDS = frozenset(_WRITERS)

"""Tiers: how long each waits, and which part of the facts each may see (DOMAIN 7.2, 7.3).

Delays are UTC arithmetic from the event's clock, so daylight saving and half days do not matter.
Entitlements are the table in entitlements.toml; `visible` applies it and everything that shows a
trade to a member is given its result.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from quanticity.domain.errors import ConfigError, MalformedInput
from quanticity.domain.tiers import Tier

TABLE = Path(__file__).parent / "entitlements.toml"
FINAL_KINDS = frozenset({"EXIT", "EXPIRY", "CORRECTION"})
# What goes first when several things are due (DOMAIN 7.2).
PRIORITY = {
    "EXIT": 0, "EXPIRY": 0, "CORRECTION": 0, "ENTRY": 1, "SCALE_OUT": 2, "ADJUSTMENT": 3,
    "NOTICE": 4, "MOC": 5, "SUMMARY": 6, "PERFORM": 6, "RECAP": 6, "HEAD": 6, "TEASER": 7,
}  # fmt: skip
MARKETING = 6  # from here on a post leaves room for the others
POSTS = frozenset({"MOC", "SUMMARY", "PERFORM", "RECAP", "HEAD", "TEASER"})
# May be sent again when nobody knows whether it arrived: a duplicate harms less than a gap.
REPEATED_KINDS = FINAL_KINDS | {"ENTRY", "SCALE_OUT"}
HIGH, MEDIUM = 90, 75
_ABSENT = "-"
_FIGURES = (
    "fill_price", "quantity", "notional_usd", "commission_usd", "realised_net_usd", "return_frac",
    "return_about_frac", "result", "provisional",
)  # fmt: skip

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """Platform seconds; the comments in defaults.toml say what each is for."""

    delay_s: dict[Tier, float]
    entry_limit_s: dict[Tier, float]
    adjustment_limit_s: float
    final_limit_s: float
    stale_fill_s: float
    head_start_s: float
    late_note_s: float
    notice_limit_s: float
    post_limit_s: float
    free_max_trades_per_session: int


def clock_at(filled_at: datetime, created_at: datetime, settings: Settings) -> datetime:
    """From when delays count: the last fill, or the record's creation when that came late."""
    late = created_at - filled_at > timedelta(seconds=settings.head_start_s)
    return created_at if late else filled_at


def due_at(clock: datetime, tier: Tier, settings: Settings) -> datetime:
    """When a tier may hear of it, never sooner."""
    return clock + timedelta(seconds=settings.delay_s[tier])


def is_stale(kind: str, filled_at: datetime, created_at: datetime, settings: Settings) -> bool:
    """True for an entry whose fill was old news when recorded; all tiers wait for its exit."""
    age = created_at - filled_at
    return kind == "ENTRY" and age > timedelta(seconds=settings.stale_fill_s)


def is_too_late(kind: str, tier: Tier, late: timedelta, settings: Settings) -> bool:
    """True when telling it now would mislead (entries), or helps nobody any more."""
    if kind in FINAL_KINDS:
        limit = settings.final_limit_s
    elif kind == "ADJUSTMENT":
        limit = settings.adjustment_limit_s
    elif kind == "NOTICE":
        limit = settings.notice_limit_s
    elif kind in POSTS:
        limit = settings.post_limit_s
    else:
        limit = settings.entry_limit_s[tier]
    return late > timedelta(seconds=limit)


def hears(kind: str, tier: Tier) -> bool:
    """True when this tier is told of events of this kind at all."""
    return entitlements(kind)["trade_no"][tier] != _ABSENT


def visible(facts: Facts, kind: str, tier: Tier) -> dict[str, Any]:
    """The part of the facts that a tier may see, banded and rounded; {} when it is not told.

    A fact that is known to be missing stays as None; one that the event does not have is left out.
    """
    if not hears(kind, tier):
        return {}
    table = {**entitlements("ALWAYS"), **entitlements(kind), **_as_corrected(kind, facts)}
    shown: dict[str, Any] = {}
    for name, rules in table.items():
        rule = rules[tier]
        if rule in _OF_TRADES:
            shown |= {name: _trades(facts, name, rule, kind, tier)} if name in facts else {}
        elif rule != _ABSENT and (source := _SOURCES.get(rule, name)) in facts:
            shown[name] = RULES[rule](facts, source)
    return shown


def _as_corrected(kind: str, facts: Facts) -> dict[str, dict[Tier, str]]:
    """A correction shows each figure as the event that it corrects showed it, and no other."""
    if kind != "CORRECTION" or facts.get("corrects") is None:
        return {}
    hidden = dict.fromkeys(Tier, _ABSENT)
    original = entitlements(facts["corrects"])
    return {name: original.get(name, hidden) for name in _FIGURES}


@cache
def entitlements(kind: str) -> dict[str, dict[Tier, str]]:
    """The rules for one kind of event: field -> tier -> rule."""
    table = _table()
    if kind not in table:
        raise MalformedInput(f"expected an event kind of {TABLE.name}, was {kind!r}")
    return {name: dict(zip(Tier, rules, strict=True)) for name, rules in table[kind].items()}


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = tomllib.loads(TABLE.read_text())
    known = {_ABSENT, *_OF_TRADES, *RULES}
    for kind, fields in table.items():
        for name, rules in fields.items():
            if len(rules) != len(Tier) or not known.issuperset(rules):
                raise ConfigError(f"{TABLE.name} [{kind}] {name}: no such rule, was {rules!r}")
    return table


def _trades(facts: Facts, name: str, rule: str, kind: str, tier: Tier) -> Any:
    # What is made of trades shows of each what the table shows of it.
    value = facts[name]
    if rule == "nested":
        return visible({**value, "corrects": facts.get("corrects")}, kind, tier)
    if rule == "trade":
        return None if value is None else visible(value, "EXIT", tier)
    return [visible(one, "EXIT", tier) for one in value]


def _exact(facts: Facts, name: str) -> Any:
    return facts[name]


def _first(facts: Facts, name: str) -> Any:
    return None if facts[name] is None else facts[name][:1]


def _band(facts: Facts, name: str) -> str | None:
    confidence = facts[name]
    if confidence is None:
        return None
    value = Decimal(str(confidence))
    return "HIGH" if value >= HIGH else "MEDIUM" if value >= MEDIUM else "LOW"


def _stop_share(facts: Facts, name: str) -> str | None:
    entry = facts.get("fill_price")
    if facts[name] is None or entry is None or not Decimal(entry):
        return None
    return _nearest(Decimal(facts[name]) / Decimal(entry), Decimal("0.05"))


def _return_to(step: str) -> Callable[[Facts, str], str | None]:
    def rounded(facts: Facts, name: str) -> str | None:
        value = facts[name]
        return None if value is None else _nearest(Decimal(str(value)), Decimal(step))

    return rounded


def _nearest(value: Decimal, step: Decimal) -> str:
    steps = (value / step).quantize(Decimal(1), ROUND_HALF_EVEN)
    return str((steps * step).quantize(Decimal("0.01")) + 0)  # + 0 turns -0.00 into 0.00


RULES: dict[str, Callable[[Facts, str], Any]] = {
    "exact": _exact,
    "first": _first,
    "band": _band,
    "stop_5pct": _stop_share,
    "return_1pct": _return_to("0.01"),
    "return_5pct": _return_to("0.05"),
}
_OF_TRADES = frozenset({"nested", "trade", "trades"})
# A rule that shows one fact in the shape of another.
_SOURCES = {
    "band": "confidence",
    "stop_5pct": "stop_price",
    "return_1pct": "return_frac",
    "return_5pct": "return_frac",
}

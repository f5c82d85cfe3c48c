"""Refused records: kept to be looked at, and judged again after a rule change (DOMAIN 1.5)."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.conf import settings
from django.db import DatabaseError

from analytics.calculators.pricing import PricedChain
from analytics.chainfiles import roots
from analytics.ingestion import sentinels
from analytics.ingestion.recorder import Refusal
from analytics.models import Quarantined
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.market import Bar, Trade
from quanticity.domain.options import Chain, Flag
from quanticity.domain.readings import plain
from quanticity.gateway import tapes
from quanticity.store import market

log = logging.getLogger(__name__)
_JUDGES: dict[str, Any] = {
    "quote": sentinels.of_quote, "contract_quote": sentinels.of_quote,
    "trade": sentinels.of_trade, "bar": sentinels.of_bar,
}  # fmt: skip
CHAIN_ROW = "chain row"
# A side that is missing or wide is a mark of thin trading; these contradict themselves.
_REFUSED = (
    Flag.Q_SENTINEL | Flag.Q_CROSSED | Flag.A_BOUND | Flag.A_PARITY | Flag.A_VERTICAL
    | Flag.A_CONVEX | Flag.A_CALENDAR
)  # fmt: skip
# What this process has kept of a symbol's chain: once per session, contract and reason.
_seen: dict[str, tuple[date, set[tuple[str, str]]]] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """How many refused records are kept."""

    keep_rows: int
    per_flush: int


def keep(refusals: Iterable[Refusal], feed: str) -> int:
    """Keep a sample of what was refused; return how many. A database that is away keeps none."""
    limits = section("analytics.quarantine", Settings)
    rows = [_row(one, feed) for one in _sample(refusals, limits.per_flush)]
    try:
        Quarantined.objects.bulk_create(rows)
        _prune(limits.keep_rows)
    except DatabaseError as error:
        log.warning("%d refused records were not kept: %s", len(rows), error)
        return 0
    return len(rows)


def keep_chain_rows(found: PricedChain) -> int:
    """Keep the rows of a chain that contradict themselves, each once a session and reason."""
    chain, today = found.chain, calendar.session_date(found.chain.as_of)
    day, seen = _seen.get(chain.underlying, (today, set()))
    if day != today:
        seen = set()
    _seen[chain.underlying] = (today, seen)
    named = {
        int(row): (str(chain.occ[row]), _name(int(found.flags[row])))
        for row in np.flatnonzero(found.flags & int(_REFUSED))
    }
    fresh = {row: name for row, name in named.items() if name not in seen}
    if not fresh:
        return 0
    seen |= set(fresh.values())
    raw = _as_it_came(chain)
    return keep(
        [
            Refusal(CHAIN_ROW, occ, reason, _columns(found, raw, row), chain.as_of)
            for row, (occ, reason) in fresh.items()
        ],
        chain.feed,
    )


def judge_again(rows: Iterable[Quarantined]) -> Counter[str]:
    """Judge records by the rules of today; what passes and still matters goes back to the store.

    Prints and bars of the running session are appended, where analytics sort them by their own
    time; a quote has long been replaced, and a past session is the replay's business.
    """
    found: Counter[str] = Counter()
    for row in rows:
        verdict = _judged(row)
        Quarantined.objects.filter(pk=row.pk).update(judged_at=clock.now(), verdict=verdict[:80])
        found[verdict.partition(":")[0]] += 1
    return found


def _judged(row: Quarantined) -> str:
    judge = _JUDGES.get(row.kind)
    if judge is None:
        return "not judged: a chain is judged anew as a whole"
    try:
        value = tapes.value_of(row.kind, _with_numbers(row.raw))
    except MalformedInput:
        return "refused again: unreadable"
    reason = judge(value)
    if reason is not None:
        return f"refused again: {reason}"
    if row.session_date != calendar.session_date(clock.now()) or row.reason == "B_LATE":
        return "accepted: too late for the store"
    return _put_back(value)


def _put_back(value: Any) -> str:
    if isinstance(value, Trade):
        underlying = roots.underlying_of(value.instrument)
        if underlying is None:
            market.add_trades(value.instrument, [value])
        else:
            market.add_option_trades(underlying, [value])
    elif isinstance(value, Bar):
        market.add_bars(value.symbol, "5s", [value])
    else:
        return "accepted: replaced by later quotes"
    return "put back"


def _name(flags: int) -> str:
    """The first reason of a row."""
    return next(flag.name or "" for flag in Flag if flag & _REFUSED & flags)


def _as_it_came(chain: Chain) -> Chain:
    """The chain before its sentinels became absent, while the store still has it."""
    stored = market.chain(chain.underlying)
    same = stored is not None and stored.as_of == chain.as_of and len(stored) == len(chain)
    return stored if same and stored is not None else chain


def _columns(found: PricedChain, chain: Chain, row: int) -> dict[str, Any]:
    """A row beside its pair: most contradictions are between the two."""
    pair = int(found.partner[row])
    sides = ("bid", "ask")
    return {
        "spot": chain.spot,
        "strike": float(chain.strike[row]),
        "expiry": chain.expiries[chain.expiry_idx[row]].expiry_date,
        **{side: float(getattr(chain, side)[row]) for side in sides},
        **(
            {f"pair_{side}": float(getattr(chain, side)[pair]) for side in sides}
            if pair >= 0
            else {}
        ),
        "open_interest": int(chain.open_interest[row]),
        "quote_epoch_ms": int(chain.quote_epoch_ms[row]),
        "flags": str(Flag(int(found.flags[row]))),
    }


def _sample(refusals: Iterable[Refusal], per_reason: int) -> Iterator[Refusal]:
    seen: Counter[str] = Counter()
    for one in refusals:
        seen[one.reason] += 1
        if seen[one.reason] <= per_reason:
            yield one


def _row(one: Refusal, feed: str) -> Quarantined:
    return Quarantined(
        kind=one.kind, instrument=one.instrument[:21], reason=one.reason,
        raw=_as_text(one.value), feed=feed, recv_at=one.recv_at,
        session_date=calendar.session_date(one.recv_at), source=settings.TRADING_MODE,
    )  # fmt: skip


def _prune(kept: int) -> None:
    newest_gone = Quarantined.objects.order_by("-pk").values_list("pk", flat=True)[kept : kept + 1]
    for pk in newest_gone:
        Quarantined.objects.filter(pk__lte=pk).delete()


# JSON has no NaN and no infinity, and just these are why records are refused.
def _as_text(value: Any) -> dict[str, Any]:
    shown: dict[str, Any] = plain(value)
    for name, said in shown.items():
        number = value[name] if isinstance(value, dict) else getattr(value, name, None)
        if isinstance(number, float) and said is None:
            shown[name] = repr(number)
    return shown


def _with_numbers(raw: dict[str, Any]) -> dict[str, Any]:
    return {k: float(v) if v in ("nan", "inf", "-inf") else v for k, v in raw.items()}

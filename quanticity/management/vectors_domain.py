"""Golden-vector checks of calendar, delays and option symbols (DOMAIN 0.2, 1.2, 7.2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from publishing import tiers
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.calendar import Settlement
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.domain.readings import instant
from quanticity.domain.tiers import Tier
from quanticity.golden import Case, Check

_SETTLEMENTS = {"PM": Settlement.PM_PHYSICAL, "AM": Settlement.AM_CASH}


def session(case: Case) -> dict[str, Any]:
    """Open, close and length of one day's session."""
    day = date.fromisoformat(case.given["date"])
    if not calendar.is_session(day):
        return {"is_session": False}
    found = calendar.session(day)
    return {
        "is_session": True,
        "open_at": instant(found.open_at),
        "close_at": instant(found.close_at),
        "early_close": found.is_half_day,
        "index_option_close_at": instant(found.late_close_at),
        "rth_s": found.rth_s,
    }


def settlement(case: Case) -> dict[str, Any]:
    """Settlement instant and seconds until then."""
    given = case.given
    settles = calendar.settlement_at(
        date.fromisoformat(given["expiry"]), _SETTLEMENTS[given["settlement"]]
    )
    now = datetime.fromisoformat(given["now_at"])
    return {"settlement_at": instant(settles), "t_s": calendar.seconds_to(now, settles)}


def session_date(case: Case) -> dict[str, Any]:
    """The day bucket of an instant."""
    at = datetime.fromisoformat(case.given["at"])
    return {"session_date": calendar.session_date(at).isoformat()}


def delays(case: Case) -> dict[str, Any]:
    """When each tier is told, and how the instant is written for people."""
    at = datetime.fromisoformat(case.given["clock_at"])
    settings = section("publishing.tiers", tiers.Settings)
    due = {tier: tiers.due_at(at, tier, settings) for tier in Tier}
    return {
        tier.value: {"due_at": instant(when), "display_et": clock.display(when)}
        for tier, when in due.items()
    }


def occ(case: Case) -> dict[str, Any]:
    """One option symbol, parsed and written again."""
    try:
        contract = parse_occ(case.given["symbol"])
    except MalformedInput:
        return dict.fromkeys(case.want) | {"valid": False}
    return {
        "valid": True,
        "root": contract.root,
        "expiry": contract.expiry.isoformat(),
        "right": contract.right.value,
        "strike": f"{contract.strike:.3f}",
        "compact": contract.occ,
        "occ21": contract.occ21,
        "adjusted": contract.adjusted,
    }


CHECKS: dict[str, Check] = {
    "calendar/session_cases": Check(session),
    "calendar/settlement_cases": Check(settlement),
    "calendar/session_date_cases": Check(session_date),
    "calendar/delay_cases": Check(delays),
    "occ/cases": Check(occ),
}

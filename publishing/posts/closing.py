"""The closing-auction analysis: who leans how hard into the close, by the model (DOMAIN 7.4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from publishing.models import Announcement
from publishing.posts.slots import Settings, Slot
from quanticity.config.universe import universe
from quanticity.domain import calendar
from quanticity.store import readings
from quanticity.store.client import StoreDown

Facts = dict[str, Any]
MODEL, AUCTION = "MODEL ESTIMATE", "auction data shown"


def analysis(slot: Slot, now: datetime, settings: Settings) -> Facts | None:
    """One slot's analysis; a note where every estimate is stale; None while the store is silent."""
    try:
        found = readings.read_all(universe().symbols, ("moc",))
    except StoreDown:
        return None
    fresh = {
        s: f["moc"] for s, f in found.items() if "moc" in f and _is_fresh(f["moc"], now, settings)
    }
    known = [one for symbol, envelope in fresh.items() if (one := _one(symbol, envelope))]
    before = _previous(slot)
    for one in known:
        one["previous_usd"] = before.get(one["symbol"])
    known.sort(key=lambda one: -abs(one["imbalance_usd"]))
    leaders = [one for one in known if abs(one["imbalance_usd"]) >= settings.moc_least_usd]
    leaders = leaders[: settings.moc_leaders]
    rest = [one for one in known if one not in leaders]
    watched = [one for one in rest if (one["ratio"] or 0) >= settings.moc_watch_ratio]
    most = max((abs(one["imbalance_usd"]) for one in known), default=0.0)
    has_auction = any(one["is_auction"] for one in leaders)
    return {
        "title": "Closing auction",
        "minutes_to_close": slot.minutes_to_close,
        "leaders": leaders,
        "watchlist": watched[: settings.moc_watched],
        "label": AUCTION if has_auction else MODEL,
        "urgent": _is_urgent(most, slot.minutes_to_close or 0, settings),
        "missing": None if known else "Every estimate is older than it may be.",
        "all": {one["symbol"]: one["imbalance_usd"] for one in known},
    }


def _is_fresh(envelope: Mapping[str, Any], now: datetime, settings: Settings) -> bool:
    limit = timedelta(seconds=settings.moc_stale_s)
    return now - datetime.fromisoformat(envelope["as_of"]) <= limit


def _one(symbol: str, envelope: Mapping[str, Any]) -> Facts | None:
    data = envelope["data"] or {}
    estimate = data.get("estimate")
    if not estimate or estimate.get("imbalance_usd") is None:
        return None
    return {
        "symbol": symbol,
        "imbalance_usd": estimate["imbalance_usd"],
        "adv_frac": abs(estimate["imbalance_frac_adv"]),
        "ratio": estimate["imbalance_ratio"],
        "low_usd": estimate["ci90_low_usd"],
        "high_usd": estimate["ci90_high_usd"],
        "indicative_bps": estimate["indicative_offset_bps"],
        "is_auction": data.get("auction") is not None,
    }


def _previous(slot: Slot) -> dict[str, float]:
    """The same slot of the session before, as it was posted."""
    before = calendar.previous_session(calendar.session_date(slot.at))
    key = f"MOC-{before.date:%Y%m%d}-{slot.minutes_to_close}"
    row = Announcement.objects.filter(trade_id=key, kind="MOC").first()
    return {} if row is None else dict(row.facts.get("all", {}))


def _is_urgent(most: float, minutes: int, settings: Settings) -> bool:
    late = minutes <= settings.moc_urgent_late_min
    return most >= (settings.moc_urgent_late_usd if late else settings.moc_urgent_usd)

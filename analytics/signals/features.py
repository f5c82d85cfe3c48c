"""The feature reader: one batched read per symbol, ages checked, what is old is missing.

`build` is pure: envelopes, quote, bars and link state in, `Features` out (DOMAIN 5.1). A value
whose inputs are too old, whose quality is INVALID or whose instant is later than the decision is
None with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from analytics.signals import bar_features
from quanticity.domain import calendar, clock
from quanticity.domain.market import Bar, Quote
from quanticity.domain.signals import Features
from quanticity.store import health, looks

# Feature name -> (family, path in its data); DOMAIN 5.1.
SOURCES: dict[str, tuple[str, str]] = {
    "vpin_cdf": ("vpin", "vpin_cdf"),
    "obi_l5": ("obi", "obi_l5"),
    "sweep_n_60s": ("sweep", "sweep_n_60s"),
    "sweep_net": ("sweep", "sweep_net"),
    "hidden_score": ("hidden", "hidden_score"),
    "hidden_side": ("hidden", "hidden_side"),
    "unusual_score": ("unusual", "unusual_score"),
    "unusual_dir": ("unusual", "unusual_dir"),
    "otm_premium_ratio": ("unusual", "otm_premium_ratio"),
    "block_share": ("flow_clusters", "block_share"),
    "flow_momentum_share": ("flow_clusters", "momentum_share"),
    "flow_momentum_dir": ("flow_clusters", "momentum_dir"),
    "toxicity": ("toxicity", "toxicity"),
    "toxicity_lean": ("toxicity", "toxicity_lean"),
    "gex_usd_per_1pct": ("gex", "gex_usd_per_1pct"),
    "gex_frac": ("gex", "gex_frac"),
    "gex_z": ("gex", "z.z"),
    "gex_sign_agree": ("gex", "gex_sign_agree"),
    "gex_conc_1pct": ("gex", "gex_conc_1pct"),
    "pin_proximity": ("gex", "pin_proximity"),
    "pin_dist_pct": ("gex", "pin_dist_pct"),
    "pin_pull": ("gex", "pin_pull"),
    "gex_regime": ("gex", "regime"),
    "gex_flip": ("gex", "flip"),
    "gex_call_wall": ("gex", "call_wall"),
    "gex_put_wall": ("gex", "put_wall"),
    "net_oi_delta_z": ("dex", "net_oi_delta_z.z"),
    "vanna_flow_frac": ("vanna", "vanna_flow_frac"),
    "vanna_flow_z": ("vanna", "z.z"),
    "charm_flow_frac": ("charm", "charm_flow_frac"),
    "charm_flow_z": ("charm", "z.z"),
    "elasticity_total": ("hedging", "elasticity_total"),
    "rr25_z": ("skew", "rr25_z.z"),
    "moc_imbalance_frac": ("moc", "estimate.imbalance_frac_adv"),
    "moc_ratio": ("moc", "estimate.imbalance_ratio"),
    "indicative_offset_bps": ("moc", "estimate.indicative_offset_bps"),
}
MARKET_WIDE = {
    "vol_regime": ("volatility", "regime"),
    "vol_regime_age_s": ("volatility", "vol_regime_age_s"),
    "vol_d5m_volpts": ("volatility", "d5_volpts"),
}
FAMILIES = tuple(sorted({family for family, _ in SOURCES.values()}))
_FRIDAY = 4
_THIRD_WEEK = range(15, 22)
# Of these, those that a strategy requires decide how old its view is.
_AGED = ("price", "obi_l5", "vpin_cdf", "gex_usd_per_1pct")


@dataclass(frozen=True, slots=True)
class Settings:
    """Oldest input of each kind in seconds, and what a usable spot is (DOMAIN 0.8, 1.4)."""

    quote_s: float
    book_s: float
    chain_s: float
    flow_s: float
    volatility_s: float
    bars_s: float
    spot_max_spread_bps: float


_KIND = {
    "obi": "book_s", "gex": "chain_s", "dex": "chain_s", "vanna": "chain_s", "charm": "chain_s",
    "hedging": "chain_s", "skew": "chain_s", "unusual": "chain_s", "volatility": "volatility_s",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything one read brings."""

    envelopes: Mapping[str, Mapping[str, Any]]
    market_wide: Mapping[str, Mapping[str, Any]]
    quote: Quote | None
    minutes: Sequence[Bar]
    fives: Sequence[Bar]
    link: Mapping[str, Any] | None


def read(symbol: str, settings: Settings) -> Features:
    """Read and build the features of a symbol, now."""
    # The regime is the market's: its key is the same under every symbol.
    seen = looks.look(symbol, (*FAMILIES, "volatility"))
    inputs = Inputs(seen.envelopes, seen.envelopes, seen.quote, seen.minutes, seen.fives, seen.link)
    return build(symbol, clock.now(), inputs, settings)


def build(symbol: str, at: datetime, inputs: Inputs, settings: Settings) -> Features:
    """Put the features of one instant together."""
    book = _Book(at, settings)
    for name, (family, path) in SOURCES.items():
        book.take(name, inputs.envelopes.get(family), family, path)
    for name, (family, path) in MARKET_WIDE.items():
        book.take(name, inputs.market_wide.get(family), family, path)
    price = spot(inputs.quote, at, settings)
    book.put("price", price, "STALE")
    if price is not None and inputs.quote is not None:
        book.as_of["price"] = inputs.quote.event_at
    _put_bars(book, inputs, price, at, settings.bars_s)
    book.put("blind_300s_s", health.blind_300s_s(inputs.link or {}, symbol), "FEED_DOWN")
    book.put("blind_session_s", (inputs.link or {}).get("blind_session_s"), "FEED_DOWN")
    gex = inputs.envelopes.get("gex")
    book.put("chain_quality", None if gex is None else gex["quality"]["status"], "NO_DATA")
    book.put("chain_delayed", _is_delayed(gex), "NO_DATA")
    for name, value in _calendar(at).items():
        book.put(name, value, "SESSION_CLOSED")
    return Features(symbol, at, book.values, book.reasons, book.as_of)


def aged(read: Features, required: Sequence[str]) -> Features:
    """The features as one strategy sees them: its age is that of the oldest input it requires.

    None when one of them is missing (DOMAIN 5.1); what ages at another pace is judged by its own.
    """
    wanted = [name for name in _AGED if name in required]
    instants = [read.as_of.get(name) for name in wanted]
    known = [at for at in instants if at is not None]
    whole = bool(known) and len(known) == len(wanted)
    age_s = (read.at - min(known)).total_seconds() if whole else None
    reasons = read.reasons if whole else read.reasons | {"age_s": "NO_DATA"}
    return replace(read, values=read.values | {"age_s": age_s}, reasons=reasons)


def spot(quote: Quote | None, at: datetime, settings: Settings) -> float | None:
    """Mid of a narrow and fresh quote, else the last price, else nothing."""
    if quote is None or not 0 <= (at - quote.event_at).total_seconds() <= settings.quote_s:
        return None
    bps = quote.spread_bps
    if bps is not None and bps <= settings.spot_max_spread_bps:
        return quote.mid
    last_at = quote.last_at or quote.event_at
    return quote.last if (at - last_at).total_seconds() <= settings.quote_s else None


def flaw(
    envelope: Mapping[str, Any] | None, family: str, at: datetime, settings: Settings
) -> str | None:
    """Why a reading may not be used at an instant, None when it may."""
    if envelope is None:
        return "NO_DATA"
    if envelope["data"] is None:
        return str(envelope["quality"]["reasons"].get(family, "NO_DATA"))
    if envelope["quality"]["status"] == "INVALID":
        return str(envelope["quality"]["reasons"].get(family, "ERROR"))
    if at > datetime.fromisoformat(envelope["valid_until"]):
        return "STALE"
    age_s = (at - datetime.fromisoformat(envelope["as_of"])).total_seconds()
    limit: float = getattr(settings, _KIND.get(family, "flow_s"))
    # A value from after the decision would be a look into the future.
    return None if 0 <= age_s <= limit else "STALE"


class _Book:
    # The values while they are being put together.
    def __init__(self, at: datetime, settings: Settings) -> None:
        self._at, self._settings = at, settings
        self.values: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}
        self.as_of: dict[str, datetime] = {}
        self._families: dict[str, tuple[str | None, datetime | None]] = {}

    def put(self, name: str, value: Any, reason: str) -> None:
        self.values[name] = value
        if value is None:
            self.reasons[name] = reason

    def take(self, name: str, envelope: Mapping[str, Any] | None, family: str, path: str) -> None:
        why, as_of = self._judged(envelope, family)
        value = None if why or envelope is None else _value(envelope["data"], path)
        self.put(name, value, why or _why_null(envelope, path))
        if value is not None and as_of is not None:
            self.as_of[name] = as_of

    def _judged(
        self, envelope: Mapping[str, Any] | None, family: str
    ) -> tuple[str | None, datetime | None]:
        # Many features come from one reading: it is judged once.
        if family not in self._families:
            why = flaw(envelope, family, self._at, self._settings)
            as_of = None if envelope is None else datetime.fromisoformat(envelope["as_of"])
            self._families[family] = why, as_of
        return self._families[family]


def _why_null(envelope: Mapping[str, Any] | None, path: str) -> str:
    """The reason that a payload gives for a null: at the field's name, or inside its own object."""
    data = {} if envelope is None else envelope["data"]
    outer, _, field = path.rpartition(".")
    place = _at(data, outer) if outer else data
    place = place if isinstance(place, Mapping) else {}
    reasons = place.get("reasons") or {}
    return str(reasons.get(field) or place.get("reason") or "NO_DATA")


def _value(data: Any, path: str) -> Any:
    value = _at(data, path)
    # An abstention is an answer: there is no momentum to speak of (DOMAIN 3.14).
    return 0.0 if value is None and data.get("abstained") else value


def _at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _put_bars(
    book: "_Book", inputs: Inputs, price: float | None, at: datetime, max_age_s: float
) -> None:
    is_old = inputs.fives and not bar_features.is_fresh(inputs.fives, at, max_age_s)
    why = "STALE" if is_old else "INSUFFICIENT_SAMPLES"
    found = bar_features.compute(inputs.minutes, inputs.fives, price, at, max_age_s)
    for name, value in found.items():
        book.put(name, value, why)


def _is_delayed(gex: Mapping[str, Any] | None) -> bool | None:
    """Whether the chain's quotes are delayed, whoever supplied them."""
    if gex is None:
        return None
    said = (gex["data"] or {}).get("delayed")
    return gex["feed"] == "cboe_delayed" if said is None else bool(said)


def _calendar(at: datetime) -> dict[str, Any]:
    session = calendar.current(at)
    if session is None:
        return dict.fromkeys(("weekday", "minutes_to_close", "minutes_since_open"))
    return {
        "weekday": session.date.weekday(),
        "minutes_to_close": session.minutes_to_close(at),
        "minutes_since_open": session.minutes_since_open(at),
        "is_rebalance_day": is_rebalance_day(session.date),
    }


def is_rebalance_day(day: date) -> bool:
    """Third Friday, or the last session of a month."""
    third_friday = day.weekday() == _FRIDAY and day.day in _THIRD_WEEK
    return third_friday or calendar.next_session(day).date.month != day.month

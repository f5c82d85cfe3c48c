"""Contracts on the wire: what a client's fields mean, and how ours are written (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from quanticity.domain import calendar
from quanticity.domain.clock import eastern
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import OptionContract, Right, parse_occ
from quanticity.gateway.simulated import listing
from quanticity.gateway.simulated.listing import Symbol
from quanticity.gateway.simulated.market import Market
from quanticity.gateway.simulated.panels import Panel
from quanticity.gateway.simulated.wire import Field, Fields

ZONE = "US/Eastern"
_OPTION_VENUES = (
    "SMART,AMEX,BATS,BOX,CBOE,CBOE2,EDGX,EMERALD,GEMINI,ISE,MEMX,MIAX,NASDAQOM,PEARL,PHLX,PSE"
)
_STOCK_VENUES = (
    "SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,EDGX,PEARL,MEMX"
)
_ORDER_TYPES = (
    "ACTIVETIM,ADJUST,ALERT,ALLOC,AON,COND,DAY,GTC,GTD,LMT,LOC,MKT,MOC,OCA,STP,STPLMT,TRAIL,WHATIF"
)
_MOST_CHAINS = 32
PENNY_RULE, NICKEL_RULE = 26, 32
MARKET_RULES: dict[int, tuple[tuple[float, float], ...]] = {
    PENNY_RULE: ((0.0, 0.01),),
    NICKEL_RULE: ((0.0, 0.01), (3.0, 0.05)),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A contract as a client describes it; empty fields match anything."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: Decimal | None
    right: str
    multiplier: str
    exchange: str
    currency: str
    local_symbol: str
    trading_class: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One contract of ours: an underlying, or an option on it."""

    con_id: int
    symbol: Symbol
    option: OptionContract | None

    @property
    def sec_type(self) -> str:
        """STK, IND or OPT."""
        return "OPT" if self.option else self.symbol.sec_type


@dataclass(frozen=True, slots=True)
class Range:
    """How much is listed."""

    daily_days: int
    weekly_days: int
    width: float


def read(fields: Fields) -> Asked:
    """Read the twelve fields of a contract."""
    con_id, symbol, sec_type, expiry = fields.integer(), fields.text(), fields.text(), fields.text()
    strike, right, multiplier = fields.amount(), fields.text(), fields.text()
    exchange, _primary, currency = fields.text(), fields.text(), fields.text()
    local, root = fields.text(), fields.text()
    return Asked(
        con_id, symbol, sec_type, expiry.split(" ")[0], strike or None, right, multiplier, exchange,
        currency, local, root,
    )  # fmt: skip


def exactly(asked: Asked, today: date) -> Listed | None:
    """The one contract meant, by id, local symbol or full terms; None when there is none."""
    if asked.con_id:
        return by_id(asked.con_id, today)
    if asked.sec_type == "OPT":
        option = _terms(asked)
        con_id = listing.option_id(option) if option else None
        return by_id(con_id, today) if con_id else None
    symbol = listing.SYMBOLS.get(asked.symbol or asked.local_symbol)
    if symbol is None or asked.sec_type != symbol.sec_type or asked.currency not in {"", "USD"}:
        return None
    return Listed(symbol.con_id, symbol, None)


def by_id(con_id: int, today: date) -> Listed | None:
    """The contract with this id; an expired series is none."""
    symbol = listing.symbol_of_id(con_id)
    if symbol is not None:
        return Listed(con_id, symbol, None)
    option = listing.option_of_id(con_id)
    if option is None or option.expiry < today:
        return None
    parent = listing.symbol_of_root(option.root)
    return Listed(con_id, parent, option) if parent else None


def matches(asked: Asked, market: Market, at: datetime, reach: Range) -> list[Listed]:
    """All contracts that fit a partial description."""
    today = calendar.session_date(at)
    one = exactly(asked, today)
    if one is not None or asked.sec_type != "OPT":
        return [one] if one is not None else []
    symbol = listing.SYMBOLS.get(asked.symbol) or listing.symbol_of_root(asked.trading_class)
    if symbol is None or not symbol.has_options or asked.trading_class not in {"", symbol.root}:
        return []
    return list(_series(asked, symbol, market, at, reach))


def chain(symbol: Symbol, market: Market, at: datetime, reach: Range) -> Panel:
    """All listed series of an underlying, the same panel all session."""
    key = (symbol.name, calendar.session_date(at), reach)
    if key not in market.chains:
        asked = Asked(0, symbol.name, "OPT", "", None, "", "", "SMART", "USD", "", symbol.root)
        found = [one.con_id for one in _series(asked, symbol, market, at, reach)]
        while len(market.chains) >= _MOST_CHAINS:
            del market.chains[next(iter(market.chains))]
        market.chains[key] = Panel.of(symbol, found)
    return market.chains[key]


def strikes(symbol: Symbol, market: Market, at: datetime, reach: Range) -> tuple[Decimal, ...]:
    """Strikes listed today: around the close before, so that they stay all session."""
    return listing.strikes(symbol, market.top(symbol.name, at).previous_close, reach.width)


def terms(con_id: int, exchange: str) -> tuple[Field, ...]:
    """Eleven fields of a contract, without primary exchange, as most messages carry it."""
    option, symbol = listing.option_of_id(con_id), listing.symbol_of_id(con_id)
    if option is None:
        assert symbol is not None
        return (
            con_id, symbol.name, symbol.sec_type, "", "0", "", "", exchange, "USD", symbol.name,
            symbol.name,
        )  # fmt: skip
    parent = listing.symbol_of_root(option.root)
    assert parent is not None
    return (
        con_id, parent.name, "OPT", f"{option.expiry:%Y%m%d}", f"{float(option.strike)}",
        option.right.value, "100", exchange, "USD", option.occ21, option.root,
    )  # fmt: skip


def details(listed: Listed, at: datetime) -> tuple[Field, ...]:
    """The fields of a contract details message after its request id (server version 176)."""
    option, symbol = listed.option, listed.symbol
    venues = (
        _OPTION_VENUES
        if option
        else (_STOCK_VENUES if symbol.sec_type == "STK" else symbol.primary)
    )
    rule = PENNY_RULE if not option or symbol.penny_options else NICKEL_RULE
    rules = ",".join(str(rule) for _ in venues.split(","))
    expiry = f"{option.expiry:%Y%m%d}" if option else ""
    hours = trading_hours(at, listed.con_id)
    under = (symbol.name, symbol.sec_type) if option else ("", "")
    return (
        symbol.name, listed.sec_type, f"{expiry}-16:00:00-{ZONE}" if option else "",
        f"{float(option.strike)}" if option else "0", option.right.value if option else "",
        "SMART" if symbol.sec_type == "STK" or option else symbol.primary, "USD",
        option.occ21 if option else symbol.name, symbol.root or symbol.name,
        symbol.root if option else symbol.name, listed.con_id, "0.01", "100" if option else "",
        _ORDER_TYPES, venues, 1, symbol.con_id if option else 0, symbol.title,
        "" if option else symbol.primary, expiry[:6], "", "", "", ZONE, hours, hours, "", 0, 0,
        2 if option else 1, *under, rules, expiry, "" if option else symbol.stock_type, 1, 1,
        1 if option else 100,
    )  # fmt: skip


def trading_hours(at: datetime, con_id: int) -> str:
    """A contract's hours of today and the five days after, as the broker spells them."""
    today = calendar.session_date(at)
    days = (today + timedelta(days=n) for n in range(6))
    return ";".join(_hours(day, con_id) for day in days)


def _hours(day: date, con_id: int) -> str:
    if not calendar.is_session(day):
        return f"{day:%Y%m%d}:CLOSED"
    closes_at = eastern(listing.closes_at(con_id, calendar.session(day)))
    return f"{day:%Y%m%d}:0930-{day:%Y%m%d}:{closes_at:%H%M}"


def _terms(asked: Asked) -> OptionContract | None:
    try:
        if asked.local_symbol:
            return parse_occ(asked.local_symbol)
        parent = listing.SYMBOLS.get(asked.symbol)
        root = asked.trading_class or (parent.root if parent else "")
        if not (root and asked.strike and asked.right and len(asked.expiry) == len("20251121")):
            return None
        expiry = datetime.strptime(asked.expiry, "%Y%m%d").date()  # noqa: DTZ007 - a date
        return OptionContract(root, expiry, Right(asked.right[0]), asked.strike)
    except (ValueError, InvalidOperation, MalformedInput):
        return None


def _recorded(asked: Asked, symbol: Symbol, con_ids: Iterable[int]) -> Iterable[Listed]:
    for con_id in con_ids:
        option = listing.option_of_id(con_id)
        fits = (
            option is not None
            and f"{option.expiry:%Y%m%d}".startswith(asked.expiry)
            and asked.strike in {None, option.strike}
            and asked.right[:1] in {"", option.right.value}
        )
        if fits:
            yield Listed(con_id, symbol, option)


def _series(
    asked: Asked, symbol: Symbol, market: Market, at: datetime, reach: Range
) -> Iterable[Listed]:
    recorded = market.recorded_ids(symbol.name, at)
    if recorded:
        yield from _recorded(asked, symbol, recorded)
        return
    today = calendar.session_date(at)
    dates = listing.expiries(symbol, today, reach.daily_days, reach.weekly_days)
    listed = strikes(symbol, market, at, reach)
    rights = [Right(asked.right[0])] if asked.right in {"C", "P", "CALL", "PUT"} else list(Right)
    for day in (d for d in dates if f"{d:%Y%m%d}".startswith(asked.expiry)):
        for strike in listed if asked.strike is None else (asked.strike,):
            for right in rights:
                option = OptionContract(symbol.root, day, right, strike)
                con_id = listing.option_id(option)
                if con_id is not None and strike in listed:
                    yield Listed(con_id, symbol, option)

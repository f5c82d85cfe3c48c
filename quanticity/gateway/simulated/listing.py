"""What is listed: symbols with their contract ids, option series as numbers and back (pure).

An option's contract id is its terms packed into 31 bits (symbol, expiry, right, half dollars of
strike), so any process, also after a restart, turns an id into its contract without a table.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache

from quanticity.domain import calendar
from quanticity.domain.calendar import Session, Settlement
from quanticity.domain.instruments import OptionContract, Right

_EPOCH = date(2020, 1, 1)
_STRIKE_BITS, _RIGHT_BITS, _DAY_BITS = 14, 1, 12
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Symbol:
    """One listed underlying; `index` is its place in option contract ids, for ever."""

    index: int
    name: str
    con_id: int
    sec_type: str
    primary: str
    title: str
    stock_type: str = "ETF"
    root: str = ""
    daily_expiries: bool = False
    penny_options: bool = True
    depth: bool = False

    @property
    def has_options(self) -> bool:
        """True when option series are listed on it."""
        return bool(self.root)

    @property
    def european(self) -> bool:
        """True for index options."""
        return self.sec_type == "IND"

    @property
    def has_late_options(self) -> bool:
        """True when its options trade a quarter of an hour longer than shares."""
        return self.daily_expiries


def _stock(index: int, name: str, con_id: int, title: str) -> Symbol:
    return Symbol(index, name, con_id, "STK", "NASDAQ", title, "COMMON", name, penny_options=False)


def _fund(index: int, name: str, con_id: int, primary: str, title: str) -> Symbol:
    return Symbol(
        index, name, con_id, "STK", primary, title, "ETF", name, daily_expiries=True, depth=True
    )


_ALL = (
    _fund(0, "SPY", 756733, "ARCA", "SPDR S&P 500 ETF TRUST"),
    _fund(1, "QQQ", 320227571, "NASDAQ", "INVESCO QQQ TRUST SERIES 1"),
    _fund(2, "IWM", 9579970, "ARCA", "ISHARES RUSSELL 2000 ETF"),
    _stock(3, "AAPL", 265598, "APPLE INC"),
    _stock(4, "TSLA", 76792991, "TESLA INC"),
    _stock(5, "NVDA", 4815747, "NVIDIA CORP"),
    _stock(6, "AMD", 4391, "ADVANCED MICRO DEVICES"),
    _stock(7, "GOOGL", 208813719, "ALPHABET INC-CL A"),
    _stock(8, "META", 107113386, "META PLATFORMS INC-CLASS A"),
    _stock(9, "AMZN", 3691937, "AMAZON.COM INC"),
    _stock(10, "MSFT", 272093, "MICROSOFT CORP"),
    _stock(11, "PLTR", 444857009, "PALANTIR TECHNOLOGIES INC-A"),
    Symbol(12, "VXX", 481001201, "STK", "BATS", "IPATH SERIES B S&P 500 VIX", "ETN", "VXX"),
    Symbol(
        13, "SPX", 416904, "IND", "CBOE", "S&P 500 Stock Index", "", "SPXW", daily_expiries=True
    ),
    Symbol(14, "VIX", 13455763, "IND", "CBOE", "CBOE Volatility Index", ""),
    Symbol(15, "VIX1D", 629785213, "IND", "CBOE", "CBOE 1-Day Volatility Index", ""),
)
SYMBOLS = {symbol.name: symbol for symbol in _ALL}
_BY_ID = {symbol.con_id: symbol for symbol in _ALL}
_BY_ROOT = {symbol.root: symbol for symbol in _ALL if symbol.root}


def symbol_of_id(con_id: int) -> Symbol | None:
    """The underlying with this contract id, or None (it may be an option's)."""
    return _BY_ID.get(con_id)


def symbol_of_root(root: str) -> Symbol | None:
    """The underlying of a trading class, or None."""
    return _BY_ROOT.get(root)


def option_id(contract: OptionContract) -> int | None:
    """The contract id of a series, or None when its terms cannot be listed here."""
    symbol = _BY_ROOT.get(contract.root)
    halves = contract.strike * 2
    day = (contract.expiry - _EPOCH).days
    if symbol is None or halves != int(halves):
        return None
    if not (0 < halves < 1 << _STRIKE_BITS and 0 < day < 1 << _DAY_BITS):
        return None
    put = int(contract.right is Right.PUT)
    packed = (symbol.index << _DAY_BITS | day) << _RIGHT_BITS | put
    return packed << _STRIKE_BITS | int(halves)


@cache
def option_of_id(con_id: int) -> OptionContract | None:
    """The series with this contract id, or None when it is no option's."""
    if con_id in _BY_ID or not 0 < con_id < 1 << 31:
        return None
    halves = con_id & (1 << _STRIKE_BITS) - 1
    rest = con_id >> _STRIKE_BITS
    right = Right.PUT if rest & 1 else Right.CALL
    rest >>= _RIGHT_BITS
    expiry = _EPOCH + timedelta(days=rest & (1 << _DAY_BITS) - 1)
    symbol = _ALL[rest >> _DAY_BITS]
    if not (symbol.has_options and halves and _is_expiry(symbol, expiry)):
        return None
    return OptionContract(symbol.root, expiry, right, Decimal(halves) / 2)


def occ_of_id(con_id: int) -> str:
    """The OCC code of a series, spaces left out; empty when the id is no option's."""
    option = option_of_id(con_id)
    return "" if option is None else option.occ


def closes_at(con_id: int, session: Session) -> datetime:
    """When a contract stops trading in a session; on its last day always with the close."""
    option = option_of_id(con_id)
    if option is None or option.expiry <= session.date:
        return session.close_at
    is_late = _BY_ROOT[option.root].has_late_options
    return session.late_close_at if is_late else session.close_at


def underlying_of(con_id: int) -> str:
    """The name of the underlying that a contract is, or is an option on."""
    symbol, option = _BY_ID.get(con_id), option_of_id(con_id)
    if option is not None:
        symbol = _BY_ROOT.get(option.root)
    return "" if symbol is None else symbol.name


@cache
def expiries(symbol: Symbol, today: date, daily_days: int, weekly_days: int) -> tuple[date, ...]:
    """Listed expiry dates: every session for `daily_days`, then Fridays to `weekly_days`."""
    if not symbol.has_options:
        return ()
    days = (today + timedelta(days=n) for n in range(weekly_days + 1))
    listed = []
    for day in days:
        near = symbol.daily_expiries and (day - today).days <= daily_days
        if _is_weekly(day) or (near and calendar.is_session(day)):
            listed.append(day)
    return tuple(listed)


def settlement(symbol: Symbol) -> Settlement:
    """How this underlying's options settle."""
    return Settlement.PM_CASH if symbol.european else Settlement.PM_PHYSICAL


def strike_step(symbol: Symbol, price: float) -> Decimal:
    """Distance between listed strikes in dollars."""
    if symbol.european:
        return Decimal(5)
    if symbol.depth or price < 100:  # noqa: PLR2004 - dollars
        return Decimal(1)
    return Decimal("2.5") if price < 250 else Decimal(5)  # noqa: PLR2004 - dollars


def strikes(symbol: Symbol, price: float, width: float) -> tuple[Decimal, ...]:
    """Listed strikes within a fraction `width` of the price, ascending."""
    step = strike_step(symbol, price)
    first = int(price * (1 - width) / float(step)) + 1
    last = int(price * (1 + width) / float(step))
    return tuple(step * n for n in range(max(first, 1), last + 1))


# A weekly series expires on Friday, or on the session before a Friday that is a holiday.
def _is_weekly(day: date) -> bool:
    friday = day + timedelta(days=_FRIDAY - day.weekday())
    if day.weekday() > _FRIDAY or not calendar.is_session(day):
        return False
    held = friday if calendar.is_session(friday) else calendar.previous_session(friday).date
    return day == held


def _is_expiry(symbol: Symbol, day: date) -> bool:
    return _is_weekly(day) or (symbol.daily_expiries and calendar.is_session(day))

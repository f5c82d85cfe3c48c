"""The broker's message codes, one table: code -> what it means and who has to act.

`permanent`: what was asked will not be done. `temporary`: trying again may help, or nobody knows
yet. `informational`: nothing asked for is refused; a working order still works. `connectivity`:
about a link or a data farm, not about a request. Texts are shortened from IBKR's list
(https://interactivebrokers.github.io/tws-api/message_codes.html); TWS_PROTOCOL 2 and 3 say which
ones the client library misreads as the death of an order.
"""

from enum import StrEnum
from typing import NamedTuple

from quanticity.domain.errors import OffTick, PermanentError, QuantiCityError, TemporaryError
from quanticity.domain.orders import OFF_TICK


class Kind(StrEnum):
    """Who has to act on a message."""

    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    INFORMATIONAL = "informational"
    CONNECTIVITY = "connectivity"


class Meaning(NamedTuple):
    """What a code says, and whether trying again can help."""

    text: str
    kind: Kind


_T, _P = Kind.TEMPORARY, Kind.PERMANENT
_I, _C = Kind.INFORMATIONAL, Kind.CONNECTIVITY

TOO_FAST = 100
CANCELLED = 202
LINK_LOST = 1100
LINK_BACK_DATA_LOST = 1101
LINK_BACK = 1102
SERVER_LOST = 2110
FARMS_BROKEN = frozenset({2103, 2105, 2157})
FARMS_WELL = frozenset({2104, 2106, 2107, 2108, 2158})
# A subscription that got one of these is not there; after 10090 a part of it still is.
STREAM_REFUSED = frozenset(
    {101, 200, 309, 321, 354, 10089, 10091, 10092, 10168, 10186, 10189, 10190}
)
# These end a subscription that may be asked for again.
STREAM_ENDED = frozenset({316, 420, 10182, 10225})
DEPTH_RESET = 317
NO_HISTORY = 162

MEANINGS = {
    100: Meaning("more than 50 messages a second", _T),
    101: Meaning("no market data line is free", _T),
    102: Meaning("request id is in use", _T),
    103: Meaning("order id was used before", _P),
    104: Meaning("a filled order cannot be modified", _P),
    105: Meaning("the modification does not match the order", _P),
    106: Meaning("order cannot be transmitted", _P),
    107: Meaning("incomplete order cannot be transmitted", _P),
    109: Meaning("price is out of the range of precautions", _P),
    110: Meaning("price does not conform to the minimum variation", _P),
    111: Meaning("time in force and order type do not go together", _P),
    116: Meaning("order cannot be routed to this exchange", _P),
    117: Meaning("block orders need a larger size", _P),
    119: Meaning("invalid order type", _P),
    135: Meaning("no order with this id", _T),
    136: Meaning("order cannot be cancelled", _I),
    161: Meaning("order is not in a state to be cancelled", _I),
    162: Meaning("historical data: no data, or pacing violation", _T),
    165: Meaning("historical or scanner service message", _I),
    200: Meaning("no security definition, or an ambiguous one", _P),
    201: Meaning("order rejected", _P),
    202: Meaning("order cancelled", _I),
    203: Meaning("security is not available or not allowed for this account", _P),
    300: Meaning("no stream with this id", _T),
    309: Meaning("more than three depth requests", _P),
    316: Meaning("depth was halted; subscribe again", _T),
    317: Meaning("depth was reset; rows start anew", _I),
    320: Meaning("server could not read the request", _P),
    321: Meaning("server could not validate the request", _P),
    322: Meaning("server could not process the request", _T),
    325: Meaning("discretionary orders are not supported here", _P),
    326: Meaning("client id is in use", _T),
    354: Meaning("no market data subscription", _P),
    366: Meaning("no historical query with this id", _T),
    387: Meaning("order type is not supported on this exchange", _P),
    388: Meaning("order size is smaller than the minimum", _P),
    399: Meaning("order message, for instance held until the open", _I),
    404: Meaning("shares are being located; the order is held", _I),
    420: Meaning("pacing violation of real-time bars", _T),
    434: Meaning("order size cannot be zero", _P),
    492: Meaning("combination note", _I),
    502: Meaning("cannot connect", _C),
    503: Meaning("the server is too old", _P),
    504: Meaning("not connected", _C),
    507: Meaning("bad message length", _C),
    1100: Meaning("link between server and broker lost", _C),
    1101: Meaning("link is back, subscriptions are lost", _C),
    1102: Meaning("link is back, subscriptions are kept", _C),
    1300: Meaning("the server moved to another port", _C),
    2100: Meaning("account updates moved to another client", _I),
    2103: Meaning("market data farm is broken", _C),
    2104: Meaning("market data farm is well", _C),
    2105: Meaning("historical data farm is broken", _C),
    2106: Meaning("historical data farm is well", _C),
    2107: Meaning("historical data farm sleeps until asked", _C),
    2108: Meaning("market data farm sleeps until asked", _C),
    2109: Meaning("outside regular hours is ignored for this order", _I),
    2110: Meaning("link between server and broker is broken", _C),
    2119: Meaning("market data farm is connecting", _C),
    2152: Meaning("depth needs more subscriptions", _I),
    2157: Meaning("security definition farm is broken", _C),
    2158: Meaning("security definition farm is well", _C),
    10089: Meaning("market data needs an additional subscription", _P),
    10090: Meaning("part of the market data is not subscribed", _P),
    10091: Meaning("part of the market data needs another subscription", _P),
    10092: Meaning("depth is not supported for this security", _P),
    10147: Meaning("the order to cancel is not found", _T),
    10148: Meaning("the order is past cancelling", _I),
    10167: Meaning("not subscribed: delayed data instead", _I),
    10168: Meaning("not subscribed, and delayed data is off", _P),
    10182: Meaning("live updates of historical data ended", _T),
    10186: Meaning("not subscribed, and delayed data is off", _P),
    10187: Meaning("historical ticks failed", _P),
    10189: Meaning("tick-by-tick failed", _P),
    10190: Meaning("no tick-by-tick line is free", _T),
    10197: Meaning("another session takes the market data", _T),
    10225: Meaning("bust event: subscribe to bars again", _T),
    10311: Meaning("direct routing note", _I),
    10326: Meaning("OCA group cannot be revised", _P),
    10327: Meaning("OCA group cannot be dropped", _P),
    10349: Meaning("time in force was set by a preset", _I),
}


def meaning(code: int) -> Meaning:
    """Look a code up; an unknown one is a notice in 2100-2199 and temporary elsewhere."""
    known = MEANINGS.get(code)
    if known is not None:
        return known
    notice = 2100 <= code < 2200  # noqa: PLR2004 - IBKR's range of notices
    return Meaning("notice" if notice else "unknown code", _I if notice else _T)


def as_error(code: int, text: str) -> QuantiCityError:
    """The exception a refused request becomes."""
    message = f"{code}: {text or meaning(code).text}"
    if code == OFF_TICK:
        return OffTick(message)
    return (PermanentError if meaning(code).kind is _P else TemporaryError)(message)

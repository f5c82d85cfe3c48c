"""Requests about contracts: details, chains, market rules, venues."""

from collections.abc import Sequence
from datetime import datetime

from quanticity.gateway.simulated import contracts, listing
from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.contracts import Listed
from quanticity.gateway.simulated.misdescribed import Described, misdescribe
from quanticity.gateway.simulated.prints import VENUES
from quanticity.gateway.simulated.wire import Fields, frame

_HAS_DESCRIPTION = 176
_NO_VERSION_FIELD = 164


def details(link: Connection, fields: Fields) -> None:
    """Describe every contract that fits."""
    fields.skip()
    request_id, asked, floor = fields.integer(), contracts.read(fields), link.floor
    now = floor.now()
    found = contracts.matches(asked, floor.market, now, floor.reach)
    if not found:
        link.error(request_id, 200, "No security definition has been found for the request")
        return
    how = floor.faults.described(now)
    for described in (one for listed in found for one in _told(listed, now, how)):
        if link.version >= _NO_VERSION_FIELD:
            link.send(frame(10, request_id, *described))
        else:
            link.send(frame(10, 8, request_id, *_older(described, link.version)))
    link.send(frame(52, 1, request_id))


def chains(link: Connection, fields: Fields) -> None:
    """List expiries and strikes of an underlying, one message per exchange."""
    request_id, name, floor = fields.integer(), fields.text(), link.floor
    symbol, now = listing.SYMBOLS.get(name), link.floor.now()
    if symbol is not None and symbol.has_options:
        panel = contracts.chain(symbol, floor.market, now, floor.reach)
        days = panel.expiries
        strikes = sorted(set(panel.strike.tolist()))
        for exchange in ("SMART", "CBOE", "AMEX"):
            link.send(
                frame(
                    75, request_id, exchange, symbol.con_id, symbol.root, "100",
                    len(days), *(f"{day:%Y%m%d}" for day in days),
                    len(strikes), *(f"{strike}" for strike in strikes),
                )
            )  # fmt: skip
    link.send(frame(76, request_id))


def matching_symbols(link: Connection, fields: Fields) -> None:
    """Find underlyings by the beginning of their name."""
    request_id, pattern = fields.integer(), fields.text().upper()
    found = [s for s in listing.SYMBOLS.values() if pattern and s.name.startswith(pattern)]
    rows: list[str | int] = []
    for symbol in found:
        kinds = ["OPT"] if symbol.has_options else []
        rows += [symbol.con_id, symbol.name, symbol.sec_type, symbol.primary, "USD"]
        rows += [len(kinds), *kinds]
        if link.version >= _HAS_DESCRIPTION:
            rows += [symbol.title, ""]
    link.send(frame(79, request_id, len(found), *rows))


def market_rule(link: Connection, fields: Fields) -> None:
    """Tell the price increments of a market rule."""
    rule_id = fields.integer()
    rule = contracts.MARKET_RULES.get(rule_id)
    if rule is None:
        link.error(
            -1, 321, f"Error validating request:-'cb' : cause - Invalid market rule id {rule_id}"
        )
        return
    flat = [number for pair in rule for number in pair]
    link.send(frame(93, rule_id, len(rule), *flat))


def depth_exchanges(link: Connection, fields: Fields) -> None:
    """List the venues that have depth."""
    fields.skip()
    rows = [field for venue in VENUES for field in (venue, "STK", "", "Deep2", 2)]
    link.send(frame(80, len(VENUES), *rows))


def smart_components(link: Connection, fields: Fields) -> None:
    """List the venues behind the best quote."""
    request_id = fields.integer()
    rows = [field for n, venue in enumerate(VENUES) for field in (n, venue, chr(65 + n))]
    link.send(frame(82, request_id, len(VENUES), *rows))


def nothing(_link: Connection, _fields: Fields) -> None:
    """Accept a request that changes nothing here."""


def _told(listed: Listed, now: datetime, how: str) -> Sequence[Described]:
    described = contracts.details(listed, now)
    return misdescribe(how, described) if how and listed.option else [described]


# Before version 164 the size rules are absent or one field, and a size multiplier is present.
def _older(described: tuple[object, ...], version: int) -> tuple[str, ...]:
    texts = [str(field) for field in described]
    texts.insert(12, "1")
    return tuple(texts[:-3] + (texts[-1:] if version == _NO_VERSION_FIELD - 1 else []))


DESK: dict[int, Handler] = {
    9: details,
    14: nothing,
    78: chains,
    81: matching_symbols,
    82: depth_exchanges,
    83: smart_components,
    91: market_rule,
}

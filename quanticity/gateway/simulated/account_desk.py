"""Requests about the account: values, positions, profit, time."""

from collections.abc import Iterator
from datetime import datetime

from quanticity.domain import calendar
from quanticity.gateway.simulated import account_messages as say
from quanticity.gateway.simulated import contracts
from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.wire import Fields, frame

_MOST_SUMMARIES = 2


def current_time(link: Connection, fields: Fields) -> None:
    """Tell the platform's time."""
    fields.skip()
    now = link.floor.now()
    link.send(frame(49, 1, int(now.timestamp() + link.floor.faults.skew_s(now))))


def managed_accounts(link: Connection, fields: Fields) -> None:
    """Tell the account."""
    fields.skip()
    link.send(frame(15, 1, link.floor.account_id))


def account_updates(link: Connection, fields: Fields) -> None:
    """Begin or end the account's live values."""
    fields.skip()
    link.wants_account = fields.flag()
    link.account_streams.pop("account", None)
    if not link.wants_account:
        return
    floor, name, sent = link.floor, link.floor.account_id, dict[str, str]()

    def changes(now: datetime) -> Iterator[bytes]:
        for tag, (value, currency) in say.values(floor.account, floor.exchange.mark).items():
            if sent.get(tag) != value:
                sent[tag] = value
                yield say.account_value(tag, value, currency, name)
        for held in floor.account.positions.values():
            yield say.portfolio(held, floor.exchange.mark(held.con_id), name)
        yield say.account_time(now)

    link.send(*changes(floor.now()), say.download_end(name))
    link.account_streams["account"] = changes


def positions(link: Connection, fields: Fields) -> None:
    """List the positions and go on telling their changes."""
    fields.skip()
    link.wants_positions = True
    for held in link.floor.account.positions.values():
        link.send(say.position(held, link.floor.account_id))
    link.send(say.position_end())


def cancel_positions(link: Connection, fields: Fields) -> None:
    """Stop telling positions."""
    fields.skip()
    link.wants_positions = False


def positions_multi(link: Connection, fields: Fields) -> None:
    """List the positions under a request id."""
    fields.skip()
    request_id = fields.integer()
    for held in link.floor.account.positions.values():
        link.send(say.position_multi(request_id, held, link.floor.account_id))
    link.send(say.ended(72, request_id))


def summary(link: Connection, fields: Fields) -> None:
    """Send an account summary, and its changes from then on."""
    fields.skip()
    request_id, _group, tags = fields.integer(), fields.text(), fields.text().split(",")
    if sum(isinstance(key, int) for key in link.account_streams) >= _MOST_SUMMARIES:
        cause = "Maximum number of account summary requests exceeded"
        link.error(request_id, 322, f"Error processing request:-'bd' : cause - {cause}")
        return
    floor, sent = link.floor, dict[str, str]()

    def changes(_now: datetime) -> Iterator[bytes]:
        found = say.values(floor.account, floor.exchange.mark)
        wanted = found if any(tag.startswith("$LEDGER") or tag == "All" for tag in tags) else tags
        for tag in wanted:
            value, currency = found.get(tag, ("", ""))
            if value and sent.get(tag) != value:
                sent[tag] = value
                yield say.summary(request_id, floor.account_id, tag, value, currency)

    link.send(*changes(floor.now()), say.ended(64, request_id))
    link.account_streams[request_id] = changes


def end_request(link: Connection, fields: Fields) -> None:
    """End a summary, updates-multi or profit subscription whose message has a version field."""
    fields.skip()
    request_id = fields.integer()
    link.account_streams.pop(request_id, None)
    link.account_streams.pop(("multi", request_id), None)


def updates_multi(link: Connection, fields: Fields) -> None:
    """Send account values under a request id, and their changes from then on."""
    fields.skip()
    request_id, floor, sent = fields.integer(), link.floor, dict[str, str]()

    def changes(_now: datetime) -> Iterator[bytes]:
        for tag, (value, currency) in say.values(floor.account, floor.exchange.mark).items():
            if sent.get(tag) != value:
                sent[tag] = value
                yield say.update_multi(request_id, floor.account_id, tag, value, currency)

    link.send(*changes(floor.now()), say.ended(74, request_id))
    link.account_streams["multi", request_id] = changes


def pnl(link: Connection, fields: Fields) -> None:
    """Begin the account's live profit."""
    request_id, floor = fields.integer(), link.floor

    def changes(_now: datetime) -> Iterator[bytes]:
        yield say.pnl(request_id, floor.account, floor.exchange.mark)

    link.send(*changes(floor.now()))
    link.account_streams["pnl", request_id] = changes


def pnl_single(link: Connection, fields: Fields) -> None:
    """Begin one position's live profit."""
    request_id, floor = fields.integer(), link.floor
    fields.skip(2)
    con_id = fields.integer()
    if contracts.by_id(con_id, calendar.session_date(floor.now())) is None:
        link.error(
            request_id, 321, f"Error validating request:-'cb' : cause - No contract {con_id}"
        )
        return

    def changes(_now: datetime) -> Iterator[bytes]:
        yield say.pnl_single(request_id, con_id, floor.account, floor.exchange.mark)

    link.send(*changes(floor.now()))
    link.account_streams["pnl", request_id] = changes


def cancel_pnl(link: Connection, fields: Fields) -> None:
    """End a profit subscription."""
    link.account_streams.pop(("pnl", fields.integer()), None)


DESK: dict[int, Handler] = {
    6: account_updates,
    17: managed_accounts,
    49: current_time,
    61: positions,
    62: summary,
    63: end_request,
    64: cancel_positions,
    74: positions_multi,
    75: end_request,
    76: updates_multi,
    77: end_request,
    92: pnl,
    93: cancel_pnl,
    94: pnl_single,
    95: cancel_pnl,
}

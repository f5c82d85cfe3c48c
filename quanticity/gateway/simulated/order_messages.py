"""Order messages: a client's placeOrder read, and order news written (pure)."""

from datetime import datetime
from decimal import Decimal

from quanticity.domain.clock import NEW_YORK
from quanticity.gateway.simulated import contracts
from quanticity.gateway.simulated.contracts import ZONE, Asked
from quanticity.gateway.simulated.orders import LIMITED, STOPS, ZERO, Execution, Order, WhatIf
from quanticity.gateway.simulated.wire import UNSET_DOUBLE, UNSET_INTEGER, Field, Fields, frame

_NONE = "None"
_HAS_DURATION, _HAS_ATS, _HAS_AUTO_CANCEL, _HAS_PEGS = 159, 160, 162, 170
_DROPPED_FA_PROFILE = 177
_HAS_REVISION = 178


def read_order(fields: Fields, client_id: int, version: int) -> tuple[Asked, Order]:
    """Read a placeOrder message after its id."""
    order_id, asked = fields.integer(), contracts.read(fields)
    fields.skip(2)  # security id
    order = Order(
        client_id=client_id,
        order_id=order_id,
        con_id=0,
        action=fields.text(),
        quantity=fields.amount() or ZERO,
        order_type=fields.text(),
        limit=fields.amount(),
        aux=fields.amount(),
        tif=fields.text() or "DAY",
        oca_group=fields.text(),
        account=fields.text(),
        exchange=asked.exchange or "SMART",
    )
    fields.skip(2)  # open/close, origin
    order.order_ref, order.transmit, order.parent_id = (
        fields.text(),
        fields.flag(),
        fields.integer(),
    )
    fields.skip(4)  # block, sweep, display size, trigger method
    order.outside_rth = fields.flag()
    fields.skip()  # hidden
    _read_rest(fields, order, asked, version)
    # A client may repeat prices that its order type does not have.
    order.limit = order.limit if order.order_type in LIMITED else None
    order.aux = order.aux if order.order_type in STOPS else None
    return asked, order


def _read_rest(fields: Fields, order: Order, asked: Asked, version: int) -> None:
    if asked.sec_type == "BAG":
        _skip_legs(fields)
    fields.skip(3)  # deprecated shares allocation, discretionary amount, good after
    order.good_till = fields.text()
    fields.skip(4 if version < _DROPPED_FA_PROFILE else 3)  # financial advisor
    fields.skip(4)  # model, short sale slot, location, exempt code
    order.oca_type = fields.integer()
    fields.skip(15)  # rule 80A to override
    fields.skip(2)  # volatility
    if fields.text() not in {"", _NONE}:
        fields.skip(8)
    fields.skip(3)  # delta neutral price, continuous update, reference price type
    order.trail_stop, order.trail_percent = fields.amount(), fields.amount()
    fields.skip(2)  # scale sizes
    if fields.amount():
        fields.skip(7)
    fields.skip(3)  # scale table, active times
    if fields.text():
        fields.skip()  # hedge parameter
    fields.skip(4)  # smart routing to not held
    if fields.flag():
        fields.skip(3)  # delta neutral contract
    if fields.text():
        fields.skip(2 * fields.integer())  # algorithm
    fields.skip()
    order.what_if = fields.flag()


def _skip_legs(fields: Fields) -> None:
    fields.skip(8 * fields.integer())
    fields.skip(fields.integer())
    fields.skip(2 * fields.integer())


def unset_what_if(order: Order, version: int) -> bytes:
    """What the broker may say first to a question about margin: every number unset."""
    return open_order(order, version, unset=True)


def open_order(
    order: Order, version: int, what_if: WhatIf | None = None, *, unset: bool = False
) -> bytes:
    """An openOrder message."""
    asked = what_if is not None or unset
    status = "PreSubmitted" if asked else order.status.value
    head: tuple[Field, ...] = (
        5, order.order_id, *contracts.terms(order.con_id, order.exchange), *_asked(order),
        order.order_ref, order.client_id, order.perm_id, order.outside_rth, False, "0", "",
        "", "", "", "", "", "", order.good_till, "", "", "", 0, "", -1, 0, "", "", "", "", "", "",
        False, False, False, "", order.oca_type, False, False, "", order.parent_id, 0, "", 0,
    )  # fmt: skip
    tail: tuple[Field, ...] = (
        _NONE, "", 0, "", "", "", "?", 0, 0, "",
        0, 0, _price(order.trail_stop), _price(order.trail_percent), "", "", "", 0, 0, 0,
        UNSET_INTEGER, UNSET_INTEGER, "", "", 0, "", "IB", 0, 0, "",
        0, asked, status, *_margins(what_if), 0, 0, 0,
        _NONE, UNSET_DOUBLE, _price(order.trail_stop), UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE,
        UNSET_DOUBLE, 0, "", "", "", 0, 1, 0, 0, 0,
    )  # fmt: skip
    return frame(*_without_profile(head, version), *tail, *_newer(version))


def order_status(order: Order) -> bytes:
    """An orderStatus message."""
    return frame(
        3, order.order_id, order.status.value, order.filled, order.remaining, order.average,
        order.perm_id, order.parent_id, order.last_price, order.client_id, order.why_held, 0,
    )  # fmt: skip


def completed_order(order: Order, parent: Order | None, version: int) -> bytes:
    """A completedOrder message: it has no order id and no client id."""
    assert order.done_at is not None
    head: tuple[Field, ...] = (
        101, *contracts.terms(order.con_id, order.exchange), *_asked(order), order.order_ref,
        order.perm_id, order.outside_rth, False, "0", "", "", "", "", "", "", order.good_till, "",
        "", "", 0, "", -1, "", "", "", "", "", "", False, False, "", order.oca_type, 0, "", 0,
        _NONE, "", 0, 0, 0, "",
        0, 0, _price(order.trail_stop), _price(order.trail_percent), "", 0, 0, 0,
        UNSET_INTEGER, UNSET_INTEGER, "", "", "", "IB", 0, 0, "",
        0, order.status.value, 0, 0, 0,
        _price(order.trail_stop), UNSET_DOUBLE, 0, 1, 0, "", order.filled, UNSET_INTEGER, 0,
        "Not an insider or substantial shareholder", 0, 0, parent.perm_id if parent else 0,
        _time(order.done_at), f"{order.status.value} Size: {order.filled}",
    )  # fmt: skip
    pegs: tuple[Field, ...] = ("", "", "", "", "") if version >= _HAS_PEGS else ()
    return frame(*_without_profile(head, version), *pegs)


def exec_details(request_id: int, execution: Execution, account: str, version: int) -> bytes:
    """An execDetails message; its time carries a zone name."""
    side = "BOT" if execution.action == "BUY" else "SLD"
    last: tuple[Field, ...] = (False,) if version >= _HAS_REVISION else ()
    return frame(
        11, request_id, execution.order_id, *contracts.terms(execution.con_id, execution.venue),
        execution.exec_id, _time(execution.at), account, execution.venue, side, execution.quantity,
        execution.price, execution.perm_id, execution.client_id, 0, execution.cumulative,
        execution.average, execution.order_ref, "", "", "", execution.liquidity, *last,
    )  # fmt: skip


def commission_report(execution: Execution) -> bytes:
    """A commissionReport message: a cost is positive, an opening realises nothing."""
    realized = UNSET_DOUBLE if execution.realized is None else execution.realized
    return frame(
        59,
        1,
        execution.exec_id,
        execution.commission,
        execution.currency,
        realized,
        UNSET_DOUBLE,
        "",
    )


def error(request_id: int, code: int, text: str, version: int) -> bytes:
    """An error message."""
    advanced: tuple[Field, ...] = ("",) if version >= 166 else ()  # noqa: PLR2004 - advanced reject text
    return frame(4, 2, request_id, code, text, *advanced)


# From 177 on there is no financial advisor's profile: one empty field less before the model code.
def _without_profile(head: tuple[Field, ...], version: int) -> tuple[Field, ...]:
    if version < _DROPPED_FA_PROFILE:
        return head
    # The first of the empty fields after "not hidden" and the discretionary amount of "0".
    place = next(n for n in range(len(head)) if head[n] == "0" and head[n - 1] is False)
    return head[: place + 1] + head[place + 2 :]


def _asked(order: Order) -> tuple[Field, ...]:
    return (
        order.action, order.quantity, order.order_type, _price(order.limit, "0.0"),
        _price(order.aux, "0.0"), order.tif, order.oca_group, order.account, "", 0,
    )  # fmt: skip


def _margins(what_if: WhatIf | None) -> tuple[Field, ...]:
    if what_if is None:
        return (*(UNSET_DOUBLE,) * 9, "", "", "", "", "")
    w = what_if
    change, lent = w.initial_after - w.initial_before, w.equity_after - w.equity_before
    return (
        w.initial_before, w.initial_before, w.equity_before, change, change, lent, w.initial_after,
        w.initial_after, w.equity_after, w.commission, "", "", "USD", "",
    )  # fmt: skip


def _newer(version: int) -> tuple[Field, ...]:
    fields: list[Field] = []
    for since, added in ((_HAS_DURATION, 1), (_HAS_ATS, 1), (_HAS_AUTO_CANCEL, 1), (_HAS_PEGS, 5)):
        if version >= since:
            fields += ["0" if since == _HAS_AUTO_CANCEL else ""] * added
    return tuple(fields)


def _price(price: Decimal | None, absent: str = "") -> Field:
    return absent if price is None else price


def _time(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} {ZONE}"

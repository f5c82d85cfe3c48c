"""What shares of exercises did to the day: their executions as rows, and their lots (6.12).

They are no part of a trade: its result ends with the settlement of its option, at the close at
which the shares begin here. What the broker does not show any more is worth nothing here: cash was
settled, or its execution never heard, and then the broker's own day says so (`DAILY_PNL`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.db import IntegrityError, transaction

from analytics import selectors as analytics
from execution import selectors
from execution.ledger import shares
from execution.ledger.executions import in_force
from execution.ledger.reconciliation import Kind
from execution.models import Commission, Quarantine, Settlement, ShareFill
from execution.orders.ticks import touch
from quanticity.domain import calendar, clock, orders
from quanticity.domain.instruments import Share, parse_occ
from quanticity.store import market
from quanticity.store.client import StoreDown

T = TypeVar("T")
_Key = tuple[str, str]  # account, symbol
_ZERO = Decimal(0)


def record(fill: orders.Fill) -> bool:
    """Keep an execution in shares of a symbol that was exercised; say whether it was new."""
    symbol = fill.contract.occ
    ours = Settlement.objects.filter(
        exercised=True, position__account=fill.account, position__symbol=symbol
    )
    if not ours.exists():
        return False  # somebody trades shares beside us
    try:
        with transaction.atomic():
            ShareFill.objects.create(
                exec_id=fill.exec_id, base_exec_id=fill.base_exec_id, revision=fill.revision,
                order_ref=fill.order_ref, account=fill.account, symbol=symbol, con_id=fill.con_id,
                quantity=fill.quantity, price=fill.price, executed_at=fill.executed_at,
                recorded_at=clock.now(), source=settings.TRADING_MODE,
            )  # fmt: skip
    except IntegrityError:
        return False
    return True


def executions(accounts: Iterable[str]) -> list[orders.Fill]:
    """Every execution in shares as a value, with its net cost when known."""
    rows = list(ShareFill.objects.filter(account__in=list(accounts)))
    costs = {c.pk: c for c in Commission.objects.filter(pk__in=[row.pk for row in rows])}
    return [_value(row, costs.get(row.pk)) for row in rows]


def day_pnl(day: date, *, mark_lives: timedelta) -> Decimal | None:
    """Dollars that shares of exercises won or lost in a session; None while one is unpriced."""
    found, books = _ZERO, _books()
    last = selectors.last_reconciliation() if books else None
    for (_, symbol), book in books.items():
        there = 0 if last is None else int(last.holdings.get(symbol, 0))
        part = _day_of(symbol, book.of_which(there), day, mark_lives)
        if part is None:
            return None
        found += part
    return found


def explained(there: Mapping[int, Decimal], last: date) -> Mapping[int, int]:
    """Shares of these positions at a session's end, by contract, that our exercises explain."""
    found: dict[int, int] = {}
    for (account, symbol), book in _books(last).items():
        shown = Quarantine.objects.filter(
            kind=Kind.SHARES_EXERCISED, account=account, symbol=symbol
        )
        for con_id in set(shown.values_list("con_id", flat=True)):
            kept = book.of_which(int(there.get(con_id, 0))).lots
            found[con_id] = sum(lot.quantity for lot in kept)
    return found


def _books(last: date = date.max) -> Mapping[_Key, shares.Book]:
    lots: dict[_Key, list[shares.Lot]] = defaultdict(list)
    for row in Settlement.objects.filter(exercised=True).select_related("position"):
        if calendar.session_date(row.settled_at) > last:
            continue
        held = row.position
        size = parse_occ(held.occ).right.sign * row.quantity * held.multiplier
        lots[held.account, held.symbol].append(shares.Lot(size, row.underlying, row.settled_at))
    if not lots:
        return {}
    fills: dict[_Key, list[orders.Fill]] = defaultdict(list)
    for fill in in_force(executions({account for account, _ in lots})):
        if calendar.session_date(fill.executed_at) <= last:
            fills[fill.account, fill.contract.occ].append(fill)
    return {key: shares.follow(mine, fills[key]) for key, mine in lots.items()}


def _day_of(symbol: str, book: shares.Book, day: date, mark_lives: timedelta) -> Decimal | None:
    gone = [one for one in book.closings if calendar.session_date(one.at) == day]
    held = [lot for lot in book.lots if calendar.session_date(lot.since) < day]
    mark = _mark(symbol, mark_lives) if held else None
    gains = [
        *(_gain(symbol, one.lot, one.quantity, one.price, day) for one in gone),
        *(_gain(symbol, lot, lot.quantity, mark, day) for lot in held),
    ]
    # Costs still to be reported are not in it, as with contracts.
    costs = sum((one.cost_usd or _ZERO for one in gone), _ZERO)
    known = [gain for gain in gains if gain is not None]
    return sum(known, -costs) if len(known) == len(gains) else None


def _gain(
    symbol: str, lot: shares.Lot, quantity: int, price: Decimal | None, day: date
) -> Decimal | None:
    """Dollars from the previous session's close, which is the lot's own at first."""
    before = calendar.previous_session(day).date
    is_new = calendar.session_date(lot.since) >= before
    since = lot.price if is_new else _known(lambda: analytics.official_close(symbol, before))
    return None if price is None or since is None else (price - since) * quantity


def _mark(symbol: str, lives: timedelta) -> Decimal | None:
    quote = _known(lambda: market.quote(symbol))
    if quote is None or clock.now() - quote.event_at > lives:
        return None
    seen = touch(quote.bid, quote.ask)
    return None if seen is None else seen.mid


def _known(look: Callable[[], T | None]) -> T | None:
    try:
        return look()
    except StoreDown:
        return None


def _value(row: ShareFill, cost: Commission | None) -> orders.Fill:
    net = None
    if cost is not None and cost.commission_usd is not None:
        net = cost.commission_usd - (cost.rebate_usd or _ZERO)
    return orders.Fill(
        row.exec_id, row.order_ref, 0, Share(row.symbol), row.con_id, row.quantity, row.price,
        row.executed_at, row.account, net,
    )  # fmt: skip

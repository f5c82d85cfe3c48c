"""Our book against a broker's statement: read, compared fill by fill, kept and reported (6.17)."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings

from execution import selectors
from execution.ledger import breaks, commissions, pnl, statements
from execution.ledger.executions import in_force
from execution.models import (
    AccountValues,
    Fill,
    OrderIntent,
    Quarantine,
    Settlement,
    StatementCheck,
)
from execution.services import costs, share_books, statement_report
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import calendar, clock, orders
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.domain.readings import plain

_OPTION = "OPT"
_USUAL_MULTIPLIER = 100
_SHOWN_ON = timedelta(days=5)  # a settled contract, over a long weekend
FOLDER = "statements"  # under QC_VAR: what is put there is checked by itself


@dataclass(frozen=True, slots=True)
class Comparison:
    """One statement beside our book, and what differs."""

    check: StatementCheck
    accounts: tuple[str, ...]
    theirs_n: int
    ours_n: int
    left_out_n: int
    found: tuple[breaks.Break, ...]
    report: Path


def check_file(path: Path, day: date | None = None) -> Comparison:
    """Compare one file with our book, keep the result and write the report.

    With a `day` only that session is compared. MalformedInput says what is wrong with the file.
    """
    raw = _bytes(path)
    s = section("execution.breaks", breaks.Settings)
    statement = statements.read(
        _text(raw, path), ZoneInfo(s.statement_zone),
        section("execution.commissions", commissions.Settings),
    )  # fmt: skip
    whole = statement if day is None else _of_day(statement, day)
    ours = our_side(whole, day)
    found = (*_foreign(whole), *breaks.match(whole, ours, s))
    options = [trade for trade in whole.trades if trade.asset == _OPTION]
    row = StatementCheck.objects.create(
        name=path.name, digest=hashlib.sha256(raw).hexdigest(), from_date=whole.from_date,
        to_date=whole.to_date, fills_n=len(options), at=clock.now(),
        breaks=[plain(one) for one in found],
    )  # fmt: skip
    made = Comparison(
        row, tuple(sorted(whole.accounts)), len(options), len(ours.fills),
        len(whole.trades) - len(options), found, settings.VAR / "reports" / f"{row.pk:06}.txt",
    )  # fmt: skip
    statement_report.write(made, selectors.zero_break_days())
    _take_costs(found)
    return made


def _take_costs(found: Iterable[breaks.Break]) -> None:
    """The statement's costs are final; one of the other sign is a misreading, not a correction."""
    for one in found:
        if one.field is not breaks.Field.COMMISSION or one.theirs is None:
            continue
        if one.ours is None or one.ours != -one.theirs:
            costs.record_stated(one.subject, one.theirs)


def check_new() -> list[Comparison]:
    """Compare every file in the folder of statements that was not compared yet."""
    folder = settings.VAR / FOLDER
    known = set(StatementCheck.objects.values_list("digest", flat=True))
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    made = []
    for path in files:
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() not in known:
            try:
                made.append(check_file(path))
            except MalformedInput as error:  # the other files are none the worse for it
                raise_alarm("STATEMENT_UNREADABLE", f"{path.name}: {error}", Severity.HIGH)
    return made


def file_of(day: date) -> Path:
    """The file in the folder of statements that is named after a day."""
    folder = settings.VAR / FOLDER
    names = (day.isoformat(), f"{day:%Y%m%d}")
    found = [p for p in (sorted(folder.iterdir()) if folder.is_dir() else ()) if _is_of(p, names)]
    if not found:
        raise MalformedInput(f"expected a statement of {day} in {folder} or by --statement")
    return found[-1]


def _foreign(statement: statements.Statement) -> tuple[breaks.Break, ...]:
    """The statement of somebody else's account says nothing of ours."""
    mine = set(AccountValues.objects.values_list("account", flat=True))
    if not mine or mine & statement.accounts:
        return ()
    subject = f"{', '.join(sorted(statement.accounts))} instead of {', '.join(sorted(mine))}"
    causes = ("the statement of another account",)
    return (breaks.Break(breaks.Field.ACCOUNT, subject, None, None, causes),)


def our_side(statement: statements.Statement, day: date | None = None) -> breaks.OurSide:
    """What we have of the statement's accounts and days."""
    known = Fill.objects.filter(account__in=statement.accounts)
    refs = list(known.values_list("order_ref", flat=True).distinct())
    every = [f for f in selectors.domain_fills(refs) if f.account in statement.accounts]
    in_shares = in_force(share_books.executions(statement.accounts))
    first, last = _days(statement, day)
    counted = in_force(every)
    mine = tuple(f for f in counted if first <= calendar.session_date(f.executed_at) <= last)
    until = [f for f in counted if calendar.session_date(f.executed_at) <= last]
    held: dict[int, int] = defaultdict(int)
    for fill in until:
        held[fill.con_id] += fill.quantity
    theirs = tuple(f for f in in_shares if first <= calendar.session_date(f.executed_at) <= last)
    settled = _settled(statement.accounts, last)
    for con_id, gone in settled.items():
        if not _is_shown_on(statement, con_id, -gone, last):
            held[con_id] += gone
    for con_id, n in _accepted(statement, last).items():
        held[con_id] += n
    held |= share_books.explained(statement.positions or {}, last)
    realized = _realized(until, {f.base_exec_id for f in mine})
    return breaks.OurSide((*mine, *theirs), realized, dict(held), _cash(last), settled)


def _settled(accounts: Iterable[str], last: date, first: date = date.min) -> Mapping[int, int]:
    """Contracts that expiry took out of positions in these sessions, signed, by contract."""
    found: Counter[int] = Counter()
    rows = Settlement.objects.filter(position__account__in=list(accounts))
    for row in rows.select_related("position"):
        if first <= calendar.session_date(row.settled_at) <= last:
            found[row.position.con_id] -= row.quantity
    return found


def _is_shown_on(statement: statements.Statement, con_id: int, settled: int, last: date) -> bool:
    """Whether a contract that was settled these days has not left the statement yet."""
    there = (statement.positions or {}).get(con_id)
    recent = _settled(statement.accounts, last, last - _SHOWN_ON)
    return there == settled and con_id in recent


def _accepted(statement: statements.Statement, last: date) -> Mapping[int, int]:
    """Contracts that an operator took into our book by then, signed, until they expire."""
    there = statement.positions or {}
    rows = Quarantine.objects.filter(accepted=True, account__in=list(statement.accounts))
    found: Counter[int] = Counter()
    for row in rows.filter(difference__isnull=False, ended_at__isnull=False):
        known = row.ended_at is not None and calendar.session_date(row.ended_at) <= last
        if known and (row.con_id in there or not _is_over(row.occ, last)):
            found[row.con_id] += row.difference or 0
    return found


def _is_over(occ: str, last: date) -> bool:
    try:
        return parse_occ(occ).expiry <= last
    except MalformedInput:
        return False  # no option


def _realized(fills: Iterable[orders.Fill], wanted: set[str]) -> Mapping[str, Decimal | None]:
    by_contract: dict[tuple[str, int], list[orders.Fill]] = defaultdict(list)
    for fill in fills:
        by_contract[fill.account, fill.con_id].append(fill)
    found: dict[str, Decimal | None] = {}
    for mine in by_contract.values():
        bases = {fill.exec_id: fill.base_exec_id for fill in mine}
        for close in pnl.apply(mine, _multiplier(mine[0])).closes:
            if bases[close.exec_id] in wanted:
                found[bases[close.exec_id]] = close.net_usd
    return found


def _multiplier(fill: orders.Fill) -> int:
    row = OrderIntent.objects.filter(occ=fill.contract.occ).values_list("multiplier", flat=True)
    return row.first() or _USUAL_MULTIPLIER


def _of_day(statement: statements.Statement, day: date) -> statements.Statement:
    trades = tuple(
        t
        for t in statement.trades
        if t.executed_at is not None and calendar.session_date(t.executed_at) == day
    )
    is_end = statement.to_date == day
    return replace(
        statement, trades=trades, from_date=day, to_date=day,
        positions=statement.positions if is_end else None,
        ending_cash=statement.ending_cash if is_end else None,
    )  # fmt: skip


def _days(statement: statements.Statement, day: date | None) -> tuple[date, date]:
    """The sessions that the statement speaks of; some speak of trades outside their own dates."""
    if day is not None:
        return day, day
    seen = [calendar.session_date(t.executed_at) for t in statement.trades if t.executed_at]
    ends = [end for end in (statement.from_date, statement.to_date) if end is not None]
    return min([*seen, *ends], default=date.max), max([*seen, *ends], default=date.min)


def _cash(last: date) -> Decimal | None:
    """Our cash when the account was last reported in that very session."""
    row = selectors.account_values()
    return None if row is None or row.session_date != last else row.cash_usd


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MalformedInput(f"expected a readable file, was {path}: {error.strerror}") from error


def _text(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedInput(
            f"expected text in {path}, found byte {raw[error.start]:#x}"
        ) from error


def _is_of(path: Path, names: Iterable[str]) -> bool:
    return any(name in path.name for name in names)

"""Statements come by themselves: asked of the broker's Flex service, put where files are compared.

Two are owed per session (DOMAIN 6.17): two hours after the close, and next morning at seven, when
late corrections are in. What is owed is a row; whoever raises its `tried_at` asks.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from execution import flex_service
from execution.ledger import flex
from execution.models import StatementFetch
from execution.services import statement_check
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.errors import MalformedInput, PermanentError, TemporaryError

_State = StatementFetch.State
_HEAD = "FlexStatement"
_MOMENT = timedelta(seconds=1)
_MISSED_N = 20  # two weeks of sessions are told, not a year


def fetch_due(*, sleep: Callable[[float], None] = time.sleep) -> Path | None:
    """Fetch the statement that is owed now, if there is one and a credential for it."""
    account = flex_account()
    if account is None:
        return None
    s = section("execution.flex", flex_service.Settings)
    row = _claim(_owe(clock.now(), s), s)
    if row is None:
        return None
    try:
        body = _ask(account, row, s, sleep)
        day = _day_of(body, row)
    except flex_service.Spoilt as error:
        StatementFetch.objects.filter(pk=row.pk).update(reference="", error=str(error)[:200])
        return None
    except TemporaryError as error:
        StatementFetch.objects.filter(pk=row.pk).update(error=str(error)[:200])
        return None
    except (PermanentError, MalformedInput) as error:
        StatementFetch.objects.filter(pk=row.pk).update(state=_State.FAILED, error=str(error)[:200])
        raise_alarm("STATEMENT_REFUSED", f"{row.due_at:%F %H:%M}: {error}", Severity.HIGH)
        return None
    path = _keep(row, body, day)
    StatementFetch.objects.filter(pk=row.pk).update(
        state=_State.FETCHED, error="", file=path.name, fetched_at=clock.now()
    )
    return path


def flex_account() -> flex_service.Account | None:
    """Whom to ask, None without a credential: then statements are put in by hand."""
    if not (settings.IBKR_FLEX_TOKEN and settings.IBKR_FLEX_QUERY_ID):
        return None
    return flex_service.Account(
        settings.IBKR_FLEX_URL, settings.IBKR_FLEX_TOKEN, settings.IBKR_FLEX_QUERY_ID
    )


def due_at(now: datetime, s: flex_service.Settings) -> datetime:
    """The last instant at which a statement became due."""
    today = now.astimezone(clock.NEW_YORK).date()
    last = calendar.previous_session(today + timedelta(days=1))
    found = []
    for session in (last, calendar.previous_session(last.date)):
        found.append(session.close_at + timedelta(hours=s.after_close_h))
        morning = session.date + timedelta(days=1)
        found.append(datetime.combine(morning, day_time(s.morning_hour), clock.NEW_YORK))
    return max(one for one in found if one <= now).astimezone(UTC)


def _owe(now: datetime, s: flex_service.Settings) -> StatementFetch:
    """The row that is owed now; those before it that never came are told, also unasked ones."""
    before = StatementFetch.objects.first()
    row, is_new = StatementFetch.objects.get_or_create(due_at=due_at(now, s))
    if is_new and before is not None:
        missed = due_at(row.due_at - _MOMENT, s)
        for _ in range(_MISSED_N):
            if missed <= before.due_at:
                break
            StatementFetch.objects.get_or_create(due_at=missed)
            missed = due_at(missed - _MOMENT, s)
        for late in StatementFetch.objects.filter(state=_State.OWED, due_at__lt=row.due_at):
            StatementFetch.objects.filter(pk=late.pk).update(state=_State.FAILED)
            detail = f"{late.due_at:%F %H:%M}: never came, {late.error or 'nobody asked'}"
            raise_alarm("STATEMENT_MISSING", detail, Severity.HIGH)
    return row


def _claim(row: StatementFetch, s: flex_service.Settings) -> StatementFetch | None:
    now = clock.now()
    free = Q(tried_at=None) | Q(tried_at__lte=now - timedelta(seconds=s.retry_s))
    mine = StatementFetch.objects.filter(free, pk=row.pk, state=_State.OWED).update(tried_at=now)
    return StatementFetch.objects.get(pk=row.pk) if mine else None


def _ask(
    account: flex_service.Account,
    row: StatementFetch,
    s: flex_service.Settings,
    sleep: Callable[[float], None],
) -> bytes:
    reference, url = row.reference, row.url
    if not reference:
        made = flex_service.request(account, s)
        reference, url = made.reference, made.url
        # A worker that dies now asks for the same statement, not for another one.
        StatementFetch.objects.filter(pk=row.pk).update(reference=reference, url=url)
    for _ in range(s.polls_n):
        sleep(s.poll_s)
        try:
            return flex_service.fetch(account, reference, url, s)
        except flex_service.NotReady as error:
            said = str(error)
    raise TemporaryError(said)


def _day_of(body: bytes, row: StatementFetch) -> date:
    """The last day the statement speaks of; Spoilt when that is before the session it is owed for.

    Until the broker's own day has ended a query may answer with the day before.
    """
    wanted = _session_of(row.due_at)
    heads = [values for tag, values in flex.read_rows(body.decode("utf-8-sig")) if tag == _HEAD]
    ends = [found for head in heads if (found := flex.day(head.get("todate", ""))) is not None]
    if not ends:  # a table without heads says no days
        return wanted
    if min(ends) < wanted:
        raise flex_service.Spoilt(f"the statement ends {min(ends)}, not yet with {wanted}")
    return min(ends)


def _session_of(due: datetime) -> date:
    """The session that a statement due then speaks of."""
    day = due.astimezone(clock.NEW_YORK).date()
    ended = calendar.is_session(day) and due >= calendar.session(day).close_at
    return day if ended else calendar.previous_session(day).date


def _keep(row: StatementFetch, body: bytes, day: date) -> Path:
    """Write it whole or not at all; it is compared by whoever looks into the folder next."""
    folder = settings.VAR / statement_check.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"flex-{day}-{row.due_at.astimezone(clock.NEW_YORK):%d%H%M}.xml"
    unfinished = settings.VAR / f".{path.name}"
    unfinished.write_bytes(body)
    unfinished.replace(path)
    return path

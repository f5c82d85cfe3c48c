"""Blind time in rows: what the gateway process did not see, kept over restarts (DOMAIN 1.7)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from django.conf import settings

from analytics.models import BlindSpan, BlindWatch
from quanticity.domain import calendar


class Span(Protocol):
    """A stretch of blindness as the gateway process knows it; `row` is ours to set."""

    from_at: datetime
    to_at: datetime | None
    cause: str
    symbol: str
    row: int | None


def resume(feed: str, at: datetime) -> tuple[date, float, datetime] | None:
    """Where the last process stopped in this session: its day, blind seconds, last look.

    Whatever it left open ends there: from then on nobody looked.
    """
    session = calendar.current(at)
    if session is None:
        return None
    row = BlindWatch.objects.filter(
        feed=feed, session_date=session.date, source=settings.TRADING_MODE
    ).first()
    if row is None:
        return None
    BlindSpan.objects.filter(feed=feed, source=settings.TRADING_MODE, to_at=None).update(
        to_at=row.looked_at
    )
    return row.session_date, row.blind_s, row.looked_at


def keep(
    feed: str, day: date | None, blind_s: float, looked_at: datetime, spans: Iterable[Span]
) -> None:
    """Write how long this session was blind so far, and the spans that changed."""
    for span in spans:
        _keep_span(feed, span)
    if day is not None:
        BlindWatch.objects.update_or_create(
            feed=feed, session_date=day, source=settings.TRADING_MODE,
            defaults={"blind_s": blind_s, "looked_at": looked_at},
        )  # fmt: skip


def _keep_span(feed: str, span: Span) -> None:
    if span.row is not None:
        BlindSpan.objects.filter(pk=span.row).update(to_at=span.to_at)
        return
    span.row = BlindSpan.objects.create(
        feed=feed, symbol=span.symbol, cause=span.cause[:80], from_at=span.from_at,
        to_at=span.to_at, session_date=calendar.session_date(span.from_at),
        source=settings.TRADING_MODE,
    ).pk  # fmt: skip

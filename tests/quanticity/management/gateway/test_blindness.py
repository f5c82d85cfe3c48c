"""Blind time counts in regular hours, by what each look sees (DOMAIN 1.7)."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics.models import BlindSpan, BlindWatch
from analytics.services import blindness
from quanticity.gateway.ports import ConnectionState
from quanticity.management.gateway.blindness import RESTARTED, BlindLedger, Span
from quanticity.management.gateway.freshness import FeedState, Freshness, Settings

NOON = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
OPEN = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
BLIND, CONNECTED = ConnectionState.BLIND, ConnectionState.CONNECTED


def looked(
    states: list[ConnectionState | None], start: datetime = NOON, every_s: float = 1
) -> BlindLedger:
    ledger = BlindLedger()
    for n, state in enumerate(states):
        ledger.look(start + timedelta(seconds=n * every_s), state)
    return ledger


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param([CONNECTED] * 10, 0, id="seeing"),
        pytest.param([BLIND] * 11, 10, id="blind"),
        pytest.param([None] * 11, 10, id="nobody knows"),
        pytest.param([CONNECTED, BLIND, BLIND, CONNECTED], 2, id="blind for a while"),
        pytest.param([BLIND], 0, id="one look"),
        *(
            pytest.param([CONNECTED, s], 1, id=s.value)
            for s in ConnectionState
            if s is not CONNECTED
        ),
    ],
)
def test_time_counts_by_what_is_seen(states: list[ConnectionState | None], expected: float) -> None:
    ledger = looked(states)

    assert ledger.session_s == expected
    assert ledger.recent_s(NOON + timedelta(seconds=len(states))) == expected


def test_the_last_five_minutes_forget() -> None:
    ledger = looked([BLIND] * 11)

    assert ledger.recent_s(NOON + timedelta(seconds=305)) == 5
    assert ledger.recent_s(NOON + timedelta(seconds=400)) == 0
    assert ledger.session_s == 10


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(OPEN - timedelta(seconds=60), id="before the open"),
        pytest.param(NOON + timedelta(hours=12), id="at night"),
    ],
)
def test_outside_regular_hours_nothing_counts(start: datetime) -> None:
    assert looked([BLIND] * 11, start).session_s == 0


def test_the_night_is_not_added_at_the_open() -> None:
    ledger = looked([BLIND, BLIND], OPEN - timedelta(seconds=1), every_s=2)

    assert ledger.session_s == 0


def test_a_new_session_begins_at_nothing() -> None:
    ledger = looked([BLIND] * 11)

    ledger.look(NOON + timedelta(days=3), CONNECTED)

    assert ledger.session_s == 0


def spans(states: list[ConnectionState | None]) -> list[tuple[float, float | None, str]]:
    return [
        ((span.from_at - NOON).total_seconds(),
         None if span.to_at is None else (span.to_at - NOON).total_seconds(), span.cause)
        for span in looked(states).spans
    ]  # fmt: skip


def test_a_span_has_a_beginning_an_end_and_a_cause() -> None:
    assert spans([CONNECTED, BLIND, BLIND, CONNECTED, None, None]) == [
        (0, 2, "BLIND"), (3, None, "no word from the gateway"),
    ]  # fmt: skip


def test_a_span_ends_with_the_session() -> None:
    close = datetime(2025, 11, 21, 21, 0, tzinfo=UTC)
    ledger = looked([BLIND] * 3, close - timedelta(seconds=3))
    ledger.look(close + timedelta(seconds=1), BLIND)
    assert [span.to_at is None for span in ledger.spans] == [False]


def test_a_restart_counts_from_the_last_look() -> None:
    ledger = BlindLedger()
    ledger.restore(NOON.date(), 7.0, NOON, NOON + timedelta(seconds=20))
    ledger.look(NOON + timedelta(seconds=20), CONNECTED)
    ledger.look(NOON + timedelta(seconds=21), CONNECTED)

    assert (ledger.session_s, ledger.recent_s(NOON + timedelta(seconds=21))) == (27.0, 20.0)
    (span,) = ledger.drain()
    assert (span.from_at, span.to_at, span.cause) == (
        NOON, NOON + timedelta(seconds=20), RESTARTED,
    )  # fmt: skip


def test_a_long_absence_fills_the_last_five_minutes_and_no_more() -> None:
    ledger = BlindLedger()
    back = NOON + timedelta(hours=1)
    ledger.restore(NOON.date(), 0.0, NOON, back)
    ledger.look(back, CONNECTED)

    assert (ledger.session_s, ledger.recent_s(back)) == (3_600.0, 300.0)
    assert ledger.recent_s(back + timedelta(seconds=299)) == pytest.approx(1.0)


def test_a_clock_set_back_restores_nothing() -> None:
    ledger = BlindLedger()
    ledger.restore(NOON.date(), 7.0, NOON, NOON - timedelta(seconds=1))
    assert (ledger.session, ledger.session_s) == (None, 0.0)


@pytest.mark.django_db
def test_the_ledger_survives_its_process() -> None:
    first = looked([CONNECTED, BLIND, BLIND, BLIND])
    blindness.keep(
        "sim", first.session, first.session_s, NOON + timedelta(seconds=3), first.drain()
    )
    at = NOON + timedelta(seconds=10)
    stopped = blindness.resume("sim", at)
    assert stopped is not None
    second = BlindLedger()
    second.restore(*stopped, at)
    second.look(at, CONNECTED)
    blindness.keep("sim", second.session, second.session_s, at, second.drain())

    assert BlindWatch.objects.get().blind_s == 3 + 7
    kept = BlindSpan.objects.order_by("from_at").values_list("cause", "to_at")
    assert list(kept) == [("BLIND", NOON + timedelta(seconds=3)), (RESTARTED, at)]


@pytest.mark.django_db
def test_an_open_span_is_one_row_until_it_ends() -> None:
    span = Span(NOON, "BLIND")
    blindness.keep("sim", NOON.date(), 1.0, NOON, [span])
    span.to_at = NOON + timedelta(seconds=9)
    blindness.keep("sim", NOON.date(), 9.0, span.to_at, [span])
    assert list(BlindSpan.objects.values_list("to_at", flat=True)) == [span.to_at]


@pytest.mark.django_db
def test_another_session_or_another_feed_resumes_nothing() -> None:
    blindness.keep("sim", NOON.date(), 5.0, NOON, [])
    assert blindness.resume("ibkr", NOON) is None
    assert blindness.resume("sim", NOON + timedelta(days=3)) is None
    assert blindness.resume("sim", NOON + timedelta(hours=12)) is None


FRESH = Settings(late_s=5.0, down_s=30.0, floor_s=2.0)


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("silent_s", "state"),
    [(0, FeedState.UP), (5, FeedState.UP), (6, FeedState.LATE), (31, FeedState.DOWN)],
)
def test_a_symbol_is_up_late_or_down(silent_s: float, state: FeedState) -> None:
    watch = Freshness(FRESH)
    watch.hear("SPY", NOON - timedelta(seconds=silent_s))
    assert watch.look(["SPY"], NOON) == {"SPY": state}
    assert watch.look(["SPY"], NOON + timedelta(hours=12)) == {}


@pytest.mark.usefixtures("noon")
def test_a_symbol_that_is_down_is_a_span_until_it_is_heard() -> None:
    watch = Freshness(FRESH)
    watch.hear("SPY", NOON)
    later = NOON + timedelta(seconds=40)
    (span,) = watch.drain(watch.look(["SPY"], later), later)
    assert (span.symbol, span.from_at, span.to_at) == ("SPY", NOON, None)
    assert watch.drain(watch.look(["SPY"], later), later) == []

    back = later + timedelta(seconds=1)
    watch.hear("SPY", back)
    (ended,) = watch.drain(watch.look(["SPY"], back), back)
    assert ended is span
    assert span.to_at == back

"""A recorded or simulated day through the whole pipeline, as fast as it goes (DOMAIN 11).

Time stands still while a second is worked through: the market of that second is told, the exchange
steps, and every task that the timetable has for it runs in one fixed order. Nothing here reads the
machine's clock, so the same day, seed and configuration give the same decisions and messages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics import selectors
from analytics.ingestion.recorder import Recorder
from execution import selectors as execution
from execution.services import broker, protecting, reconciling
from publishing import selectors as publishing
from quanticity import workflows
from quanticity.celery import app
from quanticity.config import timetable
from quanticity.config.loader import section
from quanticity.config.universe import universe
from quanticity.domain import calendar, clock
from quanticity.domain.clock import ReplayedClock
from quanticity.domain.errors import MalformedInput
from quanticity.gateway import commands
from quanticity.gateway.ports import ConnectionState
from quanticity.gateway.simulated import account as exchange_account
from quanticity.gateway.simulated import assembly, ledger, matching
from quanticity.gateway.simulated.exchange import Exchange
from quanticity.gateway.simulated.market import Market
from quanticity.management.gateway.listener import MoneyFact
from quanticity.management.gateway.paces import Paces
from quanticity.management.gateway.scribe import write_facts
from quanticity.management.replay import beat
from quanticity.management.replay.boards import Settings
from quanticity.management.replay.desk import Desk
from quanticity.management.replay.market_feed import MarketFeed
from quanticity.management.replay.tape_feed import TapeFeed, TapeTouches, is_captured
from quanticity.store import health

_SECOND = timedelta(seconds=1)
_EPOCH = 1  # nobody else holds the right to send
_BEFORE_OPEN_S = 10
_ALWAYS = "execution.follow_shadows"  # it looks at decisions, which are always made
Progress = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to replay: a simulated session or a recorded one, and how much of it."""

    day: date | None
    tape: Path | None
    seed: int | None
    workers: int
    minutes: tuple[float, float | None]


class Replay:
    """One day, second by second."""

    def __init__(self, plan: Plan) -> None:
        self._settings = section("replay", Settings)
        self._recorder = Recorder("replay")
        captured = plan.tape if plan.tape is not None and is_captured(plan.tape) else None
        market, recorded = assembly.open_market(plan.seed, None if captured else plan.tape)
        self._market_feed = MarketFeed(market, self._recorder, universe(), self._settings)
        self._feed: MarketFeed | TapeFeed = self._market_feed
        if captured is not None:
            self._feed = TapeFeed(captured, self._recorder)
        begins_at, self._ends_at = self._span(plan, recorded)
        self._clock = ReplayedClock(begins_at - timedelta(seconds=_BEFORE_OPEN_S))
        self._desk = Desk(self._exchange(market))
        self._paces = Paces()
        self._entries = beat.entries(timetable.timetable())
        self._workers = beat.Workers(plan.workers, _run)
        self._busy, self._signals_n = False, 0

    def _span(self, plan: Plan, recorded: Sequence[calendar.Session]) -> tuple[datetime, datetime]:
        """From when until when: minutes of a session, or what a tape holds."""
        first, last = plan.minutes
        if isinstance(self._feed, TapeFeed):
            session = calendar.session(calendar.session_date(self._feed.begins_at))
            begins_at = max(
                self._feed.begins_at.replace(microsecond=0),
                session.open_at + timedelta(minutes=first),
            )
        else:
            session = _session(plan, recorded)
            begins_at = session.open_at + timedelta(minutes=first)
        if last is not None:
            return begins_at, session.open_at + timedelta(minutes=last)
        return begins_at, session.close_at + timedelta(seconds=self._settings.after_close_s)

    def _exchange(self, market: Market) -> Exchange:
        terms = section("gateway.simulated.account", exchange_account.Settings)
        how = section("gateway.simulated.matching", matching.Settings)
        made = Exchange(market, how, ledger.opened(terms), self._clock.at)
        if isinstance(self._feed, TapeFeed):
            made.quoted_by(TapeTouches(market, self._feed.quotes))
        return made

    @property
    def _is_over(self) -> bool:
        tape_ends = isinstance(self._feed, TapeFeed) and self._feed.is_over and not self._busy
        return tape_ends or self._clock.at >= self._ends_at

    def _seed(self) -> None:
        if not isinstance(self._feed, TapeFeed) or self._feed.feed == "sim":
            self._market_feed.seed(self._clock.at)

    def run(self, progress: Progress) -> None:
        """Play the day."""
        app.conf.update(task_always_eager=True, task_eager_propagates=True)
        with clock.using(self._clock), commands.answered_by(self._desk.what_if):
            self._seed()
            second = 0
            while not self._is_over:
                self._clock.at += _SECOND
                self._second(second)
                progress(self._clock.at)
                second += 1
        self._workers.close()

    def _second(self, second: int) -> None:
        now = self._clock.at
        phases = beat.due(self._entries, second)
        held = execution.contracts_to_hold() if self._busy else ()
        self._feed.tell(now, held, before_scoring=bool(phases.scoring))
        self._report()
        fresh = self._recorder.flush()
        self._write([*self._desk.step(now), *self._account(second)])
        if second % self._settings.reconcile_s == 0:
            self._reconcile()
        self._workers.by_symbol(self._with_chains(phases.by_symbol, fresh, now))
        self._workers.in_order(phases.market)
        self._workers.in_order(phases.scoring)
        if self._is_busy(scored=bool(phases.scoring)):
            self._dispatch()
            self._workers.in_order(phases.owed)
        else:
            self._workers.in_order([one for one in phases.owed if one.task == _ALWAYS])

    def _is_busy(self, *, scored: bool) -> bool:
        """Whether anything is owed: between trades the sweeps have nothing to find."""
        if scored:
            self._busy = self._busy or selectors.n_signals() != self._signals_n
            self._signals_n = selectors.n_signals()
            self._busy = self._busy and not _all_done()
        return self._busy

    def _with_chains(
        self, work: dict[str, list[beat.Due]], fresh: Sequence[str], now: datetime
    ) -> dict[str, list[beat.Due]]:
        """A fresh chain's exposures, at most as often as the timetable wants them."""
        for symbol in fresh:
            every_s = timetable.exposures_s(symbol)
            if self._paces.is_due(symbol, now, every_s):
                mine = beat.Due("analytics.refresh_exposures", (symbol,), int(every_s))
                others = [one for one in work.get(symbol, ()) if one.task != mine.task]
                work[symbol] = [mine, *others]
        return work

    def _dispatch(self) -> None:
        """Send what is owed to the broker, as the gateway process does."""
        broker.take_back_unsent_cancels()
        protecting.tend_moving()
        for _, order_id in broker.take_cancels(_EPOCH):
            self._write(self._desk.cancel(order_id))
        for one in broker.take_amendments(_EPOCH):
            self._write(self._desk.amend(one.order_id, one.ticket))
        for chain in broker.take_submissions(_EPOCH, self._desk.next_order_id):
            told = self._desk.place([(one.order_id, one.ticket) for one in chain])
            self._write(told)

    def _account(self, second: int) -> list[MoneyFact]:
        return [self._desk.account()] if second % 3 == 0 else []

    def _reconcile(self) -> None:
        for intent_id in reconciling.reconcile(self._desk.snapshot()):
            workflows.book.delay(intent_id)

    def _report(self) -> None:
        # The link of a replay never drops: what it was blind to is not on its tape.
        health.write_connection(
            {
                "state": ConnectionState.CONNECTED, "reconciled": True, "leased": True,
                "blind_300s_s": 0.0, "blind_session_s": 0.0, "account": "",
                "reported_at": self._clock.at.isoformat(),
            }
        )  # fmt: skip

    @staticmethod
    def _write(facts: Sequence[MoneyFact]) -> None:
        for intent_id in sorted(write_facts(facts)):
            workflows.book.delay(intent_id)


def _all_done() -> bool:
    working = selectors.has_live_signals() or execution.has_unfinished()
    return not (working or publishing.has_unsent())


def _run(task: str, args: Sequence[Any]) -> None:
    app.tasks[task](*args)


def _session(plan: Plan, recorded: Sequence[calendar.Session]) -> calendar.Session:
    if plan.day is None:
        if not recorded:
            raise MalformedInput(f"--tape: expected a recorded session in {plan.tape}, found none")
        return recorded[0]
    return calendar.session(plan.day)

"""The pipeline, drawn once.

    a chain ──► exposures              score ──► open_position ──► (broker) ──► book
    (gateway)   per chain              beat      per signal         gateway      per fact
                                                                                   │
               deliver ◄── announce ◄──────────────────────────────────────────────┴──► answer
    per tier and channel:  per event                                       the lock is freed
    premium now, basic +60 s, free +300 s

Every arrow is a hint. What is owed is a row, and the tasks named *_owed, fired by beat, find each
row whose hint was lost. Delays are countdowns of platform seconds; the row's due time decides.
"""

from celery import chain, group

from analytics import selectors as analytics
from analytics import tasks as analytics_tasks
from analytics.services import scoring
from analytics.signals.emit import Rehearsal
from execution import selectors as execution
from execution import tasks as execution_tasks
from execution.services import answering, operating
from publishing import services as publishing
from publishing import tasks as publishing_tasks
from quanticity.config import overrides, timetable
from quanticity.domain.errors import MalformedInput
from quanticity.domain.readings import plain
from quanticity.store import questions
from quanticity.tasking import nudge, task
from reporting import selectors as reporting

_ANSWERS_AT_ONCE = 100
_HINT_LOST_S = 2.0


@task("pipeline.chain_arrived", queue="market", expires=10)
def chain_arrived(symbol: str) -> None:
    """A fresh chain: recompute what depends on it, and look at once whether it says to enter."""
    if analytics_tasks.refresh_exposures.run(symbol):
        score_and_open.run(symbol)


@task("pipeline.fetch_chain", queue="reporting", expires=10)
def fetch_chain(feed: str, symbol: str) -> None:
    """Ask a source over HTTP for a chain; what stands now is worked on at once."""
    if analytics_tasks.fetch_chain.run(feed, symbol):
        nudge(chain_arrived, symbol)


@task("pipeline.score_and_open", queue="market", expires=5)
def score_and_open(symbol: str) -> None:
    """Score one symbol by every playbook that trades it, and hand over what is admitted."""
    overrides.refresh()
    states = execution.states_of(timetable.strategies_of(symbol), symbol)
    open_all.run(scoring.score_all(symbol, states))


@task("pipeline.rehearse", queue="market", expires=30)
def rehearse(request_id: str, symbol: str, contracts: int, exit_after_s: float) -> None:
    """Make an operator's signal by hand, hand it over, and tell whoever asked."""
    try:
        found = scoring.rehearse(symbol, Rehearsal(contracts, exit_after_s))
    except MalformedInput as error:
        questions.answer(request_id, {"error": str(error)})
        return
    open_all.run([found.signal_id])
    questions.answer(request_id, plain(found))


@task("pipeline.open_all", queue="market")
def open_all(signal_ids: list[str]) -> None:
    """Hand every admitted signal to execution."""
    for signal_id in signal_ids:
        nudge(execution_tasks.open_position, signal_id)


@task("pipeline.open_owed", queue="execution", expires=5)
def open_owed() -> None:
    """Hand over signals whose hint was lost; a signal that is too old is denied, and answered."""
    open_all.run(execution.without_intent(analytics.unanswered_signals(_HINT_LOST_S)))


@task("pipeline.book", queue="execution")
def book(intent_id: str) -> None:
    """The broker said something about an intent: book it, then tell whoever is owed."""
    chain(
        execution_tasks.book_intent.si(intent_id), group(answer_owed.si(), announce_owed.si())
    ).delay()


@task("pipeline.answer_owed", queue="execution", expires=5)
def answer_owed() -> None:
    """Tell analytics what became of its signals."""
    for answer in execution.owed_answers(_ANSWERS_AT_ONCE):
        scoring.acknowledge(
            answer.signal_id, answer.acknowledgement, answer.code, ended=answer.ended
        )
        operating.mark_answered(answer.intent_id, ended=answer.ended)
    _heal()
    _alarm()


def _heal() -> None:
    # What ended long ago and whose answer was lost; and what is no longer followed in shadow.
    awaited = analytics.live_signal_ids() + analytics.unanswered_signals(_HINT_LOST_S)
    for answer in execution.ended_answers(awaited):
        scoring.acknowledge(answer.signal_id, answer.acknowledgement, answer.code, ended=True)
    for signal_id, reason in execution.ended_shadows(analytics.live_signal_ids("shadow")):
        scoring.end_shadow(signal_id, reason)


def _alarm() -> None:
    # After healing: what is missing still is missing for a reason that somebody has to look at.
    answering.alarm_missing(analytics.unanswered_signals(scoring.acknowledge_within_s()))


@task("pipeline.announce_owed", queue="publishing", expires=5)
def announce_owed() -> None:
    """Announce every event of a trade that is not announced yet, and plan its deliveries."""
    owed = publishing.announce_owed()
    # One hint per instant, not per row: whoever comes sends everything that is due.
    for countdown_s in sorted({round(one.countdown_s, 1) for one in owed}):
        nudge(publishing_tasks.deliver_due, countdown=countdown_s)


@task("pipeline.deliver_owed", queue="publishing", expires=5)
def deliver_owed() -> None:
    """Send every delivery that is due and that no hint came for."""
    if publishing.deliver_owed():
        nudge(publishing_tasks.deliver_due)


@task("pipeline.post_owed", queue="publishing", expires=15)
def post_owed() -> None:
    """Post what the day's slots owe: summaries, the ledger's head, the closing auction."""
    if publishing.post_owed(reporting.trade_statistics):
        nudge(publishing_tasks.deliver_due)

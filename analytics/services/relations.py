"""Refreshing correlation: minutes for display, 60 days for risk (DOMAIN 3.18)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import ClassVar

from analytics import states
from analytics.calculators import correlation
from analytics.calculators.correlation import Correlation, Pair, Settings, State
from analytics.services import daily, heard
from quanticity.config.loader import section
from quanticity.config.universe import universe
from quanticity.domain import calendar, clock
from quanticity.domain.readings import Reading, Unavailable
from quanticity.store import keys, market, readings
from quanticity.store.readings import Input

_STATE = "MARKET"  # whose state it is: no symbol's
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Correlations(Reading):
    """The intraday matrix, and the daily one beside it; either may be missing."""

    name: ClassVar[str] = "correlation"

    symbols: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...] | None
    n_common: tuple[tuple[int, ...], ...] | None
    high_pairs: tuple[Pair, ...]
    daily60: Correlation | None
    reasons: dict[str, str] = field(default_factory=dict)


def refresh_correlation() -> None:
    """Fold new minutes into the intraday matrix, and read the daily one."""
    symbols = universe().symbols
    minutes, days = _minutes(symbols), _days(symbols)
    intraday = correlation.compute(minutes, section("analytics.correlation", Settings))
    daily60 = correlation.compute(days, section("analytics.correlation_daily", Settings))
    readings.write(
        "portfolio", "correlation", _both(symbols, intraday, daily60),
        as_of=clock.now() if minutes.at is None else minutes.at + _MINUTE,
        feed=heard.FEED, section="analytics.correlation", coverage=_coverage(intraday),
        inputs=(*_input_of("1min", minutes), *_input_of("1day", days)),
    )  # fmt: skip


def _input_of(size: str, state: State) -> tuple[Input, ...]:
    """The returns of all symbols as one input."""
    if state.at is None:
        return ()
    content = repr((state.symbols, state.rows)).encode()
    digest = blake2b(content, digest_size=8).hexdigest()
    return (Input(keys.bars("portfolio", size).name, state.at, digest),)


def _both(
    symbols: tuple[str, ...], intraday: Correlation | Unavailable, days: Correlation | Unavailable
) -> Reading | Unavailable:
    if isinstance(intraday, Unavailable) and isinstance(days, Unavailable):
        return intraday
    named = {"matrix": intraday, "daily60": days}
    reasons = {name: r.reason for name, r in named.items() if isinstance(r, Unavailable)}
    known = intraday if isinstance(intraday, Correlation) else None
    return Correlations(
        symbols=symbols,
        matrix=None if known is None else known.matrix,
        n_common=None if known is None else known.n_common,
        high_pairs=() if known is None else known.high_pairs,
        daily60=days if isinstance(days, Correlation) else None,
        reasons=reasons,
    )


def _minutes(symbols: tuple[str, ...]) -> State:
    """The kept state with the new minutes in it."""
    settings = section("analytics.correlation", Settings)
    state = states.load(_STATE, "correlation", State)
    if state is None or state.symbols != symbols:
        state = State(symbols)
    before = state.at
    closes: dict[datetime, dict[str, float]] = defaultdict(dict)
    for symbol in symbols:
        for bar in market.bars(symbol, "1min"):
            if before is None or bar.open_at > before:
                closes[bar.open_at][symbol] = bar.close
    # Of the newest minute some symbols' bars may still be on their way.
    settled = [at for at in sorted(closes) if at + 2 * _MINUTE <= clock.now()]
    state = _fold(state, settled[-settings.window - 1 :], closes, settings)
    if state.at != before:
        states.save(_STATE, "correlation", state)
    return state


def _days(symbols: tuple[str, ...]) -> State:
    settings = section("analytics.correlation_daily", Settings)
    closes: dict[datetime, dict[str, float]] = defaultdict(dict)
    for symbol in symbols:
        for day, close in daily.closes(symbol).items():
            closes[calendar.session(day).close_at][symbol] = close
    last = sorted(closes)[-settings.window - 1 :]
    return _fold(State(symbols), last, closes, settings)


def _fold(
    state: State,
    instants: Iterable[datetime],
    closes: dict[datetime, dict[str, float]],
    settings: Settings,
) -> State:
    for at in instants:
        state = correlation.update(state, at, closes[at], settings)
    return state


def _coverage(found: Correlation | Unavailable) -> float | None:
    """Share of pairs with enough common minutes."""
    if isinstance(found, Unavailable):
        return None
    cells = [value for row in found.matrix for value in row]
    return sum(value is not None for value in cells) / len(cells)

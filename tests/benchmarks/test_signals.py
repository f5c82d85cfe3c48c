"""From features to an order intent, each hop stamped: one read, all scores, one whole path."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest

from analytics.models import Decision, Signal
from analytics.services import scoring
from analytics.signals import emit, features
from analytics.signals.dedup import Settings as Admission
from analytics.strategies import base, zero_dte
from execution.models import OrderIntent, RiskEvent
from execution.services import opening
from quanticity.config.loader import section
from quanticity.domain.market import Bar
from quanticity.domain.signals import Strategy
from quanticity.gateway import commands
from quanticity.store import market
from tests import bullish, desks, factories, racing
from tests.analytics import toy_chains

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
SYMBOLS = ("SPY QQQ IWM AAPL TSLA NVDA AMD GOOGL META AMZN MSFT PLTR VXX").split()
READS, ROUNDS, PATHS = 500, 20, 60
MINUTES, FIVES = 600, 600  # as many as the store keeps and the realised regime reads


@pytest.fixture
def world(transactional_db: None, store: None, noon: Any, tmp_path: Path) -> Iterator[Any]:
    """The rally on every symbol, ten days of bars, and tables in a file."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    with racing.on_disk(tmp_path), commands.answered_by(desks.enough):
        factories.quiet_world()
        bullish.write()
        for symbol in SYMBOLS:
            for name, (family, _) in features.SOURCES.items():
                if name in bullish.VALUES:
                    data = _family(family)
                    factories.reading(family, data, symbol=symbol)
            market.replace_bars(symbol, "1min", _bars(symbol, MINUTES, 1, noon.at))
            market.replace_bars(symbol, "5min", _bars(symbol, FIVES, 5, noon.at))
            quote = factories.quote(symbol, 599.99, 600.01)
            market.write_quote(quote)
        yield noon


def _family(family: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, (of, path) in features.SOURCES.items():
        if of == family and name in bullish.VALUES:
            *outer, last = path.split(".")
            place = data
            for part in outer:
                place = place.setdefault(part, {})
            place[last] = bullish.VALUES[name]
    return data


def _bars(symbol: str, count: int, minutes: int, now: Any) -> list[Bar]:
    price = [600 - 0.02 * n * minutes + (n % 7) / 10 for n in range(count, 0, -1)]
    return [
        Bar(symbol, now - timedelta(minutes=minutes * (count - n)), p, p + 0.1, p - 0.1, p, 1000, p)
        for n, p in enumerate(price)
    ]


def tell(title: str, milliseconds: dict[str, list[float]]) -> None:
    """Median, p95 and p99 of each row in milliseconds: a table and JSON."""
    print(f"\n{title} (ms)")
    report = {}
    for name, taken in milliseconds.items():
        cuts = quantiles(taken, n=100)
        report[name] = {"n": len(taken), "p50": median(taken), "p95": cuts[94], "p99": cuts[98]}
        print(f"  {name:44} " + "  ".join(f"{k} {v:8.2f}" for k, v in report[name].items()))
    print(json.dumps({"title": title, "ms": report}))


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    found = call()
    return found, (time.perf_counter() - begun) * 1e3


def test_one_batched_read(world: Any) -> None:
    own = section("analytics.features", features.Settings)
    for symbol in SYMBOLS:
        features.read(symbol, own)

    taken = [timed(lambda: features.read("SPY", own))[1] for _ in range(READS)]

    tell("features of one symbol", {"features.read": taken})


def test_all_strategies_over_all_symbols(world: Any) -> None:
    playbooks = {strategy: scoring.playbook_settings(strategy) for strategy in Strategy}
    own = {
        symbol: {s: "ACTIVE" for s, book in playbooks.items() if symbol in book.symbols}
        for symbol in SYMBOLS
    }
    every = {symbol: dict.fromkeys(Strategy, "ACTIVE") for symbol in SYMBOLS}

    def once(wanted: dict[str, dict[Strategy, str]]) -> None:
        for symbol, states in wanted.items():
            scoring.score_all(symbol, states)

    taken: dict[str, list[float]] = defaultdict(list)
    for n in range(ROUNDS):
        world.advance(60 if n % 5 == 0 else 0.2)  # now and then every decision is kept
        _refresh(world)
        kept = " (all kept)" if n % 5 == 0 else ""
        pairs = sum(map(len, own.values()))
        taken[f"{pairs} pairs of the timetable{kept}"].append(timed(partial(once, own))[1])
        taken[f"4 strategies x 13 symbols{kept}"].append(timed(partial(once, every))[1])

    tell("scoring, decisions kept once a minute", taken)


def _refresh(world: Any) -> None:
    # A minute later the same market, so that every strategy gets as far as it did.
    bullish.write()
    for symbol in SYMBOLS:
        for family in {family for family, _ in features.SOURCES.values()}:
            factories.reading(family, _family(family), symbol=symbol)
        market.write_quote(factories.quote(symbol, 599.99, 600.01))


def test_from_features_to_a_committed_intent(world: Any) -> None:
    admission = section("analytics.signals", Admission)
    own = scoring.playbook_settings(Strategy.ZERO_DTE)
    settings = section("analytics.features", features.Settings)
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(PATHS):
        begun = time.perf_counter()
        read, hop = timed(partial(features.read, "SPY", settings))
        taken["1 features read"].append(hop)
        read = features.aged(read, zero_dte.REQUIRED)
        decision, hop = timed(partial(zero_dte.evaluate, read, own))
        taken["2 decided"].append(hop)
        base.context_gates(own, "SPY", world.at)
        proposed, hop = timed(partial(scoring._propose, decision, read, own, admission, {}))
        taken["3 contract chosen"].append(hop)
        signal_id, hop = timed(partial(emit.emit, proposed, admission))
        taken["4 admitted, committed"].append(hop)
        _, hop = timed(partial(opening.open_position, str(signal_id)))
        taken["5 gate, sizing, intent committed"].append(hop)
        taken["all: features to intent"].append((time.perf_counter() - begun) * 1e3)
        intent = OrderIntent.objects.get()
        assert intent.orders.count() >= 3, (intent.denied_by, intent.reason)
        _forget()

    tell("one signal, hop by hop", taken)


def _forget() -> None:
    RiskEvent.objects.all().delete()
    for intent in OrderIntent.objects.all():
        intent.orders.all().delete()
        intent.delete()
    Signal.objects.all().delete()
    Decision.objects.all().delete()

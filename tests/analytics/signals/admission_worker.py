"""A process of its own for test_admission_race: admits what it can, or reports what there is."""

# ruff: noqa: E402 - Django is set up before its models are imported

import json
import os
import random
import sys
from collections import Counter
from decimal import Decimal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")

import django

django.setup()

from django.core.management import call_command

from analytics.models import Decision, Signal
from analytics.signals import dedup, emit
from analytics.signals.emit import Proposed
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import Candidate, Features, Outcome, Strategy
from quanticity.domain.signals import Decision as Made

SYMBOLS = ("SPY", "QQQ", "IWM", "AAPL", "TSLA", "NVDA", "AMD", "META")
KINDS = [(s, symbol, way) for s in Strategy for symbol in SYMBOLS for way in (1, -1)]
CONTRACT = parse_occ("SPY251121C00600000")


def proposed(strategy: Strategy, symbol: str, way: int) -> Proposed:
    """A candidate of this moment."""
    at = clock.now()
    candidate = Candidate(CONTRACT, 100, Decimal(1), Decimal("1.02"), 0.45, 0.2, 1000, 100, 0)
    decision = Made(strategy, symbol, at, Outcome.CANDIDATE, way, 95.0)
    return Proposed(
        decision, Features(symbol, at, {}), candidate, {"mid": "1.01"},
        "analytics.strategies.zero_dte",
    )  # fmt: skip


def admit(seed: int, rounds: int) -> None:
    """Try every kind so many times, in an order of our own, once somebody says go."""
    Signal.objects.exists()  # connected before the start
    print("ready", flush=True)  # noqa: T201 - whoever waits for us
    sys.stdin.readline()
    order, settings = random.Random(seed), section("analytics.signals", dedup.Settings)
    for _ in range(rounds):
        for kind in order.sample(KINDS, len(KINDS)):
            emit.emit(proposed(*kind), settings)
            print(".", flush=True)  # noqa: T201 - whoever kills us counts


def report() -> None:
    """What there is in the end."""
    live = list(Signal.objects.filter(state="live").values_list("strategy", "symbol", "direction"))
    print(  # noqa: T201 - its answer
        json.dumps(
            {
                "live": len(live),
                "kinds": len(set(live)),
                "most_of_strategy": max(Counter(row[:2] for row in live).values(), default=0),
                "most_of_symbol": max(Counter(row[1] for row in live).values(), default=0),
                "signals": Signal.objects.count(),
                "emitted": Decision.objects.filter(outcome="EMITTED", signal__isnull=False).count(),
                "orphans": Decision.objects.filter(outcome="EMITTED", signal=None).count(),
            }
        )
    )


match sys.argv[1:]:
    case ["migrate"]:
        call_command("migrate", verbosity=0)
    case ["admit", seed, rounds]:
        admit(int(seed), int(rounds))
    case ["report"]:
        report()

"""A process of its own for test_storm: fills the outbox, works it off, or reports on it."""

# ruff: noqa: E402 - Django is set up before its models are imported

import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")

import django

django.setup()

from django.core.management import call_command

from analytics.models import Signal
from execution.models import OrderIntent, Position, PositionEvent
from publishing import services
from publishing.models import Delivery
from publishing.relay import Relay
from publishing.scenarios import ENTRY, EXIT

KNOWN = {"strategy": "0DTE", "symbol": "SPY", "direction": 1, "occ": "SPY251121C00600000", "multiplier": 100, "source": "sim"}  # fmt: skip


def fill(trades: int) -> None:
    call_command("migrate", verbosity=0)
    now = datetime.now(UTC)
    for n in range(trades):
        signal = Signal.objects.create(
            signal_id=f"s{n}",
            confidence=92.4,
            reference={},
            session_date=now.date(),
            episode_seq=n,
            created_at=now,
            valid_until=now,
            state="ended",
            **KNOWN,
        )
        intent = OrderIntent.objects.create(
            intent_id=f"i{n}", signal=signal, role="E", created_at=now, **KNOWN
        )
        position = Position.objects.create(
            trade_id=f"T-{n:03}",
            intent=intent,
            account="DU1",
            con_id=n,
            session_date=now.date(),
            **KNOWN,
        )
        for seq, (kind, facts) in enumerate((("ENTRY", ENTRY), ("EXIT", EXIT)), start=1):
            told: dict[str, Any] = {**facts, "trade_no": position.trade_id}
            PositionEvent.objects.create(
                position=position, seq=seq, kind=kind, facts=told, clock_at=now, created_at=now
            )


def work() -> None:
    while True:
        services.announce_owed(limit=3)
        services.deliver_owed()  # settles doubts
        # Every worker is told of every row, over and over: the worst that a broker can do.
        for pk in (
            Delivery.objects.filter(tier="premium")
            .exclude(state="SENT")
            .values_list("pk", flat=True)
        ):
            services.deliver(pk)
        time.sleep(0.02)


def relay() -> None:
    one = Relay()
    one.start()
    while True:  # what beat fires once a second
        services.deliver_owed()
        time.sleep(0.2)


def report(wanted: int, channel: str = "discord") -> None:
    rows = Delivery.objects.filter(channel=channel)
    while rows.filter(state="SENT").count() < wanted:
        time.sleep(0.1)
    names = (
        "announcement__trade_id",
        "announcement__seq",
        "state",
        "ambiguous",
        "due_at",
        "sent_at",
        "tier",
    )
    json.dump(list(rows.values(*names)), sys.stdout, default=str)


if __name__ == "__main__":
    {
        "fill": lambda: fill(int(sys.argv[2])),
        "work": work,
        "relay": relay,
        "report": lambda: report(int(sys.argv[2]), *sys.argv[3:]),
    }[sys.argv[1]]()

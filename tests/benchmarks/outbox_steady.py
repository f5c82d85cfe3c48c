"""The outbox in steady state: events at a rate, a thousand deliveries pending; how late is each.

    python tests/benchmarks/outbox_steady.py [events per second] [seconds]

Basic waits 20 s and free 40 s, on Discord, console and feed. Prints the most that were pending,
lateness against the due time, and how long premium's post took from the event to the wire.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime

import outbox_load as load

BASIC_S, FREE_S = 20, 40


def main(rate: float, seconds: float) -> None:
    address = load.serve()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "quanticity.settings", "QC_TRADING_MODE": "paper", "QC_REDIS_URL": "unix:///tmp/qc-none.sock",
        "QC__PUBLISHING__TIERS__DELAY_S__BASIC": str(BASIC_S), "QC__PUBLISHING__TIERS__DELAY_S__FREE": str(FREE_S),
        **{f"DISCORD_WEBHOOK_{tier}": f"{address}/api/webhooks/1/{tier}" for tier in ("PREMIUM", "BASIC", "FREE")},
    }  # fmt: skip
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    count = int(rate * seconds)
    load.fill(count)
    with contextlib.redirect_stdout(io.StringIO()):
        pending = play(count, rate)
    report(count, pending)


def play(count: int, rate: float) -> int:
    from execution.models import Position, PositionEvent
    from publishing.models import Delivery
    from publishing.relay import Relay

    PositionEvent.objects.update(announced=True)
    Position.objects.update(source="paper")
    relay, began, most = Relay(), time.monotonic(), 0
    relay.start()
    for n in range(count):
        time.sleep(max(0.0, began + n / rate - time.monotonic()))
        now = datetime.now(UTC)
        PositionEvent.objects.filter(position_id=f"T-{n:05}").update(
            announced=False, clock_at=now, created_at=now
        )
        most = max(most, Delivery.objects.filter(state="PENDING").count())
    while Delivery.objects.exclude(state="SENT").exists() or PositionEvent.objects.filter(announced=False).exists():  # fmt: skip
        time.sleep(0.2)
    relay.stop()
    return most


def report(count: int, pending: int) -> None:
    from publishing.models import Announcement, Delivery

    rows = Delivery.objects.values_list("tier", "due_at", "sent_at")
    late = sorted((sent - due).total_seconds() for tier, due, sent in rows if tier != "premium")
    filled = {one.trade_id: one.clock_at.timestamp() for one in Announcement.objects.all()}
    wire = sorted(
        at - filled[json.loads(body)["embeds"][0]["footer"]["text"].split(" ")[0][1:-2]]
        for at, path, body in load.heard
        if "PREMIUM" in path
    )
    print(f"{count} events, {len(late) * 3 // 2} deliveries, at most {pending} pending, early {sum(s < 0 for s in late)}")  # fmt: skip
    print("late, basic and free: " + quantiles(late))
    print("event to premium on the wire: " + quantiles(wire))


def quantiles(seconds: list[float]) -> str:
    def at(share: float) -> str:
        return f"{seconds[min(int(len(seconds) * share), len(seconds) - 1)] * 1_000:.0f} ms"

    return f"p50 {at(0.5)}, p90 {at(0.9)}, p99 {at(0.99)}, max {at(1)}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as var:
        os.environ["QC_VAR"] = var
        main(
            float(sys.argv[1]) if len(sys.argv) > 1 else 6.0,
            float(sys.argv[2]) if len(sys.argv) > 2 else 60.0,
        )

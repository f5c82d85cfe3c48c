"""The outbox under load: so many announcements to three tiers on Discord, Telegram, console and feed.

    QC_VAR=/tmp/load python tests/benchmarks/outbox_load.py [announcements] [channels...]

A place of its own, local services that answer at once, one relay; prints what came of it.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
heard: list[tuple[float, str, bytes]] = []
ids = count(1)


class Service(BaseHTTPRequestHandler):
    """Discord and Telegram in one: says yes to everything."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        heard.append((time.time(), self.path, body))
        n = next(ids)
        answer = {"id": str(n)}
        if "sendMessage" in self.path:
            answer = {"ok": True, "result": {"message_id": n, "date": 0, "chat": {"id": 1, "type": "channel"}}}  # fmt: skip
        text = json.dumps(answer).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))  # fmt: skip

    def log_message(self, *_: Any) -> None:
        pass


def serve() -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main(announcements: int, channels: set[str]) -> None:
    address = os.environ.get("QC_LOAD_SERVICE") or serve()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "quanticity.settings", "QC_TRADING_MODE": "sim",
        "QC_REDIS_URL": "unix:///tmp/qc-none.sock",
        "QC__PUBLISHING__TIERS__DELAY_S__BASIC": "0", "QC__PUBLISHING__TIERS__DELAY_S__FREE": "0",
    }  # fmt: skip
    for tier in ("PREMIUM", "BASIC", "FREE"):
        if "discord" in channels:
            os.environ[f"DISCORD_WEBHOOK_{tier}"] = f"{address}/api/webhooks/1/{tier}"
        if "telegram" in channels:
            os.environ[f"TELEGRAM_CHAT_{tier}"] = f"@{tier.lower()}"
            os.environ["TELEGRAM_BOT_TOKEN"] = "1:token"
            os.environ["QC_TELEGRAM_API_URL"] = address
            os.environ["QC__PUBLISHING__TELEGRAM__OVERALL"] = "[[100000, 1.0]]"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill(announcements)
    with contextlib.redirect_stdout(io.StringIO()):
        seconds = work()
    report(announcements, seconds)


def fill(announcements: int) -> None:
    from analytics.models import Signal
    from execution.models import OrderIntent, Position, PositionEvent
    from publishing.scenarios import ENTRY

    known = {"strategy": "0DTE", "symbol": "SPY", "direction": 1, "occ": "SPY251121C00600000", "multiplier": 100, "source": "sim"}  # fmt: skip
    now = datetime.now(UTC)
    numbers = range(announcements)
    signals = [Signal(signal_id=f"s{n}", confidence=92.4, reference={}, session_date=now.date(), episode_seq=n, created_at=now, valid_until=now, state="ended", **known) for n in numbers]  # fmt: skip
    Signal.objects.bulk_create(signals)
    OrderIntent.objects.bulk_create(OrderIntent(intent_id=f"i{n}", signal=signals[n], role="E", created_at=now, **known) for n in numbers)  # fmt: skip
    Position.objects.bulk_create(Position(trade_id=f"T-{n:05}", intent_id=f"i{n}", account="DU1", con_id=n, session_date=now.date(), events_n=1, **known) for n in numbers)  # fmt: skip
    PositionEvent.objects.bulk_create(PositionEvent(position_id=f"T-{n:05}", seq=1, kind="ENTRY", facts={**ENTRY, "trade_no": f"T-{n:05}"}, clock_at=now, created_at=now) for n in numbers)  # fmt: skip


def work() -> float:
    from execution.models import PositionEvent
    from publishing.models import Delivery
    from publishing.relay import Relay

    relay, began = Relay(), time.monotonic()
    relay.start()
    while PositionEvent.objects.filter(announced=False).exists() or Delivery.objects.exclude(state="SENT").exists():  # fmt: skip
        time.sleep(0.2)
    seconds = time.monotonic() - began
    relay.stop()
    return seconds


def report(announcements: int, seconds: float) -> None:
    from publishing.models import Delivery

    rows = list(Delivery.objects.values_list("channel", "tier", "due_at", "sent_at", "ambiguous"))
    late = sorted((sent - due).total_seconds() for _, _, due, sent, _ in rows)
    print(f"{announcements} announcements, {len(rows)} deliveries in {seconds:.1f} s: {len(rows) / seconds:.0f} per second")  # fmt: skip
    print(f"on the wire {len(heard)}, distinct {len({body for _, _, body in heard})}, early {sum(s < 0 for s in late)}, flagged {sum(r[4] for r in rows)}")  # fmt: skip
    print(f"late p50 {late[len(late) // 2]:.2f} s, p99 {late[int(len(late) * 0.99)]:.2f} s", dict(Counter(channel for channel, *_ in rows)))  # fmt: skip


if __name__ == "__main__":
    wanted = set(sys.argv[2:]) or {"discord"}
    with tempfile.TemporaryDirectory() as var:
        os.environ["QC_VAR"] = var
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, wanted)

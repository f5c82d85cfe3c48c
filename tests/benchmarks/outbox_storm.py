"""A kill storm over the outbox: relays are killed and frozen while a hostile service is posted to.

    python tests/benchmarks/outbox_storm.py [trades] [seconds between kills] [events per second] [database url]

Three relays on one database, a service that refuses 3 %, fails 2 % and hangs up after accepting
2 %; one relay at a time is killed (-9) or frozen past its lease. Prints events, kills, early, lost,
doubled and lateness, by the service's own log. Relays are forked, so that a new one is there at once.
With 0 events per second all of them are owed at once, as after a long outage: what is late then is
the queue's length. `STORM_FROZEN=0` only kills: who is frozen in a transaction of SQLite's holds
everybody up for as long as he is, three seconds here.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Timer
from typing import Any

ROOT = Path(__file__).parents[2]
DICE, NOISE = random.Random(7), random.Random(11)
RELAYS, LEASE_S, MOST_S = 3, 2.0, 150.0
FROZEN = float(os.environ.get("STORM_FROZEN", "0.3"))  # of the blows; the others kill
LOG = sys.stdout
ids = count(1)


class Hostile(BaseHTTPRequestHandler):
    """Discord on a bad day."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = body["embeds"][0]["footer"]["text"].split(" ")[0]
        luck = NOISE.random()
        if luck < 0.03:
            return self._say(429, {"retry_after": 0.3})
        if luck < 0.05:
            return self._say(500, {})
        tier = self.path.split("?")[0].rsplit("/", 1)[1]
        os.write(LOG.fileno(), f"{tier} {token}\n".encode())  # in one piece: many threads write
        if luck < 0.07:
            self.close_connection = True
            return None
        return self._say(200, {"id": str(next(ids))})

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        text = json.dumps(answer).encode()
        self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))  # fmt: skip

    def log_message(self, *_: Any) -> None:
        pass


def serve() -> None:
    """Listen until ended; the first line says where, the others what was accepted."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # the killed hang up
    print(server.server_port, file=LOG, flush=True)
    server.serve_forever()


def main(trades: int, every_s: float, rate: float, database: str) -> None:
    with tempfile.TemporaryDirectory() as var, (Path(var) / "log").open("w+") as log:
        service = subprocess.Popen([sys.executable, __file__, "serve"], stdout=log)
        while not (said := (Path(var) / "log").read_text()).endswith("\n"):
            time.sleep(0.05)
        prepare(var, database or f"sqlite:///{var}/storm.sqlite3", said.split()[0])
        kills, stops, rows = storm(trades, every_s, rate)
        service.kill()
        service.wait()
        accepted = [
            tuple(line.split()) for line in (Path(var) / "log").read_text().splitlines()[1:]
        ]
        show(rows, kills, stops, accepted)


def prepare(var: str, database: str, port: str) -> None:
    base = f"http://127.0.0.1:{port}/api/webhooks/1"
    os.environ |= {
        "QC_VAR": var, "QC_TRADING_MODE": "sim", "QC_DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "quanticity.settings",
        "QC_REDIS_URL": f"unix://{var}/none.sock", "QC__PUBLISHING__OUTBOX__LEASE_S": str(LEASE_S),
        "QC__PUBLISHING__OUTBOX__RETRY_S": "[0.2]", "QC__PUBLISHING__OUTBOX__TRIES": "60", "QC__PUBLISHING__OUTBOX__FINAL_TRIES": "60",
        "QC__PUBLISHING__TIERS__DELAY_S__BASIC": "3", "QC__PUBLISHING__TIERS__DELAY_S__FREE": "8",
    } | {f"DISCORD_WEBHOOK_{tier.upper()}": f"{base}/{tier}" for tier in ("premium", "basic", "free")}  # fmt: skip
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "publishing")]


def storm(trades: int, every_s: float, rate: float) -> tuple[int, int, list[dict[str, Any]]]:
    import outbox_worker
    from django.db import connections

    outbox_worker.fill(trades)
    events = Events(rate)
    connections.close_all()
    relays, frozen = [fork(outbox_worker.relay) for _ in range(RELAYS)], {}
    kills = stops = 0
    began = struck = time.monotonic()
    while time.monotonic() < began + MOST_S and not is_over(6 * trades):
        events.happen(time.monotonic() - began)
        time.sleep(0.02)
        if time.monotonic() < struck + every_s:
            continue
        struck = time.monotonic()
        victim = relays.pop(DICE.randrange(RELAYS))
        if DICE.random() < FROZEN:
            os.kill(victim, signal.SIGSTOP)
            # By a thread: who was stopped may hold SQLite's pen, and this one may wait for it.
            frozen[victim] = Timer(LEASE_S * 1.5, os.kill, (victim, signal.SIGCONT))
            frozen[victim].start()
            relays.append(victim)
            stops += 1
        else:
            if victim in frozen:
                frozen.pop(victim).cancel()
            end(victim)
            relays.append(fork(outbox_worker.relay))
            kills += 1
    for timer in frozen.values():
        timer.cancel()
    for pid in relays:
        end(pid)
    names = ("announcement__trade_id", "announcement__seq", "tier", "state", "ambiguous", "due_at", "sent_at")  # fmt: skip
    return (
        kills,
        stops,
        list(outbox_worker.Delivery.objects.filter(channel="discord").values(*names)),
    )


class Events:
    """Facts that happen one after the other, at a rate; all at once without one."""

    def __init__(self, rate: float) -> None:
        from execution.models import PositionEvent

        rows = PositionEvent.objects.order_by("position_id", "seq")
        self._rows, self._rate = rows, rate
        self._waiting = list(rows.values_list("pk", flat=True)) if rate else []
        rows.filter(pk__in=self._waiting).update(announced=True)
        self._happened = 0

    def happen(self, seconds: float) -> None:
        """Let happen what has happened by now."""
        from django.db import connections

        while self._waiting and self._happened < seconds * self._rate:
            now = datetime.now(UTC)
            this = self._rows.filter(pk=self._waiting.pop(0))
            this.update(announced=False, clock_at=now, created_at=now)
            self._happened += 1
        connections.close_all()  # a fork must not share them


def is_over(wanted: int) -> bool:
    import outbox_worker
    from django.db import connections

    done = outbox_worker.Delivery.objects.filter(channel="discord", state="SENT").count() >= wanted
    connections.close_all()  # a fork must not share them
    return bool(done)


def fork(work: Any) -> int:
    if pid := os.fork():
        return pid
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    work()
    os._exit(0)


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def show(
    rows: list[dict[str, Any]], kills: int, stops: int, accepted: list[tuple[str, ...]]
) -> None:
    owed = {(row["tier"], f"#{row['announcement__trade_id']}-{row['announcement__seq']}"): row for row in rows}  # fmt: skip
    times = Counter(accepted)
    doubled = {key for key, n in times.items() if n > 1}
    sent = [row for row in rows if row["state"] == "SENT"]
    late = sorted((row["sent_at"] - row["due_at"]).total_seconds() for row in sent)
    flagged = sum(row["ambiguous"] for row in rows)
    silent = sum(not owed[key]["ambiguous"] for key in doubled)
    print(f"{len(rows)} deliveries of {len(rows) // 3} events, {kills} kills -9, {stops} freezes past the lease")  # fmt: skip
    print(f"sent {len(sent)} · early {sum(s < 0 for s in late)} · lost {len(owed.keys() - times.keys())} · doubled {len(doubled)}, of them unflagged {silent} · flagged {flagged}")  # fmt: skip
    print(f"late p50 {late[len(late) // 2]:.2f} s, p90 {late[int(len(late) * 0.9)]:.2f} s, p99 {late[int(len(late) * 0.99)]:.2f} s, max {late[-1]:.2f} s")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else 60,
            float(sys.argv[2]) if len(sys.argv) > 2 else 1.0,
            float(sys.argv[3]) if len(sys.argv) > 3 else 3.0,
            sys.argv[4] if len(sys.argv) > 4 else "",
        )

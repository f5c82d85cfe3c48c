"""A kill storm over the outbox: relays are killed and frozen while a hostile service is posted to.

    python tests/benchmarks/outbox_storm.py [trades] [seconds between kills] [database url]

Three relays on one database, a service that refuses 3 %, fails 2 % and hangs up after accepting
2 %; one relay a time is killed (-9) or frozen past its lease. Prints events, kills, early, lost,
doubled and lateness, by the service's own log.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WORKER = ROOT / "tests" / "publishing" / "outbox_worker.py"
DICE, NOISE = random.Random(7), random.Random(11)
RELAYS, LEASE_S = 3, 2.0
accepted: list[tuple[str, str]] = []
ids = count(1)
said = Counter()


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
        accepted.append((self.path.split("?")[0].rsplit("/", 1)[1], token))
        if luck < 0.07:
            said["hung up"] += 1
            self.close_connection = True
            return None
        return self._say(200, {"id": str(next(ids))})

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        said[str(status)] += 1
        text = json.dumps(answer).encode()
        self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))  # fmt: skip

    def log_message(self, *_: Any) -> None:
        pass


def main(trades: int, every_s: float, database: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/api/webhooks/1"
    with tempfile.TemporaryDirectory() as var:
        url = database or f"sqlite:///{var}/storm.sqlite3"
        environment = os.environ | {
            "QC_VAR": var, "QC_TRADING_MODE": "sim", "QC_DATABASE_URL": url, "PYTHONPATH": str(ROOT),
            "QC_REDIS_URL": f"unix://{var}/none.sock", "QC__PUBLISHING__OUTBOX__LEASE_S": str(LEASE_S),
            "QC__PUBLISHING__OUTBOX__RETRY_S": "[0.2]", "QC__PUBLISHING__OUTBOX__TRIES": "60", "QC__PUBLISHING__OUTBOX__FINAL_TRIES": "60",
            "QC__PUBLISHING__TIERS__DELAY_S__BASIC": "3", "QC__PUBLISHING__TIERS__DELAY_S__FREE": "8",
        } | {f"DISCORD_WEBHOOK_{tier.upper()}": f"{base}/{tier}" for tier in ("premium", "basic", "free")}  # fmt: skip
        storm(environment, trades, every_s, url.split(":")[0])
    server.shutdown()


def start(environment: dict[str, str], *words: str) -> "subprocess.Popen[str]":
    out = subprocess.PIPE if words[0] == "report" else subprocess.DEVNULL
    return subprocess.Popen([sys.executable, str(WORKER), *words], env=environment, stdout=out, stderr=subprocess.DEVNULL, text=True)  # fmt: skip


def storm(environment: dict[str, str], trades: int, every_s: float, kind: str) -> None:
    start(environment, "fill", str(trades)).wait()
    relays = [start(environment, "relay") for _ in range(RELAYS)]
    reporter = start(environment, "report", str(6 * trades))
    kills = stops = 0
    while reporter.poll() is None and kills + stops < 60:
        time.sleep(every_s)
        victim = relays.pop(DICE.randrange(RELAYS))
        if DICE.random() < 0.3:
            victim.send_signal(signal.SIGSTOP)
            threading.Timer(LEASE_S * 1.5, victim.send_signal, [signal.SIGCONT]).start()
            relays.append(victim)
            stops += 1
        else:
            victim.kill()
            victim.wait()
            relays.append(start(environment, "relay"))
            kills += 1
    rows = json.loads(reporter.communicate()[0])
    time.sleep(LEASE_S * 1.6)  # whoever is frozen is let go before it is ended
    for relay in relays:
        relay.kill()
        relay.wait()
    show(rows, kills, stops, kind)


def show(rows: list[dict[str, Any]], kills: int, stops: int, kind: str) -> None:
    from datetime import datetime

    owed = {(row["tier"], f"#{row['announcement__trade_id']}-{row['announcement__seq']}"): row for row in rows}  # fmt: skip
    times = Counter(accepted)
    doubled = {key for key, n in times.items() if n > 1}
    late = sorted((datetime.fromisoformat(row["sent_at"]) - datetime.fromisoformat(row["due_at"])).total_seconds() for row in rows)  # fmt: skip
    print(f"{kind}: {len(rows)} deliveries of {len(rows) // 3} events, {kills} kills -9, {stops} freezes past the lease, service said {dict(said)}")  # fmt: skip
    print(f"early {sum(s < 0 for s in late)} · lost {len(owed.keys() - times.keys())} · doubled {len(doubled)}, of them unflagged {sum(not owed[key]['ambiguous'] for key in doubled)} · flagged {sum(row['ambiguous'] for row in rows)}")  # fmt: skip
    print(f"late p50 {late[len(late) // 2]:.2f} s, p90 {late[int(len(late) * 0.9)]:.2f} s, p99 {late[int(len(late) * 0.99)]:.2f} s, max {late[-1]:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 100,
        float(sys.argv[2]) if len(sys.argv) > 2 else 2.0,
        sys.argv[3] if len(sys.argv) > 3 else "",
    )

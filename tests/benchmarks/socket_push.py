"""Push to members' sockets: so many clients on one web process; how long from release to receipt.

    python tests/benchmarks/socket_push.py [clients] [events] [seconds between them]

Real: the embedded store, the platform's web process, sessions in SQL, an event released as the
relay does it, clients of the websockets library. A third of the clients is on each tier; an event
is released to all three. Measured from the row's `sent_at`, before its commit, to each client's
receipt, by one clock.
"""

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import outbox_load as load

TIERS = ("premium", "basic", "free")
PORT = int(os.environ.get("QC_PORT", "9410"))
ready: asyncio.Queue[str] = asyncio.Queue()
received: list[tuple[float, str, str]] = []  # when, tier, text


def main(clients: int, events: int, pause_s: float) -> None:
    var = Path(os.environ["QC_VAR"])
    os.environ |= {"DJANGO_SETTINGS_MODULE": "quanticity.settings", "QC_TRADING_MODE": "paper"}
    from quanticity.runtime import embedded

    os.environ["QC_REDIS_URL"] = embedded.prepare(var)
    store = subprocess.Popen(
        embedded.command(var), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    web = None
    try:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        sessions = members(clients)
        rows = deliveries(events)
        web = subprocess.Popen(web_command(), cwd=load.ROOT)
        asyncio.run(play(sessions, rows, pause_s))
        report(clients)
    finally:
        for process in (web, store):
            if process is not None:
                process.terminate()
                process.wait(10)


def web_command() -> list[str]:
    from quanticity.runtime import processes

    plan = processes.Plan(Path(), PORT, 0, "", None, embeds_redis=False)
    return list(next(one.command for one in processes.table(plan) if one.name == "web"))


def members(count: int) -> list[tuple[str, str]]:
    """Sessions of so many members, with their tiers."""
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    from publishing.subscriptions.models import Entitlement

    made = []
    for n in range(count):
        tier = TIERS[n % 3]
        user = User.objects.create(username=f"member{n}", password="!")
        Entitlement.objects.create(user=user, tier=tier, state="ACTIVE", evidence="benchmark")
        session = SessionStore()
        session["_auth_user_id"] = str(user.pk)
        session["_auth_user_backend"] = "publishing.subscriptions.backends.ThrottledBackend"
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.create()
        made.append((str(session.session_key), tier))
    return made


def deliveries(count: int) -> list[Any]:
    """Entries of trades, each with a claimed delivery to the feed of every tier."""
    from publishing.models import Announcement, Delivery
    from publishing.scenarios import ENTRY

    now = datetime.now(UTC) - timedelta(minutes=10)
    rows = []
    for n in range(count):
        no = f"T-{n:05}"
        told = Announcement.objects.create(
            trade_id=no, seq=1, kind="ENTRY", symbol="SPY", clock_at=now,
            facts={**ENTRY, "trade_no": no}, created_at=now, source="paper",
        )  # fmt: skip
        known = {"channel": "web", "due_at": now, "priority": 1, "created_at": now}
        rows += [
            Delivery.objects.create(announcement=told, tier=tier, state="CLAIMED", **known)
            for tier in TIERS
        ]
    return rows


async def play(sessions: list[tuple[str, str]], rows: list[Any], pause_s: float) -> None:
    listeners = [asyncio.create_task(listen(*one)) for one in sessions]
    async with asyncio.timeout(90):
        for _ in listeners:
            await ready.get()
    gc.freeze()  # the clients' own collections are not measured
    await asyncio.sleep(2.0)
    for n in range(0, len(rows), 3):
        await asyncio.to_thread(let_out, rows[n : n + 3])
        await asyncio.sleep(pause_s)
    await asyncio.sleep(3.0)
    for task in listeners:
        task.cancel()


async def listen(session: str, tier: str) -> None:
    from django.conf import settings
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake

    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"}
    while True:
        try:
            socket = await connect(
                f"ws://127.0.0.1:{PORT}/ws/feed/", additional_headers=headers,
                origin=f"http://127.0.0.1:{PORT}", compression=None, open_timeout=60, max_queue=None,
            )  # fmt: skip
            break
        except (OSError, InvalidHandshake, TimeoutError):
            await asyncio.sleep(0.5)
    async with socket:
        await socket.recv()
        await ready.put(session)
        while True:
            text = await socket.recv(decode=False)
            received.append((time.time(), tier, bytes(text[:120]).decode(errors="replace")))


def let_out(rows: list[Any]) -> None:
    from publishing import releasing

    for row in rows:
        releasing.release(row, datetime.now(UTC))


def report(clients: int) -> None:
    from publishing.models import Delivery

    sent = {
        (row.tier, row.feed_seq): row.sent_at.timestamp()
        for row in Delivery.objects.filter(channel="web", state="SENT")
    }
    late, wanted, by_release = [], 0, defaultdict(list)
    for tier, _ in sent:
        wanted += len(range(TIERS.index(tier), clients, 3))
    for at, tier, text in received:
        if '"type": "event"' in text:
            seq = int(text.split(":", 1)[1].split(",", 1)[0])
            late.append(at - sent[tier, seq])
            by_release[seq].append(late[-1])
    late.sort()
    print(f"{clients} clients, {len(sent)} releases, {len(late)} of {wanted} received")
    if late:
        marks = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.9999, "max"))
        print("release to receipt: " + ", ".join(f"{name} {late[int(len(late) * q)] * 1_000:.0f} ms" for q, name in marks))  # fmt: skip
        worst = [f"{max(by_release[seq]) * 1_000:.0f}" for seq in sorted(by_release)]
        print("the last client of each event, ms: " + " ".join(worst))


if __name__ == "__main__":
    numbers = [*sys.argv[1:], *("500", "30", "1.0")[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as place:
        os.environ["QC_VAR"] = place
        main(int(numbers[0]), int(numbers[1]), float(numbers[2]))

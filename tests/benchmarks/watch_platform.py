"""What a running platform costs: CPU of each process, and milliseconds of each task by family.

    QC_VAR=... .venv/bin/python tests/benchmarks/watch_platform.py 600

asks Celery's events of the platform under QC_VAR for so many seconds and prints two tables; tasks
that expired instead of piling up are counted.
"""

import os
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def processes(var: str) -> dict[int, tuple[str, float, float]]:
    """Command, CPU seconds and resident megabytes of every process of this platform."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"QC_VAR={var}".encode() not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            cells = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        seconds = (int(cells[11]) + int(cells[12])) / _TICKS
        found[int(folder.name)] = (command, seconds, int(cells[21]) * _PAGE_MB)
    return found


def heard(seconds: float) -> tuple[dict[str, list[float]], Counter[str]]:
    """Milliseconds of every task that succeeded, and how many did not, by what became of them."""
    from quanticity.celery import app

    names: dict[str, str] = {}
    taken: dict[str, list[float]] = defaultdict(list)
    others: Counter[str] = Counter()
    until = time.monotonic() + seconds

    def succeeded(event: dict[str, Any]) -> None:
        taken[names.pop(event["uuid"], "?")].append(event["runtime"] * 1e3)

    handlers = {
        "task-received": lambda e: names.update({e["uuid"]: e.get("name") or "?"}),
        "task-succeeded": succeeded,
        "task-failed": lambda e: others.update([f"failed {names.get(e['uuid'])}"]),
        "task-revoked": lambda e: others.update(["expired" if e.get("expired") else "revoked"]),
    }
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers=handlers)
        while (left := until - time.monotonic()) > 0:
            try:
                receiver.capture(limit=None, timeout=left, wakeup=False)
            except TimeoutError:
                continue
    return taken, others


def main(seconds: float) -> None:
    """Watch, then print."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanticity.settings")
    django.setup()
    var = os.environ["QC_VAR"]
    before, begun = processes(var), time.monotonic()
    answer: list[Any] = []
    listener = threading.Thread(target=lambda: answer.append(heard(seconds)))
    listener.start()
    listener.join()
    after, took = processes(var), time.monotonic() - begun
    print(f"{took:.0f} s, load {os.getloadavg()[0]:.1f}\n\n% of a core   MB  process")
    for pid, (command, spent, mb) in sorted(after.items(), key=lambda one: -one[1][1]):
        if pid in before and pid != os.getpid():
            print(f"{(spent - before[pid][1]) / took * 100:11.1f} {mb:4.0f}  {command[-100:]}")
    taken, others = answer[0]
    print(f"\n{'task':34} {'n':>5} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'total s':>8}")
    for name, each in sorted(taken.items(), key=lambda one: -sum(one[1])):
        each.sort()
        middle, high = each[len(each) // 2], each[int(0.99 * (len(each) - 1))]
        total = sum(each) / 1e3
        print(f"{name:34} {len(each):5} {middle:8.1f} {high:8.1f} {each[-1]:8.1f} {total:8.1f}")
    print(*(f"{n} {what}" for what, n in others.items()), sep="\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(float(sys.argv[1]))

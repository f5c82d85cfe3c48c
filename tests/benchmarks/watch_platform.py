"""What a running platform with 13 symbols costs: CPU by process, milliseconds by task, what expired.

    python tests/benchmarks/watch_platform.py [seconds] [port]

Starts `manage.py up` in a place of its own, lets it warm for half a minute, listens to Celery's
events for so many seconds and prints two tables. A thread of a worker cannot hold its interpreter
for longer than its longest task took, so `max ms` bounds that as well.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START = "2026-11-17T10:30:00-05:00"
DEPTH = ("SPY", "QQQ", "IWM")
STANDARD = ("AAPL", "TSLA", "NVDA", "AMD", "GOOGL", "META", "AMZN", "MSFT", "PLTR", "VXX")
WARM_S, HOLD_MS = 30.0, 200.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
Cost = tuple[float, float]  # seconds of a processor had so far, megabytes resident


def main(seconds: float, port: int) -> None:
    """Start, watch, print, end."""
    with tempfile.TemporaryDirectory(prefix="qc-watch-") as folder:
        os.environ |= {
            "QC_VAR": folder, "DJANGO_SETTINGS_MODULE": "quanticity.settings",
            "QC_FLOWER_PORT": str(port + 1), "QC__UNIVERSE__DEPTH": _words(DEPTH),
            "QC__UNIVERSE__STANDARD": _words(STANDARD),
            "QC__UNIVERSE__CHAINS": _words((*DEPTH, *STANDARD)),
        }  # fmt: skip
        _manage("up", "--detach", "--start", START, "--port", str(port))
        try:
            watch(Path(folder), seconds)
        finally:
            _manage("down")


def watch(var: Path, seconds: float) -> None:
    """Listen for so long, then print what each process and each task took."""
    import django

    django.setup()
    time.sleep(WARM_S)
    before, begun = _costs(var), time.monotonic()
    taken, others = heard(seconds)
    print_processes(before, _costs(var), time.monotonic() - begun)
    print_tasks(taken, seconds)
    print(*(f"{n} {what}" for what, n in others.items()), sep="
")
    print(f"{sum(others.values())} in all did not succeed")


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


def print_processes(before: Mapping[str, Cost], after: Mapping[str, Cost], took: float) -> None:
    """A line for each process, and their sum."""
    shares = {name: (cost[0] - before[name][0]) / took for name, cost in after.items()}
    print(f"{took:.0f} s, {len(DEPTH + STANDARD)} symbols, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'process':14} {'% of a core':>11} {'MB':>6}")
    for name, share in sorted(shares.items(), key=lambda one: -one[1]):
        print(f"{name:14} {share * 100:11.1f} {after[name][1]:6.0f}")
    print(f"{'all':14} {sum(shares.values()) * 100:11.1f} {sum(c[1] for c in after.values()):6.0f}")


def print_tasks(taken: Mapping[str, list[float]], seconds: float) -> None:
    """A line for each task; how often a minute, and how often longer than a worker may be held."""
    print(f"\n{'task':38} {'a min':>6} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7} {'> 200':>6}")
    for name, each in sorted(taken.items(), key=lambda one: -sum(one[1])):
        each.sort()
        middle, high = each[len(each) // 2], each[int(0.99 * (len(each) - 1))]
        long_n = sum(ms > HOLD_MS for ms in each)
        rate = len(each) / seconds * 60
        print(f"{name:38} {rate:6.1f} {middle:7.1f} {high:7.1f} {each[-1]:7.1f} {long_n:6}")


def _costs(var: Path) -> dict[str, Cost]:
    from quanticity.runtime import states

    found = {}
    for name, child in states.processes(var).items():
        cells = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        found[name] = ((int(cells[11]) + int(cells[12])) / _TICKS, int(cells[21]) * _PAGE_MB)
    return found


def _words(symbols: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{symbol}"' for symbol in symbols) + "]"


def _manage(*words: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    words = (*sys.argv[1:], *("600", "9330")[len(sys.argv) - 1 :])
    main(float(words[0]), int(words[1]))

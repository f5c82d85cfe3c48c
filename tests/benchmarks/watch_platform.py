"""What a running platform of 13 symbols costs, and whether it keeps its cadences (issue 4.4).

    python tests/benchmarks/watch_platform.py [seconds] [port]

starts `manage.py up` in a place of its own, waits until it is warm, watches it for so many seconds
and ends it. Printed: the share of a core of each process; milliseconds of each task; what expired or
failed; how long another thread of the market worker had to wait; of each family its cadence, its time
to live, and the oldest reading that was seen.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START, WARM_S = "2026-11-17T11:00:00-05:00", 60.0
DEPTH = ["SPY", "QQQ", "IWM"]
OTHERS = ["AAPL", "TSLA", "NVDA", "AMD", "GOOGL", "META", "AMZN", "MSFT", "PLTR", "VXX"]
# What a family's cadence is called in the timetable, where not after the family.
CADENCES = {
    "gex": "exposures", "dex": "exposures", "vanna": "exposures", "charm": "exposures",
    "hedging": "exposures", "skew": "exposures", "flow_clusters": "clusters",
}  # fmt: skip
# By events or elsewhere: the book by the stream, news with a key, the close in its two hours.
NOT_BY_BEAT = {"obi", "sentiment", "moc"}
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


def heard(until: float) -> tuple[dict[str, list[float]], Counter[str]]:
    """Milliseconds of every task that succeeded, and how many did not, by what became of them."""
    from quanticity.celery import app

    names: dict[str, str] = {}
    taken: dict[str, list[float]] = defaultdict(list)
    others: Counter[str] = Counter()

    def succeeded(event: dict[str, Any]) -> None:
        taken[names.pop(event["uuid"], "?")].append(event["runtime"] * 1e3)

    def revoked(event: dict[str, Any]) -> None:
        what = "expired" if event.get("expired") else "revoked"
        others.update([f"{what} {names.get(event['uuid'])}"])

    handlers = {
        "task-received": lambda e: names.update({e["uuid"]: e.get("name") or "?"}),
        "task-succeeded": succeeded,
        "task-failed": lambda e: others.update([f"failed {names.get(e['uuid'])}"]),
        "task-revoked": revoked,
    }
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers=handlers)
        # Its own limit of time begins anew with each event.
        end = threading.Timer(until - time.monotonic(), setattr, (receiver, "should_stop", True))
        end.start()
        receiver.capture(limit=None, timeout=None, wakeup=False)
    return taken, others


def looked(until: float) -> tuple[dict[str, float], Counter[str], int]:
    """Every second: the greatest age of each family's answers, and how many were not there."""
    from quanticity.config.universe import universe
    from quanticity.domain import clock
    from quanticity.store import keys, readings

    wanted = {(s, f) for f in keys.FAMILY_TTL if f not in NOT_BY_BEAT for s in universe().symbols}
    wanted = (
        {
            (s, f)
            for s, f in wanted
            if f not in {*keys.MARKET_WIDE, "sector"} and (f != "hidden" or s in universe().depth)
        }
        | {("", f) for f in keys.MARKET_WIDE}
        | {(s, "sector") for s in universe().held_sectors}
    )
    ages: dict[str, float] = defaultdict(float)
    absent: Counter[str] = Counter()
    looks = 0
    while time.monotonic() < until:
        subjects = sorted({s for s, _ in wanted})
        found = readings.read_all(subjects, [*keys.FAMILY_TTL])
        looks += 1
        for subject, family in wanted:
            one = found[subject].get(family)
            if one is None:
                absent[family] += 1
                continue
            age_s = (clock.now() - datetime.fromisoformat(one["computed_at"])).total_seconds()
            ages[family] = max(ages[family], age_s)
        time.sleep(1.0)
    return ages, absent, looks


def _named(command: str) -> str:
    """The process of a command line: `worker market`, `beat`, `run_gateway` …"""
    words = command.split()
    if "-Q" in words:
        return f"worker {words[words.index('-Q') + 1]}"
    known = ("beat", "flower", "uvicorn", "run_gateway", "run_simulator", "up")
    return next((word for word in words if word in known), command[-60:])


def _shares(before: dict[int, Any], after: dict[int, Any], took: float) -> dict[str, float]:
    print(f"{took:.0f} s, load {os.getloadavg()[0]:.1f}\n\n% of a core   MB  process")
    shares = {}
    for pid, (command, spent, mb) in sorted(after.items(), key=lambda one: -one[1][1]):
        if pid in before and pid != os.getpid():
            share = (spent - before[pid][1]) / took * 100
            shares[_named(command)] = share
            print(f"{share:11.1f} {mb:4.0f}  {_named(command)}")
    return shares


def _tasks(taken: dict[str, list[float]], others: Counter[str]) -> None:
    print(f"\n{'task':34} {'n':>5} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'total s':>8}")
    for name, each in sorted(taken.items(), key=lambda one: -sum(one[1])):
        each.sort()
        middle, high = each[len(each) // 2], each[round(0.99 * (len(each) - 1))]
        total = sum(each) / 1e3
        print(f"{name:34} {len(each):5} {middle:8.1f} {high:8.1f} {each[-1]:8.1f} {total:8.1f}")
    print(*(f"{n} {what}" for what, n in others.items()), sep="\n")
    print(f"expired: {sum(n for what, n in others.items() if what.startswith('expired'))}")


def _families(ages: dict[str, float], absent: Counter[str], looks: int) -> None:
    from quanticity.config import timetable
    from quanticity.config.loader import section
    from quanticity.store import keys

    own = section("timetable", timetable.Settings)
    print(f"\n{'family':16} {'cadence s':>9} {'TTL s':>6} {'TTL/cad.':>8} {'oldest s':>8} "
          f"{'/cad.':>6} {'absent':>7}  of {looks} looks")  # fmt: skip
    for family in sorted(set(keys.FAMILY_TTL) - NOT_BY_BEAT):
        every = getattr(own, f"{CADENCES.get(family, family)}_s")
        ttl, oldest = keys.FAMILY_TTL[family], ages.get(family, float("nan"))
        print(f"{family:16} {every:9.0f} {ttl:6} {ttl / every:8.1f} {oldest:8.1f} "
              f"{oldest / every:6.2f} {absent[family]:7}")  # fmt: skip


def _waits(path: Path) -> dict[str, float]:
    rows = [line.split() for line in path.read_text().splitlines()]
    longest = sorted(float(row[0]) for row in rows)
    found = {
        "longest_ms": longest[-1], "p99_of_seconds_ms": longest[int(0.99 * (len(longest) - 1))],
        "over_200_ms": sum(int(row[1]) for row in rows),
    }  # fmt: skip
    print(f"\nanother thread of the market worker waited, by seconds: {found}")
    return found


def watch(seconds: float, waits: Path) -> None:
    """Watch for so long, then print."""
    import django

    django.setup()
    time.sleep(WARM_S)
    waits.write_text("")
    before, begun = processes(os.environ["QC_VAR"]), time.monotonic()
    answers: dict[str, Any] = {}
    threads = [
        threading.Thread(target=lambda n=n, f=f: answers.update({n: f(begun + seconds)}))
        for n, f in (("tasks", heard), ("looks", looked))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = processes(os.environ["QC_VAR"])
    shares = _shares(before, after, time.monotonic() - begun)
    _tasks(*answers["tasks"])
    _families(*answers["looks"])
    found = _waits(waits)
    print(json.dumps({"market_worker_pct_of_a_core": shares["worker market"], **found}))


def _manage(*words: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], check=True, cwd=ROOT)


def main(seconds: float, port: int) -> None:
    """Start a platform, watch it, end it."""
    var = Path(tempfile.mkdtemp(prefix="qc-watch-"))
    waits = var / "waits.txt"
    os.environ |= {
        "QC_VAR": str(var), "DJANGO_SETTINGS_MODULE": "quanticity.settings",
        "QC_FLOWER_PORT": str(port + 1), "QC_WAITS": str(waits),
        "PYTHONPATH": str(Path(__file__).with_name("waits")),
        "QC__UNIVERSE__DEPTH": json.dumps(DEPTH), "QC__UNIVERSE__STANDARD": json.dumps(OTHERS),
        "QC__UNIVERSE__CHAINS": json.dumps(DEPTH + OTHERS),
    }  # fmt: skip
    _manage("up", "--detach", "--start", START, "--port", str(port))
    try:
        watch(seconds, waits)
    finally:
        _manage("down")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(float((sys.argv[1:2] or ["600"])[0]), int((sys.argv[2:3] or ["9320"])[0]))

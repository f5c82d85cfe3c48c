"""Hop by hop from a request to an order on the wire, on the whole platform with warm processes.

    python tests/benchmarks/hops_platform.py [signals] [port]

Starts `manage.py up` in a place of its own at speed 1, rehearses so many trades, one after the other
(the gate wants to know how symbols move together before it takes a second) and each by the
platform's own workers, and reads from the rows when each step was done. Prints a table, what each
process took of the processors meanwhile, and JSON. Times are the platform's, which run as the machine's do.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

ROOT = Path(__file__).parents[2]
START = "2026-11-17T10:30:00-05:00"
SYMBOLS = ("SPY", "QQQ")
PATIENCE_S, WARM_N, EVERY_S = 30.0, 4, 1.0
HOPS = (
    ("request to the worker's first line", "asked_at", "begun_at"),
    ("features read", "begun_at", "read_at"),
    ("contract chosen", "read_at", "chosen_at"),
    ("signal admitted, committed", "chosen_at", "committed_at"),
    ("handed over, intent claimed", "committed_at", "claimed_at"),
    ("gate, sizing, what-if, orders committed", "claimed_at", "recorded_at"),
    ("gateway woken, order claimed for sending", "recorded_at", "sent_at"),
    ("broker's first word of it", "sent_at", "seen_at"),
    ("ALL: features read to orders committed", "begun_at", "recorded_at"),
    ("ALL: features read to sent", "begun_at", "sent_at"),
    ("ALL: signal committed to sent", "committed_at", "sent_at"),
)
Stamps = dict[str, datetime]


def main(count: int, port: int) -> None:
    var = Path(tempfile.mkdtemp(prefix="qc-hops-"))
    os.environ |= {
        "QC_VAR": str(var), "DJANGO_SETTINGS_MODULE": "quanticity.settings",
        "QC_FLOWER_PORT": str(port + 1), "QC__EXECUTION__RISK__MAX_POSITIONS": "20",
        "QC__EXECUTION__PRICING__EAGER_ABANDON_S": "2.0",
    }  # fmt: skip
    _manage("up", "--detach", "--start", START, "--port", str(port))
    try:
        import django

        django.setup()
        before = _used_s(var)
        seen, readings = _both(count)
        after = _used_s(var)
        _report(seen, readings, _what_ifs(), {n: after[n] - before.get(n, 0.0) for n in after})
    finally:
        _manage("down")


def _measured(count: int) -> list[Stamps]:
    """Rehearse one signal after the other, each a second after the last trade's end."""
    from analytics import selectors
    from execution.models import OrderIntent, Position

    _until(lambda: selectors.vol_regime() is not None, 120.0, "the volatility regime")
    held = Position.objects.exclude(state="CLOSED")
    entering = OrderIntent.objects.filter(ended_at=None)
    found: list[Stamps] = []
    n = 0
    while len(found) < count + WARM_N:
        n += 1
        stamps = _one(SYMBOLS[n % len(SYMBOLS)])
        found += [] if stamps is None else [stamps]
        _until(lambda: not (held.exists() or entering.exists()), 2 * PATIENCE_S, "its end")
        time.sleep(EVERY_S)  # the books of the last one are closed
    return found[WARM_N:]


def _one(symbol: str) -> Stamps | None:
    """Rehearse once and follow it to the wire."""
    from execution.models import Order, OrderIntent
    from quanticity.domain import clock
    from quanticity.management import rehearsals

    asked_at = clock.now()
    answer = rehearsals.ask(symbol, 1, 0.2)
    if "error" in answer:
        print("not made:", answer["error"])
        return None
    entries = Order.objects.filter(intent__signal_id=answer["signal_id"], role="E")
    intents = OrderIntent.objects.filter(signal_id=answer.pop("signal_id"))
    _until(
        lambda: entries.filter(seen_at__isnull=False).exists() or intents.filter(state="BLOCKED"),
        PATIENCE_S, "the broker's first word",
    )  # fmt: skip
    intent = intents.get()
    if intent.denied_by:
        print("denied:", intent.denied_by, intent.reason)
        return None
    entry = entries.get()
    stamps = {name: datetime.fromisoformat(at) for name, at in answer.items()}
    return stamps | {
        "asked_at": asked_at, "claimed_at": intent.created_at, "recorded_at": intent.recorded_at,
        "sent_at": entry.sent_at, "seen_at": entry.seen_at,
    }  # fmt: skip


def _both(count: int) -> tuple[list[Stamps], list[float]]:
    """The signals, and what chains took to become readings meanwhile."""
    over, readings = threading.Event(), {}
    watching = threading.Thread(target=_watch, args=(over, readings))
    watching.start()
    try:
        seen = _measured(count)
    finally:
        over.set()
        watching.join()
    return seen, list(readings.values())


def _watch(over: threading.Event, found: dict[str, float]) -> None:
    """Milliseconds from a chain's instant to its exposures."""
    from quanticity.store import readings

    while not over.wait(0.25):
        for symbol in SYMBOLS:
            one = readings.read(symbol, ["gex"]).get("gex")
            if one is not None and one["data"] is not None:
                as_of, at = (datetime.fromisoformat(one[k]) for k in ("as_of", "computed_at"))
                found[f"{symbol} {one['as_of']}"] = (at - as_of).total_seconds() * 1e3


def _used_s(var: Path) -> dict[str, float]:
    """Seconds of processor that each process of the platform has had; `seconds` is the clock's."""
    from quanticity.runtime import states

    found = {}
    for name, child in states.processes(var).items():
        stat = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        found[name] = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return found | {"seconds": time.monotonic()}


def _what_ifs() -> list[float]:
    """Milliseconds of the question to the broker alone, asked from a process of its own."""
    from execution.models import Order
    from quanticity.domain import orders
    from quanticity.domain.instruments import parse_occ
    from quanticity.domain.market import Side
    from quanticity.gateway import commands

    row = Order.objects.filter(role="E").latest("recorded_at")
    entry = orders.Ticket(
        "", orders.Role.ENTRY, parse_occ(row.occ), Side.BUY, 1, orders.OrderType.LIMIT,
        orders.TimeInForce.DAY, row.limit_price, None,
    )  # fmt: skip
    taken = []
    for _ in range(50):
        begun = time.perf_counter()
        commands.what_if(entry)
        taken.append((time.perf_counter() - begun) * 1e3)
    return taken


def _report(
    seen: list[Stamps], readings: list[float], what_ifs: list[float], used_s: dict[str, float]
) -> None:
    taken: dict[str, list[float]] = defaultdict(list)
    for stamps in seen:
        for name, begin, end in HOPS:
            taken[name].append((stamps[end] - stamps[begin]).total_seconds() * 1e3)
    taken["(the what-if alone, there and back)"] = what_ifs
    taken["(chain's oldest quote to its exposures)"] = readings
    print(f"\n{len(seen)} signals, load average {os.getloadavg()[0]:.1f} (ms)")
    report = {}
    for name, values in taken.items():
        p50, p90, p99 = _cuts(values)
        report[name] = {"n": len(values), "p50": p50, "p90": p90, "p99": p99}
        print(f"  {name:44} n {len(values):3}  p50 {p50:7.1f}  p90 {p90:7.1f}  p99 {p99:7.1f}")
    seconds = used_s.pop("seconds")
    shares = {name: round(used / seconds, 3) for name, used in used_s.items()}
    print("share of one processor:", ", ".join(f"{n} {v:.0%}" for n, v in shares.items()))
    print(json.dumps({"title": "hops on the platform", "ms": report, "processor": shares}))


def _cuts(values: Iterable[float]) -> tuple[float, float, float]:
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[89], cuts[98]


def _until(condition: Callable[[], Any], seconds: float, what: str = "it") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)


def _manage(*words: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(*(int(word) for word in sys.argv[1:3] or ("50", "9310")))

"""Rounds of alternating calls, their quartiles, and the ratios to ours: a table and JSON."""

import json
import time
from collections.abc import Callable
from statistics import quantiles

ROUNDS = 9


def timed(call: Callable[[], object], repeat: int = 1) -> Callable[[], float]:
    """The call as one that returns its seconds, the mean of `repeat` in a row.

    One call after a peer's finds a cold cache and a processor that slept meanwhile; several in a
    row, after as many that do not count, tell what the arithmetic costs.
    """

    def run() -> float:
        for _ in range(repeat if repeat > 1 else 0):
            call()
        begun = time.perf_counter()
        for _ in range(repeat):
            call()
        return (time.perf_counter() - begun) / repeat

    return run


def compare(
    title: str,
    calls: dict[str, Callable[[], float]],
    *,
    ours: str,
    per: dict[str, int],
    unit: str,
    rounds: int = ROUNDS,
) -> None:
    """Alternate the calls; print nanoseconds per `unit`, and each median over that of `ours`."""
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(call() * 1e9 / per[name])
    rows = {name: quantiles(times, n=4) for name, times in taken.items()}
    base = rows[ours][1]
    print(f"\n{title} ({rounds} rounds, ns per {unit})")
    print(f"  {'what':44} {'q1':>12} {'median':>12} {'q3':>12} {'x ours':>9}")
    for name, (low, middle, high) in rows.items():
        print(f"  {name:44} {low:12.1f} {middle:12.1f} {high:12.1f} {middle / base:9.1f}")
    report = {"title": title, "unit": unit, "rounds": rounds, "ours": ours}
    report["ns"] = {name: {"q1": q[0], "median": q[1], "q3": q[2]} for name, q in rows.items()}
    print(json.dumps(report))

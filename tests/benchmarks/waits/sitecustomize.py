"""How long another thread of a worker waits: a thread asks every 5 ms, and writes the longest down.

`watch_platform.py` puts this folder on PYTHONPATH; only the market worker starts the thread. What it
measures is the hold of the interpreter's lock and the machine's own delays together: a bound from above.
"""

import os
import sys
import threading
import time
from pathlib import Path

EVERY_S = 0.005


def _watch(path: Path) -> None:
    longest, over, written = 0.0, 0, time.monotonic()
    while True:
        asked = time.monotonic()
        time.sleep(EVERY_S)
        now = time.monotonic()
        late_ms = (now - asked - EVERY_S) * 1e3
        longest, over = max(longest, late_ms), over + (late_ms > 200)
        if now - written >= 1:
            with path.open("a") as file:
                file.write(f"{longest:.1f} {over}\n")
            longest, over, written = 0.0, 0, time.monotonic()


if os.environ.get("QC_WAITS") and "market@%h" in sys.argv + sys.orig_argv:
    threading.Thread(
        target=_watch, args=(Path(os.environ["QC_WAITS"]),), name="waits", daemon=True
    ).start()

"""Playing a replay inside its own world, and telling what it came to."""

import contextlib
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management import call_command

from quanticity.domain.errors import ConfigError
from quanticity.management.replay import comparison, roots
from quanticity.management.replay.run import Plan, Replay
from quanticity.store import keys

_TTL_TIMES = 10_000  # what the store forgets by the machine's clock must not decide
_TOLD_EVERY_MIN = 15


def play(plan: Plan, out: Path | None, stdout: Any, *, as_json: bool) -> None:
    """Play the day and print the answer; with `out`, keep its records and compare with the last."""
    if settings.TRADING_MODE != "replay":
        raise ConfigError(f"QC_TRADING_MODE: expected replay, was {settings.TRADING_MODE!r}")
    keys.stretch(_TTL_TIMES)
    call_command("migrate", interactive=False, verbosity=0)
    replay = Replay(plan)
    folder = settings.VAR if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "messages.txt").open("w") as messages, contextlib.redirect_stdout(messages):
        replay.run(_Progress(sys.stderr))
    answer = roots.result()
    changes = comparison.against(folder, answer) if out is not None else None
    if out is not None:
        comparison.keep(folder, answer)
    if as_json:
        stdout.write(json.dumps(answer if changes is None else answer | {"changed": changes}))
        return
    for name, value in answer.items():
        stdout.write(f"{name:15} {value}")
    for line in comparison.told(changes):
        stdout.write(line)


class _Progress:
    # A line on stderr whenever a quarter of an hour of the day is done.
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, at: datetime) -> None:
        if at.minute % _TOLD_EVERY_MIN == 0 and at.second == 0:
            self._stream.write(f"replayed until {at:%H:%M} UTC\n")
            self._stream.flush()

"""Asking the platform's own workers to rehearse a trade: whoever asks does none of the work."""

from typing import Any
from uuid import uuid4

from quanticity import workflows
from quanticity.store import questions
from quanticity.tasking import nudge

_PATIENCE_S = 4.0


def ask(symbol: str, contracts: int, exit_after_s: float) -> dict[str, Any]:
    """Have one signal made by hand; its id and when each step was done, or an `error`."""
    request_id = uuid4().hex
    nudge(workflows.rehearse, request_id, symbol, contracts, exit_after_s)
    found = questions.answered(request_id, _PATIENCE_S)
    if found is None:
        return {"error": f"no worker of the market queue answered within {_PATIENCE_S:g} s"}
    return found

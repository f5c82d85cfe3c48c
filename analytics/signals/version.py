"""Which code decides: a hash over the sources of strategies, features and admission.

It stands on every decision and signal, so that two decisions can be told apart by what made them;
a backfill does not go on with other code than it began with.
"""

import hashlib
from functools import cache
from pathlib import Path

_ANALYTICS = Path(__file__).parent.parent
_DECIDES = ("strategies", "signals", "services/scoring.py")
_SHOWN = 12


def code_version() -> str:
    """The version of the code that decides."""
    return version_of(*_DECIDES)


@cache
def version_of(*parts: str) -> str:
    """First hex digits of the SHA-256 over these folders' and files' sources, in their order."""
    digest = hashlib.sha256()
    for part in parts:
        place = _ANALYTICS / part
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:_SHOWN]

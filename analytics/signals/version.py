"""Which code decides: a hash over the sources of strategies, features and admission.

It stands on every decision and signal, so that two decisions can be told apart by what made them.
"""

import hashlib
from functools import cache
from pathlib import Path

_ANALYTICS = Path(__file__).parent.parent
_DECIDES = ("strategies", "signals", "services/scoring.py")
_SHOWN = 12


@cache
def code_version() -> str:
    """First hex digits of the SHA-256 over the sources, in the order of their names."""
    digest = hashlib.sha256()
    for part in _DECIDES:
        place = _ANALYTICS / part
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:_SHOWN]

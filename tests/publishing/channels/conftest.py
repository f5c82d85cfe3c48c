"""A message to send."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from publishing.messages.message import Field, Message, Tone


@pytest.fixture
def message() -> Callable[..., Message]:
    """A short message; changes by keyword."""

    def make(**changes: Any) -> Message:
        known: dict[str, Any] = {
            "token": "#T-1-2", "kind": "EXIT", "headline": "🔵 SPY closed - WIN", "title": "SPY 21 Nov 25 600C closed - WIN",
            "tone": Tone.NEUTRAL, "fields": (Field("Exit price", "3.18 (entry 2.00)"), Field("Return", "about +60%")),
            "footer": "#T-1-2 · Nov 21, 2025", "at": datetime(2025, 11, 21, 15, 4, 5, 123_000, tzinfo=UTC),
            "data": {"kind": "EXIT", "fill_price": "3.18"},
        }  # fmt: skip
        return Message(**{**known, **changes})

    return make

"""The world of a replay: nothing of the platform in reach, and seals that are the same everywhere."""

from pathlib import Path

import pytest
from django.conf import settings

from quanticity.management.replay import namespace


def test_a_replay_seals_alike_wherever_it_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QC_SECRET_KEY", "the platform's own")
    monkeypatch.setenv("DISCORD_WEBHOOK_PREMIUM", "https://example.org/never")
    here, there = (namespace._environment(tmp_path / name, "unix:///x") for name in "ab")

    assert here["QC_SECRET_KEY"] == there["QC_SECRET_KEY"]
    assert here["QC_SECRET_KEY"] not in ("the platform's own", settings.SECRET_KEY)
    assert here["DISCORD_WEBHOOK_PREMIUM"] == ""

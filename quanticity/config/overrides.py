"""Operators' overrides: rows laid over defaults.toml, with the same validation as the file."""

import time
from typing import Any

from quanticity.config import loader
from quanticity.config.sections import settings_class

REFRESH_S = 5.0
_read_at = float("-inf")


def validate(key: str, value: Any) -> None:
    """Refuse an override that its section would refuse; ConfigError names what is wrong."""
    path, _ = loader.split(key)
    loader.build(path, settings_class(path), loader.values(path, {key: value}))


def refresh() -> None:
    """Take the rows into force, at most every few real seconds; the last good set stays."""
    global _read_at  # noqa: PLW0603 - when this process last looked
    if time.monotonic() - _read_at < REFRESH_S:
        return
    _read_at = time.monotonic()
    # Imported here: this module is below the Django frame and loads before its models.
    from quanticity.models import ConfigOverride  # noqa: PLC0415

    loader.lay_over(dict(ConfigOverride.objects.values_list("key", "value")))

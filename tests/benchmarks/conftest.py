"""Benchmarks run only when asked for by name (`make bench`): timings have no place in the suite."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked = any("benchmarks" in str(argument) for argument in config.invocation_params.args)
    return None if asked else True

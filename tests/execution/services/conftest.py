"""The clock stands at 11:00 in New York, where the default chain is quoted, and all is well."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from quanticity.config import loader
from quanticity.gateway import commands
from tests import desks, factories, racing
from tests.analytics import toy_chains


@pytest.fixture
def morning(noon: Any) -> Any:
    """A moment after the default chain was quoted."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    return noon


@pytest.fixture
def world(db: None, store: None, morning: Any) -> Iterator[Any]:
    """A world in which everything is allowed."""
    factories.quiet_world()
    with commands.answered_by(desks.enough):
        yield morning


@pytest.fixture
def turned() -> Iterator[Callable[..., None]]:
    """Turn a number for one test: `turned("execution.watching.moves_n", value=3)`."""
    yield lambda key, value: loader.lay_over({key: value})
    loader.lay_over({})


@pytest.fixture
def disk(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """An empty database in a file, for threads that race; wants the mark django_db as well."""
    with racing.on_disk(tmp_path):
        yield

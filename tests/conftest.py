"""Fixtures for all tests: a clock that stands still, a real store, the shared material."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

# Before Django loads its settings: tests keep their state away from the operator's.
_VAR = Path(os.environ.get("PYTEST_QC_VAR", "/tmp" if sys.platform != "win32" else "."))
os.environ.setdefault(
    "QC_VAR", str(_VAR / f"qc-tests-{os.getuid()}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
)
os.environ.setdefault("QC_TRADING_MODE", "sim")

SHARED = Path(os.environ.get("QC_SHARED", Path(__file__).parents[2] / "shared"))
REQUIRED = set(filter(None, os.environ.get("QC_REQUIRE", "").split(",")))
# No test fails for a busy machine.
examples.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("untimed")
NOON = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)  # Friday 12:00 in New York


def missing(part: str, why: str) -> None:
    """Skip for want of a part of the machine, or fail when that part is required."""
    if part in REQUIRED:
        pytest.fail(f"{part} is required but missing: {why}")
    pytest.skip(f"{part}: {why}")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden vectors and real data beside the repository."""
    if not (SHARED / "vectors").is_dir():
        missing("shared", f"{SHARED} is not there")
    return SHARED


@pytest.fixture
def settings_of() -> Callable[[str, Any], Any]:
    """Load a section of defaults.toml as its dataclass."""
    from quanticity.config.loader import section

    return section


@pytest.fixture
def noon() -> Iterator[Any]:
    """The platform's clock, standing at noon New York time until a test moves it."""
    from quanticity.domain.clock import ReplayedClock, using

    replayed = ReplayedClock(NOON)
    with using(replayed):
        yield replayed


@contextmanager
def a_store(folder: Path) -> Iterator[str]:
    """A real server of its own on a unix socket, empty; its address."""
    from quanticity.runtime.embedded import server_binary

    socket = Path("/tmp") / f"qc-{os.getpid()}-{folder.name}.sock"
    command = [str(server_binary()), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 10
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        try:
            yield f"unix://{socket}"
        finally:
            process.terminate()
            socket.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of all tests that ask for `store`."""
    with a_store(tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
def store(server_url: str, settings: Any) -> Iterator[None]:
    """The platform's store, flushed before the test."""
    from quanticity.store.client import client

    settings.REDIS_URL = server_url
    client.cache_clear()
    client().flushall()
    yield
    client().close()
    client.cache_clear()

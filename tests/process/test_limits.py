"""A task that never ends, in a worker whose pool is threads (RELIABILITY B4)."""

import pytest

from quanticity.runtime.limits import EXIT_CODE
from tests.process.places import until

pytestmark = [pytest.mark.process, pytest.mark.enable_socket]


def test_a_worker_with_a_stuck_task_ends_and_names_it(place, server) -> None:
    worker = place.python(
        "worker", "-m", "celery", "-A", "stuck_app", "worker", "-Q", "reporting",
        "--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle",
        "--include", "quanticity.runtime.limits", "--loglevel", "DEBUG",
    )  # fmt: skip
    until(lambda: "ready." in place.log("worker"), what="the worker")

    place.python("sender", "-c", "import stuck_app as s; s.end.delay(); s.hang.delay()")
    until(lambda: worker.poll() is not None, what="the worker's end")

    assert worker.returncode == EXIT_CODE
    assert "this worker ends: reporting.hang" in place.log("worker")
    assert "reporting.end" not in place.log("worker").split("this worker ends")[1]

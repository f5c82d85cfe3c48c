"""The process table of `manage.py up`, as data: what runs, with which command, stopped when.

The same processes spread over many machines with nothing but addresses changed.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from quanticity.runtime import embedded
from quanticity.runtime.ports import LOOPBACK

# Stopped in this order; each phase waits for the one before it. Redis is last, because Flower
# hangs on a broker that is gone (ECOSYSTEM 1.2), and workers hand messages back to it.
WORK, GATEWAY, EXCHANGE, STORE = range(4)
STOP_WITHIN_S = {WORK: 4.0, GATEWAY: 1.5, EXCHANGE: 0.75, STORE: 1.25}


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its name, its command, what its environment adds, when it is stopped."""

    name: str
    command: tuple[str, ...]
    phase: int = WORK
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where this instance lives and what it embeds; None: a server of the operator's is used."""

    var: Path
    port: int
    flower_port: int
    flower_password: str
    simulator_port: int | None
    embeds_redis: bool
    seed: int | None = None
    tape: Path | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """A worker's queue and how many tasks it runs at once."""

    queue: str
    threads: int


# Threads, not forked children: a child per task doubles what the platform keeps resident.
# Entries are one at a time, so that two signals cannot both see the same buying power; they have a
# worker of their own, because a signal must not wait while positions are swept.
# Sources over HTTP wait most of the time; beside reports they do not make the arithmetic wait.
POOLS = (
    Pool("market", 3), Pool("entries", 1), Pool("execution", 1), Pool("publishing", 8),
    Pool("reporting", 4),
)  # fmt: skip


def table(plan: Plan) -> list[Process]:
    """Every process of this instance except the store, in the order in which they are started."""
    found = [] if plan.simulator_port is None else [_simulator(plan, plan.simulator_port)]
    found.append(_gateway(plan))
    found.append(_web(plan))
    found += [_worker(pool) for pool in POOLS]
    found.append(_beat())
    found.append(_flower(plan))
    return found


def store(plan: Plan) -> Process | None:
    """The embedded Redis, started before everything else; None where the operator has one."""
    if not plan.embeds_redis:
        return None
    return Process("redis", tuple(embedded.command(plan.var)), STORE)


def _manage(*words: str) -> tuple[str, ...]:
    return (sys.executable, "manage.py", *words)


def _celery(app: str = "quanticity.celery") -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "-A", app)


def _simulator(plan: Plan, port: int) -> Process:
    words = ["run_simulator", "--port", str(port), "--ledger", str(plan.var / "exchange.json")]
    words += [] if plan.seed is None else ["--seed", str(plan.seed)]
    words += [] if plan.tape is None else ["--tape", str(plan.tape)]
    return Process("simulator", _manage(*words), EXCHANGE)


def _gateway(plan: Plan) -> Process:
    # Not by the environment: QC_IBKR_HOST means somebody else's gateway, whose clock is obeyed.
    port = plan.simulator_port
    address = () if port is None else ("--host", LOOPBACK, "--port", str(port))
    return Process("gateway", _manage("run_gateway", *address), GATEWAY)


def worker_name(queue: str) -> str:
    """What the worker of a queue is called, here and among the signs of life."""
    return f"worker-{queue}"


def _worker(pool: Pool) -> Process:
    return Process(
        worker_name(pool.queue),
        (
            *_celery(), "worker", "-Q", pool.queue, "-n", f"{pool.queue}@%h",
            "--pool", "threads", "--concurrency", str(pool.threads),
            "--without-gossip", "--without-mingle",
            "--include", "quanticity.runtime.pulse,quanticity.runtime.limits",
            "--loglevel", "INFO",
        ),
    )  # fmt: skip


def _beat() -> Process:
    # It only names tasks; importing them would cost it the weight of the arithmetic.
    words = (*_celery(), "beat", "--loglevel", "INFO", "--pidfile=")
    return Process("beat", words, environment={"QC_TASKS": "off"})


def _web(plan: Plan) -> Process:
    return Process(
        "web",
        (
            sys.executable, "-m", "uvicorn", "quanticity.asgi:application",
            "--host", LOOPBACK, "--port", str(plan.port), "--lifespan", "off",
            "--timeout-graceful-shutdown", "2", "--no-access-log", "--log-level", "warning",
            # What is written once for all is not to be packed once for each (a feed's event: 1 KB).
            "--ws-per-message-deflate", "false",
        ),
    )  # fmt: skip


def _flower(plan: Plan) -> Process:
    return Process(
        "flower",
        (
            *_celery("quanticity.runtime.watching"), "flower",
            f"--address={LOOPBACK}", f"--port={plan.flower_port}",
            f"--conf={Path(__file__).with_name('flowerconfig.py')}",
        ),
        # In the environment: a command line is for everybody to see.
        environment={"FLOWER_BASIC_AUTH": f"operator:{plan.flower_password}"},
    )  # fmt: skip

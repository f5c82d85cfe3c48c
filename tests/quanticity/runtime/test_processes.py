from pathlib import Path

import pytest

from quanticity.runtime import processes
from quanticity.runtime.processes import Plan

PLAN = Plan(
    var=Path("/var/qc"),
    port=8000,
    flower_port=5555,
    flower_password="hush-hush",
    simulator_port=7497,
    embeds_redis=True,
    seed=7,
)


def changed(**values: object) -> Plan:
    return Plan(**{name: getattr(PLAN, name) for name in Plan.__slots__} | values)  # type: ignore[arg-type]


def words(name: str, plan: Plan = PLAN) -> str:
    return next(" ".join(p.command) for p in processes.table(plan) if p.name == name)


def test_every_process_of_the_house_runs() -> None:
    assert [process.name for process in processes.table(PLAN)] == [
        "simulator", "gateway", "web",
        "worker-market", "worker-entries", "worker-execution", "worker-publishing",
        "worker-reporting",
        "beat", "flower",
    ]  # fmt: skip


def test_a_real_gateway_replaces_the_simulator() -> None:
    names = [process.name for process in processes.table(changed(simulator_port=None))]

    assert "simulator" not in names


def test_the_gateway_is_told_where_the_simulator_listens() -> None:
    assert words("gateway").endswith("run_gateway --host 127.0.0.1 --port 7497")


def test_a_real_gateway_is_left_to_the_environment() -> None:
    assert words("gateway", changed(simulator_port=None)).endswith("run_gateway")


def test_the_operators_redis_is_not_ours_to_start() -> None:
    assert processes.store(changed(embeds_redis=False)) is None


@pytest.mark.parametrize("queue", ["entries", "execution"])
def test_what_makes_orders_runs_one_task_at_a_time(queue) -> None:
    expected = f"-Q {queue} -n {queue}@%h --pool threads --concurrency 1"

    assert expected in words(f"worker-{queue}")


def test_no_password_is_on_a_command_line() -> None:
    assert "hush-hush" not in " ".join(words(process.name) for process in processes.table(PLAN))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        pytest.param(PLAN, "--seed 7", id="seed"),
        pytest.param(changed(tape=Path("/tapes/a")), "--tape /tapes/a", id="tape"),
    ],
)
def test_the_market_is_passed_on_to_the_simulator(plan, expected) -> None:
    assert expected in words("simulator", plan)


def test_everything_is_stopped_within_ten_seconds() -> None:
    assert sum(processes.STOP_WITHIN_S.values()) < 10


def test_redis_is_stopped_last() -> None:
    store = processes.store(PLAN)

    assert store is not None
    assert store.phase > max(process.phase for process in processes.table(PLAN))

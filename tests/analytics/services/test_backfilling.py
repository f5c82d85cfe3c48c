"""A backfill has one result, however its source lies and however often it was interrupted."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.backfill import records
from analytics.backfill.windows import Window
from analytics.chainfiles import reader, report
from analytics.management.commands import analyze
from analytics.models import BackfillRow, BackfillRun, BackfillState, MetricHistory, Quarantined
from analytics.services import backfilling
from analytics.services.backfilling import Answer, Plan
from quanticity.config import loader
from quanticity.config.loader import section
from quanticity.domain.errors import MalformedInput, TemporaryError
from tests.analytics.backfill import lines

pytestmark = pytest.mark.django_db
EVERYTHING = Window(None, None, ())
SOURCES: dict[str, list[dict[str, Any]]] = {
    "vix1d": [lines.vix1d(n, 14 + n % 9) for n in range(24)],
    "dealer-flow": [lines.chain(n, 600 + n / 4) for n in range(8)],
    "flow-clusters": [lines.prints(n) for n in range(1, 12)],
}


class Killed(Exception):  # noqa: N818 - an error is named after what happened
    """The process ends here."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any, noon: Any) -> None:
    """A place for what is sorted, and a clock that no formula may read."""
    settings.VAR = tmp_path


@pytest.fixture
def configured() -> Iterator[Callable[..., None]]:
    """Lay numbers over the file."""
    yield lambda **numbers: loader.lay_over(
        {f"analytics.{name.replace('__', '.')}": value for name, value in numbers.items()}
    )
    loader.lay_over({})


def plan(job: str, path: Path, **changes: Any) -> Plan:
    return Plan(backfilling.JOBS[job], path, changes.pop("window", EVERYTHING), **changes)


def killed_after(count: int) -> Callable[[int, int], None]:
    def stop(done: int, _total: int) -> None:
        if done == count:
            raise Killed

    return stop


def rows() -> list[tuple[Any, ...]]:
    return list(BackfillRow.objects.values_list("symbol", "as_of", "data", "digest"))


def source(folder: Path, job: str) -> Path:
    return lines.write(folder / f"{job}.ndjson", SOURCES[job])


@pytest.mark.parametrize("job", SOURCES)
def test_it_needs_neither_store_nor_feed_and_touches_no_history(job: str, tmp_path: Path) -> None:
    found = backfilling.run(plan(job, source(tmp_path, job)))

    assert found.read == len(SOURCES[job])
    assert found.written == BackfillRow.objects.count() > 0
    assert found.quarantined == {}
    assert set(BackfillRow.objects.values_list("source", flat=True)) == {"replay"}
    assert not MetricHistory.objects.exists()


@pytest.mark.parametrize("job", SOURCES)
@pytest.mark.parametrize("count", [1, 5])
def test_killed_and_resumed_is_what_it_is_in_one_go(
    job: str, count: int, tmp_path: Path, configured: Callable[..., None]
) -> None:
    whole = backfilling.run(plan(job, source(tmp_path, job)))
    expected = rows()
    configured(backfill__commit_every_n=2)

    again = plan(job, source(tmp_path, job), restart=True)
    with pytest.raises(Killed):
        backfilling.run(again, killed_after(count))
    done = BackfillRun.objects.get().read_n
    found = backfilling.run(plan(job, source(tmp_path, job)))

    assert done == count // 2 * 2
    assert (found.resumed_from is not None) == (done > 0)
    assert rows() == expected
    assert (found.result_hash, found.read) == (whole.result_hash, whole.read)
    assert not BackfillState.objects.exists()


@given(st.permutations([*SOURCES["vix1d"], SOURCES["vix1d"][3]]), st.integers(0, 4_000))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_order_of_a_source_decides_nothing(
    tmp_path: Path, configured: Callable[..., None], shuffled: list[Any], sort_bytes: int
) -> None:
    configured(backfill__sort_bytes=sort_bytes)

    found = backfilling.run(
        plan("vix1d", lines.write(tmp_path / "shuffled.ndjson", shuffled), restart=True)
    )

    assert found.result_hash == ordered(tmp_path).result_hash
    assert found.quarantined == {"DUPLICATE": 1}


def ordered(folder: Path) -> Answer:
    return backfilling.run(plan("vix1d", source(folder, "vix1d")))


def test_a_finished_run_is_told_again(tmp_path: Path) -> None:
    first = backfilling.run(plan("vix1d", source(tmp_path, "vix1d")))

    again = backfilling.run(plan("vix1d", source(tmp_path, "vix1d")))

    assert again.result_hash == first.result_hash
    assert again.resumed_from == lines.at(23)
    assert (again.read, again.written) == (24, 24)


def test_another_configuration_is_another_run(
    tmp_path: Path, configured: Callable[..., None]
) -> None:
    first = backfilling.run(plan("vix1d", source(tmp_path, "vix1d")))
    configured(volatility__shock_rise=99.0)

    found = backfilling.run(plan("vix1d", source(tmp_path, "vix1d")))

    assert found.run_id != first.run_id
    assert found.resumed_from is None
    assert found.result_hash != first.result_hash


def test_of_two_at_the_same_run_one_gives_way(
    tmp_path: Path, configured: Callable[..., None]
) -> None:
    configured(backfill__commit_every_n=1)
    moved: list[int] = []

    def overtake(done: int, _total: int) -> None:
        moved.append(BackfillRun.objects.filter(read_n=2).update(cursor="~"))

    with pytest.raises(TemporaryError, match="another backfill is at work"):
        backfilling.run(plan("vix1d", source(tmp_path, "vix1d")), overtake)

    assert BackfillRow.objects.count() == sum(moved) + 1


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    both = [lines.chain(n, symbol=name) for n in range(4) for name in ("SPY", "QQQ")]
    window = Window(lines.at(1), lines.at(2), ("QQQ",))

    found = backfilling.run(
        plan("dealer-flow", lines.write(tmp_path / "x.ndjson", both), window=window)
    )

    assert found.read == 2
    assert list(BackfillRow.objects.values_list("symbol", "as_of")) == [
        ("QQQ", lines.at(1)), ("QQQ", lines.at(2)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("job", "line", "reason"),
    [
        pytest.param("vix1d", "{", "MALFORMED", id="a torn line"),
        pytest.param("vix1d", lines.vix1d(1, "nan"), "SENTINEL", id="no number"),
        pytest.param("vix1d", lines.vix1d(1, -1), "SENTINEL", id="below zero"),
        pytest.param("vix1d", lines.vix1d(9 * 60), "SESSION_CLOSED", id="in the evening"),
        pytest.param("vix1d", lines.vix1d(0, 99), "DUPLICATE", id="a second one of the instant"),
        pytest.param(
            "dealer-flow", lines.chain(1) | {"chain": []}, "UNREADABLE", id="no contracts"
        ),
        pytest.param(
            "dealer-flow", lines.chain(1) | {"chain": [{"occ": "?"}, *lines.chain(1)["chain"]]},
            "BAD_SYMBOL", id="one row that is no contract",
        ),
        pytest.param(
            "flow-clusters", lines.prints(1) | {"trades": None}, "MALFORMED", id="no prints"
        ),
        pytest.param(
            "flow-clusters", lines.prints(1) | {"trades": [{"price": 0.0, "size": 1.0}]},
            "T_SENTINEL", id="a print for nothing",
        ),
        pytest.param(
            "flow-clusters", lines.prints(1) | {"timestamp": lines.at(0).isoformat()},
            "FROM_THE_FUTURE", id="prints after their record",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_counted_and_kept(
    job: str, line: Any, reason: str, tmp_path: Path
) -> None:
    good = {"vix1d": lines.vix1d(0), "dealer-flow": lines.chain(0)}.get(job, lines.prints(0))

    found = backfilling.run(plan(job, lines.write(tmp_path / "x.ndjson", [good, line])))

    assert found.read == 2
    assert set(found.quarantined) == {reason}
    kept = Quarantined.objects.all()
    assert {one.reason for one in kept} == {reason}
    assert {(one.source, one.feed) for one in kept} == {("replay", "backfill")}


def test_refused_before_the_kill_is_not_counted_twice(
    tmp_path: Path, configured: Callable[..., None]
) -> None:
    bad = ["{", lines.vix1d(1, "nan"), *(lines.vix1d(n) for n in range(2, 9))]
    path = lines.write(tmp_path / "x.ndjson", bad)
    configured(backfill__commit_every_n=2)
    with pytest.raises(Killed):
        backfilling.run(plan("vix1d", path), killed_after(5))

    found = backfilling.run(plan("vix1d", path))

    assert found.quarantined == {"MALFORMED": 1, "SENTINEL": 1}
    assert Quarantined.objects.count() == 2


def test_a_source_with_nothing_for_the_job_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="expected records for dealer-flow"):
        backfilling.run(plan("dealer-flow", source(tmp_path, "vix1d")))


def test_a_vendors_file_says_what_analyze_says_of_it(shared: Path) -> None:
    path = shared / "data/chains/cboe_csv/AMD_2023-08-18_close.csv.gz"
    own = section("analytics.chainfiles", reader.Settings)
    expected = report.analyse(reader.load(path, own), analyze.settings())

    backfilling.run(plan("dealer-flow", path))

    families = BackfillRow.objects.get().data["families"]
    assert families["gex"]["data"]["gex_usd_per_1pct"] == expected["gex_usd_per_1pct"]
    assert families["charm"]["data"]["cex_usd_per_day"] == expected["cex_usd_per_day"]
    assert families["gex"]["data"]["z"]["n"] == 0


def test_a_year_of_closes_ranks_the_next(shared: Path) -> None:
    found = backfilling.run(plan("vix1d", shared / "data/vol/VIX1D_open_close.csv"))

    last = BackfillRow.objects.order_by("as_of").last()
    assert last is not None
    closes = [
        row.data["vix1d"]
        for row in BackfillRow.objects.order_by("as_of")[1 : found.written - 2 : 2]
    ][-252:]
    lower, equal = (sum(c < 10.72 for c in closes), sum(c == 10.72 for c in closes))
    assert last.data["vix1d_prev_close"] == closes[-1]
    assert last.data["percentile_252d"] == pytest.approx((lower + equal / 2) / 252)


def test_terms_say_what_a_run_is_of(tmp_path: Path) -> None:
    backfilling.run(plan("vix1d", source(tmp_path, "vix1d")))

    run = BackfillRun.objects.get()
    assert set(run.terms) == {"job", "source", "window", "config", "code"}
    assert run.pk == records.digest_of(run.terms)[:32]
    assert json.dumps(run.terms)

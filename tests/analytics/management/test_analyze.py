"""`manage.py analyze`: the report of INTERFACES 4 from a file, without any service."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.analytics.chainfiles import files

KEYS = {
    "symbol",
    "as_of",
    "spot",
    "source_format",
    "contracts",
    "used",
    "rejected",
    "iv",
    "gex_usd_per_1pct",
    "dex_usd",
    "vex_usd_per_volpt",
    "cex_usd_per_day",
    "charm_to_close_usd",
    "flip",
    "flips",
    "call_wall",
    "put_wall",
    "key_strike",
    "max_pain",
    "skew_rr25_volpts",
    "hedging_elasticity",
    "expected_move_pct",
    "by_expiry",
    "by_strike",
    "coverage",
    "conventions",
    "warnings",
}
NULLABLE = sorted(
    KEYS
    - {
        "contracts",
        "used",
        "rejected",
        "iv",
        "flips",
        "by_expiry",
        "by_strike",
        "conventions",
        "warnings",
    }
)
CSV = [
    "AMD_2023-08-18_close",
    "QQQ_2023-04-14_close",
    "QQQ_2023-05-10_1510_intraday",
    "QQQ_2023-05-10_1739_close",
    "RUT_2022-12-12_close",
    "SPX_2022-12-12_noquotes",
    "SPX_2023-04-10_close",
    "SPX_2023-04-14_close",
    "SPX_2023-04-17_close",
    "SPX_2023-09-14_close",
    "SPY_2023-04-11_close",
    "SPY_2023-04-14_close",
    "SPY_2023-09-14_close",
    "TSLA_2023-08-18_1exp",
]
REAL = [f"cboe_csv/{name}.csv.gz" for name in CSV] + ["cboe_json/SPY_2022-07-12_1857ET.json.gz"]

Report = dict[str, Any]


@pytest.fixture
def analyze(capsys: pytest.CaptureFixture[str]) -> Callable[..., Report]:
    def run(path: Path, *options: str) -> Report:
        call_command("analyze", str(path), "--json", *options)
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "chain.csv"
    path.write_text(files.cboe_csv())
    return path


def explained(document: Report, name: str) -> bool:
    return any(warning.startswith(f"{name}:") for warning in document["warnings"])


@pytest.mark.parametrize("name", REAL, ids=[name.split("/")[1].split(".")[0] for name in REAL])
def test_every_real_chain_is_analyzed(
    name: str, shared: Path, analyze: Callable[..., Report]
) -> None:
    document = analyze(shared / "data" / "chains" / name)

    assert document.keys() >= KEYS
    assert document["used"] + sum(document["rejected"].values()) == document["contracts"]
    assert (
        document["iv"]["recomputed"] + sum(document["iv"]["failed"].values())
        == document["contracts"]
    )
    assert [
        field for field in NULLABLE if document[field] is None and not explained(document, field)
    ] == []


@pytest.mark.parametrize(
    "name",
    [name for name in REAL if "noquotes" not in name],
    ids=lambda name: name.split("/")[1].split(".")[0],
)
def test_real_chains_are_covered_and_agree_with_the_vendor(
    name: str, shared: Path, analyze: Callable[..., Report]
) -> None:
    document = analyze(shared / "data" / "chains" / name)

    assert document["coverage"] > 0.9
    assert document["vendor"]["delta_abs_gap"]["p50"] < 0.01
    assert document["put_wall"] <= document["spot"] <= document["call_wall"]


def test_a_file_without_quotes_keeps_its_open_interest(
    shared: Path, analyze: Callable[..., Report]
) -> None:
    document = analyze(shared / "data/chains/cboe_csv/SPX_2022-12-12_noquotes.csv.gz")

    assert document["max_pain"] == 3975.0
    assert (document["gex_usd_per_1pct"], document["used"]) == (None, 0)
    assert explained(document, "gex_usd_per_1pct")


def test_the_volatility_the_file_was_made_with_gives_the_move(
    toy: Path, analyze: Callable[..., Report]
) -> None:
    document = analyze(toy, "--rate", "0.043", "--dividend-yield", "0.012")

    t = files.FOUND.expiries[0].t_s / 31_536_000
    assert document["expected_move_pct"] == pytest.approx(
        100 * 0.15 * (2 * t / 3.14159) ** 0.5, rel=0.01
    )
    assert document["skew_rr25_volpts"] == pytest.approx(0, abs=0.3)


def test_an_operators_spot_is_taken_as_it_is(toy: Path, analyze: Callable[..., Report]) -> None:
    assert (
        analyze(toy, "--spot", "590", "--symbol", "spy", "--asof", "2025-11-21T10:00:00")["spot"]
        == 590.0
    )


def test_without_spot_the_chain_implies_it(tmp_path: Path, analyze: Callable[..., Report]) -> None:
    (tmp_path / "x").write_text(files.alphavantage_json())
    document = analyze(tmp_path / "x", "--asof", "2025-11-21T11:00:00-05:00")

    assert document["spot"] == pytest.approx(600, abs=0.01)
    assert explained(document, "spot")


def test_a_date_that_only_the_operator_knows_degrades(
    tmp_path: Path, analyze: Callable[..., Report]
) -> None:
    (tmp_path / "x").write_text(files.alphavantage_json().replace('"date"', '"when"'))
    document = analyze(tmp_path / "x", "--asof", "2025-11-21T11:00:00")

    assert document["quality"] == "DEGRADED"
    assert explained(document, "as_of")


def test_neither_spot_nor_quotes_leaves_max_pain(
    tmp_path: Path, analyze: Callable[..., Report]
) -> None:
    empty = json.loads(files.alphavantage_json())
    empty["data"] = [row | {"bid": "0", "ask": "0"} for row in empty["data"]]
    (tmp_path / "x").write_text(json.dumps(empty))
    document = analyze(tmp_path / "x")

    assert (document["spot"], document["gex_usd_per_1pct"], document["used"]) == (None, None, 0)
    assert document["max_pain"] is not None
    assert [
        field for field in NULLABLE if document[field] is None and not explained(document, field)
    ] == []


def test_after_settlement_nothing_is_left(toy: Path, analyze: Callable[..., Report]) -> None:
    document = analyze(toy, "--asof", "2025-12-01T12:00:00")

    assert document["rejected"] == {"EXPIRED": len(files.FOUND)}
    assert [
        field for field in NULLABLE if document[field] is None and not explained(document, field)
    ] == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param(("--asof", "yesterday"), "yesterday", id="no instant"),
        pytest.param(("--asof", "1999-01-04"), "1999-01-04", id="outside the calendar"),
        pytest.param(("--spot", "-3"), "-3", id="a negative spot"),
        pytest.param(("--rate", "five"), "five", id="no rate"),
        pytest.param(("--dividend-yield", "nan"), "nan", id="no yield"),
        pytest.param(("--symbol", "QQQ"), "QQQ", id="another symbol"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_exit_2(
    toy: Path, options: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("analyze", str(toy), *options)

    captured = capsys.readouterr()
    assert (left.value.code, captured.out, captured.err.count("\n")) == (2, "", 1)
    assert problem in captured.err


def test_people_get_tables(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("analyze", str(toy))

    shown = capsys.readouterr().out
    assert "Modelled dealer exposure" in shown
    assert "Call wall" in shown

"""Chain files become chains, in every form and packing; what is no chain file is refused."""

import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.chainfiles import reader
from analytics.chainfiles.reader import Loaded
from quanticity.config.loader import section
from quanticity.domain.errors import MalformedInput
from tests.analytics.chainfiles import files
from tests.analytics.toy_chains import AS_OF

SETTINGS = section("analytics.chainfiles", reader.Settings)


def load(path: Path, content: str | bytes, **options: object) -> Loaded:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return reader.load(path, SETTINGS, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "form", "spot", "as_of"),
    [
        pytest.param(files.cboe_csv(), "cboe_csv", 600.0, AS_OF, id="cboe csv"),
        pytest.param(files.cboe_json(), "cboe_json", 600.0, AS_OF, id="cboe json"),
        pytest.param(
            files.alphavantage_json(),
            "alphavantage_json",
            None,
            datetime(2025, 11, 21, 21, tzinfo=UTC),
            id="alpha vantage",
        ),
    ],
)
def test_each_form_gives_the_same_chain(
    tmp_path: Path, text: str, form: str, spot: float | None, as_of: datetime
) -> None:
    loaded = load(tmp_path / "no-extension", text)

    assert (loaded.source_format, loaded.chain.underlying, loaded.chain.spot) == (form, "SPY", spot)
    assert loaded.chain.as_of == as_of
    assert loaded.chain.occ.tolist() == files.FOUND.occ.tolist()
    assert loaded.chain.open_interest.tolist() == files.FOUND.open_interest.tolist()
    assert files.quotes_agree(loaded.chain.bid, loaded.chain.ask)


def zipped(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, files.cboe_csv())


def test_packing_is_recognized_by_content(tmp_path: Path) -> None:
    zipped(tmp_path / "a", "chain.csv")

    assert len(load(tmp_path / "b", gzip.compress(files.cboe_csv().encode())).chain) == len(
        files.FOUND
    )
    assert len(reader.load(tmp_path / "a", SETTINGS).chain) == len(files.FOUND)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda t: t.replace("Last: 600", "Last: 1 600.5").replace("Last: 1 ", "Last: "),
            600.5,
            id="plain",
        ),
        pytest.param(
            lambda t: t.replace("Last: 600", "Last: 4\u202f109.11"),
            4109.11,
            id="narrow no-break space",
        ),
        pytest.param(lambda t: t.replace("Last: 600,", '"Last: 4,109.11",'), 4109.11, id="comma"),
        pytest.param(lambda t: t.replace("Last: 600", "Last: 0"), None, id="zero is no spot"),
    ],
)
def test_spot_spellings(
    tmp_path: Path, change: Callable[[str], str], expected: float | None
) -> None:
    assert load(tmp_path / "x", files.cboe_csv(change)).chain.spot == expected


def test_windows_line_ends_and_byte_order_marks_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + files.cboe_csv(lambda t: t.replace("\n", "\r\n"))

    assert len(load(tmp_path / "x", text).chain) == len(files.FOUND)


def test_repeated_and_unreadable_symbols_are_counted(tmp_path: Path) -> None:
    first = files.cboe_csv().splitlines()[4]
    text = files.cboe_csv(lambda t: t + first + "\n" + first.replace("SPY", "spy") + "\n")
    loaded = load(tmp_path / "x", text)

    assert loaded.rejected == {"DUPLICATE": 2, "BAD_SYMBOL": 2}
    assert len(loaded.chain) == len(files.FOUND)


def test_a_negative_open_interest_is_refused(tmp_path: Path) -> None:
    loaded = load(
        tmp_path / "x", files.cboe_json().replace('"open_interest": 80.0', '"open_interest": -80.0')
    )

    assert loaded.rejected == {"MALFORMED": 2}


def test_an_expiry_beyond_the_calendar_is_refused(tmp_path: Path) -> None:
    loaded = load(
        tmp_path / "x", files.cboe_json().replace("SPY251128C00600000", "SPY991128C00600000")
    )

    assert loaded.rejected == {"OUTSIDE_CALENDAR": 1}


def test_what_the_operator_says_replaces_what_the_file_says(tmp_path: Path) -> None:
    at = datetime(2025, 11, 20, 15, tzinfo=UTC)
    chain = load(tmp_path / "x", files.cboe_csv(), as_of=at, spot=601.0, symbol="SPY").chain

    assert (chain.as_of, chain.spot) == (at, 601.0)


def test_no_line_break_at_the_end_is_a_warning(tmp_path: Path) -> None:
    assert "cut short" in load(tmp_path / "x", files.cboe_csv(str.rstrip)).chain.warnings[0]


def damaged_zip() -> bytes:
    return b"PK\x03\x04" + b"junk"


PACKED = gzip.compress(files.cboe_csv().encode())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \n\n", "empty", id="blank"),
        pytest.param(gzip.compress(b""), "empty", id="empty gzip"),
        pytest.param(PACKED[: len(PACKED) // 2], "truncated or damaged", id="half a gzip"),
        pytest.param(b"\x1f\x8b" + bytes(200), "truncated or damaged", id="no gzip after all"),
        pytest.param(damaged_zip(), "truncated or damaged", id="no zip after all"),
        pytest.param(bytes(range(256)) * 9, "binary", id="binary"),
        pytest.param(files.cboe_csv()[:1500], "line 13: expected 22 columns", id="half a csv"),
        pytest.param(files.cboe_csv().split("Fri")[0], "found none", id="heads only"),
        pytest.param(
            files.cboe_csv(lambda t: t.replace(",0.15,", ",x15,", 1)),
            "line 5: expected a number, was 'x15'",
            id="no number",
        ),
        pytest.param(
            files.cboe_csv(lambda t: t.replace("Date:", "When:")), "give --asof", id="no date"
        ),
        pytest.param(
            files.cboe_csv(lambda t: t.replace("2025 at", "2099 at")),
            "calendar",
            id="a date nobody knows",
        ),
        pytest.param(files.cboe_json()[:900], "JSON is truncated", id="half a json"),
        pytest.param('{"a": 1}', "another shape", id="other json"),
        pytest.param("[1, 2]", "another shape", id="a json list"),
        pytest.param("a,b\n1,2\n", "found neither", id="other csv"),
        pytest.param('{"data": []}', "found none", id="no options"),
        pytest.param('{"Note": "slow down"}', "a note instead of data", id="a refusal"),
        pytest.param('{"data": [{"symbol": "SPY"}]}', r"data\[0\]", id="an option without a name"),
        pytest.param('{"data": {"options": [7]}}', r"options\[0\]", id="an option that is none"),
        pytest.param(
            files.cboe_json().replace("0.15", "[]", 1),
            r"options\[0\]\.iv",
            id="a list for a number",
        ),
        pytest.param("[" * 100_000, "JSON", id="a deep json"),
    ],
)
def test_what_is_no_chain_file_is_refused_with_its_name(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    with pytest.raises(MalformedInput, match=problem) as refused:
        load(tmp_path / "bad.csv", content)
    assert str(refused.value).startswith(str(tmp_path / "bad.csv"))
    assert "\n" not in str(refused.value)


def test_a_zip_of_two_is_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "two.zip", "a.csv", "b.csv")

    with pytest.raises(MalformedInput, match="found 2"):
        reader.load(tmp_path / "two.zip", SETTINGS)


@pytest.mark.parametrize(("name", "problem"), [("nowhere.csv", "no such file"), (".", "directory")])
def test_what_is_not_a_file_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(MalformedInput, match=problem):
        reader.load(tmp_path / name, SETTINGS)


def test_a_symbol_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="expected contracts of QQQ, found SPY"):
        load(tmp_path / "x", files.cboe_csv(), symbol="QQQ")


def test_of_several_underlyings_one_is_picked(tmp_path: Path) -> None:
    document = json.loads(files.alphavantage_json())
    document["data"] += [
        row | {"contractID": row["contractID"].replace("SPY", "QQQ")}
        for row in document["data"][:3]
    ]
    loaded = load(tmp_path / "x", json.dumps(document), symbol="QQQ")

    assert (loaded.chain.underlying, len(loaded.chain)) == ("QQQ", 3)
    assert loaded.rejected == {"OTHER_UNDERLYING": len(files.FOUND)}

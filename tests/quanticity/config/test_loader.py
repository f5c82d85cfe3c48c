from collections.abc import Callable
from dataclasses import dataclass

import pytest

from quanticity.config import loader, sections
from quanticity.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Plan:
    delay_s: float
    name: str = "plain"


@dataclass(frozen=True, slots=True)
class Settings:
    bucket_volume: int
    limit_fraction: float
    symbols: tuple[str, ...]
    plans: dict[str, Plan]


FILE = """
[desk]
bucket_volume = 10_000
limit_fraction = 0.25
symbols = ["SPY"]
plans = { basic = { delay_s = 60.0 } }

[desk.inner]
size = 1
"""


@dataclass(frozen=True, slots=True)
class Inner:
    size: int


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """A small defaults.toml of one section with one inside it; nothing overridden before or after."""
    file = tmp_path / "defaults.toml"
    file.write_text(FILE)
    monkeypatch.setattr(loader, "DEFAULTS", file)
    monkeypatch.setattr(
        sections, "SECTIONS", {"desk": f"{__name__}:Settings", "desk.inner": "x:Inner"}
    )
    caches = (loader.defaults.cache_clear, loader.section.cache_clear, loader._sections.cache_clear)
    forget(caches)
    yield file
    loader.lay_over({})
    forget(caches)


def forget(caches: tuple[Callable[[], None], ...]) -> None:
    for clear in caches:
        clear()


def test_a_section_becomes_its_dataclass() -> None:
    assert loader.section("desk", Settings) == Settings(
        10_000, 0.25, ("SPY",), {"basic": Plan(delay_s=60.0)}
    )


def test_a_section_inside_a_section_is_its_own() -> None:
    assert loader.section("desk.inner", Inner) == Inner(1)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            "bucket_volume = 10_000", "", r"\[desk\] bucket_volume: .*required", id="missing"
        ),
        pytest.param(
            "[desk]", "[desk]\nbukket = 1", r"\[desk\] bukket: no such key, was 1", id="unknown"
        ),
        pytest.param(
            "10_000", '"many"', r"\[desk\] bucket_volume: .*integer.*was 'many'", id="mistyped"
        ),
        pytest.param(
            "10_000", "10.5", r"\[desk\] bucket_volume: .*was 10.5", id="fraction for a whole"
        ),
        pytest.param(
            "0.25", "nan", r"\[desk\] limit_fraction: expected a finite number, was nan", id="nan"
        ),
        pytest.param(
            "0.25", "inf", r"\[desk\] limit_fraction: expected a finite number", id="infinite"
        ),
        pytest.param(
            "0.25", "true", r"\[desk\] limit_fraction: .*number.*was True", id="yes for a number"
        ),
        pytest.param(
            "delay_s =", "delai_s =", r"\[desk\.plans\.basic\] delai_s: no such key", id="nested"
        ),
        pytest.param(
            "[desk]\n", "[disk]\n", r"\[desk\] bucket_volume: .*required", id="section misspelt"
        ),
    ],
)
def test_what_is_wrong_is_named(desk, old, new, sentence) -> None:
    desk.write_text(FILE.replace(old, new, 1))

    with pytest.raises(ConfigError, match=sentence):
        loader.section("desk", Settings)


def test_a_section_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"\[nowhere\] is missing in defaults.toml"):
        loader.section("nowhere", Settings)


def test_an_operators_override_lies_over_the_file() -> None:
    loader.lay_over({"desk.bucket_volume": 5})

    assert loader.section("desk", Settings).bucket_volume == 5


def test_an_override_reaches_inside_a_table() -> None:
    loader.lay_over({"desk.plans.basic.delay_s": 90.0})

    assert loader.section("desk", Settings).plans == {"basic": Plan(delay_s=90.0)}


def test_an_override_belongs_to_the_innermost_section() -> None:
    loader.lay_over({"desk.inner.size": 2})

    assert loader.section("desk.inner", Inner).size == 2


def test_an_override_that_is_taken_back_leaves_the_file() -> None:
    loader.lay_over({"desk.bucket_volume": 5})
    loader.lay_over({})

    assert loader.section("desk", Settings).bucket_volume == 10_000


def test_the_environment_lies_over_the_operators_override(monkeypatch) -> None:
    loader.lay_over({"desk.bucket_volume": 5})
    monkeypatch.setenv("QC__DESK__BUCKET_VOLUME", "7")

    assert loader.section("desk", Settings).bucket_volume == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('["SPY", "QQQ"]', ("SPY", "QQQ"), id="a list"),
        pytest.param("[]", (), id="an empty list"),
    ],
)
def test_the_environment_speaks_toml(monkeypatch, text, expected) -> None:
    monkeypatch.setenv("QC__DESK__SYMBOLS", text)

    assert loader.section("desk", Settings).symbols == expected


def test_the_environment_is_validated_like_the_file(monkeypatch) -> None:
    monkeypatch.setenv("QC__DESK__BUCKET_VOLUME", "plenty")

    with pytest.raises(ConfigError, match=r"\[desk\] bucket_volume: .*was 'plenty'"):
        loader.section("desk", Settings)


def test_the_hash_changes_with_a_number_in_force() -> None:
    before = loader.config_hash("desk")
    loader.lay_over({"desk.bucket_volume": 5})

    assert (len(before), before == loader.config_hash("desk")) == (16, False)

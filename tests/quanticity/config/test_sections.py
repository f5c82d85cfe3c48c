import dataclasses

import pytest

from quanticity.config import loader, sections
from quanticity.domain.errors import ConfigError


def test_everything_in_force_is_valid() -> None:
    sections.validate_all()


@pytest.mark.parametrize("path", sorted(sections.SECTIONS))
def test_a_section_has_a_type_whose_numbers_stand_in_the_file_alone(path) -> None:
    cls = sections.settings_class(path)

    defaulted = [f.name for f in dataclasses.fields(cls) if f.default is not dataclasses.MISSING]
    assert (cls.__dataclass_params__.frozen, defaulted) == (True, [])


@pytest.mark.parametrize("path", sorted(sections.SECTIONS))
def test_a_section_says_what_the_type_asks(path) -> None:
    assert loader.section(path, sections.settings_class(path))


def test_a_section_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"\[analytics.crystal_ball\] is not a section"):
        sections.settings_class("analytics.crystal_ball")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        pytest.param("QC__NOWHERE__N", "1", "no section of this name", id="section"),
        pytest.param(
            "QC__TIMETABLE__NOPE", "1", r"\[timetable\] nope: no such key, was 1", id="key"
        ),
        pytest.param(
            "QC__TIMETABLE__SCORE_S", "nan", r"\[timetable\] score_s: .*finite", id="not finite"
        ),
        pytest.param(
            "QC__TIMETABLE__SCORE_S", "soon", r"\[timetable\] score_s: .*'soon'", id="mistyped"
        ),
    ],
)
def test_a_wrong_variable_refuses_to_start(monkeypatch, name, value, sentence) -> None:
    monkeypatch.setenv(name, value)
    loader.section.cache_clear()

    with pytest.raises(ConfigError, match=sentence):
        sections.validate_all()

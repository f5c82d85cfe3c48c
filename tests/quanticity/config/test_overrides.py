import pytest

from quanticity.config import loader, overrides
from quanticity.config.timetable import Settings
from quanticity.domain.errors import ConfigError
from quanticity.models import ConfigOverride


@pytest.fixture(autouse=True)
def unturned(monkeypatch):
    """No override in force, none remembered."""
    monkeypatch.setattr(overrides, "_read_at", float("-inf"))
    yield
    loader.lay_over({})


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        pytest.param("score_s", 1.0, "score_s: no section", id="no section"),
        pytest.param(
            "timetable.scor_s", 1.0, r"\[timetable\] scor_s: no such key", id="no such key"
        ),
        pytest.param(
            "timetable.score_s", "soon", r"\[timetable\] score_s: .*'soon'", id="mistyped"
        ),
        pytest.param("moon.phase", 1, "moon.phase: no section", id="no such section"),
    ],
)
def test_a_wrong_override_is_refused_before_it_is_a_row(key, value, sentence) -> None:
    with pytest.raises(ConfigError, match=sentence):
        overrides.validate(key, value)


def test_a_right_override_is_accepted() -> None:
    overrides.validate("timetable.score_s", 10.0)


@pytest.mark.django_db
def test_a_row_comes_into_force() -> None:
    ConfigOverride.objects.create(key="timetable.score_s", value=11.0, reason="calm", author="ann")

    overrides.refresh()

    assert loader.section("timetable", Settings).score_s == 11.0


@pytest.mark.django_db
def test_rows_are_read_at_most_every_few_seconds(django_assert_num_queries) -> None:
    overrides.refresh()

    with django_assert_num_queries(0):
        overrides.refresh()


@pytest.mark.django_db
def test_every_change_keeps_who_and_why() -> None:
    row = ConfigOverride.objects.create(
        key="timetable.score_s", value=11.0, reason="calm", author="ann"
    )
    row.value, row.reason, row.author = 12.0, "calmer", "bob"
    row.save()

    kept = [(h.value, h.reason, h.author) for h in row.history.order_by("history_id")]
    assert kept == [(11.0, "calm", "ann"), (12.0, "calmer", "bob")]

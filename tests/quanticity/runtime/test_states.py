import pytest

from quanticity.domain.errors import ConfigError
from quanticity.runtime import states
from quanticity.runtime.states import Keeper, Seen, State


def test_what_was_written_is_read(tmp_path) -> None:
    keeper = Keeper(1, 8000, 5555, ready=True, written=1.5)
    seen = {"web": Seen(0, State.RUNNING, 12, 1.0, 0, None)}

    states.write(tmp_path, keeper, seen)

    assert (states.keeper(tmp_path), states.processes(tmp_path)) == (keeper, seen)


def test_where_nothing_ever_ran_nothing_is_known(tmp_path) -> None:
    assert (states.keeper(tmp_path), states.processes(tmp_path)) == (None, {})


def test_a_place_is_held_by_one(tmp_path) -> None:
    with (
        states.alone(tmp_path),
        pytest.raises(ConfigError, match="already up"),
        states.alone(tmp_path),
    ):
        pass


def test_a_place_is_up_while_it_is_held(tmp_path) -> None:
    with states.alone(tmp_path):
        held = states.is_up(tmp_path)

    assert (held, states.is_up(tmp_path)) == (True, False)

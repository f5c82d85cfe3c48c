from datetime import timedelta

import pytest

from quanticity.config import loader
from quanticity.config.timetable import strategies_of, timetable


@pytest.fixture(autouse=True)
def turned():
    yield
    loader.lay_over({})


def test_each_entry_has_a_name_of_its_own_and_a_cadence() -> None:
    entries = timetable()

    assert all(entry["schedule"] > timedelta(0) for entry in entries.values())
    assert all(name == " ".join((e["task"], *e["args"])) for name, e in entries.items())


def test_every_symbol_with_a_chain_is_scored_by_the_playbooks_that_trade_it() -> None:
    symbols = ["SPY", "IWM", "AAPL"]
    loader.lay_over({"universe.chains": symbols, "timetable.strategies": ["0DTE", "MOC"]})

    scored = {e["args"] for e in timetable().values() if e["task"] == "pipeline.score_and_open"}
    assert scored == {("SPY",), ("IWM",)}
    assert [strategies_of(symbol) for symbol in symbols] == [("0DTE", "MOC"), ("0DTE",), ()]


def test_a_turned_cadence_is_obeyed() -> None:
    loader.lay_over({"timetable.deliver_s": 3.0})

    assert timetable()["pipeline.deliver_owed"]["schedule"] == timedelta(seconds=3)

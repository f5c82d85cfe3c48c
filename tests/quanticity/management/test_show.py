"""`manage.py show`: the record answers what happened at 10:42."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analytics.models import Decision, Signal
from analytics.services import scoring
from quanticity.domain.signals import Strategy
from tests import bullish, factories
from tests.analytics import toy_chains

pytestmark = pytest.mark.usefixtures("rally")


@pytest.fixture
def rally(db: None, store: None, noon: Any) -> Any:
    """Eleven o'clock in New York, with a signal made a second ago."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    factories.quiet_world()
    bullish.write()
    scoring.score(Strategy.ZERO_DTE, "SPY")
    return noon


@pytest.fixture
def show() -> Callable[..., Any]:
    """Run the command for JSON: `show("decision", "SPY", "0DTE")`."""

    def run(*args: str) -> Any:
        out = StringIO()
        call_command("show", *args, "--json", stdout=out)
        return json.loads(out.getvalue())

    return run


def test_now_is_the_default(show: Callable[..., Any]) -> None:
    found = show("decision", "spy", "0dte")

    assert (found["outcome"], found["stood_until"]) == ("EMITTED", None)
    assert {gate["code"] for gate in found["explanation"]["gates"]} >= {"LOW_TOXICITY", "COOLDOWN"}


@pytest.mark.parametrize("at", ["11:00:30", "2025-11-21T16:00:30+00:00", "2025-11-21T11:00:30"])
def test_an_instant_may_be_written_in_several_ways(show: Callable[..., Any], at: str) -> None:
    assert show("decision", "SPY", "0DTE", "--at", at)["outcome"] == "EMITTED"


def test_a_decision_stood_until_the_next(show: Callable[..., Any], rally: Any) -> None:
    rally.advance(60)
    scoring.score(Strategy.ZERO_DTE, "SPY")

    found = show("decision", "SPY", "0DTE", "--at", "11:00:30")

    assert found["stood_until"] == "2025-11-21T16:01:01.000Z"


def test_a_span_tells_every_decision_kept(show: Callable[..., Any], rally: Any) -> None:
    rally.advance(60)
    scoring.score(Strategy.ZERO_DTE, "SPY")

    found = show("decision", "SPY", "0DTE", "--at", "11:00", "--until", "11:05")

    assert [row["outcome"] for row in found] == list(
        Decision.objects.order_by("at").values_list("outcome", flat=True)
    )


def test_before_the_first_there_is_none(show: Callable[..., Any]) -> None:
    with pytest.raises(CommandError, match="at or before Nov 21, 2025 10:42:00 AM EST, found none"):
        show("decision", "SPY", "0DTE", "--at", "10:42")


def test_another_worlds_decisions_are_not_ours(show: Callable[..., Any]) -> None:
    Decision.objects.update(source="replay")

    with pytest.raises(CommandError, match="found none"):
        show("decision", "SPY", "0DTE")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(("SPY", "2DTE"), "expected a strategy, one of 0DTE", id="strategy"),
        pytest.param(("SPY", "0DTE", "--at", "noon"), "expected a time like 10:42", id="time"),
    ],
)
def test_what_it_cannot_read_it_names(
    show: Callable[..., Any], args: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        show("decision", *args)


def test_a_signal_is_shown_with_its_decision(show: Callable[..., Any]) -> None:
    row = Signal.objects.get()

    found = show("signal", row.pk)

    assert (found["signal"]["occ"], found["signal"]["mode"]) == (row.occ, "live")
    assert found["explanation"]["headline"].startswith("A signal: bullish")
    assert found["signal"]["trade"] is None


def test_an_unknown_signal_is_said(show: Callable[..., Any]) -> None:
    with pytest.raises(CommandError, match="none with id SG-NOPE"):
        show("signal", "SG-NOPE")


def test_on_a_terminal_the_headline_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("show", "decision", "SPY", "0DTE")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("0DTE SPY at Nov 21, 2025 11:00:01 AM EST")
    assert lines[1].startswith("A signal: bullish")

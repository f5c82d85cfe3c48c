"""Scoring, from a stored chain and stored readings to a row."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from analytics import selectors
from analytics.models import Decision, ScheduledEvent, Signal
from analytics.services import scoring
from analytics.signals.emit import Rehearsal
from quanticity.config import loader
from quanticity.domain.errors import MalformedInput
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import Acknowledgement, Strategy
from quanticity.store import market
from quanticity.store.client import client
from tests import factories

pytestmark = pytest.mark.usefixtures("rally")
ZERO = Strategy.ZERO_DTE


@pytest.fixture
def overridden() -> Any:
    """Operators' numbers, taken back after the test."""
    yield loader.lay_over
    loader.lay_over({})


def score(symbol: str = "SPY") -> str | None:
    return scoring.score(ZERO, symbol)


def outcome() -> str:
    return Decision.objects.latest("pk").outcome


def test_agreement_becomes_a_signal_to_buy_a_call_of_today() -> None:
    row = Signal.objects.get(pk=score())

    contract = parse_occ(row.occ)
    assert (row.strategy, row.symbol, row.direction, row.multiplier) == ("0DTE", "SPY", 1, 100)
    assert (contract.right.value, contract.expiry) == ("C", factories.TODAY)
    assert row.confidence >= 90


def test_the_reference_is_the_quote_it_was_chosen_on() -> None:
    row = Signal.objects.get(pk=score())

    chain = factories.chain()
    at = int(np.flatnonzero(chain.occ == row.occ)[0])
    bid, ask = Decimal(row.reference["bid"]), Decimal(row.reference["ask"])
    assert float(bid) == pytest.approx(chain.bid[at])
    assert Decimal(row.reference["mid"]) == (bid + ask) / 2
    assert 0.30 <= row.reference["delta"] <= 0.60
    assert row.reference["spot"] == pytest.approx(600.0)


def test_the_reference_names_drivers_and_dealers() -> None:
    reference = Signal.objects.get(pk=score()).reference

    assert len(reference["components"]) == 3
    assert reference["dealer_context"] == {
        "regime": "NEGATIVE", "flip": 601.25, "call_wall": 605.0, "put_wall": 595.0, "vol_regime": "NORMAL",
    }  # fmt: skip


def test_the_next_look_is_no_second_signal(rally: Any) -> None:
    score()
    rally.advance(1)

    assert score() is None
    assert (outcome(), Signal.objects.count()) == ("THIN_UPDATE", 1)


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        pytest.param(4.5, "WINDOW", id="after the window"),
        pytest.param(12, "SESSION", id="at night"),
    ],
)
def test_outside_its_hours_nothing_is_proposed(rally: Any, hours: float, code: str) -> None:
    rally.at += timedelta(hours=hours)

    assert score() is None
    row = Decision.objects.get()
    assert row.outcome == "CONTEXT_BLOCKED"
    assert code in {g["code"] for g in row.explanation["gates"] if not g["passed"]}


def test_a_symbol_that_is_not_its_own_is_blocked() -> None:
    assert score("TSLA") is None
    assert outcome() == "CONTEXT_BLOCKED"


def test_without_a_chain_there_is_no_contract() -> None:
    client().delete("chain:SPY:current")

    assert score() is None
    row = Decision.objects.get()
    assert (row.outcome, row.explanation["reasons"]) == ("NO_CONTRACT", ["CHAIN_MISSING"])


def test_an_illiquid_chain_has_no_contract_and_says_why() -> None:
    found = factories.chain()
    market.write_chain(replace(found, open_interest=np.full(len(found), 10)))

    assert score() is None
    row = Decision.objects.get()
    assert (row.outcome, row.explanation["reasons"]) == ("NO_CONTRACT", ["C_OI"])


def test_a_missing_reading_vetoes() -> None:
    client().delete("analytics:SPY:vpin")

    assert score() is None
    assert Decision.objects.get().explanation["vetoes"] == ["MISSING_REQUIRED", "STALE"]


def test_a_playbook_that_is_off_looks_at_nothing_and_says_so(overridden: Any) -> None:
    overridden({"analytics.signals.mode.0DTE": "off"})

    assert score() is None
    row = Decision.objects.get()
    assert (row.outcome, row.explanation["reasons"]) == ("CONTEXT_BLOCKED", ["MODULE"])
    assert row.explanation["features"] == {}


def test_a_playbook_in_shadow_emits_what_is_never_sent(overridden: Any) -> None:
    overridden({"analytics.signals.mode.0DTE": "shadow"})

    row = Signal.objects.get(pk=score())
    assert (row.mode, selectors.signal_order(row.pk).live) == ("shadow", False)


def test_what_was_made_in_shadow_is_never_sent_afterwards(overridden: Any) -> None:
    overridden({"analytics.signals.mode.0DTE": "shadow"})
    found = score()
    overridden({})

    assert not selectors.signal_order(str(found)).live


def test_while_trading_is_halted_nothing_is_proposed() -> None:
    assert scoring.score(ZERO, "SPY", trading_state="HALTED") is None
    row = Decision.objects.get()
    assert (row.outcome, row.explanation["reasons"]) == ("CONTEXT_BLOCKED", ["TRADING_STATE"])


@pytest.mark.parametrize(
    ("minutes", "code"),
    [
        pytest.param(10, ["EVENT_BLACKOUT"], id="ten minutes before"),
        pytest.param(10.1, [], id="a little earlier"),
        pytest.param(-4.9, ["EVENT_BLACKOUT"], id="just after"),
        pytest.param(-5, [], id="five minutes after"),
    ],
)
def test_around_a_release_nothing_is_entered(rally: Any, minutes: float, code: list[str]) -> None:
    ScheduledEvent.objects.create(
        kind="CPI", at=rally.at + timedelta(minutes=minutes), source="bls.gov"
    )

    score()

    gates = Decision.objects.get().explanation["gates"]
    assert [g["code"] for g in gates if not g["passed"] and g["code"].startswith("EV")] == code


def test_an_abstention_worth_following_keeps_the_contract_it_would_have_bought(
    overridden: Any,
) -> None:
    overridden({"analytics.strategies.zero_dte.scoring.min_confirmations": 9})

    assert score() is None
    row = Decision.objects.get()
    assert row.outcome == "NO_CONFIRMATION"
    assert row.explanation["contract"]["contract"]["root"] == "SPY"


def test_every_step_is_recorded_when_an_early_one_failed(rally: Any) -> None:
    rally.at += timedelta(hours=4.5)
    score()

    codes = [gate["code"] for gate in Decision.objects.get().explanation["gates"]]
    for code in ("MODULE", "WINDOW", "STALE", "NO_DIRECTION", "BELOW_THRESHOLD"):
        assert code in codes


def test_a_rehearsal_takes_the_same_contract() -> None:
    probe = Signal.objects.get(pk=scoring.rehearse("SPY", Rehearsal(1, 30.0)).signal_id)

    assert (probe.probe, probe.occ) == (True, Signal.objects.get(pk=score()).occ)


def test_a_rehearsal_steers_no_contract_of_an_entry(rally: Any) -> None:
    row = Signal.objects.get(pk=scoring.rehearse("SPY", Rehearsal(1, 30.0)).signal_id)
    chosen, strike = row.occ, parse_occ(row.occ).strike
    other = replace(parse_occ(row.occ), strike=strike + 1)
    Signal.objects.update(occ=other.occ)  # near enough that hysteresis would keep it
    rally.advance(1)

    assert Signal.objects.get(pk=score()).occ == chosen


def test_a_rehearsal_without_a_chain_says_so() -> None:
    with pytest.raises(MalformedInput, match="CHAIN_MISSING"):
        scoring.rehearse("QQQ", Rehearsal(1, 30.0))


@pytest.mark.parametrize(
    ("ended", "state"),
    [pytest.param(True, "ended", id="over"), pytest.param(False, "live", id="filled")],
)
def test_an_answer_is_kept_and_an_end_frees_the_lock(ended: bool, state: str) -> None:
    found = score()
    assert found is not None

    scoring.acknowledge(found, Acknowledgement.FILLED, "TARGET", ended=ended)

    row = Signal.objects.get(pk=found)
    assert (row.state, row.acknowledgement, row.acknowledged_by) == (state, "FILLED", "TARGET")


def test_an_ended_signal_takes_no_more_answers() -> None:
    found = score()
    assert found is not None
    scoring.acknowledge(found, Acknowledgement.STALE, "", ended=True)

    scoring.acknowledge(found, Acknowledgement.FILLED, "TARGET", ended=False)

    assert Signal.objects.get(pk=found).acknowledgement == "STALE"

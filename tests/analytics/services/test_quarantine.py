"""Refused records: a bounded sample that can be looked at and judged again."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from analytics.ingestion import sentinels
from analytics.ingestion.recorder import Recorder, Refusal
from analytics.models import Quarantined
from analytics.services import quarantine
from quanticity.config import loader
from quanticity.domain.market import Bar, Trade
from quanticity.models import AuditEntry
from quanticity.store import market
from tests import factories
from tests.analytics import toy_chains
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
CROSSED = replace(factories.quote("SPY", 600.0, 600.02), bid=600.5)
BAD_PRINT = Trade("SPY", float("inf"), 100.0, NOON)
GOOD_PRINT = Trade("SPY", 600.0, 100.0, NOON)
UPSIDE_DOWN = Bar("SPY", NOON, 600.0, 599.0, 601.0, 600.0, 10.0, 600.0)


def refusal(value: Any, kind: str = "trade", reason: str = "T_SENTINEL") -> Refusal:
    return Refusal(kind, "SPY", reason, value, NOON)


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Turn a number for one test."""

    def turn(**numbers: int) -> None:
        for name, number in numbers.items():
            monkeypatch.setenv(f"QC__ANALYTICS__QUARANTINE__{name.upper()}", str(number))
        loader.section.cache_clear()

    yield turn
    loader.section.cache_clear()


def test_what_the_recorder_refuses_can_be_looked_at() -> None:
    recorder = Recorder("sim")
    recorder.take_quote(CROSSED)
    recorder.take_trade(BAD_PRINT)
    recorder.take_bar(UPSIDE_DOWN)
    quarantine.keep(recorder.refusals(), "sim")

    rows = Quarantined.objects.order_by("pk")
    assert [(r.kind, r.instrument, r.reason) for r in rows] == [
        ("quote", "SPY", "Q_CROSSED"), ("trade", "SPY", "T_SENTINEL"), ("bar", "SPY", "B_RANGE"),
    ]  # fmt: skip
    assert rows[0].raw["bid"] == 600.5
    assert rows[1].raw["price"] == "inf"
    assert recorder.refusals() == []


def test_a_flood_is_counted_and_sampled(turned: Any) -> None:
    turned(per_flush=3)
    recorder = Recorder("sim")
    for _ in range(50):
        recorder.take_quote(CROSSED)
    assert quarantine.keep(recorder.refusals(), "sim") == 3
    assert recorder.refused["Q_CROSSED"] == 50


def test_the_oldest_records_go(turned: Any) -> None:
    turned(keep_rows=5, per_flush=100)
    for n in range(12):
        quarantine.keep([refusal(replace(BAD_PRINT, size=float(n)))], "sim")
    assert [row.raw["size"] for row in Quarantined.objects.all()] == [11, 10, 9, 8, 7]


def test_a_record_still_refused_stays_out() -> None:
    quarantine.keep([refusal(BAD_PRINT)], "sim")
    found = quarantine.judge_again(Quarantined.objects.all())
    assert found == {"refused again": 1}
    assert Quarantined.objects.get().verdict == "refused again: T_SENTINEL"
    assert market.trades("SPY") == []


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("trade", GOOD_PRINT, lambda: market.trades("SPY")),
        ("bar", replace(UPSIDE_DOWN, low=598.0, high=602.0), lambda: market.bars("SPY", "5s")),
    ],
    ids=["print", "bar"],
)
def test_after_a_rule_change_a_record_goes_back(kind: str, value: Any, stored: Any) -> None:
    quarantine.keep([refusal(value, kind, "OLD_RULE")], "sim")
    assert quarantine.judge_again(Quarantined.objects.all()) == {"put back": 1}
    assert stored() == [value]


def test_a_rule_change_readmits_what_it_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    quarantine.keep([refusal(CROSSED, "quote", "Q_CROSSED")], "sim")
    monkeypatch.setitem(quarantine._JUDGES, "quote", lambda _: None)
    assert quarantine.judge_again(Quarantined.objects.all()) == {"accepted": 1}


def test_a_past_session_is_left_to_the_replay(noon: Any) -> None:
    quarantine.keep([refusal(GOOD_PRINT)], "sim")
    noon.advance(86_400 * 3)
    assert quarantine.judge_again(Quarantined.objects.all()) == {"accepted": 1}
    assert market.trades("SPY") == []


def test_every_kind_the_recorder_refuses_has_a_judge() -> None:
    assert set(quarantine._JUDGES.values()) == {
        sentinels.of_quote, sentinels.of_trade, sentinels.of_bar,
    }  # fmt: skip


def test_a_row_that_contradicts_its_chain_is_kept_once_a_session() -> None:
    chain = toy_chains.chain()
    chain.bid[6] = chain.ask[6] + 1.0
    found = toy_chains.priced(chain)
    quarantine._seen.clear()

    assert quarantine.keep_chain_rows(found) == 1
    assert quarantine.keep_chain_rows(found) == 0
    row = Quarantined.objects.get()
    assert (row.kind, row.instrument, row.reason) == ("chain row", chain.occ[6], "Q_CROSSED")
    assert row.raw["bid"] > row.raw["ask"]
    assert row.raw["pair_bid"] == pytest.approx(chain.bid[7])


def test_an_absurd_number_in_a_chain_is_kept_readable() -> None:
    chain = toy_chains.chain()
    chain.ask[4] = np.inf
    market.write_chain(chain)
    quarantine._seen.clear()
    quarantine.keep_chain_rows(toy_chains.priced(chain))
    assert Quarantined.objects.get().raw["ask"] == "inf"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ops", password="x"))
    return client


def test_the_admin_shows_filters_and_judges(operator: Client) -> None:
    quarantine.keep([refusal(GOOD_PRINT), refusal(CROSSED, "quote", "Q_CROSSED")], "sim")
    page = reverse("admin:analytics_quarantined_changelist")

    assert b"Q_CROSSED" in operator.get(page).content
    shown = operator.get(page, {"kind__exact": "quote"}).context["cl"].result_list
    assert [row.reason for row in shown] == ["Q_CROSSED"]
    chosen = list(Quarantined.objects.filter(kind="trade").values_list("pk", flat=True))
    operator.post(page, {"action": "judge_again", "_selected_action": chosen})

    assert Quarantined.objects.get(kind="trade").verdict == "put back"
    assert AuditEntry.objects.get().reason == "1 put back"

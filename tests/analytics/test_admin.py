"""The pages that explain: a decision for people, and what each gate was worth."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

import quanticity.urls  # noqa: F401 - the routes discover the admin
from analytics.models import Decision, ScheduledEvent, Signal
from analytics.services import scoring
from quanticity.domain import clock
from quanticity.domain.signals import Strategy
from tests import bullish, factories
from tests.analytics import toy_chains

pytestmark = pytest.mark.usefixtures("rally")


@pytest.fixture
def rally(db: None, store: None, noon: Any) -> Any:
    """A market that pushes up, at eleven o'clock."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    factories.quiet_world()
    bullish.write()
    return noon


@pytest.fixture
def operator(client: Client, settings: Any) -> Client:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client.force_login(User.objects.create_superuser("op", password="x-long-enough"))
    return client


def page(operator: Client, view: str, *args: Any) -> str:
    answer = operator.get(reverse(f"admin:{view}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_silence_is_explained_on_its_page(operator: Client) -> None:
    factories.reading("toxicity", {"toxicity": 0.3, "toxicity_lean": 0.1})
    scoring.score(Strategy.ZERO_DTE, "SPY")

    shown = page(operator, "analytics_decision_change", Decision.objects.get().pk)

    assert "Vetoed: LOW_TOXICITY, toxicity of the flow: 0.3, needs &gt;= 0.45." in shown
    assert 'class="qc-failed"' in shown


def test_a_signal_is_explained_on_its_page(operator: Client) -> None:
    found = scoring.score(Strategy.ZERO_DTE, "SPY")

    shown = page(operator, "analytics_signal_change", found)

    assert "A signal: bullish, confidence 100." in shown


def test_a_rehearsal_has_a_page_as_well(operator: Client) -> None:
    factories.signal()

    page(operator, "analytics_signal_change", Signal.objects.get().pk)


def test_operators_keep_the_calendar_in_new_yorks_time(operator: Client) -> None:
    place = reverse("admin:analytics_scheduledevent_add")

    operator.post(
        place,
        {
            "kind": "CPI",
            "symbol": "",
            "at_0": "2025-12-10",
            "at_1": "13:30:00",
            "source": "bls.gov",
        },
    )

    row = ScheduledEvent.objects.get()
    assert (row.kind, row.at.isoformat()) == ("CPI", "2025-12-10T18:30:00+00:00")


def test_gates_are_shown_with_what_they_were_worth(operator: Client) -> None:
    from execution.models import ShadowTrade

    for n in range(12):
        decision = Decision.objects.create(
            strategy="0DTE", symbol="SPY", at=clock.now(), outcome="VETO", direction=1,
            explanation={}, config_hash="x", source="sim",
        )  # fmt: skip
        ShadowTrade.objects.create(
            decision=decision, gate="LOW_TOXICITY", is_sole=True, strategy="0DTE", symbol="SPY",
            direction=1, occ=factories.OCC, multiplier=100, entry_price=1, stop_price=1,
            target_price=1, mark_price=1, net_usd=-10 - n, state="closed", opened_at=clock.now(),
            source="sim",
        )  # fmt: skip

    shown = page(operator, "execution_shadowtrade_changelist")

    assert "What each gate was worth" in shown
    assert "186.00" in shown
    assert "-17.54 to -13.46" in shown

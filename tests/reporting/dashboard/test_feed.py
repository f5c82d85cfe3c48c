"""Cards are drawn from what the tier was given, and nothing else."""

import copy
from typing import Any

import pytest

from publishing import tiers
from publishing.scenarios import SCENARIOS
from quanticity.domain.tiers import Tier
from reporting.dashboard import feed

STEPS = {step.kind: step for step in SCENARIOS["winner"].steps}
SECRET_FOR_FREE = {
    "Contracts",
    "Notional",
    "Commission",
    "Confidence",
    "Components",
    "Strategy",
    "Modelled dealer context",
}


def seen(kind: str, tier: Tier) -> dict[str, Any]:
    facts = copy.deepcopy(STEPS[kind].facts) | {
        "trade_no": "T-20251121-001",
        "seq": 1,
        "source": "sim",
        "probe": False,
    }
    return tiers.visible(facts, kind, tier)


@pytest.mark.parametrize("kind", ["ENTRY", "EXIT"])
def test_free_sees_no_field_of_the_paying(kind: str) -> None:
    labels = {label for label, _ in feed.card(kind, seen(kind, Tier.FREE)).fields}

    assert labels
    assert labels.isdisjoint(SECRET_FOR_FREE)


def test_premium_sees_size_and_cost() -> None:
    labels = {label for label, _ in feed.card("ENTRY", seen("ENTRY", Tier.PREMIUM)).fields}

    assert {"Contracts", "Notional", "Stop", "Targets", "Confidence"} <= labels


def test_a_card_is_headed_by_its_world_and_result() -> None:
    card = feed.card("EXIT", seen("EXIT", Tier.FREE))

    assert card.badges[0] == "SIM"
    assert card.tone == card.badges[-1].lower()


def test_live_needs_no_badge() -> None:
    assert feed.card("ENTRY", seen("ENTRY", Tier.FREE) | {"source": "live"}).badges == ()


def test_programs_get_numbers() -> None:
    facts = {"fill_price": "1.25", "targets": ["1.5", "2"], "trade_no": "7", "commission_usd": None}

    assert feed.numbered(facts) == {
        "fill_price": 1.25,
        "targets": [1.5, 2.0],
        "trade_no": "7",
        "commission_usd": None,
    }


def test_the_dealer_context_is_said_in_words() -> None:
    fields = dict(feed.card("ENTRY", seen("ENTRY", Tier.PREMIUM)).fields)

    assert fields["Modelled dealer context"] == (
        "gamma negative · flip 601.25 · call wall 605 · put wall 595 · volatility normal"
    )


def test_an_empty_list_is_no_field() -> None:
    facts = seen("ENTRY", Tier.PREMIUM) | {"components": []}

    assert "Components" not in dict(feed.card("ENTRY", facts).fields)

"""Tiers: delays, lateness, and what each may see."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing import tiers
from quanticity.domain.errors import MalformedInput
from quanticity.domain.readings import instant
from quanticity.domain.tiers import Tier

Make = Callable[..., Any]
KINDS = ("ENTRY", "SCALE_OUT", "ADJUSTMENT", "EXIT", "EXPIRY", "CORRECTION")
# The table of DOMAIN 7.3, written down a second time: what each lower tier may never see.
PREMIUM_ONLY = {
    "notional_usd",
    "commission_usd",
    "realised_net_usd",
    "confidence",
    "components",
    "dealer_context",
    "locked_in_frac",
}
NOT_FREE = PREMIUM_ONLY | {
    "strategy", "quantity", "stop_price", "stop_from", "targets", "confidence_band", "tags", "remaining_quantity",
    "return_frac", "holding_s", "exit_reason",
}  # fmt: skip
NEVER = {
    "account",
    "con_id",
    "order_id",
    "perm_id",
    "user_id",
    "order_ref",
    "signal_id",
    "filled_at",
}


@pytest.fixture
def numbers(settings_of: Make) -> tiers.Settings:
    return settings_of("publishing.tiers", tiers.Settings)


@pytest.mark.parametrize(
    ("age_s", "clock_s"),
    [
        pytest.param(0, 0, id="at once"),
        pytest.param(5, 0, id="five seconds is prompt"),
        pytest.param(5.001, 5.001, id="later starts when recorded"),
    ],
)
def test_delays_count_from_the_fill_or_a_late_record(
    numbers: tiers.Settings, at: Make, age_s: float, clock_s: float
) -> None:
    assert tiers.clock_at(at(0), at(age_s), numbers) == at(clock_s)


@given(age=st.floats(0, 100_000))
def test_no_tier_hears_before_fill_and_delay(age: float) -> None:
    delays = dict(zip(Tier, (0, 60, 300), strict=True))
    numbers = tiers.Settings(delays, {}, 0, 0, 300, 5, 60, 0, 0, 0)
    filled = datetime(2025, 11, 21, 17, tzinfo=UTC)
    clock = tiers.clock_at(filled, filled + timedelta(seconds=age), numbers)

    due = [tiers.due_at(clock, tier, numbers) for tier in Tier]

    assert [(d - clock).total_seconds() for d in due] == [0, 60, 300]
    assert clock >= filled


@pytest.mark.parametrize(
    ("kind", "tier", "late_s", "too_late"),
    [
        pytest.param("ENTRY", Tier.PREMIUM, 300, False, id="premium entry in time"),
        pytest.param("ENTRY", Tier.PREMIUM, 301, True, id="premium entry too late"),
        pytest.param("ENTRY", Tier.BASIC, 301, False, id="basic entry in time"),
        pytest.param("ENTRY", Tier.FREE, 1801, True, id="free entry too late"),
        pytest.param("ADJUSTMENT", Tier.PREMIUM, 601, True, id="adjustment too late"),
        pytest.param("EXIT", Tier.PREMIUM, 86_400, False, id="an exit a day late is still told"),
        pytest.param("CORRECTION", Tier.FREE, 8 * 86_400, True, id="after seven days nothing is"),
    ],
)
def test_lateness_limits(
    numbers: tiers.Settings, kind: str, tier: Tier, late_s: float, too_late: bool
) -> None:
    assert tiers.is_too_late(kind, tier, timedelta(seconds=late_s), numbers) is too_late


@pytest.mark.parametrize("kind", KINDS)
def test_free_never_sees_what_others_pay_for(facts: dict[str, Any], kind: str) -> None:
    assert not tiers.visible(facts[kind], kind, Tier.FREE).keys() & NOT_FREE


@pytest.mark.parametrize("kind", KINDS)
def test_basic_never_sees_what_premium_alone_may(facts: dict[str, Any], kind: str) -> None:
    assert not tiers.visible(facts[kind], kind, Tier.BASIC).keys() & PREMIUM_ONLY


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize("kind", KINDS)
def test_a_fact_outside_the_table_is_nobodys(facts: dict[str, Any], kind: str, tier: Tier) -> None:
    told = facts[kind] | dict.fromkeys(NEVER, "secret")

    assert "secret" not in str(tiers.visible(told, kind, tier))


def test_what_a_correction_replaces_obeys_the_same_table(facts: dict[str, Any]) -> None:
    was = tiers.visible(facts["CORRECTION"], "CORRECTION", Tier.FREE)["was"]

    assert was == {
        "fill_price": "3.18", "return_about_frac": "0.60", "result": "WIN", "provisional": False,
    }  # fmt: skip


def test_a_correction_shows_no_figure_that_its_original_hid(facts: dict[str, Any]) -> None:
    corrected = {**facts["CORRECTION"], "corrects": "SCALE_OUT"}
    shown = {tier: tiers.visible(corrected, "CORRECTION", tier) for tier in Tier}

    assert not {"fill_price", "return_about_frac", "result"} & shown[Tier.FREE].keys()
    assert shown[Tier.FREE]["was"] == {"provisional": False}
    assert "return_frac" not in shown[Tier.BASIC]
    assert shown[Tier.BASIC]["return_about_frac"] == "0.53"
    assert shown[Tier.PREMIUM]["return_frac"] == "0.531773"


def test_free_is_not_told_of_adjustments(facts: dict[str, Any]) -> None:
    assert tiers.visible(facts["ADJUSTMENT"], "ADJUSTMENT", Tier.FREE) == {}
    assert not tiers.hears("ADJUSTMENT", Tier.FREE)


@pytest.mark.parametrize(
    ("confidence", "band"),
    [(90, "HIGH"), (89.99, "MEDIUM"), (75, "MEDIUM"), (74.9, "LOW"), (None, None)],
)
def test_confidence_bands(
    facts: dict[str, Any], confidence: float | None, band: str | None
) -> None:
    shown = tiers.visible(facts["ENTRY"] | {"confidence": confidence}, "ENTRY", Tier.BASIC)

    assert shown["confidence_band"] == band


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.5816", "0.60"),
        ("0.5249", "0.50"),
        ("-0.0249", "0.00"),
        ("-1.0", "-1.00"),
        ("0.024", "0.00"),
    ],
)
def test_free_reads_returns_to_five_percent(facts: dict[str, Any], value: str, shown: str) -> None:
    told = facts["EXIT"] | {"return_frac": value}

    assert tiers.visible(told, "EXIT", Tier.FREE)["return_about_frac"] == shown


def test_free_reads_the_stop_as_a_share_of_the_fill(facts: dict[str, Any]) -> None:
    told = facts["ENTRY"] | {"fill_price": "2.00", "stop_price": "1.06"}

    assert tiers.visible(told, "ENTRY", Tier.FREE)["stop_share_frac"] == "0.55"


@given(value=st.decimals("-1", "5", places=6))
def test_a_banded_return_is_within_half_a_band(value: Decimal) -> None:
    shown = tiers.visible({"return_frac": str(value)}, "EXIT", Tier.FREE)["return_about_frac"]

    assert abs(Decimal(shown) - value) <= Decimal("0.025")
    assert Decimal(shown) % Decimal("0.05") == 0


def test_a_pending_fact_stays_missing_and_is_not_zero(facts: dict[str, Any]) -> None:
    assert tiers.visible(facts["ENTRY"], "ENTRY", Tier.PREMIUM)["commission_usd"] is None


def test_an_unknown_kind_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput, match="GOSSIP"):
        tiers.visible(facts["ENTRY"], "GOSSIP", Tier.FREE)


def test_release_times_match_the_vectors(numbers: tiers.Settings, shared: Any) -> None:

    cases = json.loads((shared / "vectors" / "calendar.json").read_text())["delay_cases"]
    got = [
        {
            t.value: instant(tiers.due_at(datetime.fromisoformat(c["in"]["clock_at"]), t, numbers))
            for t in Tier
        }
        for c in cases
    ]

    assert got == [{t.value: c["out"][t.value]["due_at"] for t in Tier} for c in cases]

"""Which tier a membership gives (DOMAIN 8.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.subscriptions.entitlements import tier_in_force
from publishing.subscriptions.models import Entitlement
from quanticity.domain.tiers import Tier

NOW = datetime(2025, 11, 21, 17, 0, tzinfo=UTC)
SOON, PAST = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("state", "until_at", "tier"),
    [
        pytest.param("FREE", None, Tier.FREE, id="free"),
        pytest.param("TRIALING", SOON, Tier.PREMIUM, id="trial"),
        pytest.param("TRIALING", PAST, Tier.FREE, id="trial is over"),
        pytest.param("ACTIVE", None, Tier.PREMIUM, id="without an end"),
        pytest.param("ACTIVE", SOON, Tier.PREMIUM, id="paid"),
        pytest.param("ACTIVE", NOW, Tier.FREE, id="the period ends now"),
        pytest.param("CANCELING", SOON, Tier.PREMIUM, id="until the period's end"),
        pytest.param("CANCELING", PAST, Tier.FREE, id="canceled"),
        pytest.param("PAST_DUE", SOON, Tier.PREMIUM, id="grace"),
        pytest.param("PAST_DUE", PAST, Tier.FREE, id="grace is over"),
        pytest.param("PAST_DUE", None, Tier.FREE, id="grace without an end is none"),
        pytest.param("BANNED", None, None, id="banned"),
    ],
)
def test_the_state_decides(state: str, until_at: datetime | None, tier: Tier | None) -> None:
    held = Entitlement(tier="premium", state=state, until_at=until_at)

    assert tier_in_force(held, NOW) is tier


def test_nobody_is_less_than_free_without_a_row() -> None:
    assert tier_in_force(None, NOW) is Tier.FREE


@given(
    st.sampled_from(Tier), st.sampled_from(Entitlement.State), st.datetimes(timezones=st.just(UTC))
)
def test_no_state_gives_more_than_the_tier_held(tier: Tier, state: str, until_at: datetime) -> None:
    held = Entitlement(tier=tier, state=state, until_at=until_at)

    assert tier_in_force(held, NOW) in (tier, Tier.FREE, None)

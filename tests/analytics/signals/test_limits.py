"""The limits in force: the same world scored with each of them, and with it lifted."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from analytics.models import Decision
from analytics.services import scoring
from analytics.signals.codes import CODES, Step
from quanticity.config import loader
from quanticity.domain.signals import Strategy
from quanticity.store.client import client
from tests import bullish, factories
from tests.analytics import toy_chains

LIMITS = [name for name, code in CODES.items() if code.step is Step.LIMIT]
SETTINGS = "analytics.strategies.zero_dte.scoring"
UNBOUND = {"COVERAGE_FULL": {"coverage_full": 0.70}, "ADJUSTERS": {"adjuster_min": 0.1}}
# Of 145 points the sweeps' 15 are not known, and the others would give 100.
CAPPED = (100 * 130 / 145, 100.0)
# Damped hedging, a shock that has lasted and a pin that pulls down: 0.8 x 0.75 x 0.7 of the points
# (VPIN 30, book 25 x 0.9, gamma 30 against, sweeps 15, dealers 20, skew 10, flow 15).
POINTS = 30 + 22.5 - 30 + 15 + 20 + 10 + 15
CLIPPED = (POINTS * 0.5, POINTS * 0.42)
EXPECTED = {
    "COVERAGE_FULL": (("BELOW_THRESHOLD", CAPPED[0]), ("EMITTED", CAPPED[1])),
    "ADJUSTERS": (("BELOW_THRESHOLD", CLIPPED[0]), ("BELOW_THRESHOLD", CLIPPED[1])),
}


@pytest.fixture
def rally(db: None, store: None, noon: Any) -> Iterator[None]:
    """A market that pushes up, at eleven o'clock; operators' numbers are taken back."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    factories.quiet_world()
    bullish.write()
    yield
    loader.lay_over({})


def coverage_full() -> None:
    client().delete("analytics:SPY:sweep")


def adjusters() -> None:
    bullish.write(
        elasticity_total=-0.03, gex_usd_per_1pct=2e9, pin_proximity=0.9, pin_dist_pct=-0.2,
        pin_pull=-1,
    )  # fmt: skip
    factories.reading("volatility", {"regime": "SHOCK", "vol_regime_age_s": 700.0})


def scored(**lifted: float) -> tuple[str, float | None]:
    """Score SPY with some numbers of an operator: the outcome and the confidence."""
    loader.lay_over({f"{SETTINGS}.{name}": value for name, value in lifted.items()})
    Decision.objects.all().delete()  # the same outcome within a minute is not kept twice
    scoring.score(Strategy.ZERO_DTE, "SPY")
    row = Decision.objects.get()
    return row.outcome, row.confidence


@pytest.mark.usefixtures("rally")
@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_bites(code: str) -> None:
    globals()[code.lower()]()
    (outcome, confidence), (free_outcome, free_confidence) = EXPECTED[code]

    assert scored() == (outcome, pytest.approx(confidence))
    assert scored(**UNBOUND[code]) == (free_outcome, pytest.approx(free_confidence))

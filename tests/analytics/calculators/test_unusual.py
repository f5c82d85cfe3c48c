"""Option volume far above open interest for the time of day (DOMAIN 3.15)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calculators import option_flow, unusual
from analytics.calculators.trade_signing import SignedTrade, Signing
from analytics.calculators.unusual import Activity, Flow, Norms
from quanticity.config.loader import section
from quanticity.domain.calendar import Settlement
from quanticity.domain.market import Side, Trade
from quanticity.domain.options import Chain, Expiry
from quanticity.domain.readings import Unavailable

SETTINGS = section("analytics.unusual", unusual.Settings)
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
NORMS = Norms(day_share=0.25, average_premium_usd=1e8)
P_BUY = {Side.BUY: 0.9, Side.SELL: 0.1, Side.UNKNOWN: 0.5}


def chain(volume: Sequence[int], interest: Sequence[int], *, dte: int = 3) -> Chain:
    n = len(volume)
    right = np.where(np.arange(n) % 2 == 0, 1, -1)
    zeros = np.zeros(n)
    expiry = Expiry(date(2025, 11, 26), "SPY", Settlement.PM_PHYSICAL, AT, 1e5, dte, 5)
    return Chain(
        "SPY", 600.0, AT, "test", delayed=False, multiplier=100, european=False, expiries=(expiry,),
        occ=np.array([f"SPY251126{'C' if r > 0 else 'P'}{600_000 + int(r) * 1_000 * (k + 1):08d}" for k, r in enumerate(right)]),
        right=right, strike=600.0 + right * (np.arange(n) + 1.0), expiry_idx=np.zeros(n, dtype=np.int64),
        bid=zeros, ask=zeros, last=zeros, bid_size=zeros, ask_size=zeros,
        volume=np.array(volume), open_interest=np.array(interest), quote_epoch_ms=np.full(n, -1),
    )  # fmt: skip


def option_print(
    one: Chain, row: int, size: float, side: Side = Side.BUY, price: float = 2.0
) -> SignedTrade:
    return SignedTrade(
        Trade(str(one.occ[row]), price, size, AT), Signing(P_BUY[side], side, "quote")
    )


def flow(one: Chain, *prints: SignedTrade) -> Flow:
    opening = section("analytics.option_flow", option_flow.Settings)
    apart = [
        replace(p, trade=replace(p.trade, event_at=AT + timedelta(seconds=n)))
        for n, p in enumerate(prints)
    ]
    state, _ = option_flow.update(
        option_flow.State(), apart, AT.date(), one.multiplier, {}, opening
    )
    return option_flow.flow(state, one)


def judge(one: Chain, *prints: SignedTrade) -> unusual.Unusual:
    found = unusual.compute(one, flow(one, *prints), NORMS, SETTINGS)
    assert isinstance(found, unusual.Unusual)
    return found


def test_one_odd_contract_cannot_score() -> None:
    assert judge(chain([100_000, 100, 100], [100, 100_000, 100_000])).r3 == pytest.approx(0.004)


def test_the_third_ratio_counts() -> None:
    assert judge(chain([500, 400, 300, 200], [1_000] * 4)).r3 == pytest.approx(1.2)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(chain([99] * 3, [1_000] * 3), id="too little volume"),
        pytest.param(chain([1_000] * 3, [99] * 3), id="too little open interest"),
        pytest.param(chain([1_000] * 3, [1_000] * 3, dte=0), id="expiring today"),
    ],
)
def test_what_does_not_count_leaves_nothing(one: Chain) -> None:
    nothing = Flow(np.zeros(3), np.zeros(3), np.zeros(3), None)

    assert isinstance(unusual.compute(one, nothing, NORMS, SETTINGS), Unavailable)


@pytest.mark.parametrize(
    ("calls", "puts", "direction"),
    [(100, 0, 1), (0, 100, -1), (100, 100, 0), (0, 0, 0), (60, 40, 0), (61, 39, 1)],
)
def test_premium_bought_at_the_ask_gives_the_direction(
    calls: float, puts: float, direction: int
) -> None:
    one = chain([500] * 4, [1_000] * 4)

    found = judge(
        one,
        option_print(one, 0, calls),
        option_print(one, 1, puts),
        option_print(one, 1, 500, Side.SELL),
    )

    assert found.unusual_dir == direction


def test_puts_bought_are_negative_premium() -> None:
    one = chain([500] * 4, [1_000] * 4)

    assert judge(one, option_print(one, 1, 10)).net_premium_usd == pytest.approx(
        -0.8 * 10 * 2 * 100
    )


@pytest.mark.parametrize(
    ("calls", "puts", "ratio"), [(30, 10, 3.0), (0, 10, 0.0)], ids=["both", "only puts"]
)
def test_the_otm_ratio_is_calls_over_puts(calls: float, puts: float, ratio: float) -> None:
    one = chain([500] * 4, [1_000] * 4)
    found = judge(one, option_print(one, 0, calls), option_print(one, 1, puts))

    assert found.otm_premium_ratio == pytest.approx(ratio)


def test_the_otm_ratio_needs_puts() -> None:
    one = chain([500] * 4, [1_000] * 4)

    assert judge(one, option_print(one, 0, 30)).reasons["otm_premium_ratio"] == "NO_DATA"


def test_big_premium_is_counted_by_contract() -> None:
    one = chain([5_000] * 4, [10_000] * 4)

    assert (
        judge(
            one, option_print(one, 0, 700), option_print(one, 0, 700), option_print(one, 1, 700)
        ).n_big
        == 1
    )


def test_an_absolute_big_premium_takes_the_place_of_both() -> None:
    one = chain([5_000] * 4, [10_000] * 4)
    absolute = replace(SETTINGS, big_premium_abs_usd=100_000.0)
    found = unusual.compute(one, flow(one, option_print(one, 0, 600)), NORMS, absolute)

    assert isinstance(found, unusual.Unusual)
    assert (found.n_big, judge(one, option_print(one, 0, 600)).n_big) == (1, 0)


def test_the_share_of_volume_seen_is_told() -> None:
    one = chain([500] * 4, [1_000] * 4)

    assert judge(one, option_print(one, 0, 500)).capture_share == 0.25


HEARD = [500, 400, 300, 200], [1_000] * 4


def test_a_volume_that_is_not_told_is_no_trade_and_no_quiet_contract() -> None:
    told = chain(*HEARD)
    untold = chain([*HEARD[0], -1, -1, 700], [*HEARD[1], 90_000, -1, -1])
    ours, theirs = (
        judge(one, option_print(one, 0, 50), option_print(one, 1, 20)) for one in (told, untold)
    )

    # A volume whose open interest is not told is traded, but in no ratio.
    traded = {"capture_share": ours.capture_share * 1_400 / 2_100}
    assert replace(ours, **traded).capture_share == pytest.approx(theirs.capture_share)
    assert replace(ours, capture_share=theirs.capture_share) == theirs


def test_where_nothing_is_told_nothing_is_said() -> None:
    found = unusual.compute(chain([-1] * 4, [1_000] * 4), flow(chain(*HEARD)), NORMS, SETTINGS)

    assert isinstance(found, Unavailable)
    assert found.reason == "NO_DATA"


def test_a_score_without_a_print_heard_is_named_the_least() -> None:
    heard, unheard = judge(chain(*HEARD), option_print(chain(*HEARD), 0, 1)), judge(chain(*HEARD))

    assert "unusual_score" not in heard.reasons
    assert unheard.reasons["unusual_score"] == "LOW_COVERAGE"
    assert (unheard.n_big, unheard.net_premium_usd, unheard.unusual_dir) == (None, None, None)


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_the_score_stays_in_range(r3: float, total: float, big: int, high: int) -> None:
    assert 0 <= unusual.score(r3, total, big, high, SETTINGS) <= 1


@pytest.mark.parametrize(
    ("score", "activity"),
    [
        (0.85, Activity.EXTREME),
        (0.6, Activity.ELEVATED),
        (0.3, Activity.WATCH),
        (0.29, Activity.NORMAL),
    ],
)
def test_classes_begin_at_their_limits(score: float, activity: Activity) -> None:
    assert unusual.classify(score, SETTINGS) is activity

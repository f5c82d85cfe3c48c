"""Dealer gamma and delta exposure: what scales it, what leaves it alone, when there is none."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.calculators import exposure, inventory
from analytics.calculators.exposure import DeltaExposure, Exposure
from analytics.calculators.inventory import SignModel
from quanticity.domain.readings import Unavailable
from tests.analytics.toy_chains import INVENTORY, PARTS, chain, priced

TODAY, FAR = date(2025, 11, 21), date(2026, 3, 20)


def gex(found=None, **options):  # type: ignore[no-untyped-def]
    answer = exposure.compute(
        priced(found or chain()).priced, PARTS, seed=1, is_single_name=False, **options
    )
    assert isinstance(answer, Exposure), answer
    return answer


def test_gex_is_the_textbook_sum() -> None:
    found = chain(strikes=(600,), interest=lambda _k, w: 200 if w > 0 else 50)
    p = priced(found).priced
    t = p.t[0]
    d1 = (math.log(600 / 600) + (p.r[0] - p.q[0] + p.sigma[0] ** 2 / 2) * t) / (
        p.sigma[0] * math.sqrt(t)
    )
    gamma = math.exp(-p.q[0] * t - d1 * d1 / 2) / math.sqrt(2 * math.pi * t) / (600 * p.sigma[0])

    assert gex(found).gex_usd_per_1pct == pytest.approx(
        (200 - 50) * 100 * gamma * 600**2 * 0.01, rel=1e-3
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 50))
def test_scaling_all_open_interest_scales_gex(times: int) -> None:
    once, more = (gex(chain(interest=lambda _, w, n=n: n * (3 + w))) for n in (100, 100 * times))

    assert more.gex_usd_per_1pct == pytest.approx(times * once.gex_usd_per_1pct)


def test_a_contract_nobody_holds_changes_nothing() -> None:
    held = gex(chain(strikes=range(570, 631, 5)))
    more = gex(chain(strikes=range(570, 636, 5), interest=lambda k, _: 0 if k == 635 else 100))

    assert more.gex_usd_per_1pct == pytest.approx(held.gex_usd_per_1pct, rel=1e-9)


@pytest.mark.parametrize(
    ("calls", "puts", "sign"),
    [pytest.param(100, 0, 1, id="only calls"), pytest.param(0, 100, -1, id="only puts")],
)
def test_dealers_are_long_calls_and_short_puts(calls: int, puts: int, sign: int) -> None:
    answer = gex(chain(interest=lambda _, w: calls if w > 0 else puts))

    assert math.copysign(1, answer.gex_usd_per_1pct) == sign
    assert answer.p_positive == pytest.approx((1 + sign) / 2, abs=0.2)


def test_parts_make_the_whole() -> None:
    found = chain(
        days=(TODAY, date(2025, 11, 28), FAR), interest=lambda k, w: int(k) % 7 * 50 + (w > 0) * 30
    )
    answer = gex(found)

    near = sum(value for bucket, value in answer.by_bucket.items() if bucket != "gt30")
    assert near == pytest.approx(answer.gex_usd_per_1pct)
    assert sum(s.net_usd_per_1pct for s in answer.gex_by_strike) == pytest.approx(
        answer.gex_usd_per_1pct
    )
    assert sum(e.gex_usd_per_1pct for e in answer.by_expiry) == pytest.approx(
        answer.gex_usd_per_1pct
    )
    assert answer.by_bucket["gt30"] != 0


def test_max_pain_is_told_of_every_expiry_ahead() -> None:
    # 100 calls at 590 and 300 puts at 610 pay 6,000 5,000 4,000 3,000 2,000 from 590 up; in the
    # second week there are only the calls, which pay nothing at 590.
    next_friday, week_after = date(2025, 11, 28), date(2025, 12, 5)
    held = {(590, 1): 100, (610, -1): 300}
    found = chain(
        range(590, 611, 5), days=(next_friday, week_after, FAR),
        interest=lambda k, w: held.get((int(k), w), 0),
    )  # fmt: skip
    only_calls = (found.expiry_idx == 0) | (found.right > 0)
    interest = np.where(only_calls, found.open_interest, 0)

    told = gex(replace(found, open_interest=interest)).max_pain

    assert [(each.expiry_date, each.root, each.max_pain) for each in told] == [
        (next_friday, "SPY", 610.0), (week_after, "SPY", 590.0),
    ]  # fmt: skip


def test_max_pain_needs_no_quote() -> None:
    # 10 of each at 570, 575 ... 630 and 200 of each at 560, which nobody quotes: all are paid
    # 5,200 at 560 and 5,900 at 570.
    strikes = (560, *range(570, 631, 5))
    found = chain(strikes, interest=lambda k, _: 200 if k == 560 else 10)
    unquoted = replace(found, ask=np.where(found.strike == 560, np.nan, found.ask))

    assert [each.max_pain for each in gex(unquoted).max_pain] == [560.0]


def test_the_fraction_of_volume_needs_a_volume() -> None:
    without, given_adv = gex(), gex(adv_usd=1e9)

    assert (without.gex_frac, without.reasons["gex_frac"]) == (None, "NO_DATA")
    assert given_adv.gex_frac == pytest.approx(given_adv.gex_usd_per_1pct / 1e9)


@pytest.mark.parametrize(
    ("rr25", "agree"),
    [
        pytest.param(None, None, id="one model"),
        pytest.param(-2.0, True, id="puts richer"),
        pytest.param(5.0, False, id="calls richer turn dealers short"),
    ],
)
def test_sign_models_agree_or_not(rr25: float | None, agree: bool | None) -> None:
    answer = gex(chain(interest=lambda _, w: 300 if w > 0 else 100), rr25_volpts=rr25)

    assert answer.gex_sign_agree is agree


def test_disagreeing_models_make_the_regime_unclear() -> None:
    assert (
        gex(chain(interest=lambda _, w: 1000 if w > 0 else 10), rr25_volpts=5.0).regime == "UNCLEAR"
    )


def test_signed_flow_replaces_open_interest() -> None:
    p = priced(chain()).priced
    held = inventory.compute(
        p, INVENTORY, model=SignModel.SIGNED_FLOW, dealer_contracts=np.full(len(p.strike), -3.0)
    )

    assert (held.weight == -300).all()


def test_the_same_chain_has_the_same_error_bars() -> None:
    assert gex().ci90_usd_per_1pct == gex().ci90_usd_per_1pct


def test_no_open_interest_is_no_data() -> None:
    found = exposure.compute(
        priced(chain(interest=lambda _k, _w: 0)).priced, PARTS, seed=1, is_single_name=False
    )

    assert isinstance(found, Unavailable)
    assert found.reason == "NO_DATA"


def test_too_few_quotes_are_low_coverage() -> None:
    clean = chain()
    hide = (clean.strike > 590) & (clean.strike < 610)
    bid, ask = np.where(hide, np.nan, clean.bid), np.where(hide, np.nan, clean.ask)
    found = exposure.compute(
        priced(replace(clean, bid=bid, ask=ask)).priced, PARTS, seed=1, is_single_name=False
    )

    assert isinstance(found, Unavailable)
    assert found.reason == "LOW_COVERAGE"


def test_a_row_without_any_volatility_lowers_coverage() -> None:
    clean = chain(days=(date(2025, 11, 28), date(2025, 12, 5)))
    later = clean.expiry_idx == 1
    bid, ask = np.where(later, np.nan, clean.bid), np.where(later, np.nan, clean.ask)
    covered = inventory.coverage(priced(replace(clean, bid=bid, ask=ask)).priced, INVENTORY)

    assert 0.4 < covered < 0.8


def test_interest_that_is_not_told_is_a_gap_and_no_zero() -> None:
    clean = chain()
    money = (clean.strike > 590) & (clean.strike < 610)
    untold = replace(clean, open_interest=np.where(money, -1, clean.open_interest))
    found = exposure.compute(priced(untold).priced, PARTS, seed=1, is_single_name=False)

    assert isinstance(found, Unavailable)
    assert found.reason == "LOW_COVERAGE"
    assert not set(clean.occ[money].tolist()) & untold.settled_interest.keys()


def test_dex_under_the_naive_model_is_never_negative() -> None:
    answer = exposure.compute_delta(priced(chain()).priced, PARTS)

    assert isinstance(answer, DeltaExposure)
    assert answer.dex_usd > 0
    assert answer.call_oi_delta_usd > 0 > answer.put_oi_delta_usd
    assert answer.net_oi_delta_usd == pytest.approx(
        answer.call_oi_delta_usd + answer.put_oi_delta_usd
    )


def test_the_put_call_ratio_needs_calls() -> None:
    answer = exposure.compute_delta(
        priced(chain(interest=lambda _, w: 0 if w > 0 else 100)).priced, PARTS
    )

    assert isinstance(answer, DeltaExposure)
    assert (answer.put_call_oi_ratio, answer.reasons) == (None, {"put_call_oi_ratio": "NO_DATA"})

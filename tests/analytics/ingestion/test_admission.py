"""What is refused in a chain, one flag per fault."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from analytics.calculators import pricing
from analytics.ingestion import admission
from quanticity.domain.options import Chain, Flag
from tests.analytics.toy_chains import ADMISSION, AS_OF, PRICING, Q, R, chain, priced

ROW = 12  # the call at 600


def with_quote(bid: float, ask: float, row: int = ROW, **options: Any) -> Chain:
    found = chain(**options)
    bids, asks = found.bid.copy(), found.ask.copy()
    bids[row], asks[row] = bid, ask
    return replace(found, bid=bids, ask=asks)


def flags_of(found: Chain, since_open_s: float | None = 3600.0) -> Flag:
    return Flag(int(admission.quote_flags(found, ADMISSION, since_open_s=since_open_s)[ROW]))


@pytest.mark.parametrize(
    ("bid", "ask", "flag"),
    [
        pytest.param(5.0, 5.1, Flag(0), id="believable"),
        pytest.param(0.0, 0.0, Flag.Q_NO_QUOTE, id="zeros"),
        pytest.param(np.nan, np.nan, Flag.Q_NO_QUOTE, id="absent"),
        pytest.param(0.0, 5.1, Flag.Q_NO_BID, id="no bid"),
        pytest.param(5.1, 5.0, Flag.Q_CROSSED, id="crossed"),
        pytest.param(5.0, 5.0, Flag(0), id="locked"),
        pytest.param(2.0, 4.0, Flag.Q_WIDE, id="wide"),
        pytest.param(0.02, 0.06, Flag(0), id="wide by pennies"),
        pytest.param(-1.0, 5.0, Flag.Q_SENTINEL | Flag.Q_NO_BID, id="negative"),
        pytest.param(1.797e308, 5.0, Flag.Q_SENTINEL | Flag.Q_NO_BID, id="unset"),
    ],
)
def test_a_quote_on_its_own(bid: float, ask: float, flag: Flag) -> None:
    assert flags_of(with_quote(bid, ask)) == flag


@pytest.mark.parametrize(("age_s", "stale"), [(59, False), (61, True)])
def test_old_quotes_are_stale(age_s: int, stale: bool) -> None:
    found = chain()
    epochs = np.full(len(found), (AS_OF.timestamp() - age_s) * 1000, dtype=np.int64)

    assert (Flag.Q_STALE in flags_of(replace(found, quote_epoch_ms=epochs))) is stale


@pytest.mark.parametrize(
    ("since_open_s", "opening"), [(119.0, True), (121.0, False), (None, False)]
)
def test_opening_quotes_are_no_marks(since_open_s: float | None, opening: bool) -> None:
    assert (Flag.Q_OPENING in flags_of(chain(), since_open_s)) is opening


def test_adjusted_roots_are_refused() -> None:
    assert Flag.X_ADJUSTED in flags_of(chain(root="SPY1"))


def test_a_clean_chain_has_no_flag() -> None:
    found = priced(
        chain(
            days=(date(2025, 11, 28), date(2025, 12, 19)), sigma=lambda k: 0.15 + (600 - k) / 2000
        )
    )

    assert not found.flags.any()
    assert found.arbitrage_share == 0.0


@pytest.mark.parametrize("european", [False, True], ids=["american", "european"])
@pytest.mark.parametrize("right", [0, 1], ids=["call", "put"])
def test_a_price_that_breaks_the_ladder_is_found(right: int, european: bool) -> None:
    root = "SPXW" if european else "SPY"
    clean = chain(root=root, european=european)
    row = ROW + right
    broken = with_quote(clean.bid[row] + 6, clean.ask[row] + 6, row, root=root, european=european)

    assert priced(broken).flags[row]


def test_a_middle_above_its_neighbors_line_is_not_convex() -> None:
    strikes = (590, 600, 610)
    clean = chain(strikes, sigma=lambda _: 0.4)
    middle = (clean.ask[0] + clean.ask[4]) / 2
    found = with_quote(middle + 0.05, middle + 0.07, 2, strikes=strikes, sigma=lambda _: 0.4)
    market = admission.Market(0.0, 1e9, np.full(6, 600.0), np.ones(6), np.zeros(6))
    flags = admission.arbitrage_flags(found, np.ones(6, dtype=bool), market, ADMISSION)

    assert Flag(int(flags[2])) == Flag.A_CONVEX


@pytest.mark.parametrize("european", [False, True], ids=["american", "european"])
@pytest.mark.parametrize("shift", [-3.0, 3.0], ids=["too cheap", "too dear"])
@pytest.mark.parametrize("leg", [0, 1], ids=["call", "put"])
def test_a_pair_off_parity_loses_both_legs(leg: int, shift: float, european: bool) -> None:
    root = "SPXW" if european else "SPY"
    clean = chain((600,), root=root, european=european)
    found = with_quote(
        clean.bid[leg] + shift, clean.ask[leg] + shift, leg,
        strikes=(600,), root=root, european=european,
    )  # fmt: skip
    t = clean.expiries[0].t_s / 31_536_000
    forward, discount = 600 * np.exp((R - Q) * t), np.exp(-R * t)
    market = admission.Market(
        600.0,
        600.0,
        np.full(2, forward),
        np.full(2, discount),
        np.full(2, 600 * (1 - np.exp(-Q * t))),
    )

    def parity(one: Chain) -> list[bool]:
        flags = admission.arbitrage_flags(one, np.ones(2, dtype=bool), market, ADMISSION)
        return [Flag.A_PARITY in Flag(int(each)) for each in flags]

    assert parity(clean) == [False, False]
    assert parity(found) == [True, True]


def test_a_nearer_expiry_may_not_cost_more() -> None:
    days = (date(2025, 11, 28), date(2025, 12, 19))
    clean = chain(days=days)
    later = len(clean) // 2 + ROW
    found = with_quote(clean.ask[later] + 0.5, clean.ask[later] + 0.6, days=days)
    market = admission.Market(
        0.0, 1e9, np.full(len(clean), 600.0), np.ones(len(clean)), np.zeros(len(clean))
    )
    only = np.zeros(len(clean), dtype=bool)
    only[[ROW, later]] = True

    assert (
        Flag(int(admission.arbitrage_flags(found, only, market, ADMISSION)[ROW])) == Flag.A_CALENDAR
    )


def test_one_bad_quote_does_not_take_the_ladder_with_it() -> None:
    clean = chain()
    broken = with_quote(clean.bid[0] - 25, clean.ask[0] - 25, 0)

    assert 0 < np.count_nonzero(priced(broken).flags) <= 4


def test_a_wrong_rate_of_ours_is_no_arbitrage_of_theirs() -> None:
    found = pricing.compute(
        chain(range(400, 801, 10), root="SPXW", european=True, sigma=lambda _: 0.5),
        PRICING,
        r=R + 0.02,
        q=Q,
    )

    assert isinstance(found, pricing.PricedChain)
    assert found.arbitrage_share == 0.0


@pytest.mark.parametrize(
    ("share", "coverage", "delayed", "quality"),
    [
        pytest.param(0.0, 0.95, False, "OK", id="good"),
        pytest.param(0.0, 0.95, True, "DEGRADED", id="delayed"),
        pytest.param(0.06, 0.95, False, "DEGRADED", id="some arbitrage"),
        pytest.param(0.0, 0.70, False, "DEGRADED", id="thin"),
        pytest.param(0.21, 0.95, False, "INVALID", id="much arbitrage"),
        pytest.param(0.0, 0.59, False, "INVALID", id="too thin"),
        pytest.param(0.0, None, False, "INVALID", id="nothing known"),
    ],
)
def test_quality_of_a_chain(
    share: float, coverage: float | None, delayed: bool, quality: str
) -> None:
    assert (
        admission.quality(
            arbitrage_share=share, coverage=coverage, delayed=delayed, settings=ADMISSION
        )
        == quality
    )

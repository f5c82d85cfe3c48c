"""What a tier could have had: the touch of its own release, by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.track_record import Leg, Told
from reporting.measures.achievable import Achieved, compute, curve

NOON = datetime(2025, 11, 21, 17, tzinfo=UTC)


def leg(kind: str, quantity: int, bid: str | None, ask: str | None, fill: str = "9.99") -> Leg:
    return Leg(kind, quantity, Decimal(fill), bid and Decimal(bid), ask and Decimal(ask))


def told(*legs: Leg, commission: str | None = "5.20") -> Told:
    return Told("T-1", NOON, 100, None if commission is None else Decimal(commission), legs)


def test_an_entry_costs_the_ask_and_an_exit_earns_the_bid() -> None:
    found = compute(told(leg("ENTRY", 4, "2.00", "2.10"), leg("EXIT", 4, "3.00", "3.10")))

    assert found.net_usd == 100 * (Decimal("3.00") - Decimal("2.10")) - Decimal("1.30")
    assert found.return_frac == found.net_usd * 4 / (4 * 100 * Decimal("2.10") + Decimal("5.20"))


def test_trims_are_sold_at_their_own_release() -> None:
    legs = (
        leg("ENTRY", 4, "2.00", "2.10"), leg("SCALE_OUT", 1, "2.60", "2.70"), leg("EXIT", 3, "3.00", "3.10"),
    )  # fmt: skip

    assert compute(told(*legs)).net_usd == 25 * (
        Decimal("2.60") + 3 * Decimal("3.00") - 4 * Decimal("2.10")
    ) - Decimal("1.30")


def test_a_settlement_is_the_same_for_everybody() -> None:
    found = compute(told(leg("ENTRY", 2, "2.00", "2.10"), leg("EXPIRY", 2, None, None, "0.00")))

    assert found.net_usd == -100 * Decimal("2.10") - Decimal("2.60")


@pytest.mark.parametrize(
    "trade",
    [
        pytest.param(told(leg("ENTRY", 4, "2.00", None), leg("EXIT", 4, "3.00", None)), id="no ask at the entry"),
        pytest.param(told(leg("ENTRY", 4, None, "2.10"), leg("EXIT", 4, None, "3.10")), id="no bid at the exit"),
        pytest.param(told(leg("EXIT", 4, "3.00", "3.10")), id="the entry was withheld"),
        pytest.param(told(leg("ENTRY", 4, "2.00", "2.10"), leg("EXIT", 3, "3.00", "3.10")), id="sizes that do not add up"),
        pytest.param(told(leg("ENTRY", 1, "2", "2.1"), leg("EXIT", 1, "3", "3.1"), commission=None), id="a commission pending"),
        pytest.param(told(), id="never told"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_none_and_never_ours(trade: Told) -> None:
    assert compute(trade) == Achieved("T-1", NOON, None, None)


@given(
    ask=st.decimals("0.01", "50", places=2),
    bid=st.decimals("0", "50", places=2),
    worse=st.decimals("0", "1", places=2),
)
def test_a_worse_touch_never_earns_more(ask: Decimal, bid: Decimal, worse: Decimal) -> None:
    ours = compute(told(Leg("ENTRY", 1, None, None, ask), Leg("EXIT", 1, None, bid, None)))
    later = compute(told(Leg("ENTRY", 1, None, None, ask + worse), Leg("EXIT", 1, None, bid, None)))

    assert later.net_usd == ours.net_usd - 100 * worse


def test_a_curve_counts_what_it_leaves_out() -> None:
    trades = [
        Achieved("T-2", NOON + timedelta(hours=1), Decimal(-30), None), Achieved("T-1", NOON, Decimal(100), None), Achieved("T-3", NOON, None, None),
    ]  # fmt: skip
    found = curve(trades)

    assert (found.n, found.known, found.net_usd) == (3, 2, Decimal(70))
    assert [value for _, value in found.points] == [Decimal(100), Decimal(70)]

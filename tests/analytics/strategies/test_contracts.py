"""Which listed contract is bought, and why not another (DOMAIN 5.8)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.strategies import contracts, fourteen_dte, moc, one_dte, zero_dte
from analytics.strategies.contracts import Choice, Listing, NoContract
from quanticity.config.loader import section
from quanticity.domain.calendar import Settlement
from quanticity.domain.instruments import OptionContract, Right, parse_occ
from quanticity.domain.market import Quote
from quanticity.domain.options import Chain, Expiry
from quanticity.domain.signals import Candidate

ZERO = section("analytics.strategies.zero_dte", zero_dte.Settings).contract
ONE = section("analytics.strategies.one_dte", one_dte.Settings).contract
FOURTEEN = section("analytics.strategies.fourteen_dte", fourteen_dte.Settings).contract
MOC = section("analytics.strategies.moc", moc.Settings).contract
AT = datetime(2025, 11, 21, 15, 0, tzinfo=UTC)
STRIKES = [598.0, 599.0, 600.0, 601.0, 602.0, 603.0]
DELTAS = [0.70, 0.58, 0.50, 0.42, 0.33, 0.25]


def expiry(days: int, sessions: int, root: str = "SPY") -> Expiry:
    return Expiry(
        date(2025, 11, 21) + timedelta(days=days),
        root,
        Settlement.PM_PHYSICAL,
        AT,
        2e4,
        sessions,
        days,
    )


def listing(expiries: Sequence[Expiry] = (expiry(0, 0),), *, spot: float = 600.0) -> Listing:
    """Calls and puts of six strikes for each expiry, all of them good."""
    rows = [
        (n, right, k)
        for n in range(len(expiries))
        for right in (1, -1)
        for k in range(len(STRIKES))
    ]
    right = np.array([r for _, r, _ in rows])
    n = len(rows)
    occ = [
        OptionContract(
            expiries[e].root,
            expiries[e].expiry_date,
            Right.CALL if r > 0 else Right.PUT,
            Decimal(STRIKES[k]),
        ).occ
        for e, r, k in rows
    ]
    chain = Chain(
        "SPY", spot, AT, "test", delayed=False, multiplier=100, european=False, expiries=tuple(expiries),
        occ=np.array(occ), right=right, strike=np.array([STRIKES[k] for *_, k in rows]),
        expiry_idx=np.array([e for e, *_ in rows]), bid=np.full(n, 2.00), ask=np.full(n, 2.04),
        last=np.full(n, 2.0), bid_size=np.full(n, 10), ask_size=np.full(n, 10), volume=np.full(n, 5_000),
        open_interest=np.full(n, 5_000), quote_epoch_ms=np.full(n, int(AT.timestamp() * 1000)),
    )  # fmt: skip
    delta = np.array([DELTAS[k] if r > 0 else DELTAS[k] - 1 for _, r, k in rows])
    return Listing(chain, delta, np.full(n, 0.15), np.full(n, True))


def changed(one: Listing, strike: float, **columns: float) -> Listing:
    found = {
        name: np.where(one.chain.strike == strike, value, getattr(one.chain, name))
        for name, value in columns.items()
    }
    return replace(one, chain=replace(one.chain, **found))


def pick(
    one: Listing,
    direction: int = 1,
    settings: contracts.Settings = ZERO,
    previous: Choice | None = None,
) -> Candidate:
    found = contracts.select(one, direction, settings, previous, AT)
    assert isinstance(found, Candidate)
    return found


def strike_of(found: Candidate) -> float:
    return float(found.contract.strike)


def chosen(strike: float, ago_s: float = 60) -> Choice:
    return Choice(
        OptionContract("SPY", date(2025, 11, 21), Right.CALL, Decimal(strike)),
        AT - timedelta(seconds=ago_s),
    )


def test_the_nearest_delta_wins_among_equals() -> None:
    found = pick(listing())

    assert found.contract == parse_occ("SPY251121C00601000")
    assert (found.bid, found.ask, found.mid) == (Decimal("2.0"), Decimal("2.04"), Decimal("2.02"))
    assert found.dte_sess == 0


def test_a_bearish_decision_buys_a_put() -> None:
    found = pick(listing(), direction=-1)

    assert found.contract.right is Right.PUT
    assert strike_of(found) == 599


def test_a_narrow_spread_may_beat_a_nearer_delta() -> None:
    assert strike_of(pick(changed(listing(), 601.0, bid=1.93, ask=2.07))) == 600


def test_ties_go_to_open_interest() -> None:
    one = listing()
    level = replace(one, delta=np.where(np.isin(one.chain.strike, [600, 601]), 0.45, one.delta))

    assert strike_of(pick(changed(level, 601.0, open_interest=6_000))) == 601
    assert strike_of(pick(level)) == 600


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        pytest.param({"bid": 0.0}, "C_SPREAD", id="no bid"),
        pytest.param({"bid": 1.80, "ask": 2.20}, "C_SPREAD", id="too wide"),
        pytest.param({"open_interest": 499}, "C_OI", id="too little open interest"),
        pytest.param({"volume": 99}, "C_VOLUME", id="too little volume"),
        pytest.param({"open_interest": -1}, "C_OI", id="open interest not told"),
        pytest.param({"volume": -1}, "C_VOLUME", id="volume not told"),
        pytest.param({"bid": 0.18, "ask": 0.19}, "C_PREMIUM", id="too cheap"),
        pytest.param({"bid": 15.00, "ask": 15.10}, "C_PREMIUM", id="too dear"),
        pytest.param(
            {"quote_epoch_ms": int(AT.timestamp() * 1000) - 10_001}, "C_STALE", id="quote too old"
        ),
        pytest.param({"ask_size": 0}, "C_SIZE", id="nothing offered"),
    ],
)
def test_a_failed_check_passes_the_contract_over(columns: dict[str, float], code: str) -> None:
    one = changed(listing(), 601.0, **columns)
    everywhere = one
    for strike in STRIKES:
        everywhere = changed(everywhere, strike, **columns)

    assert strike_of(pick(one)) == 600
    found = contracts.select(everywhere, 1, ZERO, None, AT)
    assert isinstance(found, NoContract)
    assert found.reasons == (code,)
    assert [gate.code for gate in found.checks if not gate.passed] == [code]


@pytest.mark.parametrize("column", ["open_interest", "volume"])
def test_a_count_that_is_not_told_is_shown_as_unknown(column: str) -> None:
    one = listing()
    for strike in STRIKES:
        one = changed(one, strike, **{column: -1})
    found = contracts.select(one, 1, ZERO, None, AT)

    assert isinstance(found, NoContract)
    assert [gate.value for gate in found.checks if not gate.passed] == [None]


def test_two_ticks_are_allowed_on_a_cheap_option() -> None:
    assert strike_of(pick(changed(listing(), 601.0, bid=0.20, ask=0.22))) == 600
    assert isinstance(
        contracts.select(listing(), 1, replace(ZERO, max_spread_frac=0.001), None, AT), NoContract
    )
    assert pick(
        changed(listing(), 600.0, bid=2.00, ask=2.02), settings=replace(ZERO, max_spread_frac=0.001)
    )


def test_without_quote_times_the_chain_is_as_old_as_it_is() -> None:
    untimed = changed(listing(), 601.0, quote_epoch_ms=-1)
    old = replace(untimed, chain=replace(untimed.chain, as_of=AT - timedelta(seconds=11)))

    assert strike_of(pick(untimed)) == 601
    assert strike_of(pick(old)) == 600


@pytest.mark.parametrize(
    ("days", "settings", "expected"),
    [
        pytest.param([(0, 0), (3, 1)], ZERO, 0, id="0DTE takes today"),
        pytest.param(
            [(0, 0), (3, 1), (4, 2)], ONE, 3, id="1DTE takes the next session over a weekend"
        ),
        pytest.param([(0, 0), (4, 2)], MOC, 4, id="MOC takes the earliest after today"),
        pytest.param(
            [(7, 5), (13, 9), (21, 15)], FOURTEEN, 13, id="14DTE takes the nearest to 14 days"
        ),
        pytest.param(
            [(11, 7), (17, 11)], FOURTEEN, 17, id="14DTE takes the later of two equally near"
        ),
    ],
)
def test_the_expiry_follows_its_rule(
    days: list[tuple[int, int]], settings: contracts.Settings, expected: int
) -> None:
    found = pick(listing([expiry(*each) for each in days]), settings=settings)

    assert (found.contract.expiry - date(2025, 11, 21)).days == expected


@pytest.mark.parametrize(
    ("one", "settings", "code"),
    [
        pytest.param(listing([expiry(3, 1)]), ZERO, "C_EXPIRY", id="nothing expires today"),
        pytest.param(
            listing([expiry(0, 0), expiry(4, 2)]),
            ONE,
            "C_EXPIRY",
            id="nothing expires next session",
        ),
        pytest.param(
            listing([expiry(7, 5), expiry(28, 19)]),
            FOURTEEN,
            "C_EXPIRY",
            id="nothing within the range",
        ),
        pytest.param(
            listing([expiry(0, 0, "SPY1")]), ZERO, "C_EXPIRY", id="adjusted contracts only"
        ),
        pytest.param(
            replace(listing(), delta=np.full(12, 0.9)), ZERO, "C_DELTA", id="nothing near the delta"
        ),
        pytest.param(
            replace(listing(), delta=np.full(12, np.nan)), ZERO, "C_DELTA", id="no deltas"
        ),
        pytest.param(
            replace(listing(), admitted=np.full(12, False)), ZERO, "C_DELTA", id="nothing admitted"
        ),
    ],
)
def test_what_is_not_listed_cannot_be_bought(
    one: Listing, settings: contracts.Settings, code: str
) -> None:
    assert contracts.select(one, 1, settings, None, AT) == NoContract((code,))


@pytest.mark.parametrize(
    ("previous", "spot", "expected"),
    [
        pytest.param(chosen(600), 600.0, 600, id="kept"),
        pytest.param(chosen(600, ago_s=601), 600.0, 601, id="chosen too long ago"),
        pytest.param(chosen(600), 600.74, 600, id="spot not far enough"),
        pytest.param(chosen(600), 600.76, 601, id="spot has moved on"),
        pytest.param(chosen(599), 600.0, 601, id="two strikes away"),
        pytest.param(chosen(555), 600.0, 601, id="no longer listed"),
    ],
)
def test_a_recent_choice_is_kept_while_it_holds(
    previous: Choice, spot: float, expected: float
) -> None:
    assert strike_of(pick(listing(spot=spot), previous=previous)) == expected


def test_a_choice_that_fails_its_checks_is_dropped() -> None:
    assert strike_of(pick(changed(listing(), 600.0, volume=0), previous=chosen(600))) == 601


def test_moc_changes_with_the_strike() -> None:
    one = listing([expiry(3, 1)])
    before = replace(
        chosen(600), contract=OptionContract("SPY", date(2025, 11, 24), Right.CALL, Decimal(600))
    )

    assert strike_of(pick(one, settings=MOC, previous=before)) == 601


@given(st.permutations(range(12)))
def test_the_order_of_the_chain_does_not_matter(order: list[int]) -> None:
    one = listing()
    columns = (
        "occ",
        "right",
        "strike",
        "expiry_idx",
        "bid",
        "ask",
        "last",
        "bid_size",
        "ask_size",
        "volume",
        "open_interest",
        "quote_epoch_ms",
    )
    shuffled = replace(one.chain, **{name: getattr(one.chain, name)[order] for name in columns})

    assert pick(replace(one, chain=shuffled, delta=one.delta[order])) == pick(one)


def unstamped(age_s: float) -> Listing:
    """A chain whose vendor stamps no quotes, so old in all."""
    made = listing()
    none = np.full(len(made.chain), -1)
    as_of = AT - timedelta(seconds=age_s)
    return replace(made, chain=replace(made.chain, quote_epoch_ms=none, as_of=as_of))


def own_quotes(of: Listing, age_s: float, **changes: Any) -> dict[str, Quote]:
    """A quote of its own for every contract near the wanted delta."""
    at = AT - timedelta(seconds=age_s)
    said = {"bid": 1.99, "ask": 2.01, "bid_size": 7.0, "ask_size": 9.0} | changes
    near = contracts.candidates(of, 1, ZERO, AT)
    return {occ: Quote(occ, **said, last=None, event_at=at, recv_at=at) for occ in near}


def test_a_contracts_own_quote_is_younger_than_its_chain() -> None:
    old = unstamped(age_s=15)
    alone = contracts.select(old, 1, ZERO, None, AT)

    found = contracts.select(contracts.quoted(old, own_quotes(old, 1)), 1, ZERO, None, AT)

    assert isinstance(alone, NoContract)
    assert alone.reasons == ("C_STALE",)
    assert isinstance(found, Candidate)
    assert (found.bid, found.ask, found.ask_size) == (Decimal("1.99"), Decimal("2.01"), 9)


@pytest.mark.parametrize(
    ("age_s", "changes"),
    [
        pytest.param(16.0, {}, id="older than the chain"),
        pytest.param(1.0, {"bid": None}, id="one side alone"),
        pytest.param(1.0, {"ask": 0.0}, id="no price"),
    ],
)
def test_a_quote_that_is_no_better_changes_nothing(age_s: float, changes: dict[str, Any]) -> None:
    old = unstamped(age_s=15)

    found = contracts.quoted(old, own_quotes(old, age_s, **changes))

    assert np.array_equal(found.chain.bid, old.chain.bid)
    assert np.array_equal(found.chain.quote_epoch_ms, old.chain.quote_epoch_ms)

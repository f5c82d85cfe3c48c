"""What analytics tells the stages after it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics import selectors
from analytics.models import MetricHistory
from quanticity.config import loader
from quanticity.domain import calendar, clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.signals import Strategy
from quanticity.store import market
from tests import factories
from tests.analytics import toy_chains

CONTRACT = parse_occ(factories.OCC)


@pytest.fixture(autouse=True)
def _stored(db: None, store: None, noon: Any) -> None:
    """The default chain, a second after it was quoted."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    market.write_chain(factories.chain())


@pytest.fixture
def overridden() -> Any:
    """Operators' numbers, taken back after the test."""
    yield loader.lay_over
    loader.lay_over({})


def test_a_signal_as_a_value() -> None:
    order = selectors.signal_order(factories.signal(contracts_wanted=2).pk)

    assert (order.signal.contract, order.signal.reference_mid) == (CONTRACT, Decimal("2.00"))
    assert (order.live, order.probe, order.contracts_wanted) == (True, False, 2)


@pytest.mark.parametrize(
    ("mode", "probe", "live"),
    [
        pytest.param("live", False, True, id="live"),
        pytest.param("shadow", False, False, id="in shadow"),
        pytest.param("shadow", True, True, id="a rehearsal of one in shadow"),
    ],
)
def test_only_what_is_live_or_rehearsed_may_be_sent(
    overridden: Any, mode: str, probe: bool, live: bool
) -> None:
    overridden({"analytics.signals.mode.0DTE": mode})

    assert selectors.signal_order(factories.signal(probe=probe).pk).live is live


def test_unanswered_signals_are_named_after_a_while(noon: Any) -> None:
    first = factories.signal(1)
    noon.advance(3)
    factories.signal(2, direction=-1)
    factories.signal(3, symbol="QQQ", acknowledgement="FILLED", created_at=first.created_at)

    assert selectors.unanswered_signals(2.0) == [first.pk]


def test_a_listed_contract() -> None:
    found = selectors.listing("SPY", factories.OCC)

    close = calendar.session(factories.TODAY).close_at
    assert (found.matches_n, found.multiplier, found.flags) == (1, 100, frozenset())
    assert (found.open_interest, found.ask_size) == (20_000, 500)
    assert found.settles_s == (close - clock.now()).total_seconds()


@pytest.mark.parametrize(
    ("symbol", "occ", "matches"),
    [
        pytest.param("SPY", "SPY251121C00001000", 0, id="not listed"),
        pytest.param("QQQ", factories.OCC, None, id="no chain"),
    ],
)
def test_an_unknown_contract(symbol: str, occ: str, matches: int | None) -> None:
    found = selectors.listing(symbol, occ)

    assert (found.matches_n, found.settles_s, found.flags) == (matches, None, None)


def test_greeks_are_dollars_per_share() -> None:
    delta, gamma, vega, theta = selectors.contract_greeks(CONTRACT, "SPY") or (0, 0, 0, 0)

    assert delta == pytest.approx(0.5 * 600, rel=0.05)
    assert gamma > 0 < vega
    assert theta < 0


def test_greeks_of_the_unlisted_are_unknown() -> None:
    assert selectors.contract_greeks(parse_occ("SPY251121C00001000"), "SPY") is None
    assert selectors.contract_greeks(CONTRACT, "QQQ") is None


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        pytest.param(14.7, False, id="before the window"),
        pytest.param(14.75, True, id="its first instant"),
        pytest.param(20.25, False, id="its end is outside"),
        pytest.param(22, None, id="no session"),
    ],
)
def test_the_window_of_a_strategy(hour: float, expected: bool | None) -> None:
    at = factories.NOON.replace(hour=0) + timedelta(hours=hour)

    assert selectors.is_in_window(Strategy.ZERO_DTE, at) is expected


def test_the_regime_with_its_beginning() -> None:
    assert selectors.vol_regime() is None

    factories.reading("volatility", {"regime": "SHOCK", "since_at": factories.NOON.isoformat()})

    regime = selectors.vol_regime()
    assert regime is not None
    assert (regime.name, regime.since_at) == ("SHOCK", factories.NOON)


def test_correlations_by_pair() -> None:
    assert selectors.daily_correlations() is None

    daily = {"symbols": ["SPY", "QQQ"], "matrix": [[1.0, 0.9], [0.9, 1.0]]}
    factories.reading("correlation", {"daily60": daily}, symbol="portfolio")

    assert selectors.daily_correlations() == {frozenset({"SPY", "QQQ"}): 0.9}


def test_recent_rows_come_latest_first(noon: Any) -> None:
    factories.signal(1)
    noon.advance(1)
    later = factories.signal(2, direction=-1)

    assert [row.pk for row in selectors.recent_signals(1)] == [later.pk]
    assert list(selectors.recent_decisions(5)) == []


def test_an_exposure_table_names_its_chain() -> None:
    market.write_chain(toy_chains.chain())
    seen = selectors.exposure_table("SPY")

    assert seen is not None
    assert (seen.as_of, len(seen.value.strikes)) == (toy_chains.AS_OF, 13)


def test_a_smile_and_a_profile_are_read_from_the_same_chain() -> None:
    market.write_chain(toy_chains.chain(tuple(range(560, 641, 2))))
    smile, profile = selectors.smile("SPY"), selectors.gamma_profile("SPY")

    assert smile is not None
    assert profile is not None
    assert smile.as_of == profile.as_of == toy_chains.AS_OF
    assert profile.value.points[0][0] == pytest.approx(0.95 * profile.value.spot_price)


@pytest.mark.parametrize("read", [selectors.exposure_table, selectors.smile, selectors.gamma_profile])  # fmt: skip
def test_without_a_chain_there_is_nothing_to_draw(read: Any) -> None:
    assert read("QQQ") is None


def test_a_history_is_of_this_session_and_world_oldest_first() -> None:
    for minutes, source in ((1, "sim"), (0, "sim"), (-90, "sim"), (2, "live")):
        MetricHistory.objects.create(
            symbol="SPY", metric="vpin", as_of=toy_chains.AS_OF + timedelta(minutes=minutes), value=minutes, source=source
        )  # fmt: skip
    found = selectors.metric_history("SPY", ("vpin", "rr25"), toy_chains.AS_OF)

    assert [value for _, value in found["vpin"]] == [0, 1]
    assert found["rr25"] == []

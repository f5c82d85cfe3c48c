"""One world in which nothing stands in the way, and per gate one change that makes it fail."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.models import Decision, ScheduledEvent
from analytics.services import scoring
from analytics.signals import page
from analytics.signals.codes import CODES, Step
from quanticity.config import loader
from quanticity.domain import clock
from quanticity.domain.market import Bar
from quanticity.domain.signals import Strategy
from quanticity.store import keys, market
from quanticity.store.client import client
from tests import bullish, factories
from tests.analytics import toy_chains

ROOT = Path(__file__).parents[3]
_later = itertools.count(1)
Scenario = Callable[[Any], dict[str, Any] | None]


@pytest.fixture
def rally(db: None, store: None, noon: Any) -> Any:
    """A market that pushes up, at eleven o'clock; operators' numbers are taken back."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    factories.quiet_world()
    # The chain alone speaks: what a contract says by itself would be younger.
    client().delete(keys.contract_quote(factories.OCC).name)
    bullish.write()
    yield noon
    loader.lay_over({})


def scored(strategy: str = "0DTE", symbol: str = "SPY", **how: Any) -> Decision:
    """Score once and return what was kept."""
    scoring.score(Strategy(strategy), symbol, **how)
    return Decision.objects.latest("pk")


def read(family: str, **changes: Any) -> None:
    """Rewrite one reading of the rally with some values changed."""
    data = {
        name: bullish.VALUES[name]
        for name, (of, _) in scoring.features.SOURCES.items()
        if of == family and name in bullish.VALUES
    }
    factories.reading(family, data | changes)


def chain(**columns: Any) -> None:
    """A chain of this moment with some columns replaced, each by one value for all rows."""
    # Priced once per instant and process: no two of these are of the same instant.
    at = clock.now() - timedelta(microseconds=next(_later))
    found = replace(factories.chain(), as_of=at)
    made = {name: np.full(len(found), value) for name, value in columns.items()}
    market.write_chain(replace(found, **made))


def flat_bars() -> None:
    """Bars that did not move, so that no vote comes from them."""
    for size, count, minutes in (("5min", 25, 5), ("1min", 60, 1)):
        bars = [
            Bar("SPY", clock.now() - timedelta(minutes=minutes * n), 600, 600, 600, 600, 1000, 600)
            for n in range(count, 0, -1)
        ]
        market.replace_bars("SPY", size, bars)


def module(_: Any) -> None:
    loader.lay_over({"analytics.signals.mode.0DTE": "off"})


def trading_state(_: Any) -> dict[str, Any]:
    return {"trading_state": "REDUCING"}


def session(rally: Any) -> None:
    rally.at += timedelta(hours=12)


def window(rally: Any) -> None:
    rally.at += timedelta(hours=4.5)


def symbol(_: Any) -> dict[str, Any]:
    return {"symbol": "TSLA"}


def event_blackout(rally: Any) -> None:
    ScheduledEvent.objects.create(kind="FOMC", at=rally.at + timedelta(minutes=9), source="fed")


def earnings_blackout(rally: Any) -> None:
    loader.lay_over({"analytics.signals.earnings_strategies": ["0DTE"]})
    at = rally.at + timedelta(hours=2)
    ScheduledEvent.objects.create(kind="EARNINGS", symbol="SPY", at=at, source="nyse")


def stale(rally: Any) -> None:
    factories.reading("vpin", {"vpin_cdf": 0.95}, as_of=rally.at - timedelta(seconds=15.1))


def blind(_: Any) -> None:
    factories.link(blind_300s_s=15.1)


def chain_invalid(_: Any) -> None:
    factories.reading("gex", {"gex_usd_per_1pct": -1e9}, feed="cboe_delayed")


def missing_required(_: Any) -> None:
    client().delete("analytics:SPY:vpin")


def dealer_damping(_: Any) -> None:
    read("hedging", elasticity_total=-0.05)


def low_toxicity(_: Any) -> None:
    read("toxicity", toxicity=0.44)


def no_pressure(_: Any) -> None:
    read("obi", obi_l5=0.39)
    read("vpin", vpin_cdf=0.5)


def vol_shock(_: Any) -> None:
    factories.reading("volatility", {"regime": "SHOCK", "vol_regime_age_s": 599.0})


def small_imbalance(_: Any) -> dict[str, Any]:
    found = {"imbalance_frac_adv": 0.039, "imbalance_ratio": 0.9}
    factories.reading("moc", {"estimate": found})
    return {"strategy": "MOC"}


def low_ratio(_: Any) -> dict[str, Any]:
    found = {"imbalance_frac_adv": 0.2, "imbalance_ratio": 0.59}
    factories.reading("moc", {"estimate": found})
    return {"strategy": "MOC"}


def quiet_flow() -> None:
    """Nothing but the book speaks."""
    flat_bars()
    read("sweep", sweep_n_60s=0, sweep_net=0.0)
    read("vanna", vanna_flow_frac=0.0)
    read("charm", charm_flow_frac=0.0)
    read("flow_clusters", momentum_share=0.0, momentum_dir=0.0)
    read("skew", rr25_z={"z": 0.0})


def no_direction(_: Any) -> None:
    quiet_flow()
    read("obi", obi_l5=0.05)
    read("toxicity", toxicity=0.5)


def coverage(_: Any) -> None:
    for family in ("sweep", "skew", "flow_clusters", "vanna"):
        client().delete(f"analytics:SPY:{family}")


def no_confirmation(_: Any) -> None:
    quiet_flow()


def below_threshold(_: Any) -> None:
    read("obi", obi_l5=0.5)
    read("vpin", vpin_cdf=0.2)
    read("skew", rr25_z={"z": 0.0})


def chain_missing(_: Any) -> None:
    client().delete("chain:SPY:current")


def c_expiry(_: Any) -> None:
    market.write_chain(toy_chains.chain())


def c_delta(_: Any) -> None:
    market.write_chain(toy_chains.chain((500.0, 505.0, 510.0, 515.0), days=(factories.TODAY,)))


def c_spread(_: Any) -> None:
    found = factories.chain()
    market.write_chain(replace(found, ask=found.ask + 0.5))


def c_oi(_: Any) -> None:
    chain(open_interest=499)


def c_volume(_: Any) -> None:
    chain(volume=99)


def c_premium(_: Any) -> None:
    loader.lay_over({"analytics.strategies.zero_dte.contract.max_premium_price": 0.3})


def c_stale(rally: Any) -> None:
    chain(quote_epoch_ms=int(rally.at.timestamp() * 1000) - 10_001)


def c_size(_: Any) -> None:
    chain(ask_size=0)


def live_lock(rally: Any) -> None:
    factories.signal(created_at=rally.at - timedelta(hours=1))


def cap_strategy(rally: Any) -> None:
    factories.signal(created_at=rally.at - timedelta(hours=1), direction=-1)


def cap_symbol(rally: Any) -> None:
    for n, strategy in enumerate(("1DTE", "MOC"), start=1):
        factories.signal(n, strategy=strategy, created_at=rally.at - timedelta(hours=1))


def cap_total(rally: Any) -> None:
    for n in range(1, 11):
        factories.signal(n, symbol=f"S{n}", created_at=rally.at - timedelta(hours=1))


def cooldown(rally: Any) -> None:
    factories.signal(state="ended", created_at=rally.at - timedelta(seconds=29))


def cooldown_stop(rally: Any) -> None:
    factories.signal(
        state="ended", created_at=rally.at - timedelta(hours=1), acknowledged_by="STOP",
        ended_at=rally.at - timedelta(seconds=299),
    )  # fmt: skip


PROVED = [name for name, code in CODES.items() if code.step is not Step.LIMIT]


@pytest.mark.usefixtures("rally")
def test_in_the_rally_every_gate_passes() -> None:
    row = scored()

    assert row.outcome == "EMITTED"
    assert [gate["code"] for gate in row.explanation["gates"] if not gate["passed"]] == []


@pytest.mark.parametrize("code", PROVED)
def test_a_gate_fails(rally: Any, code: str) -> None:
    scenario: Scenario = globals()[code.lower()]
    row = scored(**(scenario(rally) or {}))

    failed = {gate["code"] for gate in row.explanation["gates"] if not gate["passed"]}
    assert code in failed | set(row.explanation["reasons"])
    assert row.outcome != "EMITTED"


def test_no_gate_of_the_code_is_missing_in_the_table() -> None:
    named = re.compile(r'(?:Gate|at_most|at_least|_below|_rested)\(\s*"([A-Z_]+)"')
    reasons = re.compile(r'NoContract\(\("([A-Z_]+)",\)\)')
    found: set[str] = set()
    for folder in ("strategies", "signals", "services"):
        for path in (ROOT / "analytics" / folder).glob("*.py"):
            found |= {*named.findall(path.read_text()), *reasons.findall(path.read_text())}

    assert found - CODES.keys() == set()
    assert CODES.keys() - found == {"CHAIN_MISSING"}


def test_the_page_of_all_gates_is_current() -> None:
    assert (ROOT / "docs" / "signals.md").read_text() == page.render()

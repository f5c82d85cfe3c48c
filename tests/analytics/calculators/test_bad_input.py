"""Every calculator on every kind of bad input: a reason or finite numbers, never an exception."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import numpy as np
import pytest

from analytics.calculators import (
    correlation,
    dealer_flow,
    exposure,
    flow_bursts,
    flow_clusters,
    forced_flow,
    hedging,
    hidden_orders,
    option_flow,
    order_book,
    pricing,
    print_sizes,
    skew,
    smile_fit,
    sweeps,
    technicals,
    toxicity,
    trade_signing,
    unusual,
    variance,
    vpin,
)
from analytics.calculators.pricing import PricedChain
from quanticity.config.loader import section
from quanticity.domain.market import Bar, Book, Level, Quote, Trade
from quanticity.domain.options import Chain
from quanticity.domain.readings import REASONS, Reading, Unavailable, plain
from tests.analytics import toy_chains
from tests.analytics.toy_chains import INVENTORY, PARTS, PRICING, R

Answer = Reading | Unavailable
T = TypeVar("T")
NAN = float("nan")
MANY = 100_000
AT = datetime(2025, 11, 21, 16, 0, tzinfo=UTC)
SOUND = toy_chains.chain(
    tuple(range(560, 641, 5)), days=(date(2025, 11, 21), date(2025, 11, 24), date(2025, 11, 28))
)
SOUND = replace(SOUND, volume=SOUND.open_interest * 3)


def shuffled(rows_: list[T]) -> list[T]:
    return [rows_[i] for i in np.random.default_rng(0).permutation(len(rows_))]


def is_answer(found: Answer) -> bool:
    """Whether an answer has a reason of the catalogue, or numbers that JSON can hold."""
    if isinstance(found, Unavailable):
        return found.reason in REASONS
    json.dumps(plain(found), allow_nan=False)
    assert not unexplained(found)
    return True


# Where None says that there was none, not that it is unknown.
NONE_SUCH = {"last", "alarm", "flip_reason"}


def unexplained(found: Reading) -> set[str]:
    """Fields that are missing without a reason (DOMAIN 0.4)."""
    missing = {each.name for each in fields(found) if getattr(found, each.name) is None}
    return missing - getattr(found, "reasons", {}).keys() - NONE_SUCH


# --- chains ------------------------------------------------------------------------------------


def rows(chain: Chain, take: np.ndarray) -> Chain:
    columns = {n: getattr(chain, n) for n in chain.__dataclass_fields__}
    arrays = {n: v[take] for n, v in columns.items() if isinstance(v, np.ndarray)}
    return replace(chain, **arrays)


def many(chain: Chain) -> Chain:
    grown = rows(chain, np.resize(np.arange(len(chain)), MANY))
    return replace(grown, strike=grown.strike + np.arange(MANY) // len(chain) * 0.001)


def settled(chain: Chain) -> Chain:
    return replace(chain, expiries=tuple(replace(e, t_s=0.0, dte_sess=-1) for e in chain.expiries))


CHAINS: dict[str, Callable[[Chain], Chain]] = {
    "empty": lambda c: rows(c, np.arange(0)),
    "bids only": lambda c: replace(c, ask=np.full(len(c), NAN)),
    "asks only": lambda c: replace(c, bid=np.full(len(c), NAN)),
    "calls only": lambda c: rows(c, np.flatnonzero(c.right > 0)),
    "no quotes": lambda c: replace(c, bid=np.full(len(c), NAN), ask=np.full(len(c), NAN)),
    "zero prices": lambda c: replace(c, bid=c.bid * 0, ask=c.ask * 0),
    "negative prices": lambda c: replace(c, bid=-c.bid, ask=-c.ask),
    "crossed": lambda c: replace(c, bid=c.ask + 1, ask=c.bid),
    "NaN strikes": lambda c: replace(c, strike=c.strike * NAN),
    "zero strikes": lambda c: replace(c, strike=c.strike * 0),
    "infinite asks": lambda c: replace(c, ask=np.full(len(c), np.inf)),
    "duplicate strikes": lambda c: rows(c, np.repeat(np.arange(len(c)), 2)),
    "one strike": lambda c: replace(c, strike=np.full(len(c), 600.0)),
    "expired": settled,
    "multiplier zero": lambda c: replace(c, multiplier=0),
    "multiplier negative": lambda c: replace(c, multiplier=-100),
    "spot zero": lambda c: replace(c, spot=0.0),
    "spot NaN": lambda c: replace(c, spot=NAN),
    "spot absurd": lambda c: replace(c, spot=6e6),
    "no open interest": lambda c: replace(c, open_interest=c.open_interest * 0),
    "negative interest": lambda c: replace(c, open_interest=-c.open_interest),
    "quotes of tomorrow": lambda c: replace(
        c, quote_epoch_ms=np.full(len(c), int(AT.timestamp() * 1000) + 86_400_000)
    ),
    "unsorted": lambda c: rows(c, np.random.default_rng(0).permutation(len(c))),
    "100,000 rows": many,
}


def from_priced(compute: Callable[[PricedChain], Answer]) -> Callable[[Chain], Answer]:
    def run(chain: Chain) -> Answer:
        found = pricing.compute(chain, PRICING)
        return found if isinstance(found, Unavailable) else compute(found)

    return run


def skewed(found: PricedChain) -> Answer:
    own = section("analytics.skew", smile_fit.Settings)
    smile = skew.nearest(found, own)
    return (
        Unavailable("skew", "INSUFFICIENT_SAMPLES") if smile is None else skew.compute(smile, own)
    )


def strip(found: PricedChain) -> Answer:
    own = section("analytics.variance", variance.Settings)
    return variance.compute(variance.strip(found.chain, found.partner, 2, R), own)


def unusually(chain: Chain) -> Answer:
    own, norms = section("analytics.unusual", unusual.Settings), unusual.Norms(0.5, None, None)
    return unusual.compute(chain, option_flow.flow(option_flow.State(), chain), norms, own)


FROM_CHAINS: dict[str, Callable[[Chain], Answer]] = {
    "gex": from_priced(
        lambda f: exposure.compute(f.priced, PARTS, seed=1, is_single_name=False, adv_usd=1e10)
    ),
    "dex": from_priced(lambda f: exposure.compute_delta(f.priced, PARTS)),
    "vanna": from_priced(
        lambda f: dealer_flow.compute_vanna(
            f.priced, INVENTORY, adv_usd=1e10, atm_iv_chg_30m_volpts=1.0
        )
    ),
    "charm": from_priced(
        lambda f: dealer_flow.compute_charm(f.priced, INVENTORY, t_close_s=3_600.0, adv_usd=1e10)
    ),
    "hedging": from_priced(
        lambda f: hedging.compute(f.priced, INVENTORY, beta_volpts_per_1pct=-0.3, adv_usd=1e10)
    ),
    "forced flow": from_priced(
        lambda f: forced_flow.compute(
            f.priced,
            section("analytics.forced_flow", forced_flow.Settings),
            INVENTORY,
            t_close_s=3_600.0,
            adv_usd=1e10,
        )
    ),
    "skew": from_priced(skewed),
    "variance": from_priced(strip),
    "unusual": unusually,
}


@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("family", FROM_CHAINS)
def test_a_bad_chain_is_answered(family: str, kind: str) -> None:
    assert is_answer(FROM_CHAINS[family](CHAINS[kind](SOUND)))


@pytest.mark.parametrize("family", FROM_CHAINS)
def test_the_sound_chain_has_numbers(family: str) -> None:
    assert isinstance(FROM_CHAINS[family](SOUND), Reading)


NO_NUMBER = (
    "empty", "no quotes", "zero prices", "negative prices", "crossed", "NaN strikes",
    "zero strikes", "expired", "multiplier zero", "multiplier negative",
)  # fmt: skip


@pytest.mark.parametrize("kind", NO_NUMBER)
@pytest.mark.parametrize("family", [name for name in FROM_CHAINS if name != "unusual"])
def test_a_senseless_chain_has_no_number(family: str, kind: str) -> None:
    assert isinstance(FROM_CHAINS[family](CHAINS[kind](SOUND)), Unavailable)


def test_one_bad_strike_takes_nothing_from_the_others() -> None:
    holed = SOUND.strike.copy()
    holed[7] = NAN
    whole, found = (FROM_CHAINS["gex"](chain) for chain in (SOUND, replace(SOUND, strike=holed)))

    assert isinstance(whole, exposure.Exposure)
    assert isinstance(found, exposure.Exposure)
    assert found.coverage == pytest.approx(whole.coverage, abs=0.01)


# --- prints ------------------------------------------------------------------------------------


def tape(n: int = 300) -> list[Trade]:
    random = np.random.default_rng(0)
    start = AT - timedelta(seconds=0.8 * n)
    return [
        Trade(
            "SPY", 600 + round(float(random.normal(0, 0.05)), 2), float(random.integers(1, 2_000)),
            start + timedelta(milliseconds=800 * i), "X", (), 599.99, 600.01, 0.1,
        )
        for i in range(n)
    ]  # fmt: skip


def each(**changed: float | datetime | None) -> Callable[[], list[Trade]]:
    return lambda: [replace(trade, **changed) for trade in tape()]


PRINTS: dict[str, Callable[[], list[Trade]]] = {
    "empty": list,
    "one": lambda: tape(1),
    "without quotes": each(bid=None, ask=None, quote_age_s=None),
    "bid only": each(ask=None),
    "crossed quotes": each(bid=600.05, ask=599.95),
    "zero prices": each(price=0.0),
    "negative prices": each(price=-1.0),
    "NaN prices": each(price=NAN),
    "NaN quotes": each(bid=NAN, ask=NAN),
    "zero sizes": each(size=0.0),
    "negative sizes": each(size=-100.0),
    "all at one instant": each(event_at=AT),
    "of tomorrow": each(event_at=AT + timedelta(days=1)),
    "unsorted": lambda: shuffled(tape()),
    "clock goes backwards": lambda: tape()[::-1],
    "20,000 rows": lambda: tape(20_000),
}


def signed(trades: list[Trade]) -> list[trade_signing.SignedTrade]:
    own = section("analytics.trade_signing", trade_signing.Settings)
    return list(trade_signing.sign(trades, own))


def clustered(trades: list[Trade]) -> Answer:
    own = section("analytics.flow_clusters", flow_clusters.Settings)
    bursts = flow_bursts.find(signed(trades[-3_000:]), own.gap_ms, own.sweep_levels)
    model = flow_clusters.fit(bursts, None, own)
    return flow_clusters.compute(bursts, model, flow_clusters.References(None, None), own)


def toxic(trades: list[Trade]) -> Answer:
    quotes = [
        Quote("SPY", t.bid, t.ask, None, None, t.price, t.event_at, t.event_at)
        for t in trades
        if t.bid is not None and t.ask is not None
    ]
    return toxicity.compute(
        signed(trades), quotes, toxicity.Context(0.5, 250_000.0, 0.1), AT,
        section("analytics.toxicity", toxicity.Settings),
    )  # fmt: skip


def hidden(trades: list[Trade]) -> Answer:
    sides = [tuple(Level(600 + w * 0.01 * n, 100.0) for n in range(1, 6)) for w in (-1, 1)]
    met = [hidden_orders.Seen(t, Book("SPY", *sides, t.event_at)) for t in trades]
    return hidden_orders.compute(met, section("analytics.hidden_orders", hidden_orders.Settings))


def premium(trades: list[Trade]) -> Answer:
    own = section("analytics.option_flow", option_flow.Settings)
    named = [replace(t, instrument=str(SOUND.occ[0])) for t in trades]
    state, _ = option_flow.update(
        option_flow.State(), signed(named), AT.date(), 100, {str(SOUND.occ[0]): 50}, own
    )
    norms, limits = (
        unusual.Norms(0.5, None, None),
        section("analytics.unusual", unusual.Settings),
    )
    return unusual.compute(SOUND, option_flow.flow(state, SOUND), norms, limits)


def sizes(trades: list[Trade]) -> Answer:
    own = section("analytics.print_sizes", print_sizes.Settings)
    state = print_sizes.update(print_sizes.State(), trades, own)
    found = print_sizes.percentile(state, own)
    assert found is None or np.isfinite(found).all()
    return Unavailable("print_sizes", "INSUFFICIENT_SAMPLES")


FROM_PRINTS: dict[str, Callable[[list[Trade]], Answer]] = {
    "sweeps": lambda trades: sweeps.compute(
        signed(trades), AT, section("analytics.sweeps", sweeps.Settings)
    ),
    "toxicity": toxic,
    "hidden": hidden,
    "clusters": clustered,
    "option flow": premium,
    "print sizes": sizes,
}


@pytest.mark.parametrize("kind", PRINTS)
@pytest.mark.parametrize("family", FROM_PRINTS)
def test_bad_prints_are_answered(family: str, kind: str) -> None:
    assert is_answer(FROM_PRINTS[family](PRINTS[kind]()))


# --- bars and books ----------------------------------------------------------------------------


def minutes(n: int = 800) -> list[Bar]:
    random, start = np.random.default_rng(0), AT - timedelta(minutes=n)
    closes = 600 + np.cumsum(random.normal(0, 0.1, n))
    return [
        Bar("SPY", start + timedelta(minutes=i), c, c + 0.1, c - 0.1, c, 1e5, c, 12)
        for i, c in enumerate(closes.tolist())
    ]


def bars(**changed: float | datetime | None) -> Callable[[], list[Bar]]:
    return lambda: [replace(bar, **changed) for bar in minutes()]


BARS: dict[str, Callable[[], list[Bar]]] = {
    "empty": list,
    "zero volume": bars(volume=0.0),
    "negative volume": bars(volume=-1.0),
    "zero prices": bars(open=0.0, high=0.0, low=0.0, close=0.0),
    "negative prices": bars(open=-1.0, high=-1.0, low=-1.0, close=-1.0),
    "one negative price": lambda: [replace(minutes()[0], close=-1.0), *minutes()[1:]],
    "NaN closes": bars(close=NAN),
    "NaN volume": bars(volume=NAN),
    "all at one instant": bars(open_at=AT),
    "unsorted": lambda: shuffled(minutes()),
    "clock goes backwards": lambda: minutes()[::-1],
    "20,000 rows": lambda: minutes(20_000),
}


def imbalance(found: list[Bar]) -> Answer:
    own = section("analytics.vpin", vpin.Settings)
    return vpin.compute(vpin.update(vpin.State(1e5), found, own), own)


def together(found: list[Bar]) -> Answer:
    own = section("analytics.correlation", correlation.Settings)
    state = correlation.State(("A", "B", "C"))
    for bar in found[:600]:
        state = correlation.update(
            state, bar.open_at, {"A": bar.close, "B": bar.open, "C": bar.close + bar.volume}, own
        )
    return correlation.compute(state, own)


FROM_BARS: dict[str, Callable[[list[Bar]], Answer]] = {
    "vpin": imbalance,
    "correlation": together,
    "technicals": lambda found: technicals.compute(
        found[-5_000:], section("analytics.technicals", technicals.Settings)
    ),
}


@pytest.mark.parametrize("kind", BARS)
@pytest.mark.parametrize("family", FROM_BARS)
def test_bad_bars_are_answered(family: str, kind: str) -> None:
    assert is_answer(FROM_BARS[family](BARS[kind]()))


def levels(*sizes: float, price: float) -> tuple[Level, ...]:
    return tuple(Level(price, size) for size in sizes)


BID, ASK = levels(100.0, price=599.99), levels(100.0, price=600.01)


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        pytest.param((), (), id="empty"),
        pytest.param(BID, (), id="one side"),
        pytest.param(ASK, BID, id="crossed"),
        pytest.param(BID, BID, id="locked"),
        pytest.param(levels(0.0, price=599.99), ASK, id="size zero"),
        pytest.param(levels(-5.0, price=599.99), ASK, id="size negative"),
        pytest.param(levels(NAN, price=599.99), ASK, id="size NaN"),
        pytest.param(levels(100.0, price=NAN), ASK, id="price NaN"),
        pytest.param(BID * 20_000, ASK * 20_000, id="20,000 levels"),
    ],
)
def test_a_bad_book_is_answered(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> None:
    own = section("analytics.order_book", order_book.Settings)
    state = order_book.State()
    for second in (0, 1, -60):
        book = Book("SPY", bids, asks, AT + timedelta(seconds=second))
        state = order_book.update(state, book, own)
        assert is_answer(order_book.compute(book, state, own))

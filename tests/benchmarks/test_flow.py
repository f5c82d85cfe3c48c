"""VPIN, clusters and correlation: what one new minute costs, against computing it all again."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from analytics.calculators import correlation, kmeans, vpin
from quanticity.config.loader import section
from quanticity.domain import calendar
from quanticity.domain.market import Bar
from tests.analytics.toy_chains import AS_OF
from tests.benchmarks.rounds import compare, timed


def minutes(sessions: int) -> list[Bar]:
    random, bars, price = np.random.default_rng(0), [], 600.0
    day = calendar.current(AS_OF)
    for _ in range(sessions):
        for minute in range(390):
            close = price + random.normal(0, 0.1)
            at = day.open_at + timedelta(minutes=minute)
            bars.append(
                Bar(
                    "SPY", at, price, price, close, close, float(random.integers(1e4, 1e5)), None, 9
                )
            )
            price = close
        day = calendar.next_session(day.date)
    return [bar for bar in bars if calendar.current(bar.open_at)]


def pandas_vpin(frame: pd.DataFrame, size: float, n: int) -> float:
    """As commonly written: the whole history each time."""
    move = frame["close"].diff().fillna(0.0)
    buy = 1 / (1 + np.exp(-1.702 * move / move.rolling(390, min_periods=30).std().bfill()))
    bucket = (frame["volume"].cumsum() // size).astype(int)
    sums = pd.DataFrame({"b": buy * frame["volume"], "v": frame["volume"]}).groupby(bucket).sum()
    return float((abs(2 * sums["b"] - sums["v"]) / size).rolling(n).mean().iloc[-1])


@pytest.mark.timeout(300)
def test_a_minute_of_vpin() -> None:
    settings, bars = section("analytics.vpin", vpin.Settings), minutes(5)
    size = sum(b.volume for b in bars) / 5 / settings.buckets_per_day
    state = vpin.update(vpin.State(size), bars[:-1], settings)
    frame = pd.DataFrame({"close": [b.close for b in bars], "volume": [b.volume for b in bars]})

    calls = {
        "ours: one new bar on the carried state": timed(
            lambda: vpin.compute(vpin.update(state, bars[-1:], settings), settings)
        ),
        "ours: all bars at once": timed(lambda: vpin.update(vpin.State(size), bars, settings)),
        "pandas, all bars": timed(lambda: pandas_vpin(frame, size, settings.n)),
    }
    compare(
        "VPIN, one new minute after five sessions",
        calls,
        ours=next(iter(calls)),
        per=dict.fromkeys(calls, 1),
        unit="minute",
    )


def test_clusters_of_200_prints() -> None:
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(c, 0.4, (67, 5)) for c in (-2, 0, 2)])
    centroids = kmeans.cold(points, 3, 7, 10)

    calls = {
        "ours: warm": timed(lambda: kmeans.lloyd(points, centroids, 50)),
        "scikit-learn, cold, 10 starts": timed(lambda: kmeans.cold(points, 3, 7, 10)),
        "scikit-learn, cold, 1 start": timed(lambda: kmeans.cold(points, 3, 7, 1)),
    }
    compare("Clusters", calls, ours=next(iter(calls)), per=dict.fromkeys(calls, 1), unit="fit")


def test_a_minute_of_correlation() -> None:
    settings = replace(section("analytics.correlation", correlation.Settings), window=390)
    names, random = tuple(f"S{i}" for i in range(20)), np.random.default_rng(0)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 1e-3, (401, 20)), axis=0))
    state = correlation.State(names)
    for minute, row in enumerate(closes[:-1]):
        state = correlation.update(
            state, AS_OF + timedelta(minutes=minute), dict(zip(names, row, strict=True)), settings
        )
    last = dict(zip(names, closes[-1], strict=True))
    frame = pd.DataFrame(closes, columns=list(names))

    calls = {
        "ours: one new row": timed(
            lambda: correlation.update(state, AS_OF + timedelta(minutes=400), last, settings)
        ),
        "ours: the matrix from the sums": timed(lambda: correlation.compute(state, settings)),
        "pandas, all rows": timed(lambda: np.log(frame).diff().iloc[-390:].corr()),  # noqa: PLW0108
    }
    compare(
        "Correlation, 20 symbols x 390 bars",
        calls,
        ours=next(iter(calls)),
        per=dict.fromkeys(calls, 1),
        unit="minute",
    )

"""A dealer-flow snapshot through the store, and the features of all symbols, in one run each."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.calculators import black_scholes, compiled
from quanticity.domain.readings import Unavailable
from quanticity.store import keys, market, readings
from quanticity.store.client import client
from tests.analytics.toy_chains import AS_OF, chain
from tests.benchmarks.option_data import CONTRACTS, EXPIRIES, SPOT, columns
from tests.benchmarks.rounds import compare, timed

pytestmark = [pytest.mark.usefixtures("store", "noon"), pytest.mark.enable_socket]
FAMILIES = list(keys.FAMILY_TTL)[:12]


@pytest.mark.timeout(900)
def test_a_chain_in_and_readings_out(tmp_path: Path) -> None:
    compiled.load(tmp_path)
    d, small = columns(), chain((600.0,))
    none = np.zeros(CONTRACTS, dtype=np.int64)
    stored = replace(
        small, expiries=small.expiries * EXPIRIES, strike=d["strike"], right=d["right"].astype(int),
        expiry_idx=np.repeat(np.arange(EXPIRIES), CONTRACTS // EXPIRIES),
        occ=np.array([f"SPY   251128C{i:08d}" for i in range(CONTRACTS)]),
        bid=d["price"], ask=d["price"], last=d["price"], bid_size=none, ask_size=none, volume=none,
        open_interest=np.abs(d["weight"]).astype(int), quote_epoch_ms=none,
    )  # fmt: skip
    market.write_chain(stored)
    names = ("strike", "right", "t", "sigma", "r", "q", "weight")
    rows = [{"occ": str(o), **{n: float(d[n][i]) for n in names}} for i, o in enumerate(stored.occ)]
    client().set("rows", json.dumps(rows))
    strikes, at = np.unique(d["strike"], return_inverse=True)
    cell, cells_n = 2 * at + (d["right"] < 0), 2 * len(strikes)
    starts = compiled.runs(d["t"], d["r"], d["q"])

    def ours() -> None:
        found = market.chain("SPY")
        columns_ = (d["right"], found.strike, d["t"], d["sigma"], d["r"], d["q"])
        by_run, by_cell = compiled.exposures(SPOT, columns_, starts, d["weight"], cell, cells_n)
        totals = by_run.sum(axis=0).tolist()
        with client().pipeline() as pipe:  # at once, as `readings.together` writes
            for place, family in enumerate(("gex", "dex", "vanna", "charm")):
                answer = {"total": totals[place], "by_expiry": by_run[:, place].tolist()}
                strikes_ = {"by_strike": by_cell[:240].tolist()} if family == "gex" else {}
                pipe.set(f"bench:{family}", json.dumps(answer | strikes_))
            pipe.execute()

    def by_rows() -> None:
        total = dict.fromkeys(("gex", "dex", "vanna", "charm"), 0.0)
        for row in json.loads(client().get("rows")):
            g = black_scholes.greeks(
                row["right"], SPOT, row["strike"], row["t"], row["sigma"], row["r"], row["q"]
            )
            for name, greek in zip(
                total, (g.gamma, g.delta, g.vanna_per_volpt, g.charm_per_day), strict=True
            ):
                total[name] += row["weight"] * float(greek)
        for family, value in total.items():
            client().set(f"bench:{family}", json.dumps(value))

    calls = {
        "ours: columns, fused pass, 4 readings": timed(ours),
        "... four in a row, warm caches": timed(ours, repeat=4),
        "... reading the chain": timed(lambda: market.chain("SPY")),
        "... writing the chain": timed(lambda: market.write_chain(stored)),
        "JSON rows, one contract at a time": timed(by_rows),
    }
    compare(
        "Snapshot, 45,000 contracts",
        calls,
        ours=next(iter(calls)),
        per=dict.fromkeys(calls, CONTRACTS),
        unit="contract",
        rounds=5,
    )
    compiled._loaded.clear()


def test_features_of_twenty_symbols() -> None:
    symbols = [f"S{i}" for i in range(20)]
    for symbol in symbols:
        for family in FAMILIES:
            readings.write(
                symbol, family, Unavailable(family, "NO_DATA", "x" * 200), as_of=AS_OF, feed="bench"
            )

    calls = {
        "ours: one MGET": timed(lambda: readings.read_all(symbols, FAMILIES)),
        "one GET and json.loads each": timed(
            lambda: [
                json.loads(client().get(keys.reading(s, f).name)) for s in symbols for f in FAMILIES
            ]
        ),
    }
    compare(
        "Features, 20 symbols x 12 keys",
        calls,
        ours=next(iter(calls)),
        per=dict.fromkeys(calls, 1),
        unit="read",
    )

"""The other libraries, run by their own interpreter: one JSON line asks, one answers in seconds.

This file is started by `peers.Peer` and imports nothing of ours.
"""

import json
import sys
import time
import warnings

import numpy as np

REPEAT = 3  # in a row, so that peers find a warm cache too
warnings.simplefilter("ignore")


def pvv_greeks(d):
    from py_vollib_vectorized import get_all_greeks as get

    flags = np.where(d["right"] > 0, "c", "p")
    spot = np.full(len(d["strike"]), float(d["spot"]))

    def run():
        get(
            flags,
            spot,
            d["strike"],
            d["t"],
            d["r"],
            d["sigma"],
            q=d["q"],
            model="black_scholes_merton",
            return_as="dict",
        )

    return run


def pvv_implied(d):
    from py_vollib_vectorized import vectorized_implied_volatility as solve

    flags = np.where(d["right"] > 0, "c", "p")
    spot = np.full(len(d["strike"]), float(d["spot"]))

    def run():
        solve(
            d["price"],
            spot,
            d["strike"],
            d["t"],
            d["r"],
            flags,
            q=d["q"],
            model="black_scholes_merton",
            return_as="numpy",
            on_error="ignore",
        )

    return run


def vollib_greeks(d):
    """The scalar library in a loop over the first 300 contracts, as commonly written."""
    from py_vollib.black_scholes_merton.greeks import analytical as g

    rows = [
        (
            "c" if d["right"][i] > 0 else "p",
            float(d["spot"]),
            *(float(d[n][i]) for n in ["strike", "t", "r", "sigma", "q"]),
        )
        for i in range(min(300, len(d["strike"])))
    ]

    def run():
        for row in rows:
            for one in (g.delta, g.gamma, g.vega, g.theta, g.rho):
                one(*row)

    return run


def quantlib_implied(d):
    """QuantLib's formula in a loop over the first 2,000 contracts."""
    import QuantLib

    forward = d["spot"] * np.exp((d["r"] - d["q"]) * d["t"])
    rows = [
        (
            QuantLib.Option.Call if d["right"][i] > 0 else QuantLib.Option.Put,
            float(d["strike"][i]),
            float(forward[i]),
            float(d["price"][i]),
            float(np.exp(-d["r"][i] * d["t"][i])),
        )
        for i in range(min(2000, len(d["strike"])))
    ]

    def run():
        for row in rows:
            QuantLib.blackFormulaImpliedStdDev(*row)

    return run


def main():
    ready = {}
    for line in sys.stdin:
        case, path = json.loads(line)
        if (case, path) not in ready:
            ready[case, path] = globals()[case](dict(np.load(path)))
            ready[case, path]()
        begun = time.perf_counter()
        for _ in range(REPEAT):
            ready[case, path]()
        print(json.dumps((time.perf_counter() - begun) / REPEAT), flush=True)


if __name__ == "__main__":
    main()

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


def quantlib_greeks(d):
    """QuantLib's Black calculator, every 20th contract; vanna and charm as differences of delta."""
    import QuantLib

    def one(w, spot, k, t, sigma, r, q):
        forward, discount = spot * np.exp((r - q) * t), np.exp(-r * t)
        kind = QuantLib.Option.Call if w > 0 else QuantLib.Option.Put
        payoff = QuantLib.PlainVanillaPayoff(kind, float(k))
        return QuantLib.BlackCalculator(
            payoff, float(forward), float(sigma * np.sqrt(t)), float(discount)
        )

    def run():
        found = {
            n: [] for n in ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "charm")
        }
        for i in range(0, len(d["strike"]), 20):
            row = [float(d[n][i]) for n in ("right", "strike", "t", "sigma", "r", "q")]
            (w, k, t, sigma, r, q), spot = row, float(d["spot"])
            calculator, dv, dt = one(w, spot, k, t, sigma, r, q), 1e-4 * sigma, 1e-4 * t
            found["price"].append(calculator.value())
            found["delta"].append(calculator.delta(spot))
            found["gamma"].append(calculator.gamma(spot))
            found["vega"].append(calculator.vega(t) / 100)
            found["theta"].append(calculator.theta(spot, t) / 365)
            found["rho"].append(calculator.rho(t) / 100)
            up, down = (one(w, spot, k, t, sigma + s * dv, r, q).delta(spot) for s in (1, -1))
            found["vanna"].append((up - down) / (2 * dv) / 100)
            later, sooner = (one(w, spot, k, t - s * dt, sigma, r, q).delta(spot) for s in (1, -1))
            found["charm"].append((later - sooner) / (2 * dt) / 365)
        return found

    return run


def quantlib_american(d):
    """QuantLib's finite differences, 800 x 800: its own tree of 801 steps is off by up to 0.02."""
    import QuantLib as ql

    today = ql.Date(21, 11, 2025)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual365Fixed()

    def curve(rate):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days))

    def run():
        found = {"price": [], "delta": [], "gamma": []}
        names = ("right", "strike", "days", "sigma", "r", "q")
        for w, k, n, sigma, r, q in zip(*(d[name].tolist() for name in names), strict=True):
            vol = ql.BlackConstantVol(today, ql.NullCalendar(), sigma, days)
            process = ql.BlackScholesMertonProcess(
                ql.QuoteHandle(ql.SimpleQuote(float(d["spot"]))), curve(q), curve(r),
                ql.BlackVolTermStructureHandle(vol),
            )  # fmt: skip
            kind = ql.Option.Call if w > 0 else ql.Option.Put
            exercise = ql.AmericanExercise(today, today + int(n))
            option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, k), exercise)
            option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, 800, 800))
            found["price"].append(option.NPV())
            found["delta"].append(option.delta())
            found["gamma"].append(option.gamma())
        return found

    return run


def main():
    ready, answers = {}, None
    for line in sys.stdin:
        case, path = json.loads(line)
        if (case, path) not in ready:
            ready[case, path] = globals()[case](dict(np.load(path)))
            answers = ready[case, path]()
            if answers is not None:
                np.savez(path + ".answers.npz", **answers)
        begun = time.perf_counter()
        repeat = 1 if answers is not None else REPEAT
        for _ in range(0 if answers is not None else REPEAT):
            ready[case, path]()
        print(json.dumps((time.perf_counter() - begun) / repeat), flush=True)


if __name__ == "__main__":
    main()

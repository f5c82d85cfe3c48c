"""Small chain files in each vendor's form, made from a known chain."""

import json
from collections.abc import Callable

import numpy as np

from tests.analytics.toy_chains import AS_OF, chain

HEADS = "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
FOUND = chain(range(570, 631, 2), interest=lambda k, w: int(k) - 500 + 10 * w)


def cboe_csv(change: Callable[[str], str] = lambda text: text) -> str:
    lines = [
        "",
        "SPDR S&P 500 ETF,Last: 600,Change: 1",
        '"Date: November 21, 2025 at 11:00 AM EST",Bid: 599.99,Ask: 600.01',
        HEADS,
    ]
    for call in range(0, len(FOUND), 2):
        sides = [
            f"{FOUND.occ[i]},{FOUND.last[i]:.2f},0,{FOUND.bid[i]:.4f},{FOUND.ask[i]:.4f},5,0.15,0.5,0.01,{FOUND.open_interest[i]}"
            for i in (call, call + 1)
        ]
        lines.append(f"Fri Nov 28 2025,{sides[0]},{FOUND.strike[call]:.2f},{sides[1]}")
    return change("\n".join(lines) + "\n")


def cboe_json() -> str:
    options = [
        {
            "option": str(FOUND.occ[i]), "bid": FOUND.bid[i], "ask": FOUND.ask[i], "bid_size": 10.0, "ask_size": 10.0,
            "iv": 0.15, "open_interest": float(FOUND.open_interest[i]), "volume": 5.0, "delta": 0.5, "gamma": 0.01,
            "theta": 0.0, "vega": 0.0, "rho": 0.0, "last_trade_price": FOUND.last[i],
        }
        for i in range(len(FOUND))
    ]  # fmt: skip
    data = {"symbol": "SPY", "current_price": 600.0, "options": options}
    return json.dumps({"timestamp": f"{AS_OF:%Y-%m-%d %H:%M:%S}", "symbol": "SPY", "data": data})


def alphavantage_json() -> str:
    rows = [
        {
            "contractID": str(FOUND.occ[i]), "symbol": "SPY", "expiration": "2025-11-28", "strike": f"{FOUND.strike[i]:.2f}",
            "type": "call" if FOUND.right[i] > 0 else "put", "last": f"{FOUND.last[i]:.2f}", "mark": "0",
            "bid": f"{FOUND.bid[i]:.4f}", "bid_size": "10", "ask": f"{FOUND.ask[i]:.4f}", "ask_size": "10", "volume": "5",
            "open_interest": str(FOUND.open_interest[i]), "date": "2025-11-21", "implied_volatility": "0.15", "delta": "0.5",
            "gamma": "0.01", "theta": "0", "vega": "0", "rho": "0",
        }
        for i in range(len(FOUND))
    ]  # fmt: skip
    return json.dumps({"endpoint": "Historical Options", "message": "success", "data": rows})


def quotes_agree(bid: np.ndarray, ask: np.ndarray) -> bool:
    return bool(np.allclose(bid, FOUND.bid, atol=1e-4) and np.allclose(ask, FOUND.ask, atol=1e-4))

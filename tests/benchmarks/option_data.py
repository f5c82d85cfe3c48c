"""45,000 contracts of 30 expiries, ten minutes to a year out, out to the wings."""

from pathlib import Path
from typing import Any

import numpy as np

from analytics.calculators import black_scholes

CONTRACTS, EXPIRIES, SPOT = 45_000, 30, 600.0


def columns(seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    by_expiry = np.sort(random.uniform(1 / 365 / 24, 1.0, EXPIRIES))
    t = np.repeat(by_expiry, CONTRACTS // EXPIRIES)
    r, q = np.full(CONTRACTS, 0.043), np.full(CONTRACTS, 0.012)
    right = np.where(random.random(CONTRACTS) < 0.5, 1.0, -1.0)
    sigma = random.uniform(0.08, 0.6, CONTRACTS)
    strike = np.round(SPOT * np.exp(sigma * np.sqrt(t) * random.normal(0, 1.2, CONTRACTS)), 0)
    price = black_scholes.price(right, SPOT, strike, t, sigma, r, q)
    return {
        "right": right, "spot": SPOT, "strike": strike, "t": t, "sigma": sigma, "r": r, "q": q,
        "price": price, "weight": right * random.integers(5, 5000, CONTRACTS) * 100.0,
    }  # fmt: skip


def saved(data: dict[str, Any], folder: Path) -> Path:
    path = folder / "columns.npz"
    np.savez(path, **data)
    return path


def out_of_the_money(data: dict[str, Any]) -> dict[str, Any]:
    """The liquid rows, the ones of PERFORMANCE 1: worth a cent at least."""
    rows = (data["right"] * (data["strike"] - data["spot"]) > 0) & (data["price"] > 0.01)
    return {n: v[rows] if isinstance(v, np.ndarray) else v for n, v in data.items()}

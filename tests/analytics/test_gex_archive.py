"""GEX of a third party's 0DTE archive, from its own gamma and open interest (real SPX data).

The archive's convention, stated beside the data: gamma x OI x 100 x spot^2 x 0.01, puts negative;
its gamma has four decimals. Sums, walls and the strike of the largest net must then be ours too.
Its `gamma_flip` is the first strike of a cumulative sum, which DOMAIN 3.2 refuses; not compared.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from analytics.calculators import aggregates, levels
from analytics.calculators.black_scholes import Greeks
from analytics.calculators.inventory import Inventory, SignModel
from analytics.calculators.levels import Strikes
from analytics.calculators.pricing import Priced
from tests.conftest import SHARED

ARCHIVE = SHARED / "data" / "gex_archive"
PROFILES = sorted((ARCHIVE / "gex" / "profile").glob("*.csv"))
pytestmark = pytest.mark.skipif(not PROFILES, reason=f"{ARCHIVE} is not there")


@dataclass(frozen=True)
class Snapshot:
    spot: float
    summary: dict[str, str]
    table: dict[str, np.ndarray]

    @property
    def ours(self) -> Strikes:
        """Our aggregation of their gamma (four decimals) and open interest."""
        table = self.table
        strike = np.tile(table["strike"], 2)
        right = np.repeat([1.0, -1.0], len(table["strike"]))
        interest = np.concatenate([table["coi"], table["poi"]])
        theirs = np.abs(np.concatenate([table["cg"], table["pg"]]))
        gamma = np.round(theirs / np.maximum(interest, 1) / self.spot**2, 4)
        none = np.zeros_like(strike)
        every = np.ones(len(strike), dtype=bool)
        priced = Priced(
            self.spot, 100, True, (), right, strike, interest, none.astype(np.int64), none, none,
            none, none, none, none, every, Greeks(none, none, gamma, *[none] * 5), none,
            *np.unique(strike, return_inverse=True), np.array([0, len(strike)]), ~every,
        )  # fmt: skip
        held = Inventory(
            priced, SignModel.NAIVE, right * interest * 100, interest * 100, every, ~every, 1.0
        )
        return aggregates.near_strikes(held, every)


def snapshot(path: Path) -> Snapshot:
    with (ARCHIVE / "gex_summary.csv").open() as file:
        rows = {
            f"{row['date']}_{row['time'].replace(':', '')}": row for row in csv.DictReader(file)
        }
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    cells = list(csv.DictReader(lines))
    table = {name: np.array([float(row[name]) for row in cells]) for name in cells[0]}
    summary = rows[path.stem]
    return Snapshot(float(summary["spot"]), summary, table)


@pytest.fixture(params=PROFILES, ids=lambda path: path.stem)
def taken(request) -> Snapshot:
    return snapshot(request.param)


def test_every_strike_agrees_in_dollars_per_percent(taken: Snapshot) -> None:
    assert taken.ours.call == pytest.approx(taken.table["cg"], rel=1e-6, abs=1.0)
    assert taken.ours.put == pytest.approx(taken.table["pg"], rel=1e-6, abs=1.0)


def test_walls_and_the_largest_net_strike_agree(taken: Snapshot) -> None:
    ours, row = taken.ours, taken.summary

    assert levels.call_wall(ours, taken.spot) == float(row["call_wall"])
    assert levels.put_wall(ours, taken.spot) == float(row["put_wall"])
    assert ours.strike[np.argmax(np.abs(ours.net))] == float(row["peak_strike"])


def test_the_strikes_near_the_money_carry_most_of_the_total(taken: Snapshot) -> None:
    # The profile has the strikes within 2 %, the summary all of them.
    assert 0.9 < taken.ours.call.sum() / float(taken.summary["callsum"]) <= 1.0 + 1e-9
    assert 0.9 < taken.ours.put.sum() / float(taken.summary["putsum"]) <= 1.0 + 1e-9

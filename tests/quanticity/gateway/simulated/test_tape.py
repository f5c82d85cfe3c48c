"""Recorded bars and prints in place of a seeded path."""

import gzip
import zipfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from quanticity.domain import calendar
from quanticity.domain.errors import MalformedInput
from quanticity.gateway.simulated import recording
from quanticity.gateway.simulated.bars import Bars
from quanticity.gateway.simulated.market import Market

DAY = date(2026, 3, 12)
SESSION = calendar.session(DAY)
YAHOO = """Datetime,Close,High,Low,Open,Volume
2026-03-12 13:30:00+00:00,670.63,671.36,670.41,671.16,2830211
2026-03-12 13:31:00+00:00,669.97,670.91,669.88,670.66,633604
2026-03-12 13:33:00+00:00,670.10,670.20,669.90,670.00,60000
"""


@pytest.fixture
def own(market: Market) -> Market:
    """A market that a test may record into."""
    return Market(market.tapes.settings, market.surface.settings)


@pytest.fixture
def recorded(own: Market, tmp_path: Path) -> Market:
    (tmp_path / "SPY_1m_x.csv.gz").write_bytes(gzip.compress(YAHOO.encode()))
    (tmp_path / "notes.txt").write_text("not a tape")
    recording.load(tmp_path, own)
    return own


def test_recorded_minutes_come_back_as_bars(recorded: Market) -> None:
    found = Bars(recorded).between(
        "SPY", 60, SESSION.open_at, SESSION.open_at + timedelta(minutes=2)
    )

    assert [bar.volume for bar in found] == pytest.approx([2830211, 633604], abs=60)
    assert [bar.high for bar in found] == pytest.approx([671.36, 670.91], abs=0.02)
    assert [bar.low for bar in found] == pytest.approx([670.41, 669.88], abs=0.02)
    assert [bar.close for bar in found] == pytest.approx([670.63, 669.97], abs=0.02)


def test_a_gap_keeps_the_price_and_has_no_volume(recorded: Market) -> None:
    gap = SESSION.open_at + timedelta(minutes=2)
    (bar,) = Bars(recorded).between("SPY", 60, gap, gap + timedelta(minutes=1))

    assert bar.volume == 0
    assert bar.close == pytest.approx(669.97, abs=0.02)


def test_the_seeded_day_before_ends_where_the_tape_begins(recorded: Market) -> None:
    assert recorded.tapes.of("SPY", SESSION).previous_close == 671.16


def test_rising_seconds_are_mostly_bought(recorded: Market) -> None:
    found = recorded.tapes.of("SPY", SESSION)
    rising = np.flatnonzero(np.diff(found.bid[:60]) > 0.02) + 1

    assert np.all(found.bought[rising] > found.sold[rising])


@pytest.mark.parametrize(
    ("size", "rows"),
    [
        ("minute", "34200000,1675000,1676000,1674000,1675500,900\n14400000,1,1,1,1,1\n"),
        ("second", "34201000,1675000,1676000,1674000,1675500,900\n"),
        ("tick", "34202100,1675500,900,P,0,0\n34202200,9990000,5,P,0,1\n"),
    ],
)
def test_lean_trades_are_read(own: Market, tmp_path: Path, size: str, rows: str) -> None:
    path = tmp_path / f"equity__usa__{size}__spy__20131007_trade.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("trades.csv", rows)

    (session,) = recording.load(path, own)

    found = own.tapes.of("SPY", session)
    assert session.date == date(2013, 10, 7)
    assert (found.bought + found.sold).sum() == pytest.approx(900, abs=60)
    assert found.mid(200) == pytest.approx(167.55, abs=0.02)


def test_nothing_recorded_is_refused(own: Market, tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="found none"):
        recording.load(tmp_path, own)


@pytest.mark.parametrize(
    "folder", ["bars/yf_1m", "bars/lean_minute", "bars/lean_second", "trades/lean_tick"]
)
def test_real_recordings_make_tapes(own: Market, shared: Path, folder: str) -> None:
    sessions = recording.load(shared / "data" / folder, own)
    found = own.tapes.of("SPY", sessions[-1])

    assert np.all(found.ask > found.bid)
    assert (found.bought + found.sold).sum() > 1e7
    assert own.top("SPY", sessions[-1].close_at - timedelta(hours=1)).volume > 1e6

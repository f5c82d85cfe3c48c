"""Trade signing and VPIN against the true sides of LOBSTER's recorded day (`-s` prints a table)."""

import csv
import io
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from analytics.calculators import trade_signing, vpin
from analytics.calculators.trade_signing import SignedTrade
from quanticity.config.loader import section
from quanticity.domain.market import Bar, Trade

MIDNIGHT = datetime(2012, 6, 21, 4, tzinfo=UTC)  # in New York
SIGNING = section("analytics.trade_signing", trade_signing.Settings)
VPIN = section("analytics.vpin", vpin.Settings)
BUCKETS_OF_THE_DAY = 60
FILES = ["LOBSTER_SampleFile_AMZN_2012-06-21_5.zip", "LOBSTER_SampleFile_GOOG_2012-06-21_1.zip"]
VISIBLE, HIDDEN = "4", "5"
Executed = tuple[SignedTrade, str, int]  # print, kind of execution, true sign


def say(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")


def executions(path: Path) -> Iterator[tuple[Trade, str, int]]:
    """Prints with the quote that stood before them; the true sign is against the resting order."""
    with zipfile.ZipFile(path) as packed:
        texts = {
            part: io.StringIO(packed.read(name).decode())
            for name in packed.namelist()
            for part in ("message", "orderbook")
            if part in name
        }
    before: list[str] = []
    for message, book in zip(
        csv.reader(texts["message"]), csv.reader(texts["orderbook"]), strict=True
    ):
        seconds, kind, _, size, price, direction = message[:6]
        if kind in {VISIBLE, HIDDEN} and before:
            at = MIDNIGHT + timedelta(seconds=float(seconds))
            ask, bid = int(before[0]) / 1e4, int(before[2]) / 1e4
            yield (
                Trade("X", int(price) / 1e4, float(size), at, "", (), bid, ask, 0.0),
                kind, -int(direction),
            )  # fmt: skip
        before = book


@pytest.fixture(scope="module", params=FILES, ids=["AMZN", "GOOG"])
def executed(request, shared: Path) -> list[Executed]:
    rows = list(executions(shared / "data" / "trades" / "lobster" / request.param))
    signed = trade_signing.sign([trade for trade, _, _ in rows], SIGNING)
    return [(one, kind, true) for one, (_, kind, true) in zip(signed, rows, strict=True)]


def share(rows: list[Executed], right: int) -> float:
    return fmean(one.signing.side.sign * true == right for one, _, true in rows)


def test_visible_executions_have_their_true_side(executed: list[Executed]) -> None:
    for kind in (VISIBLE, HIDDEN):
        rows = [row for row in executed if row[1] == kind]
        say(
            f"{'visible' if kind == VISIBLE else 'hidden'} {len(rows)}: right "
            f"{share(rows, 1):.3f}, unknown {share(rows, 0):.3f}, wrong {share(rows, -1):.3f}"
        )
    visible = [row for row in executed if row[1] == VISIBLE]

    assert share(visible, 1) > 0.99
    assert share(executed, -1) < 0.03


def test_probabilities_of_hidden_executions_are_no_better_than_they_say(
    executed: list[Executed],
) -> None:
    hidden = [(one, true) for one, kind, true in executed if kind == HIDDEN]
    sided = [(one, true) for one, true in hidden if one.signing.side.sign]
    right = fmean(one.signing.side.sign == true for one, true in sided)
    said = fmean(max(one.signing.p_buy, 1 - one.signing.p_buy) for one, _ in sided)
    say(f"hidden with a side {len(sided)} of {len(hidden)}: right {right:.3f}, said {said:.3f}")

    assert right > said - 0.1


def minutes(executed: list[Executed]) -> list[Bar]:
    rows: dict[datetime, list[Trade]] = defaultdict(list)
    for one, _, _ in executed:
        rows[one.trade.event_at.replace(second=0, microsecond=0)].append(one.trade)
    return [
        Bar(
            "X", at, prints[0].price, max(p.price for p in prints), min(p.price for p in prints),
            prints[-1].price, sum(p.size for p in prints), None, 12,
        )
        for at, prints in sorted(rows.items())
    ]  # fmt: skip


def bought(executed: list[Executed], *, truly: bool) -> dict[datetime, float]:
    """Size-weighted share of buying by minute: true, or as signed."""
    rows: dict[datetime, list[tuple[float, float]]] = defaultdict(list)
    for one, _, true in executed:
        p_buy = (1 + true) / 2 if truly else one.signing.p_buy
        rows[one.trade.event_at.replace(second=0, microsecond=0)].append((p_buy, one.trade.size))
    return {at: fmean([p for p, _ in each], [n for _, n in each]) for at, each in rows.items()}


def test_vpin_by_sides_follows_the_true_sides(executed: list[Executed]) -> None:
    bars = minutes(executed)
    state = vpin.State(sum(bar.volume for bar in bars) / BUCKETS_OF_THE_DAY)
    found = {
        name: vpin.compute(vpin.update(state, bars, VPIN, by_sides=sides), VPIN)
        for name, sides in (
            ("true", bought(executed, truly=True)), ("signed", bought(executed, truly=False)),
        )
    }  # fmt: skip
    true, signed = found["true"], found["signed"]
    assert isinstance(true, vpin.Vpin)
    assert isinstance(signed, vpin.Vpin)
    say(
        f"VPIN by true sides {true.vpin_signed:.3f}, by ours {signed.vpin_signed:.3f}, "
        f"by bulk classification {true.vpin:.3f}"
    )

    # A side is worth 0.8 at most (3.8), so ours is that much smaller.
    assert signed.vpin_signed == pytest.approx(0.8 * (true.vpin_signed or 0), rel=0.15)

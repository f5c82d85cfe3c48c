"""Chains and ticks on their way in: decode, admit, store; events through the gateway process."""

import asyncio
import json
import struct
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import pytest

from analytics.calculators import forward
from analytics.feeds import alphavantage, cboe
from analytics.ingestion import admission
from analytics.ingestion.recorder import Recorder
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.instruments import OptionContract, Right
from quanticity.domain.options import Chain
from quanticity.gateway.ibkr.line import Line
from quanticity.gateway.ibkr.streams import Stream, Wanted
from quanticity.gateway.ibkr.tap import TappedIB
from quanticity.management.gateway.process import SWITCH_S, GatewayProcess
from quanticity.store import market
from tests.analytics.toy_chains import NEXT_WEEK
from tests.analytics.toy_chains import chain as toy
from tests.conftest import NOON

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.enable_socket]
CONTRACTS, ROUNDS = 5_000, 15
RATE, SECONDS, PACKET = 5_000, 6, 50  # events a second, for so long, so many at once
FIRST = 1_000_000_000


def told(title: str, **figures: float) -> None:
    print(f"\n{title}")
    for name, figure in figures.items():
        print(f"  {name:44} {figure:10.2f}")
    print(json.dumps({"title": title, **{k: round(v, 3) for k, v in figures.items()}}))


def answer() -> bytes:
    """Five thousand contracts of twenty expiries in Cboe's words."""
    days, day = [], NEXT_WEEK
    for _ in range(20):
        days.append(day)
        day = calendar.next_session(day).date
    full = toy(tuple(range(538, 663)), days=days)
    assert len(full) == CONTRACTS
    options = [
        {
            "option": str(full.occ[n]), "bid": round(float(full.bid[n]), 2),
            "bid_size": 11.0, "ask": round(float(full.ask[n]), 2), "ask_size": 12.0, "iv": 0.15,
            "open_interest": 900.0, "volume": 40.0, "delta": 0.5, "gamma": 0.01, "theta": -0.1,
            "rho": 0.01, "vega": 0.2, "theo": 1.0, "change": 0.0, "open": 0.0, "high": 0.0,
            "low": 0.0, "tick": "down", "last_trade_price": 1.0,
            "last_trade_time": "2025-11-21T11:59:00", "percent_change": 0.0, "prev_day_close": 1.0,
        }
        for n in range(len(full))
    ]  # fmt: skip
    data = {"symbol": "SPY", "current_price": 600.0, "options": options}
    return json.dumps({"timestamp": "2025-11-21 17:00:00", "symbol": "SPY", "data": data}).encode()


def answer_in_strings() -> bytes:
    """The same contracts in Alpha Vantage's words."""
    rows = [
        {
            "contractID": one["option"], "symbol": "SPY", "expiration": "2025-11-28",
            "strike": "600.00", "type": "call", "last": "1.00", "mark": "1.00",
            "bid": str(one["bid"]), "bid_size": "11", "ask": str(one["ask"]), "ask_size": "12",
            "volume": "40", "open_interest": "900", "date": "2025-11-21",
            "implied_volatility": "0.15000", "delta": "0.50000", "gamma": "0.01000",
            "theta": "-0.10000", "vega": "0.20000", "rho": "0.01000",
        }
        for one in json.loads(answer())["data"]["options"]
    ]  # fmt: skip
    return json.dumps({"endpoint": "Realtime Options", "message": "success", "data": rows}).encode()


VENDORS: dict[str, tuple[Callable[[], bytes], Callable[[bytes], Chain]]] = {
    "Cboe": (answer, lambda body: cboe.read_chain(body, "SPY")),
    "Alpha Vantage": (answer_in_strings, lambda body: alphavantage.read_chain(body, "SPY", NOON)),
}


def admit(chain: Chain) -> None:
    """Every check of a chain: each row alone, then against each other."""
    own = section("analytics.admission", admission.Settings)
    flags = admission.quote_flags(chain, own, since_open_s=9_000.0)
    clean = admission.without_sentinels(chain)
    rates = section("analytics.forward", forward.Settings)
    mids = forward.pair_up(clean, admission.pairs(clean), flags == 0)
    found = forward.compute(clean, mids, rates, r=rates.flat_r, q=0.012)
    assert found is not None
    at = clean.expiry_idx
    bracket = admission.Market(
        found.spot, found.spot, found.forward[at], found.market_discount[at],
        np.zeros(len(clean)),
    )  # fmt: skip
    admission.arbitrage_flags(clean, flags == 0, bracket, own)


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_chain_is_decoded_admitted_and_stored(vendor: str) -> None:
    made, read = VENDORS[vendor]
    body = made()
    steps: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        begun, cpu = time.perf_counter(), time.thread_time()
        chain = read(body)
        decoded = time.thread_time()
        admit(chain)
        admitted = time.thread_time()
        market.write_chain(chain)
        stored, ended = time.thread_time(), time.perf_counter()
        for name, low, high in (
            ("decode", cpu, decoded), ("admit", decoded, admitted), ("store", admitted, stored),
            ("all three", cpu, stored), ("all three on the wall", begun, ended),
        ):  # fmt: skip
            steps[name].append((high - low) * 1e3)
    told(
        f"{vendor}: a chain of {CONTRACTS} contracts, {len(body) / 1e6:.1f} MB over HTTP: ms of one core",
        **{f"{name}, best": min(taken) for name, taken in steps.items()},
        **{f"{name}, median": sorted(taken)[ROUNDS // 2] for name, taken in steps.items()},
    )


class Stamped(Recorder):
    """A recorder that notes when each quote and print came, and when it was in the store."""

    def __init__(self, feed: str) -> None:
        super().__init__(feed)
        self.came: list[float] = []
        self.steps: dict[str, list[float]] = defaultdict(list)

    def take_quote(self, quote: Any) -> None:
        self.came.append(time.perf_counter())
        super().take_quote(quote)

    def take_trade(self, trade: Any) -> None:
        self.came.append(time.perf_counter())
        super().take_trade(trade)

    def flush(self) -> tuple[str, ...]:
        came, self.came, begun, cpu = self.came, [], time.perf_counter(), time.thread_time()
        found = super().flush()
        stored, worked = time.perf_counter(), time.thread_time() - cpu
        for at in came:
            self.steps["tick to store"].append(stored - at)
            self.steps["waited for its turn"].append(begun - at)
            self.steps["made into bytes and sent"].append(worked)
            self.steps["waited for the store, or for a core"].append(stored - begun - worked)
        return found


def frame(*fields: Any) -> bytes:
    body = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


def packets() -> Iterator[bytes]:
    """Quotes and sizes of 13 underlyings and 83 options, prints and depth of three, for ever."""
    random = np.random.default_rng(7)
    second = 0
    while True:
        rows = []
        for n, kind in enumerate(random.integers(0, 20, PACKET)):
            line = FIRST + int(random.integers(0, 96))
            price = round(600 + float(random.normal()), 2)
            if kind < 12:
                rows.append(frame(1, 6, line, int(kind % 2) + 1, price, 3, 0))
            elif kind < 16:
                rows.append(frame(2, 6, line, (0, 3)[kind % 2], int(random.integers(1, 90))))
            elif kind < 19:
                book = FIRST + 200 + int(random.integers(0, 3))
                rows.append(frame(13, 1, book, n % 10, "ARCA", 1, n % 2, price, 100, 1))
            else:
                tape = FIRST + 100 + int(random.integers(0, 3))
                at = int(clock.now().timestamp())
                rows.append(frame(99, tape, 2, at, price, 100, 0, "ARCA", ""))
            second += 1
        yield b"".join(rows)


def wired(process: GatewayProcess) -> TappedIB:
    """The client library's end of a socket, with subscriptions as the feed makes them."""
    feed, link = process.gateway.feed, process.gateway._link
    ib = TappedIB(link, feed, process.gateway.trading, Counter())
    ib.client._serverVersion = ib.client.decoder.serverVersion = 176
    ib.client._apiReady, ib.client.connState = True, ib.client.CONNECTED
    for n in range(96):
        option = OptionContract("SPY", NOON.date(), Right.CALL, 500 + n) if n >= 13 else None
        name = f"S{n}" if option is None else option.occ
        feed._lines[n] = Line(name, n, option)
        feed._streams._by_request[FIRST + n] = Wanted(Stream.QUOTES, n)
    for n in range(3):
        feed._streams._by_request[FIRST + 100 + n] = Wanted(Stream.PRINTS, n)
        feed._streams._by_request[FIRST + 200 + n] = Wanted(Stream.DEPTH, n)
    return ib


async def played(process: GatewayProcess) -> tuple[int, float, float]:
    """Offer the rate in real time; events, wall seconds and CPU seconds."""
    ib, offered = wired(process), packets()
    loops = [
        asyncio.create_task(work()) for work in (process.market.record, process.market.keep_tape)
    ]
    await asyncio.sleep(0.2)
    begun, cpu = time.perf_counter(), time.process_time()
    for n in range(RATE * SECONDS // PACKET):
        ib.client._onSocketHasData(next(offered))
        ahead = begun + (n + 1) * PACKET / RATE - time.perf_counter()
        await asyncio.sleep(max(ahead, 0))
    wall, used = time.perf_counter() - begun, time.process_time() - cpu
    await asyncio.sleep(0.3)
    for task in loops:
        task.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    return RATE * SECONDS, wall, used


def test_events_through_the_gateway_process(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    sys.setswitchinterval(SWITCH_S)  # as run_gateway does
    anchor = tmp_path / "clock.json"
    clock.Anchor(NOON - timedelta(hours=1), clock.boot_seconds(), 1.0).write(anchor)
    with clock.using(clock.ScaledClock(anchor)):
        process = GatewayProcess("127.0.0.1", 1)
        stamped = Stamped("sim")
        stamped.on_fresh = process.market.recorder.on_fresh
        process.market.recorder = process.listener._recorder = stamped
        events, wall, used = asyncio.run(played(process))
    told(
        "events through the gateway process, tape and store included",
        events_per_s=events / wall, core_share=used / wall, cpu_us_per_event=used / events * 1e6,
        facts_stored=float(len(stamped.steps["tick to store"])),
        on_tape=float(process.market.tape.counters["written"]),
        handler_errors=float(process.gateway.counters["handler_errors"]),
    )  # fmt: skip
    for step, taken in stamped.steps.items():
        cuts = quantiles(taken, n=1_000)
        told(
            f"{step}, ms",
            p50=cuts[499] * 1e3, p90=cuts[899] * 1e3, p99=cuts[989] * 1e3, p999=cuts[998] * 1e3,
        )  # fmt: skip
    process.hands.shutdown()

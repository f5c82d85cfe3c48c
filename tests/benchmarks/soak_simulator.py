"""A soak of the simulated exchange: its CPU, its memory and what it sends, minute by minute.

Starts `run_simulator` as a process of its own, subscribes as a platform does (13 stocks, three
indexes, options around the money of every chain up to the line limit, three books, five-second
bars) and prints one row a minute. With `--speed` a whole session goes by faster.

    .venv/bin/python tests/benchmarks/soak_simulator.py --minutes 60 --port 9150
"""

import argparse
import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import psutil
from ib_insync import IB, Index, Option, Stock

STOCKS = "SPY QQQ IWM AAPL TSLA NVDA AMD GOOGL META AMZN MSFT PLTR VXX".split()
DEPTH = ("SPY", "QQQ", "IWM")
CLOSE = datetime(2025, 11, 21, 21, 0, tzinfo=UTC)
START = "2025-11-21T14:35:00+00:00"


async def subscribe(ib: Any, lines: int) -> int:
    """Ask for what a platform asks for; return how many lines are in use."""
    stocks = await ib.qualifyContractsAsync(*(Stock(name, "SMART", "USD") for name in STOCKS))
    indexes = await ib.qualifyContractsAsync(*(Index(n, "CBOE") for n in ("SPX", "VIX", "VIX1D")))
    for contract in (*stocks, *indexes):
        ib.reqMktData(contract, "100,101,225,233" if contract.secType == "STK" else "")
        ib.reqRealTimeBars(contract, 5, "TRADES", True)
    for contract in stocks:
        if contract.symbol in DEPTH:
            ib.reqMktDepth(contract, 10, True)
    await asyncio.sleep(3)
    options = [option for stock in stocks for option in await near(ib, stock)]
    room = lines - len(stocks) - len(indexes)
    for option in options[:room]:
        ib.reqMktData(option, "100,101")
    return min(len(options), room) + len(stocks) + len(indexes)


async def near(ib: Any, stock: Any) -> list[Any]:
    """The seven options nearest the money of a stock's first expiry."""
    (chain, *_) = await ib.reqSecDefOptParamsAsync(stock.symbol, "", stock.secType, stock.conId)
    spot = ib.ticker(stock).marketPrice()
    strikes = sorted(chain.strikes, key=lambda strike: abs(strike - spot))[:4]
    wanted = [
        Option(stock.symbol, chain.expirations[0], strike, right, "SMART")
        for strike in strikes
        for right in "CP"
    ]
    return list(await ib.qualifyContractsAsync(*wanted[:7]))


async def watch(port: int, pid: int, minutes: float, lines: int, speed: str) -> None:
    """Print a row a minute."""
    ib: Any = IB()
    await ib.connectAsync("127.0.0.1", port, 1)
    received = [0]
    interpret = ib.client.decoder.interpret

    def count(fields: Any) -> None:
        received[0] += 1
        interpret(fields)

    ib.client.decoder.interpret = count
    used = await subscribe(ib, lines)
    process = psutil.Process(pid)
    print(f"{used} lines, 3 books, 16 bars; minute, CPU %, RSS MB, messages/s", flush=True)
    began = last = time.monotonic()
    process.cpu_percent()
    before = received[0]
    while last - began < minutes * 60 and not await is_over(ib):
        await asyncio.sleep(min(60, minutes * 60) if speed != "max" else 10)
        now = time.monotonic()
        rate = (received[0] - before) / (now - last)
        rss = process.memory_info().rss / 2**20
        print(
            f"{(now - began) / 60:6.1f} {process.cpu_percent():6.1f} {rss:8.1f} {rate:8.0f}",
            flush=True,
        )
        last, before = now, received[0]
    ib.disconnect()


async def is_over(ib: Any) -> bool:
    """Say whether the session has closed by the broker's clock."""
    now = await ib.reqCurrentTimeAsync()
    print(f"{now:%H:%M:%S} UTC", end=" ", flush=True)
    return bool(now >= CLOSE)


def main() -> None:
    """Start the exchange, watch it, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--port", type=int, default=9150)
    parser.add_argument("--speed", default="1")
    parser.add_argument("--lines", type=int, default=100)
    asked = parser.parse_args()
    terms = ["--port", str(asked.port), "--seed", "7", "--start", START]
    command = [sys.executable, "manage.py", "run_simulator", *terms, "--speed", asked.speed]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        assert served.stdout.readline().startswith("ready")
        try:
            asyncio.run(watch(asked.port, served.pid, asked.minutes, asked.lines, asked.speed))
        finally:
            served.terminate()


if __name__ == "__main__":
    main()

"""Tampering with an export of the ledger: what is done to it, what the verifier says, how long.

    python tests/benchmarks/receipts_tampering.py [records]

Every case starts from the same chain; the head that was published is known to the verifier, as
it is to every reader of our channels.
"""

import copy
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from publishing import receipts

Entries = list[dict[str, Any]]
FIELDS = ("seq", "kind", "at", "trade_id", "body")


def export(count: int) -> Entries:
    at = "2025-11-21T15:04:05.123Z"
    records = (
        {"seq": n, "kind": "EVENT", "at": at, "trade_id": f"T-{n // 5}", "body": {"price": f"{n}.00", "sealed": "ab" * 32}}
        for n in range(1, count + 1)
    )  # fmt: skip
    return [
        {**link.record, "prev_hash": link.prev_hash, "hash": link.hash}
        for link in receipts.chain(records)
    ]


def flip_a_byte(entries: Entries) -> None:
    middle = len(entries) // 2
    entries[middle] = copy.deepcopy(entries[middle])
    entries[middle]["body"]["price"] = "0.01"


def drop_a_record(entries: Entries) -> None:
    del entries[len(entries) // 2]


def swap_two(entries: Entries) -> None:
    middle = len(entries) // 2
    entries[middle], entries[middle + 1] = entries[middle + 1], entries[middle]


def cut_the_tail(entries: Entries) -> None:
    del entries[-3:]


def insert_one(entries: Entries) -> None:
    entries.insert(len(entries) // 2, copy.deepcopy(entries[0]))


def rehash_one(entries: Entries) -> None:
    flip_a_byte(entries)
    rehash(entries, len(entries) // 2, len(entries) // 2 + 1)


def rehash_the_rest(entries: Entries) -> None:
    flip_a_byte(entries)
    rehash(entries, len(entries) // 2, len(entries))


def nothing(_: Entries) -> None:
    pass


def rehash(entries: Entries, first: int, end: int) -> None:
    previous = bytes.fromhex(entries[first]["prev_hash"])
    records = [{name: entry[name] for name in FIELDS} for entry in entries[first:end]]
    for n, link in enumerate(receipts.chain(records, previous), start=first):
        entries[n] = {**entries[n], "prev_hash": link.prev_hash, "hash": link.hash}


CASES: tuple[Callable[[Entries], None], ...] = (
    nothing, flip_a_byte, drop_a_record, swap_two, cut_the_tail, insert_one, rehash_one,
    rehash_the_rest,
)  # fmt: skip


def main(count: int) -> None:
    whole = export(count)
    head = whole[-1]["hash"]
    print(f"{count} records, {len(json.dumps(whole)) / 1e6:.0f} MB")
    for tamper in CASES:
        entries = list(whole)
        tamper(entries)
        began = time.perf_counter()
        flaw = receipts.verify(entries, head)
        said = "holds" if flaw is None else f"record {flaw.seq}: {flaw.reason}"
        took = time.perf_counter() - began
        print(f"{tamper.__name__.replace('_', ' '):16} {took:5.2f} s  {said[:90]}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)

"""The hash chain: what holds, and what each kind of tampering shows."""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing import receipts
from publishing.vectors import CHECKS
from quanticity import golden
from quanticity.domain.errors import MalformedInput

Entries = list[dict[str, Any]]


def export(count: int = 5) -> Entries:
    records = [
        {
            "seq": n,
            "kind": "EVENT",
            "at": "2025-11-21T15:04:05.123Z",
            "trade_id": "T-1",
            "body": {"price": f"{n}.00"},
        }
        for n in range(1, count + 1)
    ]
    return [
        {**link.record, "prev_hash": link.prev_hash, "hash": link.hash}
        for link in receipts.chain(records)
    ]


def change_a_byte(entries: Entries) -> None:
    entries[2]["body"]["price"] = "3.01"


def drop_one(entries: Entries) -> None:
    del entries[2]


def swap_two(entries: Entries) -> None:
    entries[2], entries[3] = entries[3], entries[2]


def double_one(entries: Entries) -> None:
    entries.insert(2, copy.deepcopy(entries[1]))


def rehash_one(entries: Entries) -> None:
    change_a_byte(entries)
    link = receipts.chain(
        [{k: entries[2][k] for k in ("seq", "kind", "at", "trade_id", "body")}],
        bytes.fromhex(entries[2]["prev_hash"]),
    )[0]
    entries[2]["hash"] = link.hash


def lose_a_field(entries: Entries) -> None:
    del entries[2]["at"]


@pytest.mark.parametrize(
    ("tamper", "bad_seq"),
    [
        (change_a_byte, 3),
        (drop_one, 4),
        (swap_two, 4),
        (double_one, 2),
        (rehash_one, 4),
        (lose_a_field, 3),
    ],
)
def test_tampering_is_found_and_named(tamper: Callable[[Entries], None], bad_seq: int) -> None:
    entries = export()
    tamper(entries)

    flaw = receipts.verify(entries)

    assert flaw is not None
    assert flaw.seq == bad_seq


def test_an_untouched_chain_holds() -> None:
    assert receipts.verify(export()) is None


def test_a_cut_off_tail_shows_against_the_published_head() -> None:
    entries = export()

    assert receipts.verify(entries[:-1]) is None
    assert receipts.verify(entries[:-1], published=entries[-1]["hash"]) is not None


def test_floats_have_no_receipt() -> None:
    with pytest.raises(MalformedInput, match=r"1\.5"):
        receipts.canonical({"body": {"price": 1.5}})


def test_decimals_are_text() -> None:
    assert receipts.canonical({"b": Decimal("2.00"), "a": None}) == '{"a":null,"b":"2.00"}'


@given(st.lists(st.text(), min_size=1, max_size=40), st.data())
def test_every_leaf_has_a_path_to_the_root(texts: list[str], data: Any) -> None:
    index = data.draw(st.integers(0, len(texts) - 1))
    root = receipts.merkle_root(texts)
    path = receipts.merkle_path(texts, index)

    assert root is not None
    assert receipts.includes(texts[index], path, root)
    assert not receipts.includes(texts[index] + "x", path, root)


def test_nothing_has_no_root() -> None:
    assert receipts.merkle_root([]) is None


def test_the_golden_ledger(shared: Any) -> None:
    assert golden.run(shared / "vectors" / "ledger.json", CHECKS).failures == []


@pytest.mark.parametrize(
    "text", ['[{"seq": 1}]', '{"seq": 1}\n{"seq": 2}\n'], ids=["list", "lines"]
)
def test_exports_are_lists_or_lines(text: str) -> None:
    assert receipts.read_export(text)[0] == {"seq": 1}


def test_an_export_of_something_else_is_refused() -> None:
    with pytest.raises(MalformedInput):
        receipts.read_export("[1, 2]")

"""Session roots: everything since the one before, provable record by record."""

from datetime import timedelta
from typing import Any

import pytest

from publishing import ledger, receipts, roots, track_record
from publishing.ledger import Draft
from publishing.models import Receipt, Root
from quanticity.domain import calendar, clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def append(count: int, name: str) -> None:
    now = clock.now()
    ledger.append([Draft("EVENT", now, "T-1", f"{name}:{n}", {"n": n}) for n in range(count)])


def close(noon: Any) -> Root | None:
    session = calendar.session(calendar.session_date(noon.at))
    return roots.close(session, noon.at)


def test_a_session_without_records_has_no_root(noon: Any) -> None:
    assert close(noon) is None


def test_every_record_of_a_session_is_proven_by_its_root(noon: Any) -> None:
    append(7, "a")
    root = close(noon)

    for seq in range(1, 8):
        text = roots.canonical(Receipt.objects.get(seq=seq))
        assert receipts.includes(text, roots.path_to(root, seq), root.root)
        assert not receipts.includes(
            text.replace("T-1", "T-2"), roots.path_to(root, seq), root.root
        )


def test_a_root_is_made_once(noon: Any) -> None:
    append(3, "a")
    first = close(noon)
    append(2, "b")

    assert close(noon) == first
    assert (first.first_seq, first.last_seq) == (1, 3)


def test_the_next_session_begins_where_the_last_ended(noon: Any) -> None:
    append(3, "a")
    close(noon)
    append(2, "b")
    noon.advance(3 * 86_400)
    second = close(noon)

    assert (second.first_seq, second.last_seq) == (4, 5)
    assert second.head == Receipt.objects.get(seq=5).hash
    assert roots.of_record(3).last_seq == 3


def test_a_subscriber_checks_one_message_with_what_the_page_shows(noon: Any) -> None:
    append(5, "a")
    close(noon)
    noon.at += timedelta(hours=2)
    shown = track_record.inclusion(4, clock.now())
    path = [(step["side"], step["hash"]) for step in shown["path"]]

    assert receipts.includes(shown["canonical"], path, shown["root"])


def test_a_record_that_is_not_public_has_no_proof(noon: Any) -> None:
    append(1, "a")

    assert track_record.inclusion(1, clock.now()) is None
    assert track_record.inclusion(99, clock.now()) is None


@pytest.mark.parametrize(
    ("tamper", "bad_seq", "reason"),
    [
        pytest.param(lambda e: e[2]["body"].update(n=9), 3, "is not what was hashed", id="flipped byte"),
        pytest.param(lambda e: e.pop(2), 4, "expected seq 3", id="dropped"),
        pytest.param(lambda e: e.insert(3, e.pop(2)), 4, "expected seq 3", id="reordered"),
        pytest.param(lambda e: e.insert(2, e[1]), 2, "expected seq 3", id="doubled"),
        pytest.param(lambda e: e[2].update(hash="0" * 64), 3, "is not what was hashed", id="forged hash"),
        pytest.param(lambda e: e[2].update(prev_hash="0" * 64), 3, "does not follow", id="forged link"),
        pytest.param(lambda e: e[2].update(at="2025-11-21T17:00:00.001Z"), 3, "is not what was hashed", id="moved in time"),
    ],
)  # fmt: skip
def test_tampering_is_found_and_named(noon: Any, tamper: Any, bad_seq: int, reason: str) -> None:
    append(6, "a")
    entries = track_record.export()
    tamper(entries)
    flaw = receipts.verify(entries)

    assert (flaw.seq, reason in flaw.reason) == (bad_seq, True)


def test_a_tail_that_was_cut_shows_against_the_posted_head(noon: Any) -> None:
    append(6, "a")
    head = close(noon).head

    assert receipts.verify(track_record.export()[:-1]) is None
    assert (
        "ends before the published head" in receipts.verify(track_record.export()[:-1], head).reason
    )

"""What the ledger records: every kind once, in the order of what happened, and nothing private."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from analytics.models import Signal
from execution.models import Fill, Order, OrderIntent
from execution.services import operating
from publishing import receipts, recording, sealing, services, track_record
from publishing.models import Delivery, Receipt
from publishing.subscriptions.models import Entitlement, TelegramLink
from quanticity.domain import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
Make = Callable[..., Any]


@pytest.fixture
def whole_trade(no_store: None, trade: Make, record: Make, noon: Any) -> Any:
    """A trade from its signal to its exit, as the rows of every stage hold it."""
    position = trade()
    intent = OrderIntent.objects.get(pk=position.intent_id)
    noon.advance(1)
    order = Order.objects.create(
        order_ref="QC:s1:E:1", intent=intent, role="E", occ=position.occ, side="BUY", quantity=4, order_type="LMT",
        time_in_force="DAY", wanted_limit=Decimal("2.00"), recorded_at=clock.now(),
    )  # fmt: skip
    noon.advance(1)
    Fill.objects.create(
        exec_id="0001.a.01", base_exec_id="0001.a", revision=1, order_ref=order.pk, position=position, account="DU1234567",
        con_id=77, occ=position.occ, quantity=4, price=Decimal("2.00"), executed_at=clock.now(), recorded_at=clock.now(), source="sim",
    )  # fmt: skip
    record(position, "ENTRY")
    services.announce_owed()
    noon.advance(300)
    services.deliver_due()
    record(position, "EXIT")
    services.announce_owed()
    noon.advance(300)
    services.deliver_due()
    recording.catch_up()
    return position


def kinds() -> list[str]:
    return list(Receipt.objects.order_by("seq").values_list("kind", flat=True))


@pytest.mark.usefixtures("whole_trade")
def test_a_signal_stands_before_its_order_its_fill_and_what_was_told() -> None:
    found = kinds()

    assert found[:4] == ["SIGNAL", "ORDER", "FILL", "EVENT"]
    assert sorted(set(found)) == ["EVENT", "FILL", "MESSAGE", "ORDER", "SIGNAL"]
    assert found.count("MESSAGE") == Delivery.objects.filter(state="SENT").count() == 12


@pytest.mark.usefixtures("whole_trade")
def test_the_chain_verifies_and_recording_again_adds_nothing() -> None:
    before = Receipt.objects.count()

    assert recording.catch_up() == 0
    assert Receipt.objects.count() == before
    assert receipts.verify(json.loads(json.dumps(track_record.export()))) is None


@pytest.mark.usefixtures("whole_trade")
def test_no_record_names_an_account_an_order_or_a_quantity() -> None:
    text = json.dumps(track_record.export())

    for private in ("DU1", "QC:s1", "0001.a", '"s1"', '"quantity"', "con_id", "92.4", "stop_price"):
        assert private not in text


@pytest.mark.usefixtures("whole_trade")
def test_a_seal_can_be_opened_with_the_rows() -> None:
    row = Signal.objects.get()
    facts = {
        "strategy": row.strategy, "symbol": row.symbol, "direction": row.direction, "occ": row.occ,
        "confidence": row.confidence, "reference": row.reference,
    }  # fmt: skip
    record = Receipt.objects.get(kind="SIGNAL")

    assert record.body["sealed"] == sealing.sealed(sealing.opening("SIGNAL:s1", facts))
    other = sealing.opening("SIGNAL:s1", {**facts, "direction": -1})
    assert record.body["sealed"] != sealing.sealed(other)


@pytest.mark.usefixtures("whole_trade")
def test_a_message_is_recorded_with_the_digest_of_its_text() -> None:
    rows = Delivery.objects.filter(state="SENT").values_list("digest", flat=True)
    bodies = [row.body for row in Receipt.objects.filter(kind="MESSAGE")]

    assert all(len(digest) == 64 for digest in rows)
    assert sorted(body["digest"] for body in bodies) == sorted(rows)


def test_a_halt_is_recorded_as_a_state(db: None, noon: Any) -> None:
    operating.halt(actor="ann", reason="drill")
    recording.catch_up()

    assert kinds() == ["STATE"]
    assert "ann" not in json.dumps(track_record.export())


def test_a_correction_and_a_settlement_have_kinds_of_their_own(trade: Make, record: Make) -> None:
    position = trade()
    for kind in ("ENTRY", "EXPIRY", "CORRECTION"):
        record(position, kind)
    services.announce_owed()

    assert kinds() == ["SIGNAL", "EVENT", "SETTLEMENT", "CORRECTION"]


def test_what_a_lost_scan_missed_is_found_by_the_next(trade: Make, noon: Any) -> None:
    recording.catch_up()
    noon.advance(1_800)
    late = trade()
    Signal.objects.update(created_at=clock.now() - timedelta(seconds=1_700))
    recording.catch_up()

    assert kinds() == ["SIGNAL"], late


def test_the_public_sees_a_record_when_every_tier_has_heard(whole_trade: Any, noon: Any) -> None:
    young = track_record.public(clock.now()).count()
    noon.advance(3_000)
    some = track_record.public(clock.now()).count()
    noon.advance(3_600)

    assert (young, 0 < some < Receipt.objects.count()) == (0, True)
    assert track_record.public(clock.now()).count() == Receipt.objects.count()
    assert track_record.export(clock.now()) == track_record.export()


def test_deleting_a_member_changes_no_record(whole_trade: Any, django_user_model: Any) -> None:
    member = django_user_model.objects.create_user("bob", "bob@example.com", "x-long-enough")
    before = track_record.export()
    member.delete()

    assert track_record.export() == before
    assert receipts.verify(before) is None


@pytest.mark.usefixtures("whole_trade")
def test_a_seal_opens_after_its_row_and_our_key_have_changed(settings: Any) -> None:
    Order.objects.update(wanted_limit=Decimal("9.99"))
    settings.RECEIPTS_KEY = "another key"
    record = Receipt.objects.get(kind="ORDER")

    assert record.body["sealed"] == sealing.sealed(record.opening)
    assert record.opening["facts"]["limit_price"] in ("2.00", "2.0000")


@pytest.mark.usefixtures("whole_trade")
def test_what_opens_a_seal_is_in_no_export() -> None:
    assert "opening" not in json.dumps(track_record.export())


@pytest.mark.usefixtures("whole_trade")
def test_a_member_who_leaves_takes_no_record_along() -> None:
    member = User.objects.create_user("augusta-king", "augusta@example.com", "x-long-enough")
    Entitlement.objects.create(user=member, tier="premium", state="ACTIVE", evidence="test")
    TelegramLink.objects.create(user=member, telegram_id=7_712_345_678_901, linked_at=clock.now())
    before = json.dumps(track_record.export())

    member.delete()

    assert json.dumps(track_record.export()) == before
    assert receipts.verify(json.loads(before)) is None
    assert not any(word in before for word in ("augusta", "7712345678901"))

"""What guards money again and again: breakers that trip anew, alarms anew, one id one trade."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from execution import selectors
from execution.models import BreakerTrip, Order, Position
from execution.services import booking, guarding, watching
from execution.services.alarms import Severity, raise_alarm
from quanticity.domain import clock
from quanticity.models import AuditEntry
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]


def _quiet() -> None:
    factories.account()
    factories.link()
    factories.reconciled()


def _tripped() -> list[str]:
    return [str(trip.breaker) for trip in watching.watch()]


def test_a_second_overfill_halts_again_after_a_release(noon: Any) -> None:
    _quiet()
    first = desks.held(1, 3)
    Order.objects.filter(intent=first.intent, role="T").update(filled=9)
    assert "OVERFILLED" in _tripped()
    noon.advance(60)
    row = BreakerTrip.objects.get(breaker="OVERFILLED")
    watching.release(row.pk, actor="ada", reason="explained")
    assert "OVERFILLED" not in _tripped()
    noon.advance(60)
    second = desks.held(2, 3)
    Order.objects.filter(intent=second.intent, role="T").update(filled=9, sent_at=clock.now())
    assert "OVERFILLED" in _tripped()


def test_an_order_in_doubt_and_a_short_halt_beside_an_overfill() -> None:
    _quiet()
    row = desks.held(1, 3)
    Order.objects.filter(intent=row.intent, role="T").update(filled=9)
    assert _tripped() == ["OVERFILLED"]

    since = clock.now() - timedelta(seconds=300)
    Order.objects.filter(intent=row.intent, role="S").update(
        state="UNKNOWN", unknown_since_at=since
    )
    assert _tripped() == ["ORDER_UNKNOWN"]

    Position.objects.update(quantity_open=-1)
    assert _tripped() == ["OVERSOLD"]


def test_each_loss_after_a_long_streak_trips_again(noon: Any) -> None:
    _quiet()
    for n in range(1, 6):
        desks.closed(n, net="-100")
    assert "LOSS_STREAK_LONG" in _tripped()
    noon.advance(3 * 86_400)
    assert "LOSS_STREAK_LONG" not in _tripped()
    desks.closed(6, net="-100")
    Position.objects.order_by("pk").filter(intent__signal__isnull=False).update(
        closed_at=clock.now()
    )
    assert "LOSS_STREAK_LONG" in _tripped()
    assert "LOSS_STREAK_LONG" not in _tripped()


def test_an_alarm_is_raised_once_a_session_and_again_in_the_next(noon: Any) -> None:
    said = ("RECONCILIATION", "QUANTITY_ABOVE SPY: broker 5, fills 4", Severity.CRITICAL)
    assert [raise_alarm(*said), raise_alarm(*said)] == [True, False]
    noon.advance(3 * 86_400)
    assert raise_alarm(*said) is True


def test_the_guards_own_halt_is_in_the_trail_and_calls_entries_back() -> None:
    _quiet()
    guarding._halt("T-1 sold 1 more than it held")
    assert selectors.trading_state() == "HALTED"
    entry = AuditEntry.objects.get(action="set trading state")
    assert (entry.actor, entry.reason) == ("guard", "T-1 sold 1 more than it held")


def test_a_trade_id_is_the_one_after_the_highest_and_never_overwrites() -> None:
    first = desks.held(1, 3)
    day = first.session_date
    Position.objects.filter(pk=first.pk).update(session_date=day - timedelta(days=1))
    number = int(first.pk.rsplit("-", 1)[1])
    assert booking._next_trade_id(day) == f"{first.pk[:-3]}{number + 1:03d}"
    other = factories.intent(2, signal_changes={"state": "ended"})
    twin = Position(
        trade_id=first.pk, intent=other, account="DU9", con_id=1, occ=other.occ, multiplier=100,
        symbol="QQQ", strategy="1DTE", direction=1, session_date=day, source="sim",
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)
    assert Position.objects.get().intent_id == first.intent_id


def test_a_number_that_another_process_took_meanwhile_is_drawn_again() -> None:
    taken = desks.held()
    row = factories.intent(2, signal_changes={"symbol": "QQQ", "state": "ended"})
    fields = ("account", "con_id", "occ", "multiplier", "symbol", "strategy", "direction")
    late = Position(
        trade_id=taken.pk, intent=row, session_date=taken.session_date, source="sim",
        **{name: getattr(taken, name) for name in fields},
    )  # fmt: skip

    booking._insert(late)

    assert int(late.pk[-3:]) == int(taken.pk[-3:]) + 1
    assert Position.objects.get(pk=taken.pk).intent_id == taken.intent_id

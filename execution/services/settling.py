"""Options still held at their expiry: settled at the official close, never at a quote (6.9).

In the money by a cent means exercise at the broker: shares change hands, and an operator has to
know. The settlement is a row; booking makes the trade SETTLED of it.
"""

from datetime import timedelta
from decimal import Decimal

from analytics import selectors as analytics
from execution import selectors
from execution.models import Position, Settlement
from execution.services import apart, booking
from execution.services.alarms import Severity, raise_alarm
from quanticity.domain import calendar, clock
from quanticity.domain.instruments import parse_occ

_EXERCISED_FROM = Decimal("0.01")  # USD per share in the money
_ROLL = calendar.AFTER_HOURS + timedelta(seconds=2)  # the broker's books roll just before


def settle_due() -> None:
    """Settle every position whose contract has expired and whose official close is known."""
    held = [position for position in selectors.open_positions() if position.quantity_open > 0]
    apart.each("NOT_SETTLED", held, _settle_if_due)


def _settle_if_due(position: Position) -> None:
    contract = parse_occ(position.occ)
    if clock.now() < calendar.session(contract.expiry).close_at + _ROLL:
        return
    close = analytics.official_close(position.symbol, contract.expiry)
    if close is None:
        detail = f"{position.pk}: no official close of {position.symbol}"
        raise_alarm("SETTLEMENT_UNKNOWN", detail, Severity.HIGH, intent=position.intent)
        return
    _settle(position, close)


def _settle(position: Position, close: Decimal) -> None:
    contract = parse_occ(position.occ)
    worth = max((close - contract.strike) * contract.right.sign, Decimal(0))
    exercised = worth >= _EXERCISED_FROM
    _, is_new = Settlement.objects.get_or_create(
        position=position,
        defaults={
            "quantity": position.quantity_open, "price": worth if exercised else Decimal(0),
            "underlying": close, "exercised": exercised,
            "settled_at": calendar.session(contract.expiry).close_at, "recorded_at": clock.now(),
        },
    )  # fmt: skip
    if is_new and exercised:
        detail = f"{position.pk}: {position.quantity_open} of {position.occ} are exercised"
        raise_alarm("EXERCISED", detail, Severity.CRITICAL, intent=position.intent)
    booking.book(position.intent_id)

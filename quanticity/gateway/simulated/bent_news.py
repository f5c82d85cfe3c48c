"""News of fills told wrongly on script: twice, out of order, late, corrected, as nonsense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from quanticity.gateway.simulated import interventions
from quanticity.gateway.simulated.fault_script import Action, Fault
from quanticity.gateway.simulated.orders import (
    ZERO,
    Commissioned,
    Executed,
    News,
    OrderNews,
    PositionNews,
)

if TYPE_CHECKING:
    from quanticity.gateway.simulated.exchange import Exchange

Late = tuple[datetime, News]


class BentNews:
    """Remembers what is told later, and what is not to be told again."""

    def __init__(self) -> None:
        self._later: list[Late] = []
        self._withheld: set[str] = set()

    def passes(self, item: News) -> bool:
        """False for a commission that is told at another time."""
        told = isinstance(item, Commissioned) and item.execution.exec_id in self._withheld
        return not told

    def due(self, now: datetime) -> list[News]:
        """What is to be told by now."""
        due = [item for at, item in self._later if at <= now]
        self._later = [(at, item) for at, item in self._later if at > now]
        return due

    def bend(
        self, item: Executed, fault: Fault, exchange: Exchange, until: datetime
    ) -> list[News] | None:
        """What to tell of a fill instead of the fill; None when the fault is not of this kind."""
        bender = _BENDERS.get(fault.action)
        return None if bender is None else bender(self, item, fault, exchange, until)

    def _twice(self, item: Executed, _f: Fault, _e: Exchange, _until: datetime) -> list[News]:
        return [item, item]

    def _reordered(self, item: Executed, _f: Fault, _e: Exchange, _until: datetime) -> list[News]:
        self._withheld.add(item.execution.exec_id)
        return [Commissioned(item.execution), item]

    def _late(self, item: Executed, _f: Fault, _e: Exchange, until: datetime) -> list[News]:
        self._withheld.add(item.execution.exec_id)
        self._later.append((until, Commissioned(item.execution)))
        return [item]

    def _status_first(
        self, item: Executed, _f: Fault, exchange: Exchange, _until: datetime
    ) -> list[News]:
        order = exchange.books.orders[item.execution.perm_id]
        return [OrderNews(replace(order)), item]

    def _told_late(self, item: Executed, _f: Fault, _e: Exchange, until: datetime) -> list[News]:
        self._withheld.add(item.execution.exec_id)
        self._later += [(until, item), (until, Commissioned(item.execution))]
        return []

    def _charged(self, item: Executed, fault: Fault, _e: Exchange, _until: datetime) -> list[News]:
        told = item.execution
        cost = Decimal(fault.price) if fault.price else told.commission
        wrong = replace(told, commission=cost, currency=fault.text or told.currency)
        self._withheld.add(told.exec_id)
        return [item, Commissioned(wrong)]

    def _corrected(
        self, item: Executed, fault: Fault, exchange: Exchange, _until: datetime
    ) -> list[News]:
        was = item.execution
        price = Decimal(fault.price) if fault.price else was.price
        quantity = Decimal(fault.quantity) if fault.quantity else was.quantity
        return self._replaced(item, fault, exchange, (price, quantity))

    def _busted(
        self, item: Executed, fault: Fault, exchange: Exchange, _until: datetime
    ) -> list[News]:
        return self._replaced(item, fault, exchange, (item.execution.price, ZERO))

    def _replaced(
        self, item: Executed, fault: Fault, exchange: Exchange, terms: tuple[Decimal, Decimal]
    ) -> list[News]:
        corrected = interventions.correct(exchange, item.execution, *terms)
        later = exchange.at + timedelta(seconds=fault.for_s)
        self._later += [(later, Executed(corrected)), (later, Commissioned(corrected))]
        self._later.append((later, PositionNews(corrected.con_id)))
        return [item]


_Bender = Callable[[BentNews, Executed, Fault, "Exchange", datetime], list[News]]
_BENDERS: dict[Action, _Bender] = {
    Action.DUPLICATE: BentNews._twice,  # noqa: SLF001 - a table of this class's own methods
    Action.REORDER: BentNews._reordered,  # noqa: SLF001
    Action.LATE_COMMISSION: BentNews._late,  # noqa: SLF001
    Action.COMMISSION: BentNews._charged,  # noqa: SLF001
    Action.CORRECT: BentNews._corrected,  # noqa: SLF001
    Action.BUST: BentNews._busted,  # noqa: SLF001
    Action.STATUS_FIRST: BentNews._status_first,  # noqa: SLF001
    Action.LATE_EXECUTION: BentNews._told_late,  # noqa: SLF001
}

"""What the broker last said of each order; messages in any order and number, no I/O.

openOrder, orderStatus and error each tell a part. The parts are kept together here, and a
repetition that says nothing new is swallowed.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from quanticity.domain.orders import OrderStatus, OrderUpdate
from quanticity.gateway.ibkr import translate

Key = tuple[int, int]
_MANUAL = -1


@dataclass(slots=True)
class Told:
    """The latest update per order: (client id, order id), or permId for orders made by hand."""

    orders: dict[Key, OrderUpdate] = field(default_factory=dict)

    def get(self, client_id: int, order_id: int) -> OrderUpdate | None:
        """The last word on an order of ours."""
        return self.orders.get((client_id, order_id))

    def by_perm_id(self, perm_id: int) -> OrderUpdate | None:
        """The last word on the order with the broker's permanent number."""
        return next((u for u in self.orders.values() if perm_id and u.perm_id == perm_id), None)

    def on_open(self, client_id: int, update: OrderUpdate) -> OrderUpdate | None:
        """Take an openOrder; it knows everything but how much is filled."""
        key = _key(client_id, update.order_id, update.perm_id)
        before = self.orders.get(key)
        if update.status is OrderStatus.FILLED:
            update = replace(update, filled=update.quantity)
        if before is not None:
            update = replace(update, filled=max(before.filled, update.filled))
            if update.status is OrderStatus.UNKNOWN:
                update = _as_before(update, before)
        return self._keep(key, update)

    def on_status(
        self, client_id: int, order_id: int, perm_id: int, status: str, filled: float, at: datetime
    ) -> OrderUpdate | None:
        """Take an orderStatus; of an order never seen it cannot say enough."""
        key = _key(client_id, order_id, perm_id)
        before = self.orders.get(key)
        if before is None:
            return None
        update = replace(
            before,
            perm_id=perm_id or before.perm_id,
            status=translate.status(status),
            filled=int(filled),
            at=at,
            error_code=None,
            error_text="",
        )
        if update.status in {OrderStatus.UNKNOWN, OrderStatus.CANCELLED}:
            update = _as_before(update, before)
        return self._keep(key, update)

    def on_error(
        self, client_id: int, order_id: int, code: int, text: str, at: datetime
    ) -> OrderUpdate | None:
        """Take an error about an order of ours; most leave it as it was."""
        before = self.orders.get((client_id, order_id))
        if before is None:
            return None
        state = translate.after_error(code, before.status)
        update = replace(before, status=state, at=at, error_code=code, error_text=text)
        return self._keep((client_id, order_id), update)

    def on_completed(self, update: OrderUpdate) -> OrderUpdate | None:
        """Take a completed order, which has lost its order id; None when it says nothing new."""
        for key, before in self.orders.items():
            if update.perm_id and before.perm_id == update.perm_id:
                return self._keep(key, replace(update, order_id=before.order_id))
        return self._keep((_MANUAL, update.perm_id), update)

    def _keep(self, key: Key, update: OrderUpdate) -> OrderUpdate | None:
        before = self.orders.get(key)
        self.orders[key] = update
        is_news = before is None or replace(before, at=update.at) != update
        return update if is_news else None


def _key(client_id: int, order_id: int, perm_id: int) -> Key:
    return (client_id, order_id) if order_id > 0 else (_MANUAL, perm_id)


def _as_before(update: OrderUpdate, before: OrderUpdate) -> OrderUpdate:
    # A refusal that was explained by an error stays one, whatever follows without explanation.
    if before.status is not OrderStatus.REJECTED:
        return update
    return replace(
        update,
        status=before.status,
        error_code=before.error_code,
        error_text=before.error_text,
    )

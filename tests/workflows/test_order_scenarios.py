"""Orders from commit to the last cent against the exchange, through the broker's own client."""

import pytest

from tests.workflows.exchange_desk import Desk

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.enable_socket, pytest.mark.timeout(90)
]  # fmt: skip


def test_a_full_fill_is_split_into_tranches(trade) -> None:
    async def scenario(desk: Desk) -> None:
        position = await desk.hold(5)

        assert [n for n, _ in sorted(desk.stops().values())] == [1, 2, 2]
        assert [n for n, _ in sorted(desk.targets().values())] == [1, 2, 2]
        assert (position.quantity_open, position.naked_ms) == (5, 0)

    trade(scenario)

"""Fixture `trade`: a scenario on a desk that trades with the simulated exchange."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from quanticity.celery import app
from quanticity.gateway.simulated.assembly import open_market
from quanticity.gateway.simulated.fault_script import Fault
from quanticity.gateway.simulated.market import Market
from tests.workflows.exchange_desk import Desk, open_desk

Scenario = Callable[[Desk], Awaitable[None]]


@pytest.fixture(scope="session")
def seeded_market() -> Market:
    """The market of the seed that the desks share."""
    return open_market(7, None)[0]


@pytest.fixture
def trade(
    db: None, store: None, seeded_market: Market, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Run a scenario: `trade(scenario, fault, ..., at=instant)`; afterwards the books agree."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    app.conf.update(task_always_eager=True, task_eager_propagates=True)

    def run(scenario: Scenario, *faults: Fault, **changes: Any) -> None:
        async def main() -> None:
            async with open_desk(open_market(7, None)[0], *faults, **changes) as desk:
                await scenario(desk)
                await desk.assert_books_agree()

        asyncio.run(main())

    yield run
    app.conf.update(task_always_eager=False, task_eager_propagates=False)

"""The hub: the bell makes it look at once, the right is asked before each event, and who lags goes."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from publishing.subscriptions.models import Entitlement
from quanticity.store import bell
from quanticity.store.client import client as store_client
from reporting.dashboard import access, hub
from tests.process.places import until

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture
def deaf_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that looks only when the bell rings."""
    monkeypatch.setattr(hub, "EVERY_S", 600.0)
    monkeypatch.setattr(hub, "RECHECK_S", 600.0)


@pytest.fixture
def own_hub() -> Iterator[None]:
    """No hub is left to the next test's loop."""
    yield
    hub._hubs.clear()


def seat_of(browser: Client, seq: int = 0) -> hub.Seat:
    member = access.member(browser.session.session_key)
    assert member is not None
    return hub.Seat(member, seq)


async def next_word(seat: hub.Seat) -> Any:
    async with asyncio.timeout(10):
        word = await seat.words.get()
    return word if isinstance(word, int) else json.loads(word)["data"]["facts"]["trade_no"]


async def somebody_listens() -> None:
    await sync_to_async(until)(_is_heard)


def _is_heard() -> bool:
    ((_, count),) = store_client().pubsub_numsub(bell.CHANNEL)
    return bool(count)


@pytest.mark.enable_socket
@pytest.mark.usefixtures("store", "deaf_clock", "own_hub")
def test_the_bell_alone_brings_an_event(signed_in: Make, released: Make) -> None:
    async def play(seat: hub.Seat) -> tuple[bool, Any]:
        hub.hub().join(seat)
        await somebody_listens()
        silent = seat.words.empty()
        await sync_to_async(released)()
        await sync_to_async(bell.ring)()
        heard = await next_word(seat)
        hub.hub().leave(seat)
        return silent, heard

    assert async_to_sync(play)(seat_of(signed_in("premium"))) == (True, "T-20251121-001")


@pytest.mark.enable_socket
@pytest.mark.usefixtures("store", "deaf_clock", "own_hub")
def test_who_lost_the_right_since_the_last_look_gets_no_event(
    signed_in: Make, released: Make
) -> None:
    async def play(lost: hub.Seat, kept: hub.Seat) -> tuple[Any, Any]:
        hub.hub().join(lost)
        hub.hub().join(kept)
        await somebody_listens()
        await sync_to_async(Entitlement.objects.filter(user_id=lost.member.user_id).update)(
            tier="free"
        )
        await sync_to_async(released)()
        await sync_to_async(bell.ring)()
        heard = await next_word(lost), await next_word(kept)
        hub.hub().leave(kept)
        return heard

    seats = seat_of(signed_in("premium")), seat_of(signed_in("premium"))

    assert async_to_sync(play)(*seats) == (hub.FORBIDDEN, "T-20251121-001")


@pytest.mark.usefixtures("no_store", "own_hub")
def test_who_is_too_far_behind_is_closed_with_4408(
    signed_in: Make, released: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(slow: hub.Seat, quick: hub.Seat) -> tuple[Any, list[Any]]:
        hub.hub().join(slow)
        hub.hub().join(quick)
        heard = []
        for _ in range(4):
            await sync_to_async(released)()
            heard.append(await next_word(quick))
        end = await next_word(slow)
        hub.hub().leave(quick)
        return end, heard

    monkeypatch.setattr(hub, "EVERY_S", 0.01)
    monkeypatch.setattr(hub, "MOST_UNREAD", 3)
    slow, quick = seat_of(signed_in("premium")), seat_of(signed_in("premium"))

    end, heard = async_to_sync(play)(slow, quick)

    assert end == 4408
    assert heard == [f"T-20251121-{n:03}" for n in range(1, 5)]


@pytest.mark.usefixtures("no_store", "own_hub")
def test_everybody_hears_everything_once_from_their_own_place(
    signed_in: Make, released: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(seats: list[hub.Seat]) -> list[list[Any]]:
        for seat in seats:
            hub.hub().join(seat)
        heard = [[await next_word(seat) for _ in range(3 - n)] for n, seat in enumerate(seats)]
        await sync_to_async(released)()
        for seat, words in zip(seats, heard, strict=True):
            words.append(await next_word(seat))
            hub.hub().leave(seat)
        return heard

    monkeypatch.setattr(hub, "EVERY_S", 0.01)
    for _ in range(3):
        released()

    heard = async_to_sync(play)([seat_of(signed_in("premium"), seq) for seq in range(3)])

    assert heard == [[f"T-20251121-{n:03}" for n in range(seq, 5)] for seq in (1, 2, 3)]


@pytest.mark.usefixtures("no_store", "own_hub")
@pytest.mark.parametrize("members", [1, 12])
def test_asking_for_the_right_costs_the_same_for_one_and_for_many(
    signed_in: Make, members: int
) -> None:
    here = {seat_of(signed_in("premium")).member for _ in range(members)}

    with CaptureQueriesContext(connection) as queries:
        assert access.gone(here) == set()

    assert len(queries) == 3


CHANGES = [
    pytest.param(lambda: Entitlement.objects.update(tier="basic"), id="another tier"),
    pytest.param(lambda: Entitlement.objects.update(state="BANNED"), id="banned"),
    pytest.param(lambda: Entitlement.objects.all().delete(), id="no row any more"),
    pytest.param(lambda: User.objects.update(is_active=False), id="deactivated"),
    pytest.param(lambda: User.objects.update(password="changed"), id="new password"),
    pytest.param(lambda: User.objects.all().delete(), id="deleted"),
    pytest.param(lambda: Session.objects.all().delete(), id="signed out"),
    pytest.param(lambda: Session.objects.update(expire_date="2020-01-01T00:00Z"), id="expired"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_quick_question_agrees_with_the_whole_one(
    signed_in: Make, change: Callable[[], Any]
) -> None:
    member = seat_of(signed_in("premium")).member

    change()

    assert access.gone({member}) == {member}
    assert access.member(member.session_key) != member


def test_a_session_that_holds_nobody_is_no_member() -> None:
    empty = SessionStore()
    empty.create()

    assert access.member(empty.session_key) is None
    assert access.member(None) is None

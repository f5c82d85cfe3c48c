"""The operators' pages: who may, two steps for what is dangerous, everything in the trail."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from execution import selectors
from execution.models import BreakerTrip, Position, TradingScope
from execution.operations import OPERATIONS
from execution.services import watching
from quanticity.models import AuditEntry
from tests import desks, factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "store")]
PASSWORD = "x-long-enough"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hash passwords in no time: nothing here is about hashing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def operator(client: Client) -> Client:
    """Somebody who may do everything."""
    client.force_login(User.objects.create_superuser("ada", password=PASSWORD))
    return client


def page(name: str, subject: str = "") -> str:
    return f"/admin/operate/{name}/" + (f"?subject={subject}" if subject else "")


def confirmed(client: Client, name: str, subject: str, **changes: str) -> Any:
    sent = {"subject": subject, "reason": "a drill", "step": "confirm", "password": PASSWORD}
    return client.post(page(name), sent | changes)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_its_page(operator: Client, name: str) -> None:
    answer = operator.get(page(name))

    assert answer.status_code == 200
    assert OPERATIONS[name].title in answer.content.decode()


def test_an_unknown_operation_has_none(operator: Client) -> None:
    assert operator.get(page("explode")).status_code == 404


def test_a_halt_is_said_first_and_done_second(operator: Client) -> None:
    first = operator.post(page("halt"), {"subject": "global", "reason": "a drill"})

    assert "This will happen now" in first.content.decode()
    assert selectors.trading_state() == "ACTIVE"

    second = confirmed(operator, "halt", "global")
    assert second.status_code == 302
    assert selectors.trading_state() == "HALTED"
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.reason, entry.after) == ("ada", "a drill", "HALTED")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"password": "guess"}, "not your password", id="another password"),
        pytest.param({"password": ""}, "not your password", id="no password"),
        pytest.param({"reason": " "}, "required", id="no reason"),
    ],
)
def test_nothing_happens_without(operator: Client, changes: dict[str, str], said: str) -> None:
    answer = confirmed(operator, "halt", "global", **changes)

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert TradingScope.objects.count() == 0


def test_a_refusal_is_said_on_the_page(operator: Client) -> None:
    factories.reconciled(is_clean=False)

    answer = confirmed(operator, "resume", "global")

    assert answer.status_code == 400
    assert "clean reconciliation" in answer.content.decode()


def test_a_position_is_closed_by_hand(operator: Client) -> None:
    position = desks.held()

    assert confirmed(operator, "close", position.pk).status_code == 302

    position.refresh_from_db()
    assert (position.state, position.exit_wanted) == ("CLOSING", "MANUAL")


def test_the_page_of_a_position_says_what_would_be_sold(operator: Client) -> None:
    position = desks.held()

    assert f"3 {position.occ}" in operator.get(page("close", position.pk)).content.decode()


@pytest.mark.parametrize("name", ["close", "flatten"])
@pytest.mark.parametrize(
    ("later_s", "said"),
    [
        pytest.param(0, False, id="open"),
        pytest.param(6 * 3600, True, id="Friday evening"),
    ],
)
def test_a_closed_market_is_said_before_a_sale_is_wanted(
    operator: Client, noon: Any, name: str, later_s: int, *, said: bool
) -> None:
    subject = {"close": desks.held().pk, "flatten": "all"}[name]
    noon.advance(later_s)

    first = operator.post(page(name), {"subject": subject, "reason": "a drill"}).content.decode()

    assert ("sales wait for the open, Mon 24 Nov 09:30 EST" in first) is said


def test_everything_is_flattened_and_stays_halted(operator: Client) -> None:
    desks.held(1)
    desks.held(2)

    confirmed(operator, "flatten", "all")

    assert set(Position.objects.values_list("exit_wanted", flat=True)) == {"FLATTEN"}
    assert selectors.trading_state() == "HALTED"


def test_a_breaker_is_released(operator: Client) -> None:
    factories.account()
    desks.closed(net="-15000")
    watching.watch()
    trip = BreakerTrip.objects.get(breaker="DAILY_LOSS_REDUCE")

    assert confirmed(operator, "release", str(trip.pk)).status_code == 302

    trip.refresh_from_db()
    assert (trip.ended_by, trip.reason) == ("ada", "a drill")


def test_who_may_stop_may_not_let_go_on(client: Client) -> None:
    user = User.objects.create_user("bob", password=PASSWORD, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_position"))
    client.force_login(user)

    assert client.get(page("halt")).status_code == 200
    assert client.get(page("resume")).status_code == 403


def test_members_are_sent_away(client: Client) -> None:
    client.force_login(User.objects.create_user("eve", password=PASSWORD))

    assert client.get(page("halt")).status_code == 302
    assert confirmed(client, "halt", "global").status_code == 302
    assert TradingScope.objects.count() == 0


@pytest.mark.parametrize(
    ("second", "password", "status"),
    [
        pytest.param("bob", PASSWORD, 302, id="two people"),
        pytest.param("ada", PASSWORD, 400, id="the same person twice"),
        pytest.param("bob", "guess", 400, id="a wrong password"),
        pytest.param("eve", PASSWORD, 400, id="somebody who may not"),
        pytest.param("", "", 400, id="alone"),
    ],
)
def test_live_trading_is_resumed_by_two(
    operator: Client, settings: Any, second: str, password: str, status: int
) -> None:
    User.objects.create_superuser("bob", password=PASSWORD)
    User.objects.create_user("eve", password=PASSWORD, is_staff=True)
    settings.TRADING_MODE = "live"
    factories.reconciled()

    answer = confirmed(operator, "resume", "global", second=second, second_password=password)

    assert answer.status_code == status
    assert TradingScope.objects.count() == (status == 302)


def test_live_trading_is_not_resumed_from_the_shell(settings: Any) -> None:
    settings.TRADING_MODE = "live"

    with pytest.raises(CommandError, match="two people"):
        call_command("halt", "--clear", "--reason", "back")

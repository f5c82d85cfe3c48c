"""Operators' actions: seen before they are done, done with a reason, audited."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from publishing import routes, services
from publishing.models import Delivery, Route
from quanticity.domain import clock
from quanticity.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
LIST = "/admin/publishing/delivery/"
Make = Callable[..., Any]


@pytest.fixture
def operator(settings: Any, django_user_model: Any) -> Client:
    """An operator's browser."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    user = django_user_model.objects.create_superuser("ann", "", "x-long-enough")
    browser = Client()
    browser.force_login(user, backend="publishing.subscriptions.backends.ThrottledBackend")
    return browser


@pytest.fixture
def dead(trade: Make, record: Make) -> Delivery:
    """A dead letter."""
    record(trade(), "ENTRY")
    services.announce_owed()
    row = Delivery.objects.get(channel="console", tier="premium")
    Delivery.objects.filter(pk=row.pk).update(state="DEAD", error="discord: 400")
    return row


def choose(row: Delivery, **more: str) -> dict[str, Any]:
    return {"action": "redrive", "_selected_action": [row.pk], **more}


def test_a_redrive_first_shows_what_would_be_sent(operator: Client, dead: Delivery) -> None:
    shown = operator.post(LIST, choose(dead)).content.decode()

    assert "1 of 1 chosen deliveries would be sent again" in shown
    assert "discord: 400" in shown
    dead.refresh_from_db()
    assert dead.state == "DEAD"


def test_a_redrive_with_a_reason_is_owed_again_and_audited(
    operator: Client, dead: Delivery
) -> None:
    operator.post(LIST, choose(dead, reason="webhook mended"))

    dead.refresh_from_db()
    assert (dead.state, dead.due_at <= clock.now()) == ("PENDING", True)
    entry = AuditEntry.objects.get(action="redrive")
    assert (entry.actor, entry.reason) == ("ann", "webhook mended")


def test_what_was_sent_is_not_among_them(operator: Client, dead: Delivery) -> None:
    Delivery.objects.filter(pk=dead.pk).update(state="SENT")
    shown = operator.post(LIST, choose(dead)).content.decode()

    assert "0 of 1 chosen deliveries would be sent again" in shown


def test_a_route_is_opened_again(operator: Client) -> None:
    routes.revoke(("discord", "premium"), clock.now(), "404")
    row = Route.objects.get()
    operator.post("/admin/publishing/route/", {"action": "reopen", "_selected_action": [row.pk]})

    assert not Route.objects.exists()
    assert AuditEntry.objects.get(action="reopen_route").actor == "ann"


@pytest.mark.parametrize(
    "path",
    [
        "publishing/delivery", "publishing/announcement", "publishing/receipt", "publishing/root", "publishing/engagement",
        "publishing/route", "subscriptions/endpoint", "subscriptions/letter",
    ],
)  # fmt: skip
def test_every_list_opens(operator: Client, dead: Delivery, path: str) -> None:
    assert operator.get(f"/admin/{path}/").status_code == 200

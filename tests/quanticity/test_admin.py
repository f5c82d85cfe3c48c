"""The admin: every list opens, facts stay as they are, an override is validated and audited."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

import quanticity.urls  # noqa: F401 - the routes discover the admin
from quanticity.admin import FactAdmin
from quanticity.domain import clock
from quanticity.models import AuditEntry, ConfigOverride

pytestmark = pytest.mark.django_db
LISTS = sorted(admin.site._registry, key=lambda model: model._meta.label)
FACTS = [model for model in LISTS if isinstance(admin.site._registry[model], FactAdmin)]
EXPECTED_FACTS = {
    "analytics.Decision", "analytics.Signal", "execution.OrderIntent", "execution.Order", "execution.OrderEvent",
    "execution.Fill", "execution.Commission", "execution.Position", "execution.PositionEvent", "execution.RiskEvent",
    "execution.Reconciliation", "execution.AccountValues", "execution.TradingScope", "publishing.Announcement",
    "publishing.Delivery", "quanticity.AuditEntry", "quanticity.LeaseRow",
}  # fmt: skip


@pytest.fixture
def operator(client: Client, settings: Any) -> Client:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # half a second less
    client.force_login(User.objects.create_superuser("op", password="x-long-enough"))
    return client


def url(model: type[Model], view: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def override(operator: Client, **changes: Any) -> Any:
    form = {"key": "timetable.score_s", "value": "10.0", "reason": "quieter"} | changes
    return operator.post(url(ConfigOverride, "add"), form)


def test_every_fact_of_the_pipeline_has_its_list() -> None:
    assert {model._meta.label for model in FACTS} >= EXPECTED_FACTS


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_lists_open_and_search(operator: Client, model: type[Model]) -> None:
    assert operator.get(url(model, "changelist")).status_code == 200
    assert operator.get(url(model, "changelist"), {"q": "x"}).status_code == 200


@pytest.mark.parametrize("model", FACTS, ids=lambda model: model._meta.label)
def test_nobody_makes_up_a_fact(operator: Client, model: type[Model]) -> None:
    assert operator.get(url(model, "add")).status_code == 403


def test_a_fact_is_neither_changed_nor_deleted(operator: Client) -> None:
    entry = AuditEntry.objects.create(
        at=clock.now(), actor="op", action="halt", subject="global", reason="drill"
    )

    assert operator.get(url(AuditEntry, "change", entry.pk)).status_code == 200
    assert operator.post(url(AuditEntry, "change", entry.pk), {"reason": "none"}).status_code == 403
    assert operator.post(url(AuditEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403


def test_an_override_keeps_its_author_and_leaves_an_entry(operator: Client) -> None:
    override(operator)

    row, entry = ConfigOverride.objects.get(), AuditEntry.objects.get()
    assert (row.author, row.value, row.history.get().history_user.get_username()) == (
        "op",
        10.0,
        "op",
    )
    assert (entry.actor, entry.action, entry.subject, entry.after) == (
        "op",
        "override",
        "timetable.score_s",
        10.0,
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"value": '"soon"'}, "valid number", id="a word for a number"),
        pytest.param({"key": "timetable.nothing"}, "no such key", id="unknown key"),
        pytest.param({"key": "nowhere.x"}, "no section of this name", id="unknown section"),
        pytest.param({"key": "score_s"}, "no section of this name", id="no section"),
        pytest.param({"value": "NaN"}, "finite", id="not a number"),
        pytest.param({"value": "{"}, "valid JSON", id="broken JSON"),
        pytest.param({"reason": ""}, "required", id="no reason"),
    ],
)
def test_a_bad_override_is_refused_with_a_sentence(
    operator: Client, changes: dict[str, str], says: str
) -> None:
    response = override(operator, **changes)

    assert says in response.content.decode()
    assert not ConfigOverride.objects.exists()


def test_each_change_wants_its_own_reason(operator: Client) -> None:
    override(operator)
    page = operator.get(url(ConfigOverride, "change", ConfigOverride.objects.get().pk))

    assert b"quieter" not in page.content


def test_the_audit_shows_before_and_after(operator: Client) -> None:
    override(operator)
    form = {"key": "timetable.score_s", "value": "7.5", "reason": "too quiet"}
    operator.post(url(ConfigOverride, "change", ConfigOverride.objects.get().pk), form)

    assert (AuditEntry.objects.first().before, AuditEntry.objects.first().after) == (10.0, 7.5)


def test_removing_an_override_leaves_an_entry(operator: Client) -> None:
    override(operator)
    operator.post(url(ConfigOverride, "delete", ConfigOverride.objects.get().pk), {"post": "yes"})

    assert not ConfigOverride.objects.exists()
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "override",
        "override removed",
    ]


def test_times_are_new_yorks_with_their_zone(operator: Client, noon: Any) -> None:
    AuditEntry.objects.create(
        at=clock.now() + timedelta(seconds=5), actor="op", action="halt", subject="x", reason="y"
    )

    assert b"2025-11-21 12:00:05 EST" in operator.get(url(AuditEntry, "changelist")).content


@pytest.mark.parametrize("mode", ["sim", "paper", "live"])
def test_every_page_says_which_money_this_is(operator: Client, settings: Any, mode: str) -> None:
    settings.TRADING_MODE = mode

    assert mode.upper().encode() in operator.get("/admin/").content


def test_only_operators_enter(client: Client) -> None:
    client.force_login(User.objects.create_user("member"))

    assert "/admin/login/" in client.get("/admin/")["Location"]


def test_the_admin_alone_may_evaluate(operator: Client) -> None:
    assert "'unsafe-eval'" in operator.get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in operator.get("/pricing/")["Content-Security-Policy"]


def test_values_are_kept_as_json(operator: Client) -> None:
    override(operator, key="timetable.strategies", value=json.dumps(["0DTE", "MOC"]))

    assert ConfigOverride.objects.get().value == ["0DTE", "MOC"]

"""Pages: who may open them, and what each tier finds there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from publishing.subscriptions.models import Entitlement
from quanticity.domain import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
SignedIn = Callable[..., Client]
PUBLIC = [
    "/",
    "/pricing/",
    "/track-record/",
    "/legal/disclaimer/",
    "/account/login/",
    "/account/signup/",
]
OPERATORS = ["/dashboard/", "/dashboard/symbol/SPY/", "/dashboard/symbol/SPY/plots/"]


@pytest.mark.parametrize("path", PUBLIC)
def test_anyone_reads_the_public_pages(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert b"SIM" in response.content
    assert b"Not investment advice" in response.content


@pytest.mark.parametrize("path", PUBLIC)
def test_pages_allow_no_inline_script_or_style(client: Client, path: str) -> None:
    response = client.get(path)

    assert "unsafe" not in response["Content-Security-Policy"]
    assert b"<style" not in response.content
    assert b" style=" not in response.content


@pytest.mark.parametrize("path", ["/feed/", *OPERATORS])
def test_strangers_are_sent_to_sign_in(client: Client, path: str) -> None:
    assert client.get(path)["Location"] == f"/account/login/?next={path}"


@pytest.mark.parametrize("path", OPERATORS)
def test_the_dashboard_is_for_operators(signed_in: SignedIn, path: str) -> None:
    assert signed_in("premium").get(path).status_code == 403
    assert signed_in(staff=True).get(path).status_code == 200


def test_an_unknown_symbol_is_not_there(signed_in: SignedIn) -> None:
    assert signed_in(staff=True).get("/dashboard/symbol/NOPE/").status_code == 404


@pytest.mark.parametrize(("tier", "delay_s"), [("premium", 0), ("basic", 60), ("free", 300)])
def test_a_trade_appears_at_its_release_and_not_before(
    signed_in: SignedIn, released: Callable[..., Any], noon: Any, tier: str, delay_s: int
) -> None:
    member, told = signed_in(tier), released()
    noon.at = told.clock_at + timedelta(seconds=delay_s) - timedelta(milliseconds=1)
    before = member.get("/feed/").content
    noon.advance(0.001)

    assert told.trade_id.encode() not in before
    assert told.trade_id.encode() in member.get("/feed/").content


def test_the_tier_in_the_address_changes_nothing(
    signed_in: SignedIn, released: Callable[..., Any]
) -> None:
    member, told = signed_in("free"), released()

    assert told.trade_id.encode() not in member.get("/feed/?tier=premium&user=1").content


def test_what_members_read_is_not_cached(signed_in: SignedIn) -> None:
    assert "no-store" in signed_in("free").get("/feed/")["Cache-Control"]
    assert "private" in signed_in("free").get("/pricing/")["Cache-Control"]


def test_the_banned_see_nothing(signed_in: SignedIn) -> None:
    assert signed_in("premium", state="BANNED").get("/feed/").status_code == 403


def test_an_ended_plan_is_free_at_once(
    signed_in: SignedIn, released: Callable[..., Any], noon: Any
) -> None:
    member, told = signed_in("premium", until_at=clock.now() + timedelta(seconds=5)), released()
    while_paid = member.get("/feed/").content
    noon.advance(6)

    assert told.trade_id.encode() in while_paid
    assert told.trade_id.encode() not in member.get("/feed/").content
    assert Entitlement.objects.get().tier == "premium"


def test_facts_are_escaped(signed_in: SignedIn, released: Callable[..., Any]) -> None:
    told = released()
    told.facts["contract"] = "<script>alert(1)</script>"
    told.save()

    assert b"<script>alert" not in signed_in("premium").get("/feed/").content


def test_the_track_record_begins_with_live_trades(client: Client) -> None:
    assert b"No live trades yet" in client.get("/track-record/").content

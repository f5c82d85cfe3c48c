"""The API: operators read everything, members their feed, strangers nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
SignedIn = Callable[..., Client]
Make = Callable[..., Any]
OPERATORS = [
    "/api/v1/symbols/", "/api/v1/signals/", "/api/v1/positions/", "/api/v1/orders/", "/api/v1/fills/",
    "/api/v1/announcements/", "/api/v1/deliveries/", "/api/v1/status/",
]  # fmt: skip


@pytest.mark.parametrize("path", OPERATORS)
def test_only_operators_read_the_tables(client: Client, signed_in: SignedIn, path: str) -> None:
    assert client.get(path).status_code == 403
    assert signed_in("premium").get(path).status_code == 403
    assert signed_in(staff=True).get(path).status_code == 200


@pytest.mark.parametrize("path", [*OPERATORS, "/api/v1/feed/"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_through_the_api(signed_in: SignedIn, path: str, method: str) -> None:
    assert getattr(signed_in(staff=True), method)(path).status_code in (403, 405)


def test_readings_need_a_known_symbol_and_an_operator(signed_in: SignedIn) -> None:
    assert signed_in(staff=True).get("/api/v1/symbols/NOPE/readings/").status_code == 404
    assert signed_in("premium").get("/api/v1/symbols/SPY/readings/").status_code == 403


def test_a_silent_store_is_said(signed_in: SignedIn) -> None:
    response = signed_in(staff=True).get("/api/v1/symbols/SPY/readings/")

    assert response.status_code == 503
    assert "store" in response.json()["detail"]


def test_a_feed_is_read_from_a_place_on(signed_in: SignedIn, released: Make, noon: Any) -> None:
    member = signed_in("premium")
    for _ in range(3):
        released()
    answer = member.get("/api/v1/feed/?after_seq=1&limit=1").json()

    assert [item["seq"] for item in answer["results"]] == [2]
    assert answer["next_after_seq"] == 2


@pytest.mark.parametrize(("tier", "knows"), [("premium", True), ("basic", True), ("free", False)])
def test_fields_follow_the_tier(
    signed_in: SignedIn, released: Make, noon: Any, tier: str, knows: bool
) -> None:
    released()
    noon.advance(300)
    facts = signed_in(tier).get("/api/v1/feed/").json()["results"][0]["facts"]

    assert ("quantity" in facts) is knows
    assert ("notional_usd" in facts) is (tier == "premium")
    assert isinstance(facts["fill_price"], float)


def test_a_tier_hears_nothing_early(signed_in: SignedIn, released: Make, noon: Any) -> None:
    released()
    noon.advance(299.9)

    assert signed_in("free").get("/api/v1/feed/?tier=premium").json()["results"] == []


@pytest.mark.parametrize(
    "query", ["after_seq=x", "limit=-1", "after_seq=1.5", "after_seq=" + "9" * 5_000]
)
def test_a_bad_place_is_said(signed_in: SignedIn, query: str) -> None:
    response = signed_in("free").get(f"/api/v1/feed/?{query}")

    assert response.status_code == 400
    assert "expected a whole number" in response.json()["detail"]


def test_tables_come_page_by_page(signed_in: SignedIn, released: Make, noon: Any) -> None:
    for _ in range(101):
        released()
        noon.advance(1)
    operator = signed_in(staff=True)
    first = operator.get("/api/v1/announcements/").json()
    second = operator.get(first["next"]).json()

    assert (len(first["results"]), len(second["results"]), second["next"]) == (100, 1, None)
    assert first["results"][0]["clock_at"].endswith("Z")


@pytest.mark.filterwarnings("default")
def test_the_schema_names_every_path(
    signed_in: SignedIn, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = signed_in("free").get("/api/schema/?format=json").json()

    assert {*OPERATORS, "/api/v1/feed/", "/api/v1/symbols/{symbol}/readings/"} <= set(
        schema["paths"]
    )
    assert "Warning" not in capsys.readouterr().err

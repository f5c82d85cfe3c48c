"""The public record: when a trade appears, what each tier could have had, and receipts by hand."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from analytics.models import Signal
from execution.models import OrderIntent, Position, StatementCheck
from publishing import ledger, receipts, roots, track_record
from publishing.ledger import Draft
from publishing.models import Announcement, Delivery
from quanticity.domain import calendar, clock
from quanticity.domain.tiers import Tier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_store")]
DELAY_S = {Tier.PREMIUM: 0, Tier.BASIC: 60, Tier.FREE: 300}
Make = Callable[..., Any]


@pytest.fixture
def closed(noon: Any) -> Make:
    """A closed trade with what each tier met: bought at 2.10, sold at 3.00 less a dime per tier."""

    def make(trade_id: str = "T-20251121-001", source: str = "live") -> Position:
        known = {"strategy": "0DTE", "symbol": "SPY", "direction": 1, "occ": "SPY251121C00600000", "multiplier": 100, "source": source}  # fmt: skip
        signal = Signal.objects.create(signal_id=f"s{trade_id}", confidence=92.4, reference={}, session_date=noon.at.date(), episode_seq=int(trade_id[-3:]), created_at=noon.at, valid_until=noon.at, state="ended", **known)  # fmt: skip
        intent = OrderIntent.objects.create(
            intent_id=f"i{trade_id}", signal=signal, role="E", created_at=noon.at, **known
        )
        position = Position.objects.create(
            trade_id=trade_id, intent=intent, account="DU1", con_id=1, session_date=noon.at.date(), state="CLOSED", quantity_total=1,
            entry_price=Decimal("2.00"), exit_price=Decimal("3.18"), commission_usd=Decimal("2.00"), realised_net_usd=Decimal("116.00"),
            closed_at=clock.now(), **known,
        )  # fmt: skip
        for seq, kind in enumerate(("ENTRY", "EXIT"), start=1):
            told = Announcement.objects.create(trade_id=trade_id, seq=seq, kind=kind, symbol="SPY", clock_at=clock.now(), created_at=clock.now(), source=source, facts={"fill_price": "2.00", "quantity": 1})  # fmt: skip
            for rank, tier in enumerate(Tier):
                Delivery.objects.create(
                    announcement=told, tier=tier, channel="web", priority=1, due_at=told.clock_at + timedelta(seconds=DELAY_S[tier]),
                    created_at=clock.now(), state="SENT", ask_now=Decimal("2.10"), bid_now=Decimal("3.00") - rank * Decimal("0.10"),
                )  # fmt: skip
        return position

    return make


def page(path: str = "/track-record/") -> str:
    answer = Client().get(path)
    assert answer.status_code == 200
    parts = answer.streaming_content if answer.streaming else [answer.content]
    return b"".join(parts).decode()


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        pytest.param("live", True, id="of the live account"),
        pytest.param("sim", False, id="not of a simulation"),
    ],
)
def test_how_long_the_brokers_statements_agreed_is_public(
    settings: Any, mode: str, *, told: bool
) -> None:
    settings.TRADING_MODE = mode
    for n in (20, 21):
        day = date(2025, 11, n)
        StatementCheck.objects.create(
            name="", digest="", fills_n=1, breaks=[], at=clock.now(), from_date=day, to_date=day
        )

    assert ("on the last 2 days compared" in page()) is told


def test_a_trade_appears_after_its_sessions_close(closed: Make, noon: Any) -> None:
    closed()
    noon.advance(301)
    before = page()
    noon.at = calendar.session(noon.at.date()).close_at

    assert "T-20251121-001" not in before
    assert "T-20251121-001" in page()


def test_a_trade_that_ends_at_the_close_waits_for_the_last_tier(closed: Make, noon: Any) -> None:
    noon.at = calendar.session(noon.at.date()).close_at - timedelta(seconds=1)
    closed()
    noon.advance(299)
    before = page()
    noon.advance(1)

    assert "T-20251121-001" not in before
    assert "T-20251121-001" in page()


def test_the_public_record_tells_a_return_and_no_dollars_of_ours(closed: Make, noon: Any) -> None:
    row = closed()
    Position.objects.filter(pk=row.pk).update(quantity_total=7, realised_net_usd=Decimal("812.35"))
    noon.at += timedelta(days=1)

    assert "812.35" not in page()
    assert "+58.0" in page()  # 812.35 of 7 x 200.00


def test_three_curves_and_what_each_came_to(closed: Make, noon: Any) -> None:
    closed()
    noon.at += timedelta(days=1)
    shown = page()

    # 100 (bid - 2.10) - 2.00 for bids of 3.00, 2.90 and 2.80
    for net in ("+$88.00", "+$78.00", "+$68.00"):
        assert net in shown
    assert shown.count('<path class="line-') == 6  # wide and narrow
    api = Client()
    assert api.get("/api/v1/performance/").status_code == 403


def test_simulated_trades_are_the_operators_alone(
    closed: Make, noon: Any, signed_in: Callable[..., Client]
) -> None:
    closed(source="sim")
    noon.at += timedelta(days=1)
    operators = signed_in(staff=True).get("/dashboard/published/").content.decode()

    assert "No live trades yet" in page()
    assert "+$68.00" in operators
    assert '<span class="badge sim">SIM</span>' in operators
    assert signed_in("premium").get("/dashboard/published/").status_code == 403


def test_the_api_gives_the_same_curves(
    closed: Make, noon: Any, signed_in: Callable[..., Client]
) -> None:
    closed()
    noon.at += timedelta(days=1)
    said = signed_in("free").get("/api/v1/performance/").json()

    assert {tier: curve["net_usd"] for tier, curve in said["tiers"].items()} == {
        "premium": 88.0, "basic": 78.0, "free": 68.0,
    }  # fmt: skip
    assert said["tiers"]["free"]["n"] == said["tiers"]["free"]["known"] == 1


@pytest.fixture
def ledger_of_yesterday(noon: Any) -> Any:
    """Five records and their session's root."""
    drafts = [Draft("EVENT", clock.now(), "T-1", f"EVENT:{n}", {"n": n}) for n in range(5)]
    ledger.append(drafts)
    root = roots.close(calendar.session(noon.at.date()), clock.now())
    noon.at += timedelta(days=1)
    return root


def test_the_page_proves_a_record(ledger_of_yesterday: Any) -> None:
    shown = page("/track-record/receipts/?seq=3")

    assert ledger_of_yesterday.root in shown
    assert "R3 event" in shown
    for step in track_record.inclusion(3, clock.now())["path"]:
        assert step["hash"] in shown


@pytest.mark.parametrize("seq", ["99", "0", "-1", "abc", "9" * 30, "3;drop", ""])
def test_a_record_that_is_not_there_is_no_error(ledger_of_yesterday: Any, seq: str) -> None:
    assert "Receipts" in page(f"/track-record/receipts/?seq={seq}")


def test_the_download_verifies_offline(ledger_of_yesterday: Any) -> None:
    lines = page("/track-record/receipts.ndjson")

    entries = receipts.read_export(lines)
    assert receipts.verify(entries, ledger_of_yesterday.head) is None
    assert len(entries) == 5


def test_the_api_pages_through_the_chain(
    ledger_of_yesterday: Any, signed_in: Callable[..., Client]
) -> None:
    browser = signed_in("free")
    first = browser.get("/api/v1/receipts/?limit=3").json()
    rest = browser.get(f"/api/v1/receipts/?after_seq={first['next_after_seq']}").json()
    one = browser.get("/api/v1/receipts/4/").json()

    assert receipts.verify(first["results"] + rest["results"]) is None
    path = [(step["side"], step["hash"]) for step in one["path"]]
    assert receipts.includes(one["canonical"], path, one["root"])
    assert browser.get("/api/v1/receipts/6/").status_code == 404


def test_a_post_is_a_card_of_its_own_words(
    noon: Any, signed_in: Callable[..., Client], released: Make
) -> None:
    told = released("ENTRY", receipt="R1 abc")
    facts = {"trade_no": "NOTICE-1", "title": "Halt", "text": "New entries are halted.", "severity": "HALT"}  # fmt: skip
    Announcement.objects.filter(pk=told.pk).update(kind="NOTICE", facts=facts, symbol="")
    shown = signed_in("premium").get("/feed/").content.decode()
    feed = signed_in("premium").get("/api/v1/feed/").json()

    assert "New entries are halted." in shown
    assert json.dumps(feed["results"][0]["facts"]).count("halted") == 1

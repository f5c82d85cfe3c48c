"""Posts at their slots: built from rows, once, whole or not at all."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from execution.holds import Notice
from execution.models import AccountValues, Position, PositionEvent, SessionResult
from publishing import selectors, services
from publishing.models import Announcement, Delivery
from publishing.posts import reviews
from quanticity.config import loader
from quanticity.domain import calendar, clock
from quanticity.domain.errors import MalformedInput
from quanticity.domain.tiers import Tier
from quanticity.store import keys
from quanticity.store.client import client
from reporting.selectors import trade_statistics

pytestmark = [pytest.mark.django_db]
Make = Callable[..., Any]
FRIDAY = calendar.session(datetime(2025, 11, 21, tzinfo=UTC).date())
AFTER_SUMMARY = datetime(2025, 11, 21, 21, 20, tzinfo=UTC)  # close + 20 min


@pytest.fixture
def closed(trade: Make, record: Make, noon: Any) -> Make:
    """Close a trade at noon with so many dollars; its entry and exit are recorded."""

    def make(net: str, frac: str, **changes: Any) -> Any:
        position = trade(**changes)
        record(position, "ENTRY")
        result = "WIN" if Decimal(net) > 0 else "LOSS"
        told = {"realised_net_usd": net, "return_frac": frac, "result": result}
        record(position, "EXIT", **told)
        Position.objects.filter(pk=position.pk).update(
            state="CLOSED", closed_at=clock.now(), realised_net_usd=Decimal(net)
        )
        services.announce_owed()
        return position

    return make


def post_at(noon: Any, at: datetime) -> list[str]:
    """Post what is owed at an instant; the kinds that were made."""
    noon.at = at
    owed = services.post_owed(trade_statistics)
    rows = Delivery.objects.filter(pk__in=[one.delivery_id for one in owed])
    return sorted(set(rows.values_list("announcement__kind", flat=True)))


@pytest.mark.usefixtures("no_store")
def test_the_summary_holds_every_closed_trade_winners_and_losers(closed: Make, noon: Any) -> None:
    closed("466.80", "0.58")
    closed("-802.60", "-1.00")

    assert post_at(noon, AFTER_SUMMARY) == ["SUMMARY"]
    facts = Announcement.objects.get(kind="SUMMARY").facts
    assert (facts["n_trades"], facts["n_wins"], facts["n_losses"]) == (2, 1, 1)
    assert [one["trade_no"] for one in facts["trades"]] == ["T-20251121-001", "T-20251121-002"]
    assert (facts["best"]["return_frac"], facts["worst"]["return_frac"]) == ("0.58", "-1.00")
    assert Decimal(facts["net_usd"]) == Decimal("-335.80")


@pytest.mark.usefixtures("no_store")
def test_a_result_is_a_share_of_what_its_own_session_began_with(closed: Make, noon: Any) -> None:
    closed("500", "0.58")
    SessionResult.objects.create(
        account="DU1",
        session_date=date(2025, 11, 21),
        source="sim",
        start_usd=100_000,
        end_usd=100_500,
        day_pnl_usd=500,
        at=noon.at,
    )
    AccountValues.objects.create(
        account="DU1",
        start_of_day_usd=200_000,
        equity_usd=1,
        buying_power_usd=1,
        available_usd=1,
        cash_usd=1,
        at=noon.at,
    )
    post_at(noon, AFTER_SUMMARY)

    assert Announcement.objects.get(kind="SUMMARY").facts["net_frac"] == "0.005000"


@pytest.mark.usefixtures("no_store")
def test_a_slot_is_served_once(closed: Make, noon: Any) -> None:
    closed("1", "0.01")

    assert post_at(noon, AFTER_SUMMARY) == ["SUMMARY"]
    assert post_at(noon, AFTER_SUMMARY + timedelta(seconds=30)) == []


@pytest.mark.usefixtures("no_store")
def test_a_summary_that_omits_a_closed_trade_is_refused(
    closed: Make, noon: Any, caplog: pytest.LogCaptureFixture
) -> None:
    closed("1", "0.01")
    hidden = closed("-5", "-0.05")
    Position.objects.filter(pk=hidden.pk).update(state="OPEN")  # as if somebody hid a loser

    with caplog.at_level(logging.ERROR):
        assert post_at(noon, AFTER_SUMMARY) == []
    assert "T-20251121-002" in caplog.text
    assert not Announcement.objects.filter(kind="SUMMARY").exists()


def test_the_refusal_names_what_is_missing(closed: Make, no_store: None) -> None:
    closed("1", "0.01")

    with pytest.raises(MalformedInput, match="T-20251121-001"):
        reviews.refuse_incomplete({"trades": []}, [FRIDAY])


@pytest.mark.usefixtures("no_store")
def test_a_summary_waits_until_the_last_tier_has_heard(closed: Make, noon: Any) -> None:
    position = closed("1", "0.01")
    last = AFTER_SUMMARY - timedelta(seconds=200)
    PositionEvent.objects.filter(position=position).update(clock_at=last, created_at=last)

    assert post_at(noon, AFTER_SUMMARY) == []
    assert post_at(noon, AFTER_SUMMARY + timedelta(seconds=101)) == ["SUMMARY"]


@pytest.mark.usefixtures("no_store")
def test_a_trade_that_is_held_to_its_expiry_is_named_until_it_is_settled(
    closed: Make, trade: Make, noon: Any
) -> None:
    closed("466.80", "0.58")
    Position.objects.filter(pk=trade().pk).update(state="OPEN", quantity_open=4)

    post_at(noon, AFTER_SUMMARY)

    told = Announcement.objects.get(kind="SUMMARY")
    assert (told.facts["n_trades"], told.facts["n_settling"]) == (1, 1)
    shown = selectors.visible_to(Tier.FREE, clock.now())[0].lines
    assert ("Still settling", "1 held to expiry, told when settled") in shown


@pytest.mark.usefixtures("no_store")
def test_a_cost_that_never_comes_does_not_silence_the_evening(closed: Make, noon: Any) -> None:
    closed("100", "0.10")
    late = closed("-50", "-0.05")
    Position.objects.filter(pk=late.pk).update(realised_net_usd=None)
    event = late.events.get(kind="EXIT")
    event.facts |= {"provisional": True, "realised_net_usd": "-50"}
    event.save()

    post_at(noon, AFTER_SUMMARY)
    post_at(noon, FRIDAY.close_at + timedelta(minutes=25))

    facts = {
        one.kind: one.facts for one in Announcement.objects.filter(kind__in=("SUMMARY", "PERFORM"))
    }
    assert {kind: (f["n_trades"], f["n_losses"], f["n_provisional"]) for kind, f in facts.items()} == {
        "SUMMARY": (2, 1, 1), "PERFORM": (2, 1, 1),
    }  # fmt: skip


@pytest.mark.usefixtures("no_store")
def test_rehearsals_are_in_no_summary(closed: Make, noon: Any) -> None:
    closed("99", "0.99", probe=True)
    post_at(noon, AFTER_SUMMARY)

    assert Announcement.objects.get(kind="SUMMARY").facts["n_trades"] == 0


@pytest.mark.usefixtures("no_store")
def test_a_slot_that_is_too_late_is_skipped(closed: Make, noon: Any) -> None:
    closed("1", "0.01")

    assert "SUMMARY" not in post_at(noon, AFTER_SUMMARY + timedelta(seconds=3_600))


@pytest.mark.usefixtures("no_store")
def test_the_evening_brings_performance_root_and_recap(closed: Make, noon: Any) -> None:
    closed("100", "0.10")
    closed("-50", "-0.05")
    kinds = [post_at(noon, FRIDAY.close_at + timedelta(minutes=m)) for m in (20, 25, 30, 40)]

    assert kinds == [["SUMMARY"], ["PERFORM"], ["HEAD"], ["RECAP"]]
    performance = Announcement.objects.get(kind="PERFORM").facts
    assert (performance["n_trades"], performance["profit_factor"]) == (2, 2.0)
    assert performance["win_rate_low_frac"] < 0.5 < performance["win_rate_high_frac"]


@pytest.mark.usefixtures("no_store")
def test_the_head_is_posted_again_before_the_next_open(closed: Make, noon: Any) -> None:
    closed("1", "0.01")
    post_at(noon, FRIDAY.close_at + timedelta(minutes=30))
    monday = calendar.next_session(FRIDAY.date)

    assert "HEAD" in post_at(noon, monday.open_at - timedelta(minutes=30))
    evening, morning = Announcement.objects.filter(kind="HEAD").order_by("pk")
    assert evening.facts["root"] == morning.facts["root"]


@pytest.mark.usefixtures("no_store")
def test_the_teaser_tells_of_the_last_session_only(closed: Make, noon: Any) -> None:
    closed("10", "0.05")
    monday = calendar.next_session(FRIDAY.date)
    kinds = post_at(noon, monday.open_at - timedelta(minutes=45))

    assert kinds == ["TEASER"]
    told = Announcement.objects.get(kind="TEASER")
    assert told.facts["n_trades"] == 1
    assert set(told.deliveries.values_list("tier", flat=True)) == {"free", "basic", "premium"}


@pytest.mark.usefixtures("no_store")
@pytest.mark.parametrize(
    ("tier", "shown", "hidden"),
    [
        pytest.param(Tier.PREMIUM, {"net_usd", "net_frac"}, set(), id="premium"),
        pytest.param(Tier.BASIC, {"net_frac"}, {"net_usd"}, id="basic"),
        pytest.param(Tier.FREE, {"net_frac"}, {"net_usd"}, id="free"),
    ],
)
def test_each_tier_reads_its_part_of_a_summary(
    closed: Make, noon: Any, tier: Tier, shown: set[str], hidden: set[str]
) -> None:
    closed("466.80", "0.58")
    post_at(noon, AFTER_SUMMARY)
    item = next(one for one in selectors.visible_to(tier, clock.now()) if one.kind == "SUMMARY")

    assert shown <= item.data.keys()
    assert not hidden & item.data.keys()
    (line,) = item.data["trades"]
    assert ("return_frac" in line) == (tier is not Tier.FREE)
    assert ("realised_net_usd" in line) == (tier is Tier.PREMIUM)
    assert dict(item.lines)["Closed trades"] == "1 (1 won, 0 lost)"


def estimate(usd: float, ratio: float = 0.5) -> dict[str, Any]:
    return {
        "estimate": {
            "imbalance_usd": usd, "imbalance_frac_adv": usd / 3e10, "imbalance_ratio": ratio, "ci90_low_usd": usd - 1e8, "ci90_high_usd": usd + 1e8,
            "indicative_offset_bps": 4.0,
        },
        "auction": None,
    }  # fmt: skip


class Estimates(dict[str, Any]):
    """What the calculators said of the close, by symbol; written where they write it."""

    def __setitem__(self, symbol: str, said: dict[str, Any]) -> None:
        later = "2025-11-22T00:00:00+00:00"
        envelope = {"computed_at": said["as_of"], "valid_until": later, "source": "sim", "feed": "model", "quality": {}}  # fmt: skip
        client().set(keys.reading(symbol, "moc").name, json.dumps(envelope | said))


@pytest.fixture
def estimates(store: None) -> Iterator[Estimates]:
    """A universe of four, and nothing said of it yet."""
    loader.lay_over({"universe.standard": ["AAPL", "TSLA"]})
    yield Estimates()
    loader.lay_over({})


def test_the_closing_analysis_is_premiums_alone(estimates: Any, noon: Any) -> None:
    slot = FRIDAY.close_at - timedelta(minutes=60)
    fresh = slot.isoformat()
    estimates["SPY"] = {"as_of": fresh, "data": estimate(-2.5e9)}
    estimates["QQQ"] = {"as_of": fresh, "data": estimate(6e8)}
    estimates["AAPL"] = {"as_of": fresh, "data": estimate(1e8, 0.45)}
    old = (slot - timedelta(seconds=181)).isoformat()
    estimates["TSLA"] = {"as_of": old, "data": estimate(9e9)}

    assert post_at(noon, slot) == ["MOC"]
    told = Announcement.objects.get(kind="MOC")
    assert [one["symbol"] for one in told.facts["leaders"]] == ["SPY", "QQQ"]
    assert [one["symbol"] for one in told.facts["watchlist"]] == ["AAPL"]
    assert (told.facts["label"], told.facts["urgent"]) == ("MODEL ESTIMATE", True)
    assert set(told.deliveries.values_list("tier", flat=True)) == {"premium"}


def test_stale_estimates_are_a_note(estimates: Any, noon: Any) -> None:
    slot = FRIDAY.close_at - timedelta(minutes=30)
    old = (slot - timedelta(seconds=181)).isoformat()
    estimates["SPY"] = {"as_of": old, "data": estimate(9e9)}
    post_at(noon, slot)

    facts = Announcement.objects.get(kind="MOC").facts
    assert (facts["leaders"], facts["missing"]) == ([], "Every estimate is older than it may be.")


def test_each_slot_of_the_close_is_its_own(estimates: Any, noon: Any) -> None:
    for minutes in (120, 90, 60, 30, 15):
        slot = FRIDAY.close_at - timedelta(minutes=minutes)
        estimates["SPY"] = {"as_of": slot.isoformat(), "data": estimate(1e9)}
        post_at(noon, slot)
        post_at(noon, slot + timedelta(seconds=20))

    keys = Announcement.objects.filter(kind="MOC").order_by("pk").values_list("trade_id", flat=True)
    assert list(keys) == [f"MOC-20251121-{minutes}" for minutes in (120, 90, 60, 30, 15)]


@pytest.mark.usefixtures("no_store")
def test_a_halt_is_told_to_every_tier_at_once(db: None, noon: Any) -> None:
    Notice.objects.create(kind="HALT", text="New entries are halted.", at=noon.at, source="sim")
    services.announce_owed()
    services.announce_owed()

    rows = Delivery.objects.filter(announcement__kind="NOTICE", channel="console")
    assert sorted(rows.values_list("tier", "due_at")) == [
        (tier, noon.at) for tier in ("basic", "free", "premium")
    ]
    services.deliver_due()
    assert set(rows.values_list("state", flat=True)) == {"SENT"}

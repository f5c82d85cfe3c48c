"""The dashboard at one instant, with a real store and rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.test import Client

from execution.models import TradingScope
from quanticity.domain import clock
from quanticity.domain.readings import Reading, Unavailable
from quanticity.store import market, readings
from reporting.dashboard import snapshot
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "noon")]


@dataclass(frozen=True, slots=True)
class Gex(Reading):
    """The part of the reading that pages show."""

    name: ClassVar[str] = "gex"

    gex_usd_per_1pct: float
    spot_price: float
    gex_by_strike: tuple[dict[str, float], ...]


@pytest.fixture
def gex(store: None, noon: Any) -> None:
    """One reading of SPY, and none of QQQ."""
    rows = ({"strike": 600.0, "net_usd_per_1pct": 2e8}, {"strike": 605.0, "net_usd_per_1pct": -1e8})
    readings.write("SPY", "gex", Gex(1e8, 602.0, rows), as_of=clock.now(), feed="ibkr")
    readings.write("QQQ", "gex", Unavailable("gex", "NO_DATA"), as_of=clock.now(), feed="none")


def text(symbol: str, key: str) -> str:
    panel = next(p for p in snapshot.panels(clock.now()) if p.symbol == symbol)
    return next(tile.text for tile in panel.tiles if tile.key == key)


@pytest.mark.usefixtures("gex")
def test_tiles_show_what_the_store_holds() -> None:
    assert text("SPY", "gex-gex_usd_per_1pct") == "+$100.00M"
    assert text("QQQ", "gex-gex_usd_per_1pct") == "—"


@pytest.mark.usefixtures("gex")
def test_the_symbol_page_draws_every_strike(signed_in: Callable[..., Client]) -> None:
    page = signed_in(staff=True).get("/dashboard/symbol/SPY/").content.decode()

    assert page.count('class="bar-') == 4  # two strikes, for wide and for narrow screens
    assert "600: +$200.00M per 1 %" in page


@pytest.mark.usefixtures("gex")
def test_readings_come_by_family(signed_in: Callable[..., Client]) -> None:
    answer = signed_in(staff=True).get("/api/v1/symbols/SPY/readings/").json()

    assert set(answer["readings"]) == {"gex"}
    assert answer["readings"]["gex"]["data"]["gex_usd_per_1pct"] == 1e8


def test_a_halt_is_the_first_thing_to_read() -> None:
    TradingScope.objects.create(
        scope="global", state="HALTED", reason="drill", actor="op", changed_at=clock.now()
    )
    TradingScope.objects.create(
        scope="SPY", state="ACTIVE", reason="over", actor="op", changed_at=clock.now()
    )

    assert snapshot.take().scopes == [snapshot.Scope("global", "HALTED", "drill")]


@pytest.mark.parametrize(
    ("at", "says"),
    [
        pytest.param(datetime(2025, 11, 21, 17, 0, tzinfo=UTC), "open, closes in 4 h 0 min", id="noon"),
        pytest.param(datetime(2025, 11, 28, 17, 0, tzinfo=UTC), "half day, open, closes in 1 h 0 min", id="half day"),
        pytest.param(datetime(2025, 11, 21, 22, 0, tzinfo=UTC), "closed, after hours", id="after the close"),
        pytest.param(datetime(2025, 11, 21, 14, 0, tzinfo=UTC), "closed, opens in 30 min", id="before the open"),
    ],
)  # fmt: skip
def test_the_session_clock_knows_half_days(at: datetime, says: str) -> None:
    assert snapshot.session(at) == says


def test_a_broker_that_is_not_redis_has_no_depths(settings: Any) -> None:
    settings.BROKER_URL = "amqp://localhost/"

    assert set(snapshot.queues().values()) == {None}


def test_a_price_says_how_old_it_is(noon: Any) -> None:
    market.write_quote(factories.quote("SPY", 599.9, 600.1))
    noon.at += timedelta(seconds=7)

    spy, qqq = snapshot.panels(clock.now())[:2]

    assert (spy.price, spy.price_age) == ("600.00", "7 s old")
    assert (qqq.price, qqq.price_age) == ("—", "not heard")

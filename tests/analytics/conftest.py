"""Fixtures of the sources over HTTP: a provider by hand, and deadlines a test can wait for."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from analytics.feeds import door
from quanticity.config import loader
from quanticity.config.loader import section
from tests.providers import Provider


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider of a test's own."""
    made = Provider()
    yield made
    made.stop()
    door._client.cache_clear()


@pytest.fixture
def quick() -> door.Settings:
    """Deadlines that a test can wait for, and no waits between attempts."""
    own = section("analytics.feeds.door", door.Settings)
    return replace(own, total_s=1.5, connect_s=1.5, retry_base_s=0.0, max_bytes=200_000)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No waits between attempts, wherever the platform reads them."""
    monkeypatch.setenv("QC__ANALYTICS__FEEDS__DOOR__RETRY_BASE_S", "0.0")
    loader.section.cache_clear()
    yield
    loader.section.cache_clear()


@pytest.fixture
def address(settings: Any) -> Any:
    """Point feeds at an address; the ones not named are off."""

    def point(key: str = "", **urls: str) -> None:
        names = ("ALPHAVANTAGE", "CBOE_QUOTES", "CBOE_VIX1D", "YAHOO")
        settings.FEED_URLS = {f"QC_{n}_URL": urls.get(n.lower(), "") for n in names}
        settings.ALPHAVANTAGE_API_KEY = key

    return point

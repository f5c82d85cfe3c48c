"""One GET, whatever the other side does."""

import logging
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from analytics.feeds import door
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import PermanentError, TemporaryError
from tests.providers import Answer

pytestmark = pytest.mark.enable_socket
KEY = "sesame-street-42"


def get(provider: Any, quick: door.Settings, **changed: Any) -> bytes:
    return door.get(provider.url + "/query", {"apikey": KEY}, replace(quick, **changed))


def test_a_whole_answer_is_returned(provider: Any, quick: door.Settings) -> None:
    provider.says(Answer(body=b"chain"))
    assert get(provider, quick) == b"chain"
    assert provider.asked == [f"/query?apikey={KEY}"]


@pytest.mark.parametrize(
    "bad",
    [Answer(503), Answer(how="reset"), Answer(body=b"x" * 100, how="cut"),
     Answer(body=b"x" * 100, how="drip")],
    ids=["5xx", "reset", "cut", "drip"],
)  # fmt: skip
def test_what_may_mend_is_tried_again(provider: Any, quick: door.Settings, bad: Answer) -> None:
    provider.says(bad, bad, Answer(body=b"at last"))
    assert get(provider, quick) == b"at last"
    assert len(provider.asked) == 3


@pytest.mark.parametrize("bad", [Answer(500), Answer(how="reset")], ids=["5xx", "reset"])
def test_after_the_last_attempt_it_is_given_up(
    provider: Any, quick: door.Settings, bad: Answer
) -> None:
    provider.says(bad)
    with pytest.raises(TemporaryError):
        get(provider, quick)
    assert len(provider.asked) == 4


def test_waits_double_and_are_spread(provider: Any, quick: door.Settings) -> None:
    provider.says(Answer(500))
    waits: list[float] = []
    own = replace(quick, retry_base_s=1.0)
    with pytest.raises(TemporaryError):
        door.get(provider.url, {}, own, sleep=waits.append)
    assert [round(wait / 2**n) for n, wait in enumerate(waits)] == [1, 1, 1]
    assert all(0.8 <= wait / 2**n <= 1.2 for n, wait in enumerate(waits))


# From when this file is read; the suite may take a while until the test runs.
_IN_A_DAY = format_datetime(RealClock().now() + timedelta(days=1))


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ((("Retry-After", "7"),), 7, 7),
        ((), 60, 60),
        ((("Retry-After", _IN_A_DAY),), 80_000, 86_400),
        ((("Retry-After", "soon"),), 60, 60),
    ],
    ids=["seconds", "none", "date", "nonsense"],
)
def test_a_throttled_request_is_not_repeated(
    provider: Any, quick: door.Settings, header: Any, low: float, high: float
) -> None:
    provider.says(Answer(429, headers=header))
    with pytest.raises(door.Throttled) as refused:
        get(provider, quick)
    assert low <= (refused.value.retry_after or 0) <= high
    assert len(provider.asked) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_a_refusal_is_final(provider: Any, quick: door.Settings, status: int) -> None:
    provider.says(Answer(status, headers=(("Location", "http://127.0.0.1:1/"),)))
    with pytest.raises(PermanentError, match=str(status)):
        get(provider, quick)
    assert len(provider.asked) == 1


def test_a_body_without_end_is_refused(provider: Any, quick: door.Settings) -> None:
    provider.says(Answer(body=b"x" * 300_000))
    with pytest.raises(PermanentError, match="200000"):
        get(provider, quick)


def test_nobody_there_is_temporary(quick: door.Settings) -> None:
    with pytest.raises(TemporaryError, match="ConnectError"):
        door.get("http://127.0.0.1:1/", {"apikey": KEY}, quick)


@pytest.mark.parametrize("url", ["ftp://x/", "nonsense", "http://"])
def test_an_address_that_is_none_is_said(quick: door.Settings, url: str) -> None:
    with pytest.raises(PermanentError, match="http address"):
        door.get(url, {"apikey": KEY}, quick)


@pytest.mark.parametrize(
    "bad", [Answer(401), Answer(500), Answer(429), Answer(how="reset")],
    ids=["401", "500", "429", "reset"],
)  # fmt: skip
def test_the_key_is_nowhere(
    provider: Any, quick: door.Settings, bad: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    provider.says(bad)
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as settings.LOGGING does
    with pytest.raises((TemporaryError, PermanentError)) as refused:
        get(provider, quick)
    trail = repr(refused.value) + str(refused.value.__cause__) + caplog.text
    assert KEY not in trail

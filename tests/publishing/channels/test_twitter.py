"""X through tweepy: one text per message; duplicates are read back."""

from dataclasses import replace
from typing import Any

import pytest

from publishing.channels import tweet
from publishing.channels.base import RateLimited, Unanswered
from publishing.channels.twitter import Keys, Settings, Twitter
from publishing.messages.message import Field
from publishing.messages.weight import LIMIT, weighted_length
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import (
    ChannelRevoked,
    NotConnected,
    PermanentError,
    QuantiCityError,
    TemporaryError,
)

pytestmark = pytest.mark.enable_socket
PATIENCE = Settings(connect_timeout_s=1.0, answer_timeout_s=3.0)
KEYS = Keys("consumer", "consumer-s3cr3t", "access", "access-s3cr3t")
SITE = "https://quanticity.example"
POST, ME, LINE = "POST /2/tweets", "GET /2/users/me", "GET /2/users/7/tweets"


def channel(url: str, patience: Settings = PATIENCE) -> Twitter:
    return Twitter(KEYS, url, SITE, patience)


def outcome(service: Any, message: Any, patience: Settings = PATIENCE) -> QuantiCityError:
    with pytest.raises(QuantiCityError) as raised:
        channel(service.url, patience).send(message())
    return raised.value


def timeline(service: Any, *texts: str) -> None:
    service.on(ME, {"data": {"id": "7", "name": "q", "username": "q"}})
    service.on(
        LINE,
        {
            "data": [
                {"id": str(90 + n), "text": text, "edit_history_tweet_ids": []}
                for n, text in enumerate(texts)
            ]
        },
    )


def test_the_receipt_is_xs_id(service: Any, message: Any) -> None:
    service.on(POST, {"data": {"id": "99", "text": "…"}}, status=201)

    assert channel(service.url).send(message()) == "99"
    assert service.asked[0].json["text"].endswith("/legal/disclaimer/ #T-1-2")
    assert service.asked[0].headers["Authorization"].startswith("OAuth ")


def test_a_duplicate_of_ours_is_read_back(service: Any, message: Any) -> None:
    service.on(POST, {"detail": "You are not allowed to create a Tweet with duplicate content."}, status=403)  # fmt: skip
    timeline(service, "something else #T-1-1", "SPY closed\n#T-1-2")

    assert channel(service.url).send(message()) == "91"


def test_a_duplicate_of_something_else_is_refused(service: Any, message: Any) -> None:
    service.on(POST, {"detail": "duplicate content"}, status=403)
    timeline(service, "something else #T-1-1")

    assert isinstance(outcome(service, message), PermanentError)


def test_a_longer_token_is_not_ours(service: Any) -> None:
    timeline(service, "SPY closed #T-1-21")

    assert channel(service.url).find("#T-1-2") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(400, PermanentError, id="refused as it is"),
        pytest.param(401, ChannelRevoked, id="keys changed"),
        pytest.param(403, ChannelRevoked, id="suspended"),
        pytest.param(500, TemporaryError, id="server error"),
        pytest.param(503, TemporaryError, id="unavailable"),
    ],
)
def test_each_answer_has_its_outcome(
    service: Any, message: Any, status: int, kind: type[Exception]
) -> None:
    service.on(POST, {"detail": "no: consumer-s3cr3t"}, status=status)

    failure = outcome(service, message)

    assert type(failure) is kind
    assert "s3cr3t" not in str(failure)


def test_a_rate_limit_waits_until_its_reset(service: Any, message: Any) -> None:
    reset = int(RealClock().now().timestamp()) + 65
    service.on(POST, {"title": "Too Many Requests"}, status=429, x_rate_limit_reset=str(reset))

    failure = outcome(service, message)

    assert isinstance(failure, RateLimited)
    assert 60 < failure.retry_after <= 65


def test_a_cut_connection_leaves_a_doubt(service: Any, message: Any) -> None:
    service.on(POST, None)
    service.let_go.set()

    assert isinstance(outcome(service, message), Unanswered)


def test_no_answer_leaves_a_doubt(service: Any, message: Any) -> None:
    service.on(POST, None)

    assert isinstance(
        outcome(service, message, replace(PATIENCE, answer_timeout_s=0.1)), Unanswered
    )


def test_a_closed_door_is_temporary(message: Any) -> None:
    with pytest.raises(NotConnected):
        channel("http://127.0.0.1:9").send(message())


def test_an_answer_of_another_shape_leaves_a_doubt(service: Any, message: Any) -> None:
    service.on(POST, {"unexpected": True}, status=201)

    assert isinstance(outcome(service, message), Unanswered)


def test_what_x_counts_is_read(service: Any) -> None:
    counts = {"impression_count": 10, "like_count": 2, "reply_count": 1, "retweet_count": 3, "quote_count": 1}  # fmt: skip
    service.on(
        "GET /2/tweets",
        {
            "data": [
                {"id": "5", "text": "…", "public_metrics": counts, "edit_history_tweet_ids": []}
            ]
        },
    )

    assert channel(service.url).metrics(["5"]) == {
        "5": {"impressions": 10, "likes": 2, "replies": 1, "reposts": 4}
    }


def test_facts_are_dropped_from_the_end_and_never_cut(message: Any) -> None:
    long = tuple(Field(f"Fact {n}", f"{n}.25 dollars " * 4) for n in range(9))
    text = tweet.text(message(fields=long), SITE)

    assert weighted_length(text) <= LIMIT
    assert text.endswith(f"Not advice: {SITE}/legal/disclaimer/ #T-1-2")
    lines = text.split("\n")[1:-1]
    assert lines == [
        f"Fact {n}: {n}.25 dollars " + f"{n}.25 dollars " * 3 for n in range(len(lines))
    ]


def test_outside_text_names_and_tags_nobody(message: Any) -> None:
    text = tweet.text(message(title="@all #win https://evil.example"), SITE)

    assert text.startswith("all win evil.example\n")


def test_losers_are_told_like_winners(message: Any) -> None:
    won, lost = message(), message(title="SPY 21 Nov 25 600C closed - LOSS")

    assert tweet.text(lost, SITE) == tweet.text(won, SITE).replace("WIN", "LOSS")

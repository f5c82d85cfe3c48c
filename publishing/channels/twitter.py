"""X through tweepy: one text per message; a duplicate that X refuses is read back (DOMAIN 7.7)."""

from functools import cache
from typing import Any, ClassVar, NamedTuple

import requests
import tweepy
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from publishing.channels import tweet
from publishing.channels.base import RateLimited, Unanswered, without_addresses
from publishing.channels.http import Patience as Settings
from publishing.messages.message import Message
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import (
    ChannelRevoked,
    NotConnected,
    PermanentError,
    QuantiCityError,
    TemporaryError,
)

__all__ = ["Keys", "Settings", "Twitter"]

DUPLICATE = "duplicate content"
_HOST = "https://api.twitter.com"  # as tweepy writes it
_LOOKED_THROUGH = 50
_CLOSED_DOOR = (NewConnectionError, ConnectTimeoutError)
# What tweepy lets through: its own, the wire's, and what an answer of another shape makes of it.
SHAPE = (ValueError, TypeError, LookupError, AttributeError)
FAILURES = (tweepy.TweepyException, requests.RequestException, *SHAPE)


class Keys(NamedTuple):
    """The four keys of one account."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str


class Twitter:
    """Posts as one account."""

    name: ClassVar[str] = "x"

    def __init__(self, keys: Keys, api_url: str, site_url: str, settings: Settings) -> None:
        self._site_url = site_url
        self._api = (keys, api_url, settings)

    def send(self, message: Message) -> str:
        """Post one message and return X's id of it."""
        written = tweet.text(message, self._site_url + message.via)
        try:
            answer = _client(*self._api).create_tweet(text=written, user_auth=True)
            return str(answer.data["id"])[:64]
        except tweepy.Forbidden as failure:
            if DUPLICATE not in str(failure).lower():
                raise self._outcome(failure) from None
            found = self.find(message.token)
        except FAILURES as failure:
            raise self._outcome(failure) from None
        if found is None:
            raise PermanentError("x: refused as a duplicate of something that is not ours")
        return found

    def can_search(self) -> bool:
        """Our own timeline is ours to read."""
        return True

    def find(self, token: str) -> str | None:
        """Look for a token in our latest posts."""
        for row in self._timeline():
            if str(row.text).split()[-1:] == [token]:
                return str(row.id)[:64]
        return None

    def metrics(self, ids: list[str]) -> dict[str, dict[str, int]]:
        """What X counts of each of these posts: impressions, likes, reposts, replies."""
        try:
            api = _client(*self._api)
            answer = api.get_tweets(ids, tweet_fields=["public_metrics"], user_auth=True)
            return {str(row.id): _counts(row.public_metrics) for row in answer.data or ()}
        except FAILURES as failure:
            raise self._outcome(failure) from None

    def _timeline(self) -> list[Any]:
        api = _client(*self._api)
        try:
            own = api.get_me(user_auth=True).data.id
            answer = api.get_users_tweets(own, max_results=_LOOKED_THROUGH, user_auth=True)
            return list(answer.data or ())
        except FAILURES as failure:
            outcome = self._outcome(failure)
            # Reading twice does no harm, so there is no doubt.
            wait = outcome.retry_after if isinstance(outcome, TemporaryError) else None
            raise TemporaryError(str(outcome), retry_after=wait) from None

    def _outcome(self, failure: Exception) -> QuantiCityError:
        said = without_addresses(f"x: {failure}")
        for secret in sorted(self._api[0], key=len, reverse=True):
            said = said.replace(secret, "[key]")
        return _classified(failure, said)


def _classified(failure: Exception, said: str) -> QuantiCityError:
    if isinstance(failure, tweepy.TooManyRequests):
        return RateLimited(said, retry_after=_until(failure.reset_time))
    if isinstance(failure, (tweepy.Unauthorized, tweepy.Forbidden, tweepy.NotFound)):
        return ChannelRevoked(said)
    if isinstance(failure, tweepy.TwitterServerError):
        return TemporaryError(said)
    if isinstance(failure, tweepy.TweepyException):
        return PermanentError(said)
    if _never_left(failure):
        return NotConnected(f"x: {type(failure).__name__}")
    return Unanswered(f"x: {type(failure).__name__} after the request was begun")


def _until(reset_epoch_s: int | None) -> float | None:
    if reset_epoch_s is None:
        return None
    return max(reset_epoch_s - RealClock().now().timestamp(), 0.0)


def _never_left(failure: Exception) -> bool:
    if isinstance(failure, requests.ConnectTimeout):
        return True
    reason = failure.args[0] if failure.args else None
    reason = reason.reason if isinstance(reason, MaxRetryError) else reason
    return isinstance(reason, _CLOSED_DOOR)


def _counts(said: dict[str, int]) -> dict[str, int]:
    names = {"impressions": "impression_count", "likes": "like_count", "replies": "reply_count"}
    found = {ours: int(said[theirs]) for ours, theirs in names.items() if theirs in said}
    return found | {"reposts": int(said.get("retweet_count", 0)) + int(said.get("quote_count", 0))}


class _Session(requests.Session):
    """Goes where QC_X_API_URL says, with the patience that tweepy lacks."""

    def __init__(self, api_url: str, settings: Settings) -> None:
        super().__init__()
        self._api_url = api_url
        self._patience = (settings.connect_timeout_s, settings.answer_timeout_s)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send to our address instead of tweepy's."""
        kwargs["timeout"], kwargs["allow_redirects"] = self._patience, False
        return super().request(method, url.replace(_HOST, self._api_url, 1), *args, **kwargs)


@cache
def _client(keys: Keys, api_url: str, settings: Settings) -> Any:
    client = tweepy.Client(**keys._asdict())
    client.session = _Session(api_url, settings)
    return client

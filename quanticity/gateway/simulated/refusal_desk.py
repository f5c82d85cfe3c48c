"""Requests for what this exchange does not offer: each is refused so that its asker stops waiting.

The client libraries wait for an answer with the request's own number; a message without it would
keep them waiting for ever.
"""

from quanticity.gateway.simulated.connection import Connection, Handler
from quanticity.gateway.simulated.wire import Fields, frame

_NO_NEWS = (10276, "News feed is not allowed.")


def scanner(link: Connection, fields: Fields) -> None:
    """Refuse a market scan."""
    text = "Historical Market Data Service error message:Scanner is not available."
    link.error(fields.integer(), 162, text)


def scanner_parameters(link: Connection, _fields: Fields) -> None:
    """Name no parameters: there is nothing to scan."""
    link.send(frame(19, 1, "<ScanParameterResponse/>"))


def fundamentals(link: Connection, fields: Fields) -> None:
    """Refuse a company's figures."""
    fields.skip()
    text = "The fundamentals data for the security specified is not available."
    link.error(fields.integer(), 430, text)


def news(link: Connection, fields: Fields) -> None:
    """Refuse an article, a history of headlines or a calendar of events."""
    link.error(fields.integer(), *_NO_NEWS)


def news_providers(link: Connection, _fields: Fields) -> None:
    """Name no provider of news."""
    link.send(frame(85, 0))


def user_info(link: Connection, fields: Fields) -> None:
    """Tell that nobody's white brand is in use."""
    link.send(frame(107, fields.integer(), ""))


DESK: dict[int, Handler] = {
    22: scanner,
    24: scanner_parameters,
    52: fundamentals,
    84: news,
    85: news_providers,
    86: news,
    100: news,
    102: news,
    104: user_info,
}

"""The Redis schema (DOMAIN 4): every key and its time to live, as functions.

A TTL is a garbage collector, never a freshness test: readers look at `as_of`. A key without one
says who clears it. Everything here can be rebuilt from SQL or from the feeds.
"""

from typing import NamedTuple

MINUTE = 60
HOUR = 3_600
DAY = 86_400

# TTL of each analytics family in seconds, at least three cadences (DOMAIN 3.21).
FAMILY_TTL = {
    "gex": 120, "dex": 120, "vanna": 180, "charm": 180, "hedging": 180, "skew": 180,
    "forced_flow": 180, "vpin": 60, "toxicity": 180, "obi": 5, "sweep": 30, "hidden": 60,
    "flow_clusters": 300, "unusual": 180, "moc": 120, "snapshot": 60, "volatility": 300,
    "technicals": 300, "correlation": 900, "sector": 120, "summary": 60, "sentiment": 1_200,
}  # fmt: skip
# Families whose names do not follow the pattern: one for the whole market, or a domain of its own.
MARKET_WIDE = {
    "volatility": "analytics:volatility:regime",
    "correlation": "analytics:portfolio:correlation",
    "summary": "analytics:portfolio:summary",
}
_NAMED = {
    "technicals": "technicals:{}", "sector": "analytics:sector:{}", "sentiment": "sentiment:{}",
}  # fmt: skip


_stretched = 1


class Key(NamedTuple):
    """A name, its time to live in seconds, and its type; None: the comment says who clears it."""

    name: str
    seconds: int | None
    kind: str = "JSON"

    @property
    def ttl(self) -> int | None:
        """Real seconds until the store forgets it."""
        return None if self.seconds is None else self.seconds * _stretched


def stretch(times: int) -> None:
    """Let this process's keys live longer: in a replay the machine's time decides nothing."""
    global _stretched  # noqa: PLW0603 - set once, at the start of a process
    _stretched = times


def quote(symbol: str) -> Key:
    """Latest quote of an underlying."""
    return Key(f"market:{symbol}:quote", MINUTE)


def contract_quote(occ: str) -> Key:
    """Latest quote of one option contract."""
    return Key(f"market:opt:{occ}:quote", MINUTE)


def book(symbol: str) -> Key:
    """Latest order book."""
    return Key(f"market:{symbol}:book", 15)


def books(symbol: str) -> Key:
    """Stream of the books of the last minute, capped: what stood when a print happened."""
    return Key(f"market:{symbol}:books", 2 * MINUTE, "stream")


def prints(symbol: str) -> Key:
    """Stream of prints, capped."""
    return Key(f"market:{symbol}:prints", 7_200, "stream")


def option_prints(symbol: str) -> Key:
    """Stream of the prints of an underlying's options, capped."""
    return Key(f"market:{symbol}:option_prints", 7_200, "stream")


def quarantine(session_date: str) -> Key:
    """Hash of records refused in one session, counted by reason."""
    return Key(f"market:quarantine:{session_date}", 7 * DAY, "hash")


def bars(symbol: str, size: str) -> Key:
    """Stream of bars of one size (`5s`, `1min`, `5min`), capped."""
    return Key(f"market:{symbol}:bars:{size}", 2 * DAY, "stream")


def auction(symbol: str) -> Key:
    """Latest auction ticks."""
    return Key(f"market:{symbol}:auction", 2 * MINUTE)


def chain(symbol: str) -> Key:
    """Latest chain as column buffers."""
    return Key(f"chain:{symbol}:current", 180, "columns")


def chain_listing(symbol: str) -> Key:
    """Codes, strikes and rights of the latest chain, which change once a day."""
    return Key(f"chain:{symbol}:listing", 180, "columns")


def history(symbol: str, metric: str) -> Key:
    """The last values of one metric, newest last."""
    return Key(f"history:{symbol}:{metric}", 5 * DAY, "list")


def reading(symbol: str, family: str) -> Key:
    """One calculator's latest answer for one symbol; a market-wide one is the same for all."""
    ttl = FAMILY_TTL[family]
    if family in MARKET_WIDE:
        return Key(MARKET_WIDE[family], ttl)
    return Key(_NAMED.get(family, f"analytics:{{}}:{family}").format(symbol), ttl)


def state(symbol: str, name: str) -> Key:
    """Incremental state of one calculator (a copy of the row in SQL)."""
    return Key(f"state:{symbol}:{name}", 5 * DAY, "bytes")


def heartbeat(module: str) -> Key:
    """When a process last made progress."""
    return Key(f"hb:{module}", MINUTE)


def connection() -> Key:
    """What the gateway process knows of its link."""
    return Key("gateway:connection", MINUTE)


def account() -> Key:
    """The broker account's latest values."""
    return Key("account:summary", MINUTE)


def provider_rate(provider: str) -> Key:
    """Requests of the last window to one provider, by time; all processes share it."""
    return Key(f"rate:{provider}", 700, "sorted set")


def breaker(feed: str, symbol: str) -> Key:
    """How one feed of one symbol fares; `*` is the whole provider."""
    return Key(f"breaker:{feed}:{symbol}", HOUR)


def feed_turn(feed: str, symbol: str) -> Key:
    """Whoever holds it fetches; it ends when the next fetch is due."""
    return Key(f"turn:{feed}:{symbol}", HOUR, "string")


def vix1d(name: str) -> Key:
    """One source's last VIX1D: `ibkr`, `yahoo`."""
    return Key(f"volatility:vix1d:{name}", 600)


def environment() -> Key:
    """The mode this store serves; cleared by emptying the store, when it is to serve another."""
    return Key("environment", None, "string")


def alert(code: str, subject: str) -> Key:
    """An alert that was raised and is not repeated yet."""
    return Key(f"alert:{code}:{subject}", 900, "string")


def question(process: str) -> Key:
    """Questions to a process whose askers wait; lost with it, and then asked again."""
    return Key(f"ask:{process}", 10, "list")


def answer(question_id: str) -> Key:
    """The answer to one question."""
    return Key(f"answer:{question_id}", 10, "list")


def engagement(channel: str, delivery_id: int) -> Key:
    """Hash of what readers did with one delivery."""
    return Key(f"engagement:{channel}:{delivery_id}", 30 * DAY)


def wake(process: str) -> Key:
    """A hint that rows are waiting for a process; a list of at most a few items."""
    return Key(f"wake:{process}", MINUTE, "list")

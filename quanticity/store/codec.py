"""Market facts as JSON and back; each fact's own types decide, instants are in milliseconds."""

from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from quanticity.domain.market import Bar, Book, Imbalance, Quote, Trade
from quanticity.domain.readings import instant

QUOTE = msgspec.json.Decoder(Quote)
TRADE = msgspec.json.Decoder(Trade)
BAR = msgspec.json.Decoder(Bar)
BOOK = msgspec.json.Decoder(Book)
IMBALANCE = msgspec.json.Decoder(Imbalance)
_NAMES: dict[type, tuple[str, ...]] = {
    kind: tuple(kind.__dataclass_fields__) for kind in (Quote, Trade, Bar, Book, Imbalance)
}
_READ: dict[type, Any] = {kind: attrgetter(*names) for kind, names in _NAMES.items()}
_encode = msgspec.json.Encoder(enc_hook=float).encode  # NumPy's numbers


def dump(fact: Quote | Trade | Bar | Book | Imbalance) -> bytes:
    """The fact as JSON; the encoder's own instants would have microseconds (DOMAIN 0.2)."""
    kind = type(fact)
    values = zip(_NAMES[kind], _READ[kind](fact), strict=True)
    return _encode({k: instant(v) if isinstance(v, datetime) else v for k, v in values})

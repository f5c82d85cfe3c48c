"""How long X finds a text: weighted characters, 280 at most (DOMAIN 7.7).

After NFC, code points of Latin scripts and common punctuation weigh 1 and all others 2; a URL
weighs 23 and an emoji sequence 2, however long they are.
"""

import re
import unicodedata

LIMIT = 280
URL_WEIGHT = 23
EMOJI_WEIGHT = 2
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

_URL = r"https?://[^\s]+"
# Flags; keycaps; pictographs with their variation, skin tone and zero-width joins.
_PICTOGRAPH = (
    r"[\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_TAIL = r"(?:\ufe0f|[\U0001f3fb-\U0001f3ff])*"
_EMOJI = (
    r"[\U0001f1e6-\U0001f1ff]{2}"
    r"|[0-9#*]\ufe0f?\u20e3"
    rf"|{_PICTOGRAPH}{_TAIL}(?:\u200d{_PICTOGRAPH}{_TAIL})*"
)
_TOKEN = re.compile(f"(?P<url>{_URL})|(?P<emoji>{_EMOJI})|(?P<other>.)", re.DOTALL)


def weighted_length(text: str) -> int:
    """The length of a post as X counts it."""
    normal = unicodedata.normalize("NFC", text)
    return sum(_weight(match) for match in _TOKEN.finditer(normal))


def fits(text: str) -> bool:
    """True when X would take it; it takes no empty post."""
    return 0 < weighted_length(text) <= LIMIT


def _weight(match: re.Match[str]) -> int:
    if match["url"]:
        return URL_WEIGHT
    if match["emoji"]:
        return EMOJI_WEIGHT
    code = ord(match["other"])
    return 1 if any(low <= code <= high for low, high in _LIGHT) else 2

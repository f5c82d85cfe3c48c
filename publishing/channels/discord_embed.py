"""A message as a Discord embed, within Discord's limits (DOMAIN 7.4)."""

import re
from typing import Any

from publishing.messages.message import TERMS, Field, Message, Tone
from quanticity.domain.readings import instant

CONTENT, TITLE, NAME, VALUE, FOOTER, FIELDS, TOTAL = 2_000, 256, 256, 1_024, 2_048, 25, 6_000
COLORS = {
    Tone.BULLISH: 0x2ECC71,
    Tone.BEARISH: 0xE74C3C,
    Tone.NEUTRAL: 0x009DFF,
    Tone.CORRECTION: 0xF1C40F,
}
_MARKUP = re.compile(r"[\\*_~`|<>]|^[#>-]", re.MULTILINE)
# A space of no width breaks mentions, addresses and links with another name apart.
_UNSEEN = "\u200b"
_BROKEN = {"@": f"@{_UNSEEN}", "://": f":{_UNSEEN}//", "](": f"]{_UNSEEN}("}
_ELLIPSIS = "…"


def payload(message: Message, site_url: str, role_id: str = "") -> dict[str, Any]:
    """The body to post. Nobody is pinged but the one role that is named here."""
    headline = plain(message.headline) if message.headline != message.title else ""
    content = f"<@&{role_id}> {headline}" if role_id else headline
    return {
        "content": cut(content, CONTENT),
        "embeds": [_embed(message, site_url)],
        "allowed_mentions": {"parse": [], "roles": [role_id] if role_id else []},
    }


def plain(text: str) -> str:
    """Escape what Discord would read as markup or as a mention."""
    escaped = _MARKUP.sub(lambda match: "\\" + match[0], text)
    for live, broken in _BROKEN.items():
        escaped = escaped.replace(live, broken)
    return escaped


def cut(text: str, limit: int) -> str:
    """Shorten to a limit at a word, with an ellipsis; an escape is never cut in two."""
    if length(text) <= limit:
        return text
    kept = text
    while length(kept) > limit - 1:
        kept = kept[: -(length(kept) - limit + 1)]
    between_words = text[len(kept)].isspace() or kept[-1:].isspace()
    at_word = kept.rstrip() if between_words or " " not in kept else kept.rsplit(None, 1)[0]
    bare = at_word.rstrip("\\")
    # An odd number of backslashes at the end would escape the ellipsis.
    return bare + "\\" * ((len(at_word) - len(bare)) // 2 * 2) + _ELLIPSIS


def length(text: str) -> int:
    """How long Discord finds a text: UTF-16 units, the stricter of the two ways to count."""
    return len(text.encode("utf-16-le")) // 2


def _embed(message: Message, site_url: str) -> dict[str, Any]:
    title = cut(plain(message.title), TITLE)
    footer = cut(message.footer, FOOTER)
    terms = _field(TERMS, site_url)
    room = TOTAL - length(title) - length(footer) - _size(terms)
    return {
        "title": title,
        "color": COLORS[message.tone],
        "fields": [*_fitting(message.fields, site_url, room), terms],
        "footer": {"text": footer},
        "timestamp": instant(message.at),
    }


def _fitting(fields: tuple[Field, ...], site_url: str, room: int) -> list[dict[str, Any]]:
    # What does not fit is dropped from the end of the design order; the terms always stay.
    fitting = []
    for field in fields[: FIELDS - 1]:
        shown = _field(field, site_url)
        room -= _size(shown)
        if room < 0:
            break
        fitting.append(shown)
    return fitting


def _field(field: Field, site_url: str) -> dict[str, Any]:
    link = f" [{field.link.label}]({site_url}{field.link.path})" if field.link else ""
    return {
        "name": cut(plain(field.name), NAME),
        "value": cut(plain(field.value) or "n/a", VALUE - length(link)) + link,
        "inline": field.inline,
    }


def _size(field: dict[str, Any]) -> int:
    return length(field["name"]) + length(field["value"])

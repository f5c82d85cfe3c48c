"""A message as Telegram's HTML, within Telegram's limits (DOMAIN 7.5)."""

from html import escape

from publishing.messages.message import TERMS, Field, Message

LIMIT = 4_096
_ELLIPSIS = "…"


def pages(message: Message, site_url: str) -> list[str]:
    """The texts to post: one, or more where one has too little room; split between lines."""
    heads = dict.fromkeys((message.headline, message.title))  # a post has one of both
    lines = [*(f"<b>{escape(head)}</b>" for head in heads), ""]
    for field in (*message.fields, TERMS):
        lines += _lines(field, site_url)
    lines += ["", f"<i>{escape(message.footer)}</i>"]
    return _split([_cut(line) for line in lines])


def length(text: str) -> int:
    """How long Telegram finds a text: UTF-16 units. Markup is counted too, to be safe."""
    return len(text.encode("utf-16-le")) // 2


def _lines(field: Field, site_url: str) -> list[str]:
    first, *more = field.value.split("\n")
    link = ""
    if field.link is not None:
        address = escape(f"{site_url}{field.link.path}", quote=True)
        link = f' <a href="{address}">{escape(field.link.label)}</a>'
    shown = [f"<b>{escape(field.name)}</b>: {escape(first)}", *(escape(text) for text in more)]
    return [*shown[:-1], shown[-1] + link]


def _cut(line: str) -> str:
    # Only hostile text makes one line longer than a message; it loses its markup with its end.
    if length(line) <= LIMIT:
        return line
    kept = line.replace("<", " ").replace(">", " ")
    while length(kept) > LIMIT - 1:
        kept = kept[: -(length(kept) - LIMIT + 1)]
    return kept.rpartition("&")[0] + _ELLIPSIS if "&" in kept[-8:] else kept + _ELLIPSIS


def _split(lines: list[str]) -> list[str]:
    texts, page = [], ""
    for line in lines:
        longer = f"{page}\n{line}" if page else line
        if length(longer) > LIMIT:
            texts.append(page)
            longer = line
        page = longer
    return [text for text in (*texts, page) if text.strip()]

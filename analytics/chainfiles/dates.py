"""When a page was made, read from the many spellings of its date line (DOMAIN 1.9).

`August 20, 2023 at 10:35 PM EDT`, `10 May 2023, 5:39 PM EDT`, `14 April 2023, 18:34 UTC-4` (also
with a Unicode minus), `11 avril 2023 à 22:23 UTC-4`, `12 de julio de 2023, 4:31 p. m. EDT`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from quanticity.domain.clock import NEW_YORK

_MONTHS = (
    ("jan", "ene", "gen"),
    ("feb", "fev", "fevr"),
    ("mar", "marz", "maer"),
    ("apr", "avr", "abr"),
    ("may", "mai", "mag"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "aou", "ago"),
    ("sep", "set"),
    ("oct", "okt", "out", "ott"),
    ("nov",),
    ("dec", "dic", "dez"),
)
_CLOCK = re.compile(r"(\d{1,2})[:h](\d{2})(?::(\d{2}))?\s*([ap])?", re.IGNORECASE)
_OFFSET = re.compile(r"(?:UTC|GMT)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_ZONES = {
    "EDT": timezone(timedelta(hours=-4)),
    "EST": timezone(timedelta(hours=-5)),
    "CDT": timezone(timedelta(hours=-5)),
    "CST": timezone(timedelta(hours=-6)),
    "PDT": timezone(timedelta(hours=-7)),
    "PST": timezone(timedelta(hours=-8)),
    "UTC": UTC,
    "GMT": UTC,
}
_NOON = 12


def parse(line: str) -> datetime | None:
    """The instant a date line names, aware UTC; None where it cannot be read."""
    text = _plain(line)
    year, month = re.search(r"\b(20\d{2})\b", text), _month(text)
    clock = _CLOCK.search(text)
    day = re.search(r"\b(\d{1,2})\b(?!\s*:)", text)
    if year is None or month is None or day is None or clock is None:
        return None
    hour = int(clock[1])
    if clock[4] and hour <= _NOON:
        hour = hour % _NOON + (_NOON if clock[4].lower() == "p" else 0)
    try:
        local = datetime(
            int(year[1]),
            month,
            int(day[1]),
            hour,
            int(clock[2]),
            int(clock[3] or 0),
            tzinfo=_zone(text[clock.end() :]),
        )
    except ValueError:
        return None
    return local.astimezone(UTC)


def _plain(line: str) -> str:
    """Without accents, exotic spaces and minus signs; dots of `p. m.` closed up."""
    text = line.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"\b([ap])\.\s*m\.", r"\1m", text, flags=re.IGNORECASE)


def _month(text: str) -> int | None:
    for word in re.findall(r"[a-zA-Z]{3,}", text):
        for number, spellings in enumerate(_MONTHS, start=1):
            if word.lower().startswith(spellings) and word.lower() != "date":
                return number
    return None


def _zone(tail: str) -> tzinfo:
    offset = _OFFSET.search(tail)
    if offset is not None:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-away if offset[1] == "-" else away)
    for name, zone in _ZONES.items():
        if re.search(rf"\b{name}\b", tail):
            return zone
    return NEW_YORK

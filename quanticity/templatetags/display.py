"""How templates show instants: New York time with its zone, UTC underneath."""

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from quanticity.domain import clock
from quanticity.domain.readings import instant

register = template.Library()


@register.filter
def et(at: datetime | None) -> SafeString | str:
    """The time of day, with its day when that is not today: `14:31:05 ET`."""
    return "—" if at is None else _time(at, clock.brief(at, clock.now()))


@register.filter
def et_full(at: datetime | None) -> SafeString | str:
    """Day and time: `Nov 21, 2025 10:04:05 AM EST`."""
    return "—" if at is None else _time(at, clock.display(at))


def _time(at: datetime, shown: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', instant(at), clock.display(at), shown
    )

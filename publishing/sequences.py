"""Gapless sequences: the ledger's and each feed's."""

from django.db.models import F

from publishing.models import Counter


def draw(name: str, count: int = 1) -> int:
    """Draw so many numbers and return the last; others wait until our transaction ends."""
    drawn = Counter.objects.filter(name=name).update(value=F("value") + count)
    if not drawn:
        Counter.objects.get_or_create(name=name)
        return draw(name, count)
    return Counter.objects.get(name=name).value

"""Posting what a slot owes: built first, claimed by its row, once per slot."""

import logging
from datetime import datetime
from typing import Any

from publishing import announcing, recording, roots
from publishing.models import Delivery
from publishing.posts import closing, reviews
from publishing.posts.reviews import Measure
from publishing.posts.slots import Settings, Slot, slots
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.calendar import Session
from quanticity.domain.errors import MalformedInput

logger = logging.getLogger(__name__)


def post_owed(measure: Measure) -> list[Delivery]:
    """Post every slot that is open and was not served; `measure` is reporting's arithmetic."""
    now = clock.now()
    settings: Settings = section("publishing.posts", Settings)
    session = calendar.session(calendar.session_date(now))
    made: list[Delivery] = []
    for slot in slots(session, settings):
        if slot.is_open(now) and not announcing.is_posted(slot.key):
            made += _post(slot, session, now, settings, measure)
    return made


def _post(
    slot: Slot, session: Session, now: datetime, settings: Settings, measure: Measure
) -> list[Delivery]:
    try:
        facts = _build(slot, session, now, settings, measure)
    except MalformedInput as error:
        logger.error("post %s is refused: %s", slot.key, error)  # noqa: TRY400 - no failure of code
        return []
    return [] if facts is None else announcing.post(slot.key, slot.kind, facts)


def _build(
    slot: Slot, session: Session, now: datetime, settings: Settings, measure: Measure
) -> dict[str, Any] | None:
    if slot.kind == "MOC":
        return closing.analysis(slot, now, settings)
    if slot.kind == "HEAD":
        recording.catch_up()
        root = roots.close(session, now) if slot.at >= session.close_at else roots.latest()
        return None if root is None else roots.facts(root)
    if slot.kind == "PERFORM":
        return reviews.performance(now, measure)
    review = {"SUMMARY": reviews.summary, "RECAP": reviews.recap, "TEASER": reviews.teaser}
    return review[slot.kind](session, now)

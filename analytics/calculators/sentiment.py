"""Sentiment of one company's news: relevance-weighted, recent, bounded (DOMAIN 1.11). Pure.

It feeds the brief and the dashboard and never moves a trade. Titles are untrusted text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from quanticity.domain.readings import Reading, Unavailable

_HOUR = timedelta(hours=1)
# Lower bound of each label, best first; the first two include their bound, the last two do not.
_LABELS = ((0.35, "Bullish"), (0.15, "Somewhat-Bullish"))
_BEARISH = ((-0.35, "Bearish"), (-0.15, "Somewhat-Bearish"))


@dataclass(frozen=True, slots=True)
class Settings:
    """Which articles count."""

    max_articles: int
    min_relevance: float
    max_age_s: float
    shown: int


@dataclass(frozen=True, slots=True)
class Article:
    """One article and what it says of the symbol: relevance 0 to 1, score -1 to 1."""

    title: str
    url: str
    source: str
    published_at: datetime
    relevance: float
    score: float


@dataclass(frozen=True, slots=True)
class Told:
    """An article as it is published."""

    title: str
    url: str
    source: str
    published_at: datetime
    score: float


@dataclass(frozen=True, slots=True)
class Sentiment(Reading):
    """Score -1 to 1 with its basis."""

    name: ClassVar[str] = "sentiment"

    score: float
    n_articles: int
    mean_relevance: float
    share_last_60m: float
    label: str
    articles: tuple[Told, ...]


def compute(
    articles: Sequence[Article], now: datetime, settings: Settings
) -> Sentiment | Unavailable:
    """The weighted mean of the latest articles that are relevant and recent."""
    oldest = now - timedelta(seconds=settings.max_age_s)
    good = [a for a in articles if _is_sane(a) and a.relevance >= settings.min_relevance]
    unique = {a.url: a for a in good if oldest <= a.published_at <= now}
    recent = sorted(unique.values(), key=lambda a: a.published_at, reverse=True)
    counted = recent[: settings.max_articles]
    if not counted:
        return Unavailable("sentiment", "NO_DATA", "no recent article is about it")
    weight = math.fsum(a.relevance for a in counted)
    score = math.fsum(a.relevance * a.score for a in counted) / weight
    return Sentiment(
        score=score,
        n_articles=len(counted),
        mean_relevance=weight / len(counted),
        share_last_60m=sum(now - a.published_at <= _HOUR for a in counted) / len(counted),
        label=label(score),
        articles=tuple(
            Told(a.title, a.url, a.source, a.published_at, a.score)
            for a in counted[: settings.shown]
        ),
    )


def label(score: float) -> str:
    """The vendor's word for a score."""
    for bound, word in _BEARISH:
        if score <= bound:
            return word
    return next((word for bound, word in _LABELS if score >= bound), "Neutral")


def _is_sane(article: Article) -> bool:
    return 0 < article.relevance <= 1 and -1 <= article.score <= 1

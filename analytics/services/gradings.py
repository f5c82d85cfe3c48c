"""Rows that hold estimates against what came, each written once."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings

from analytics import states
from analytics.calculators import gradings, moc, option_flow
from analytics.calculators.gradings import Settings
from analytics.models import Grade
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.market import Imbalance
from quanticity.domain.options import Chain
from quanticity.domain.proportions import wilson
from quanticity.store import market

_Z90 = 1.645
_SESSIONS = 60


@dataclass(frozen=True, slots=True)
class Close:
    """The estimate that a session's close is held to, and the auction's last word on it.

    Dollars, + buy; `auction_usd` is None while no auction tick has come.
    """

    session: date
    estimate_usd: float
    sd_usd: float
    spot_price: float
    auction_usd: float | None = None


def grade_morning(symbol: str, flow: option_flow.State, chain: Chain) -> None:
    """Hold the last session's live open interest and its flags against what was settled."""
    if flow.session is None:
        return
    settled = chain.settled_interest
    sums = dict(flow.sums)
    score = gradings.open_interest(sums, settled)
    if score is not None:
        _keep(
            Grade.Name.OI_LIVE, symbol, flow.session, score=score.mape, n=score.n,
            hit=score.mape <= score.mape_unchanged,
            detail={"measure": "median abs %", "unchanged": score.mape_unchanged},
        )  # fmt: skip
    own = _settings()
    for occ in sorted({hit.occ for hit in flow.hits if hit.occ}):
        if occ in settled and occ in sums:
            _keep(
                Grade.Name.UNUSUAL, symbol, flow.session, subject=occ, estimate=sums[occ].settled,
                came=settled[occ], hit=gradings.is_confirmed(sums[occ], settled[occ], own),
                detail={"rules": [hit.rule for hit in flow.hits if hit.occ == occ]},
            )  # fmt: skip


def latest_morning(symbol: str) -> dict[str, Any]:
    """How the last graded session's estimates fared, and the share of flags ever confirmed."""
    rows = Grade.objects.filter(symbol=symbol, source=settings.TRADING_MODE)
    last = rows.filter(name=Grade.Name.OI_LIVE).first()
    flags = rows.filter(name=Grade.Name.UNUSUAL, hit__isnull=False)[: _SESSIONS * 10]
    hits = [row.hit for row in flags]
    share = wilson(sum(map(bool, hits)), len(hits), _settings().confidence)
    return {
        "oi_live_mape_pct": None if last is None else last.score,
        "oi_live_mape_unchanged_pct": None if last is None else last.detail["unchanged"],
        "oi_live_session_date": None if last is None else last.session_date.isoformat(),
        "flags_confirmed": {"n": len(hits), "rate": share.rate, "ci95": [share.low, share.high]},
    }


def note_close(symbol: str, found: moc.ClosingImbalance, spot: float | None, session: date) -> None:
    """Remember the first estimate inside the last minutes, and each later word of the auction."""
    kept = states.load(symbol, "moc_close", Close)
    kept = kept if kept is not None and kept.session == session else None
    if found.minutes_to_close > _settings().close_minutes:
        return
    if kept is None and found.estimate is not None and spot is not None:
        estimate = found.estimate
        sd = (estimate.ci90_high_usd - estimate.imbalance_usd) / _Z90
        kept = Close(session, estimate.imbalance_usd, sd, spot)
        states.save(symbol, "moc_close", kept)
    usd = _auction_usd(found.auction, spot)
    if kept is not None and usd is not None and usd != kept.auction_usd:
        states.save(
            symbol, "moc_close",
            Close(session, kept.estimate_usd, kept.sd_usd, kept.spot_price, usd),
        )  # fmt: skip


def grade_close(symbol: str, session: calendar.Session) -> None:
    """In the evening: the estimate against the auction, else its sign against the last return."""
    kept = states.load(symbol, "moc_close", Close)
    if kept is None or kept.session != session.date:
        return
    if kept.auction_usd is not None:
        _keep(
            Grade.Name.MOC, symbol, session.date, estimate=kept.estimate_usd,
            came=kept.auction_usd, hit=(kept.estimate_usd > 0) == (kept.auction_usd > 0),
            score=gradings.crps(kept.estimate_usd, kept.sd_usd, kept.auction_usd),
            detail={"measure": "CRPS, USD", "against": "auction ticks"},
        )  # fmt: skip
        return
    close = _close_price(symbol, session)
    if close is not None and close != kept.spot_price:
        change = close / kept.spot_price - 1
        _keep(
            Grade.Name.MOC, symbol, session.date, estimate=kept.estimate_usd, came=change,
            hit=(kept.estimate_usd > 0) == (change > 0),
            detail={"measure": "sign", "against": "return of the last minutes"},
        )  # fmt: skip


def closes(symbol: str) -> dict[str, Any]:
    """How often the estimate had the sign of the close, and its mean score in dollars."""
    rows = list(
        Grade.objects.filter(name=Grade.Name.MOC, symbol=symbol, source=settings.TRADING_MODE)[
            :_SESSIONS
        ]
    )
    rate = wilson(sum(bool(row.hit) for row in rows), len(rows), _settings().confidence)
    scores = [row.score for row in rows if row.score is not None]
    return {
        "n": len(rows),
        "sign_hit_rate": rate.rate,
        "ci95": [rate.low, rate.high],
        "mean_crps_usd": sum(scores) / len(scores) if scores else None,
    }


def _keep(name: Grade.Name, symbol: str, session: date, subject: str = "", **values: Any) -> None:
    Grade.objects.get_or_create(
        name=name, symbol=symbol, session_date=session, subject=subject,
        source=settings.TRADING_MODE, defaults={**values, "graded_at": clock.now()},
    )  # fmt: skip


def _auction_usd(auction: Imbalance | None, spot: float | None) -> float | None:
    if auction is None or auction.imbalance_shares is None:
        return None
    price = auction.indicative_price or spot
    return None if price is None else auction.imbalance_shares * price


def _close_price(symbol: str, session: calendar.Session) -> float | None:
    last = session.close_at - timedelta(minutes=1)
    closes_ = {bar.open_at: bar.close for bar in market.bars(symbol, "1min")}
    return closes_.get(last)


def _settings() -> Settings:
    own: Settings = section("analytics.gradings", Settings)
    return own

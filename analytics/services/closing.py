"""Refreshing the closing imbalance: the model's estimate beside the auction's own ticks."""

import math
from datetime import datetime

from analytics import inputs
from analytics.calculators import moc
from analytics.services import daily, gradings, heard
from analytics.signals import features
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.readings import Reading, Unavailable
from quanticity.store import market, readings

_SESSIONS_PER_YEAR = 252
_FAMILIES = ("gex", "charm", "skew", "obi")


def refresh_moc(symbol: str) -> None:
    """Estimate the closing imbalance in the last two hours; none outside them."""
    settings = section("analytics.moc", moc.Settings)
    now = clock.now()
    session = calendar.current(now)
    minutes = None if session is None else session.minutes_to_close(now)
    as_of, result = now, None
    if minutes is not None and minutes <= settings.window_min:
        as_of, result = _judge(symbol, now, minutes, settings)
    readings.write(
        symbol, "moc", result or Unavailable("moc", "SESSION_CLOSED", "before the last two hours"),
        as_of=as_of, feed="model", section="analytics.moc",
        extra={"graded": gradings.closes(symbol)},
    )  # fmt: skip


def _judge(
    symbol: str, now: datetime, minutes: float, settings: moc.Settings
) -> tuple[datetime, Reading | Unavailable]:
    known = inputs.of(symbol, _FAMILIES, now)
    quote = market.quote(symbol)
    spot = features.spot(quote, now, section("analytics.features", features.Settings))
    before, atm_iv = daily.previous_close(symbol), known.value("skew", "atm_iv")
    auction, volume = market.imbalance(symbol), daily.volume_today(symbol)
    estimate = moc.Inputs(
        spot=spot, adv_usd=daily.adv_usd(symbol), adv_shares=daily.adv_shares(symbol),
        volume_shares=None if volume is None else volume.shares,
        heard_share=None if volume is None else volume.share,
        gap_share=None if volume is None else volume.gap_share,
        curve_share=daily.share_of_day_done(symbol),
        gex_usd_per_1pct=known.value("gex", "gex_usd_per_1pct"),
        charm_to_close_usd=known.value("charm", "charm_to_close_usd"),
        day_return_pct=None if spot is None or before is None else 100 * (spot / before - 1),
        sigma_day_frac=None if atm_iv is None else atm_iv / math.sqrt(_SESSIONS_PER_YEAR),
        obi_l5=known.value("obi", "obi_l5"),
    )  # fmt: skip
    ticks_at = None if auction is None else auction.event_at
    as_of = min(known.oldest(ticks_at), heard.until(symbol) or now)
    result = moc.compute(symbol, estimate, auction, minutes, settings)
    if isinstance(result, moc.ClosingImbalance):
        gradings.note_close(symbol, result, spot, calendar.session_date(now))
    return as_of, result

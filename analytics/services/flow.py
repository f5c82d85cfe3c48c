"""Refreshing what prints and bars say: VPIN, sweeps, toxicity, clusters."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import fmean

from analytics import inputs, parameters, states, tapes
from analytics.calculators import flow_bursts, flow_clusters, print_sizes, sweeps, toxicity, vpin
from analytics.calculators.trade_signing import SignedTrade
from analytics.ingestion.desk import Event
from analytics.services import heard, histories, sources
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.market import Bar, Quote
from quanticity.domain.readings import Reading, Unavailable
from quanticity.store import market, readings

_MINUTE = timedelta(minutes=1)
_LARGE_PRINTS_N = 500
_HASHED_BARS = 60  # the state holds what came before
_LARGE_RANK = 0.99
# The state that was read last, and what it said: most beats bring no new bar.
_read: dict[str, tuple[vpin.State, Reading | Unavailable]] = {}


def refresh_vpin(symbol: str) -> None:
    """Fold new minute bars into VPIN and publish it."""
    settings = section("analytics.vpin", vpin.Settings)
    bars = market.bars(symbol, "1min")
    state = states.load(symbol, "vpin", vpin.State)
    if state is None or not bars:
        _missing(symbol, "vpin", "NO_DATA")
        return
    fresh = [bar for bar in bars if state.cursor is None or bar.open_at > state.cursor]
    if fresh:
        state = vpin.update(
            state, fresh, settings, by_sides=_by_sides(symbol, fresh[0].open_at),
            bucket_shares=parameters.number(symbol, "vpin_bucket_shares"),
        )  # fmt: skip
        states.save(symbol, "vpin", state)
    known = _read.get(symbol)
    if known is None or known[0] is not state:
        _read[symbol] = known = (state, vpin.compute(state, settings))
    if fresh:
        _remember(symbol, known[1], ("vpin", "vpin_cdf"), heard.bars_until(bars[-1]))
    readings.write(
        symbol, "vpin", known[1],
        as_of=heard.bars_until(bars[-1]), feed=heard.FEED, section="analytics.vpin",
        inputs=heard.bars_input(symbol, "1min", bars[-_HASHED_BARS:]),
    )  # fmt: skip


def refresh_sweep(symbol: str) -> None:
    """Find sweeps among the latest prints."""
    settings = section("analytics.sweeps", sweeps.Settings)
    prints, now, as_of = _recent(symbol, settings.net_window_s)
    result = sweeps.compute(prints, now, settings) if as_of else _unheard("sweep")
    readings.write(
        symbol, "sweep", result, as_of=as_of or now, feed=heard.FEED, section="analytics.sweeps",
        inputs=heard.prints_input(symbol, prints),
    )  # fmt: skip


def refresh_toxicity(symbol: str) -> None:
    """Measure what it cost to trade against the last minutes' flow."""
    settings = section("analytics.toxicity", toxicity.Settings)
    prints, now, as_of = _recent(symbol, settings.markout_window_s)
    known = inputs.of(symbol, ("vpin",), now)
    # The blocks are told beside it and are no input of it: they come every 90 s, and a measure as
    # old as they would be too old for a strategy a third of the time.
    blocks = inputs.of(symbol, ("flow_clusters",), now).value("flow_clusters", "block_share")
    context = toxicity.Context(known.value("vpin", "vpin_cdf"), large_print_usd(symbol), blocks)
    result = toxicity.compute(prints, _quotes(prints), context, now, settings)
    _learn_sizes(symbol)
    readings.write(
        symbol, "toxicity", result,
        as_of=known.oldest(as_of), feed=heard.FEED, section="analytics.toxicity",
        inputs=heard.prints_input(symbol, prints),
    )  # fmt: skip


def refresh_flow_clusters(symbol: str) -> None:
    """Describe how the prints of the last quarter of an hour arrived."""
    settings = section("analytics.flow_clusters", flow_clusters.Settings)
    prints, now, as_of = _recent(symbol, settings.window_s)
    bursts = flow_bursts.find(prints, settings.gap_ms, settings.sweep_levels)
    before = states.load(symbol, "flow_memory", flow_clusters.Memory) or flow_clusters.Memory()
    memory = flow_clusters.turn(before, calendar.session_date(now), settings)
    settings = replace(settings, scale=memory.scale or settings.scale)
    model = flow_clusters.fit(bursts, memory.model, settings)
    memory = flow_clusters.learn(memory, bursts, model, settings)
    if memory != before:
        states.save(symbol, "flow_memory", memory)
    references = flow_clusters.References(memory.yesterday, large_print_usd(symbol))
    result = flow_clusters.compute(bursts, model, references, settings)
    _remember(symbol, result, flow_clusters.SHARES, as_of or now)
    _note_drift(symbol, result, settings, now)
    readings.write(
        symbol, "flow_clusters", result,
        as_of=as_of or now, feed=heard.FEED, section="analytics.flow_clusters",
        inputs=heard.prints_input(symbol, prints),
    )  # fmt: skip


def _note_drift(
    symbol: str, found: Reading | Unavailable, own: flow_clusters.Settings, now: datetime
) -> None:
    """Tell operators, once a session, that prints cluster otherwise than the day before."""
    session = calendar.current(now)
    agreement = getattr(found, "ari_vs_prev_day", None)
    if session is None or agreement is None or agreement >= own.drift_ari:
        return
    detail = f"labels agree with yesterday's by {agreement:.2f}, less than {own.drift_ari}"
    sources.note_once(Event("DRIFT", "clusters", symbol, detail, now), session.open_at)


def seed_history(symbol: str, minutes: Sequence[Bar], days: Sequence[Bar]) -> None:
    """Begin VPIN from past minutes when there is no state that knows more, and keep the days."""
    now = clock.now()
    # A session that still runs is no day of an average.
    days = [bar for bar in days if bar.open_at < now and calendar.current(now) != _session(bar)]
    market.replace_bars(symbol, "1day", days)
    settings = section("analytics.vpin", vpin.Settings)
    size = vpin.bucket_shares([bar.volume for bar in days], settings)
    state = states.load(symbol, "vpin", vpin.State)
    if size is None or not minutes:
        return
    if state is None or state.cursor is None or state.cursor < minutes[0].open_at:
        state = vpin.State(bucket_shares=size)
    ended = [bar for bar in minutes if bar.open_at + _MINUTE <= now]
    states.save(symbol, "vpin", vpin.update(state, ended, settings, bucket_shares=size))


def large_print_usd(symbol: str) -> float | None:
    """The 99th percentile of print notional in dollars: learned, else of today's tape."""
    learned = parameters.number(symbol, "large_print_usd")
    if learned is not None:
        return learned
    sizes = sorted(each.notional for each in tapes.of(symbol).all())
    return sizes[int(_LARGE_RANK * len(sizes))] if len(sizes) >= _LARGE_PRINTS_N else None


def _session(bar: Bar) -> calendar.Session | None:
    return calendar.current(bar.open_at)


def _by_sides(symbol: str, since: datetime) -> dict[datetime, float]:
    """Size-weighted mean p_buy of each minute's prints."""
    minutes: dict[datetime, list[SignedTrade]] = defaultdict(list)
    for each in tapes.of(symbol).all():
        if each.trade.event_at >= since and each.signing.method != "excluded":
            minutes[each.trade.event_at.replace(second=0, microsecond=0)].append(each)
    return {
        minute: fmean([p.signing.p_buy for p in prints], weights=[p.trade.size for p in prints])
        for minute, prints in minutes.items()
    }


def _learn_sizes(symbol: str) -> None:
    """Count the notional of new prints, for the percentile over sessions."""
    settings = section("analytics.print_sizes", print_sizes.Settings)
    before = states.load(symbol, "print_sizes", print_sizes.State) or print_sizes.State()
    after = print_sizes.update(before, [each.trade for each in tapes.of(symbol).all()], settings)
    if after != before:
        states.save(symbol, "print_sizes", after)


def _recent(symbol: str, seconds: float) -> tuple[Sequence[SignedTrade], datetime, datetime | None]:
    """Prints of the last seconds, now, and until when the feed has been heard."""
    now = clock.now()
    prints = tapes.of(symbol).recent(now, seconds)
    return prints, now, heard.until(symbol, prints[-1] if prints else None)


def _quotes(prints: Sequence[SignedTrade]) -> list[Quote]:
    """The quotes that prevailed at the prints: enough to mark them out half a minute later."""
    return [
        Quote(t.instrument, t.bid, t.ask, None, None, t.price, t.event_at, t.event_at)
        for t in (each.trade for each in prints)
        if t.bid is not None and t.ask is not None
    ]


def _unheard(family: str) -> Unavailable:
    return Unavailable(family, "FEED_DOWN", "no tick of this symbol yet")


def _remember(
    symbol: str, found: Reading | Unavailable, metrics: Sequence[str], as_of: datetime
) -> None:
    """Keep one sample of each metric that has a value."""
    if not isinstance(found, Unavailable):
        histories.add(symbol, {name: getattr(found, name) for name in metrics}, as_of)


def _missing(symbol: str, family: str, reason: str) -> None:
    readings.write(symbol, family, Unavailable(family, reason), as_of=clock.now(), feed=heard.FEED)

"""Every number of the broker adapter an operator may turn: `[gateway.ibkr]`.

Deadlines and probes are real seconds, because sockets do not run on scaled time; what is counted
in market time says `platform`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Deadlines, cadences and limits of one broker connection."""

    connect_s: float
    backoff_max_s: float
    backoff_jitter: float
    knock_s: float
    probe_every_s: float
    probe_s: float
    heartbeat_s: float
    blind_after_s: float
    blind_floor_s: float
    resubscribe_after_s: float
    fresh_tick_s: float
    restart_at: str
    restart_window_s: float
    details_s: float
    historical_s: float
    order_ack_s: float
    facts_s: float
    misses_before_cycle: int
    messages_per_s: int
    feed_messages_per_s: int
    historical_per_window: int
    historical_window_s: float
    historical_burst: int
    historical_burst_s: float
    historical_repeat_s: float
    historical_open: int
    quote_every_s: float
    book_every_s: float
    contract_quote_every_s: float
    account_every_s: float
    chain_s: float
    n_expiries: int
    n_strikes: int
    narrowest: int
    narrowest_deep: int
    far_days: int
    fresh_s: float
    recentre_strikes: float
    lines: int
    reserve_lines: int
    rotating_lines: int
    rotate_s: float
    steer_s: float
    depth_rows: int
    depth_row_age_s: float
    depth_lines: int
    tick_by_tick_lines: int
    tick_by_tick: tuple[str, ...]
    indexes: dict[str, str]
    am_settled: tuple[str, ...]
